"""Listens in sessions, with the ids that their artists and tracks have."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.documents import conftest
from tests.documents.conftest import Row, home_of
from tonearm.columns import arrow_schema
from tonearm.documents.history import _SOUND_COLUMNS, History
from tonearm.lake import open_lake


def listen(at: str, artist: str = "A", track: str = "a", session: str | None = None, **more: Any) -> Row:
    """A listen of the session of its day, unless another start of a session is given."""
    session_at = datetime.fromisoformat(session or at[:10]).replace(tzinfo=UTC)
    return conftest.listen(at, artist, track, **{"session_started_at": session_at, **more})


def artist_id(artist: str) -> int:
    """The id that :func:`listen` gives an artist."""
    found: int = listen("2020-01-01T00:00", artist)["artist_id"]
    return found


def track_id(artist: str, track: str) -> int:
    """The id that :func:`listen` gives a track."""
    found: int = listen("2020-01-01T00:00", artist, track)["track_id"]
    return found


def history_of(folder: Path, rows: list[Row], sounds: list[Row] | None = None) -> History:
    """Ada's history in a home with these listens, and these rows of ``tracks``."""
    settings = home_of(folder, rows)
    if sounds:
        schema = arrow_schema(_SOUND_COLUMNS)
        open_lake(settings.lake).replace("tracks", pa.Table.from_pylist(sounds, schema=schema), {})
    return History(settings, "Ada")
