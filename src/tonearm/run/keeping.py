"""Keeping the home small: once a day what is older than its promise goes, and small files are joined."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from tonearm.bronze import MADE_BY_MODELS, SCHEMAS
from tonearm.home.lock import writing
from tonearm.lake import Lake, open_lake
from tonearm.lake.keeping import forget
from tonearm.settings import Settings

FACTS = tuple(name for name in SCHEMAS if name not in MADE_BY_MODELS)
"""Tables that hold what cannot be computed again: their old versions stay for ``time_travel_days``."""
COMPUTED_DAYS = 1.0
"""Days for which old versions of the other tables stay: each run writes most of them anew, as large as they are."""
EVERY = timedelta(days=1)
_SMALL_FILES = 32


def keep_small(settings: Settings, now: datetime, waiting: Callable[[str], None] | None = None) -> int:
    """Remove what nothing promises to keep, unless that was done within a day; returns how many files of rows went."""
    done = settings.scratch / "kept-small"
    if not _is_due(done, now):
        return 0
    with writing(settings, waiting):
        lake = open_lake(settings.lake)
        gone = sum(_keep_small(lake, name, settings.time_travel_days, now) for name in lake.names())
        done.write_text(now.isoformat(), encoding="utf-8")
    return gone


def _is_due(done: Path, now: datetime) -> bool:
    try:
        return now - datetime.fromisoformat(done.read_text(encoding="utf-8")) >= EVERY
    except (OSError, ValueError):
        return True


def _keep_small(lake: Lake, name: str, days: float, now: datetime) -> int:
    lake.compact(name, _SMALL_FILES)
    return forget(lake, name, now - timedelta(days if name in FACTS else min(days, COMPUTED_DAYS)), now)
