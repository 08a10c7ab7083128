"""``/health``."""

from __future__ import annotations

import os

from fastapi import APIRouter

from tonearm import __version__
from tonearm.api.answers import Answer, Health, answers
from tonearm.api.deps import SettingsDep
from tonearm.lake import open_lake
from tonearm.read.overview import LISTENS

router = APIRouter(tags=["health"])


@router.get("/health", responses=answers(Health))
def health(settings: SettingsDep) -> Answer:
    """Whether tonearm can work, and which version of the listens it shows."""
    lake = open_lake(settings.lake)
    nearest = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return Answer(
        Health(
            status="ok" if writable else "home unusable",
            version=__version__,
            home_is_writable=writable,
            tables=len(lake.names()),
            listens_version=lake.version(LISTENS),
        )
    )
