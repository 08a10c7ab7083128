"""Small listening histories, and the rows that a table makes of them."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest

from tonearm.columns import FEATURES, arrow_schema
from tonearm.silver.listening_with_features import COLUMNS

Row = dict[str, Any]
_IDS = count(1)


@pytest.fixture(scope="session")
def listen() -> Callable[..., Row]:
    """One listen, told by what matters to the test; ``at`` is UTC, local columns follow ``zone``."""
    return _listen


def _listen(at: str, track: int = 1, listener: str = "ann", zone: str = "UTC", **columns: Any) -> Row:
    started_at = datetime.fromisoformat(at).replace(tzinfo=UTC)
    local = started_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return {
        **dict.fromkeys(COLUMNS),
        "listener": listener,
        "listen_id": next(_IDS),
        "started_at": started_at,
        "ended_at": started_at,
        "session_started_at": started_at,
        "year": started_at.year,
        "started_at_local": local,
        "local_date": local.date(),
        "hour_of_day": local.hour,
        "day_of_week": local.weekday(),
        "part_of_day": ("night", "morning", "afternoon", "evening")[local.hour // 6],
        "is_weekend": local.weekday() >= 5,
        "track_id": track,
        "artist_id": track // 10,
        "artist_name": f"Artist {track // 10}",
        "track_name": f"Track {track}",
        "source": "spotify_extended",
        "merged_records": 1,
        **columns,
    }


@pytest.fixture(scope="session")
def featured() -> Callable[..., Row]:
    """Columns of a track whose features all have ``value``, except those given."""

    def columns(value: float, source: str = "real", **others: Any) -> Row:
        return {**dict.fromkeys(FEATURES, value), "feature_source": source, **others}

    return columns


@pytest.fixture(scope="session")
def connection() -> Any:
    found = ibis.duckdb.connect()
    found.raw_sql("SET TimeZone='UTC'")
    return found


@pytest.fixture(scope="session")
def listens_table(connection: Any) -> Callable[[list[Row]], None]:
    """Puts the given listens, and no others, into ``listening_with_features``."""

    def load(rows: list[Row]) -> None:
        arrow = pa.Table.from_pylist(rows, schema=arrow_schema(COLUMNS))
        connection.con.register("given_listens", arrow)
        connection.raw_sql("CREATE OR REPLACE TABLE listening_with_features AS FROM given_listens")

    return load


@pytest.fixture(scope="session")
def built(connection: Any, listens_table: Any) -> Callable[..., pa.Table]:
    """What ``table`` makes of the listens, with the types that DuckDB gives its columns."""

    @cache
    def sql_of(table: Callable[[Any], Any]) -> str:
        return str(connection.compile(table(connection.table("listening_with_features"))))

    def build(table: Callable[[Any], Any], rows: list[Row]) -> pa.Table:
        listens_table(rows)
        return connection.raw_sql(sql_of(table)).to_arrow_table()

    return build


@pytest.fixture(scope="session")
def rows_of(built: Callable[..., pa.Table]) -> Callable[..., list[Row]]:
    """The rows that ``table`` makes of the listens, sorted by ``order``."""

    def rows(table: Callable[[Any], Any], listens: list[Row], *order: str) -> list[Row]:
        return sorted(built(table, listens).to_pylist(), key=lambda row: [row[c] for c in order])

    return rows
