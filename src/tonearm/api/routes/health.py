"""``/health`` and ``/ready``, which need no token."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tonearm import __version__
from tonearm.api.answers import Answer, Health
from tonearm.api.deps import LookDep, SettingsDep
from tonearm.api.looking import LakeLook
from tonearm.errors import TonearmError
from tonearm.home import nearest
from tonearm.settings import Settings

router = APIRouter(tags=["health"])

LEAST_FREE_BYTES = 200_000_000
"""Below this the next build of a large history may fail."""
LONGEST_WAIT = timedelta(minutes=10)
"""For which submissions may wait for tables, as they do while a long build holds the lake."""

_LOG = logging.getLogger(__name__)


class Ready(Answer):
    """Whether requests that need the home can be answered."""

    is_ready: bool
    problems: list[str]
    """What makes requests to this server fail, a sentence each."""
    warnings: list[str]
    """What else is wrong; other servers of the home would answer no better, so this one stays in service."""


@router.get("/health")
async def health(settings: SettingsDep, look: LookDep) -> Health:
    """Whether tonearm can work, and which version of the listens it shows, if the lake answers within 2 s.

    An object store that is away does not fail it, nor do requests that wait for one: a restart would help neither.
    """
    there = nearest(settings.home)
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    seen = await look.seen()
    return Health(
        status="ok" if writable else "home unusable",
        version=__version__,
        home_is_writable=writable,
        tables=seen.tables if seen else None,
        listens_version=seen.listens_version if seen else None,
    )


@router.get("/ready", responses={503: {"model": Ready}})
def ready(request: Request, settings: SettingsDep, look: LookDep) -> JSONResponse:
    """Whether the store and the home's disk can be used: 200, or 503 with the reasons.

    A lake that cannot be read and submissions that wait for the tables are warnings, and leave it at 200.
    """
    problems = [*_of_store(request), *_of_disk(settings)]
    found = Ready(is_ready=not problems, problems=problems, warnings=[*_of_lake(look), *_of_live(request)])
    return JSONResponse(found.model_dump(), status_code=503 if problems else 200)


def _of_store(request: Request) -> Iterator[str]:
    try:
        request.app.state.store.get().listeners()
    except (TonearmError, OSError) as error:
        yield _noted("the store cannot be used", error)


def _of_lake(look: LakeLook) -> Iterator[str]:
    if not look.is_readable():
        yield "the lake cannot be read"


def _of_disk(settings: Settings) -> Iterator[str]:
    try:
        there = nearest(settings.home)
        if not os.access(there, os.W_OK | os.X_OK):
            yield "the home folder cannot be written to"
        free = shutil.disk_usage(there).free
        if free < LEAST_FREE_BYTES:
            yield f"the disk has {free / 1e6:,.0f} MB left, and {LEAST_FREE_BYTES / 1e6:,.0f} are needed"
    except OSError as error:
        yield _noted("the disk cannot be read", error)


def _of_live(request: Request) -> Iterator[str]:
    """Submissions that wait for longer than a run keeps the lake to itself; they are kept, and none is refused."""
    live = getattr(request.app.state, "live", None)
    if live and live.state.since and datetime.now(UTC) - live.state.since > LONGEST_WAIT:
        _LOG.warning("submissions wait: %s", live.state.problem)
        yield f"what clients submit is kept, and has not reached the tables since {live.state.since:%H:%M} UTC"


def _noted(sentence: str, error: Exception) -> str:
    """The sentence; the rest, which may name folders, is for the log, as anybody may ask."""
    _LOG.warning("not ready: %s: %s", sentence, error)
    return sentence
