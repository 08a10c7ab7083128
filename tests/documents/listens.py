"""Histories of a few listens, written straight into a lake."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tonearm.columns import arrow_schema
from tonearm.documents.history import _COLUMNS, _SOUND_COLUMNS, History
from tonearm.lake import open_lake
from tonearm.settings import Settings

LISTENER = "Ada"


def listen(at: str, artist: str = "A", track: str = "a", session: str | None = None, **more: Any) -> dict[str, Any]:
    """A listen at a local time that is UTC, too; its session is that of its day unless another start is given."""
    local = datetime.fromisoformat(at)
    started_at = local.replace(tzinfo=UTC)
    session_at = (
        datetime.fromisoformat(session).replace(tzinfo=UTC) if session else started_at.replace(hour=0, minute=0)
    )
    return {
        "listener": LISTENER,
        "listen_id": int(started_at.timestamp()) * 1000 + sum(f"{artist}{track}".encode()) % 1000,
        "started_at": started_at,
        "started_at_local": local,
        "local_date": local.date(),
        "hour_of_day": local.hour,
        "day_of_week": local.weekday(),
        "session_started_at": session_at,
        "artist_id": artist_id(artist),
        "track_id": track_id(artist, track),
        "artist_name": artist,
        "track_name": track,
        "source": "lastfm_csv",
        **more,
    }


def artist_id(artist: str) -> int:
    """The id that :func:`listen` gives an artist."""
    return sum(ord(letter) * 256**place for place, letter in enumerate(artist[:7]))


def track_id(artist: str, track: str) -> int:
    """The id that :func:`listen` gives a track."""
    return artist_id(artist) * 1000 + sum(track.encode()) % 1000


def history_of(folder: Path, rows: list[dict[str, Any]], sounds: list[dict[str, Any]] | None = None) -> History:
    """The history of a home with these listens, and these rows of ``tracks``."""
    settings = Settings(home=folder)
    lake = open_lake(settings.lake)
    lake.replace("listening_with_features", pa.Table.from_pylist(rows, schema=arrow_schema(_COLUMNS)), {})
    if sounds:
        lake.replace("tracks", pa.Table.from_pylist(sounds, schema=arrow_schema(_SOUND_COLUMNS)), {})
    return History(settings, LISTENER)
