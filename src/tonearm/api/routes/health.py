"""``/health``."""

from __future__ import annotations

import os

from fastapi import APIRouter

from tonearm import __version__
from tonearm.api.answers import Health
from tonearm.api.deps import LakeDep, SettingsDep
from tonearm.read.overview import LISTENS

router = APIRouter(tags=["health"])


@router.get("/health")
def health(settings: SettingsDep, lake: LakeDep) -> Health:
    """Whether tonearm can work, and which version of the listens it shows."""
    nearest = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return Health(
        status="ok" if writable else "home unusable",
        version=__version__,
        home_is_writable=writable,
        tables=len(lake.names()),
        listens_version=lake.version(LISTENS),
    )
