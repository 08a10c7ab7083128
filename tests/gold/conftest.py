"""Small listening histories, and the rows that a table makes of them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from tests.embedded import session

from tonearm.columns import FEATURES, arrow_schema
from tonearm.engine.duckdb import Engine
from tonearm.silver.listening_with_features import LISTEN_COLUMNS
from tonearm.table import find

Row = dict[str, Any]
_IDS = count(1)
GIVEN = ("listening_with_features", "tracks")
TRACK_COLUMNS = (
    *("track_id", "artist_id", "artist_name", "track_name", "spotify_id", "recording_mbid", "genre"),
    *(*FEATURES, "feature_source", "duration_s"),
)


@pytest.fixture(scope="session")
def listen() -> Callable[..., Row]:
    """One listen, given by what matters to the test; ``at`` is UTC, local columns follow ``zone``."""
    return _listen


def _listen(at: str, track: int = 1, listener: str = "ann", zone: str = "UTC", **columns: Any) -> Row:
    started_at = datetime.fromisoformat(at).replace(tzinfo=UTC)
    local = started_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return {
        **dict.fromkeys(LISTEN_COLUMNS),
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
def engine() -> Engine:
    return session()


@pytest.fixture(scope="session")
def listens_table(engine: Engine) -> Callable[..., None]:
    """Puts the given listens, and no others, into ``listening_with_features``; what is made of them follows.

    ``tracks`` are those of the listens, and rows of :func:`catalogue_track` that nobody need have heard.
    """

    def load(rows: list[Row], catalogue: Iterable[Row] = ()) -> None:
        _keep(engine, "listening_with_features", pa.Table.from_pylist(rows, schema=arrow_schema(LISTEN_COLUMNS)))
        known = {row["track_id"]: {c: row.get(c) for c in TRACK_COLUMNS} for row in (*catalogue, *rows)}
        _keep(engine, "tracks", pa.Table.from_pylist(list(known.values()), schema=arrow_schema(TRACK_COLUMNS)))

    return load


@pytest.fixture(scope="session")
def catalogue_track(featured: Callable[..., Row]) -> Callable[..., Row]:
    """A row of ``tracks`` whose features all have ``value``, except those given."""

    def row(track: int, value: float, **columns: Any) -> Row:
        names = {"artist_id": track // 10, "artist_name": f"Artist {track // 10}", "track_name": f"Track {track}"}
        return {**names, "track_id": track, **featured(value, "catalogue"), **columns}

    return row


@pytest.fixture(scope="session")
def built(engine: Engine, listens_table: Any) -> Callable[..., pa.Table]:
    """What ``table`` makes of the listens (and the catalogue), with the types that DuckDB gives its columns."""

    @cache
    def sql_of(name: str) -> str:
        return engine.compile(find(name))

    def rows_of(name: str) -> pa.Table:
        table = find(name)
        for needed in table.inputs:
            if needed not in GIVEN:
                _keep(engine, needed, rows_of(needed))
        if table.finish is not None:
            return engine.finished(table, sql_of(name))
        return engine.table(sql_of(name))

    def build(table: Callable[..., Any], rows: list[Row], catalogue: Iterable[Row] = ()) -> pa.Table:
        listens_table(rows, catalogue)
        return rows_of(table.__name__)

    return build


def _keep(engine: Engine, name: str, rows: pa.Table) -> None:
    engine.register("given", rows)
    engine.run(f"CREATE OR REPLACE TABLE {name} AS FROM given")


@pytest.fixture(scope="session")
def rows_of(built: Callable[..., pa.Table]) -> Callable[..., list[Row]]:
    """The rows that ``table`` makes of the listens, sorted by ``order``."""

    def rows(table: Callable[..., Any], listens: list[Row], *order: str, catalogue: Iterable[Row] = ()) -> list[Row]:
        return sorted(built(table, listens, catalogue).to_pylist(), key=lambda row: [row[c] for c in order])

    return rows
