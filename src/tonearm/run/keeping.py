"""Keeping the home small: once a day what is older than its promise goes, and small files are joined."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from tonearm.bronze import CATALOGUE, HISTORY
from tonearm.building.reference import SETTLED
from tonearm.home import KEPT_SMALL
from tonearm.home.lock import writing
from tonearm.lake import Lake, open_lake
from tonearm.lake.keeping import forget
from tonearm.settings import Settings

PROMISED = (HISTORY, CATALOGUE, "my_tracks_features_bronze", *SETTLED)
"""Tables whose old versions stay for ``time_travel_days``: all others can be computed again from these as they were.

The ledger, the runs and what was measured of models are histories themselves, whose rows say when they were written.
"""
EVERY = timedelta(days=1)
_SMALL_FILES = 32


def keep_small(settings: Settings, now: datetime, waiting: Callable[[str], None] | None = None) -> int:
    """Remove what nothing promises to keep, unless that was done within a day; returns how many files of rows went."""
    done = settings.home / KEPT_SMALL
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
    return forget(lake, name, now - timedelta(days if name in PROMISED else 0), now)
