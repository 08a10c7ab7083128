from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tonearm.columns import arrow_schema
from tonearm.documents.history import _ALBUM_COLUMNS, _COLUMNS, History
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


VARIOUS = 999


def on_album(artist: str, spelling: str, album: str, by: str | None = None, listener: str = "Ada") -> Row:
    """A row of ``album_names``: ``artist`` is heard on ``album`` of the artist ``by``, else of various artists."""
    return {
        "listener": listener,
        "artist_id": sum(artist.encode()),
        "album_name": spelling,
        "album_artist_id": sum(by.encode()) if by else VARIOUS,
        "album_artist_name": by or "Various Artists",
        "album_title": album,
    }


def home_of(folder: Path, rows: list[Row], albums: Sequence[Row] = ()) -> Settings:
    made = Settings(home=folder)
    if albums:
        names = pa.Table.from_pylist(list(albums), schema=arrow_schema(_ALBUM_COLUMNS))
        open_lake(made.lake).replace("album_names", names, {})
    open_lake(made.lake).replace(
        "listening_with_features", pa.Table.from_pylist(rows, schema=arrow_schema(_COLUMNS)), {}
    )
    return made


@pytest.fixture
def history_of(tmp_path: Path) -> HistoryOf:
    """The history that Ada, or whom one names, has in a home with these rows."""

    def make(*rows: Row, listener: str = "Ada", albums: Sequence[Row] = ()) -> History:
        return History(home_of(tmp_path, list(rows), albums), listener)

    return make
