from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tonearm.columns import arrow_schema
from tonearm.documents.history import _COLUMNS, History
from tonearm.lake import open_lake
from tonearm.settings import Settings

Row = dict[str, Any]
HistoryOf = Callable[..., History]


def listen(at: str, artist: str = "Air", track: str = "Sexy Boy", album: str | None = None, **more: Any) -> Row:
    """A row of ``listening_with_features`` of Ada; the clock shows UTC."""
    local = datetime.fromisoformat(at)
    return {
        "listener": "Ada",
        "listen_id": int(local.timestamp()),
        "started_at": local.replace(tzinfo=UTC),
        "started_at_local": local,
        "session_started_at": local.replace(tzinfo=UTC),
        "local_date": local.date(),
        "hour_of_day": local.hour,
        "day_of_week": local.weekday(),
        "artist_id": sum(artist.encode()),
        "artist_name": artist,
        "track_id": sum(artist.encode()) * 10_000 + sum(track.encode()),
        "track_name": track,
        "album_name": album,
        "source": "lastfm_csv",
        **more,
    }


def home_of(folder: Path, rows: list[Row]) -> Settings:
    made = Settings(home=folder)
    open_lake(made.lake).replace(
        "listening_with_features", pa.Table.from_pylist(rows, schema=arrow_schema(_COLUMNS)), {}
    )
    return made


@pytest.fixture
def history_of(tmp_path: Path) -> HistoryOf:
    """The history that Ada, or whom one names, has in a home with these rows."""

    def make(*rows: Row, listener: str = "Ada") -> History:
        return History(home_of(tmp_path, list(rows)), listener)

    return make
