"""``/health`` and ``/ready``, which need no token."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tonearm import __version__
from tonearm.api.answers import Answer, Health
from tonearm.api.deps import HomeLookDep, LakeLookDep
from tonearm.api.looking import HomeSeen, LakeSeen
from tonearm.errors import TonearmError

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
async def health(home_look: HomeLookDep, lake_look: LakeLookDep) -> Health:
    """Whether tonearm can work, and which version of the listens it shows, if disk and lake answer within 2 s.

    An object store that is away does not fail it, nor do requests that wait for one: a restart would help neither.
    """
    home, lake = await asyncio.gather(home_look.seen(), lake_look.seen())
    writable = home is not None and home.is_writable
    return Health(
        status="ok" if writable else "home unusable",
        version=__version__,
        home_is_writable=writable,
        tables=lake.tables if lake else None,
        listens_version=lake.listens_version if lake else None,
    )


@router.get("/ready", responses={503: {"model": Ready}})
def ready(request: Request, home_look: HomeLookDep, lake_look: LakeLookDep) -> JSONResponse:
    """Whether the store and the home can be used: 200, or 503 with the reasons.

    A disk that is nearly full, a lake that cannot be read and submissions that wait for the tables are warnings, and
    leave it at 200.
    """
    home = home_look.seen_now()
    problems = [*_of_store(request), *_of_home(home)]
    warnings = [*_of_disk(home), *_of_lake(lake_look.seen_now()), *_of_live(request)]
    found = Ready(is_ready=not problems, problems=problems, warnings=warnings)
    return JSONResponse(found.model_dump(), status_code=503 if problems else 200)


def _of_store(request: Request) -> Iterator[str]:
    try:
        request.app.state.store.get().listeners()
    except (TonearmError, OSError) as error:
        # The rest, which may name folders, is for the log, as anybody may ask.
        _LOG.warning("not ready: the store cannot be used: %s", error)
        yield "the store cannot be used"


def _of_home(home: HomeSeen | None) -> Iterator[str]:
    if home is None:
        yield "the home folder cannot be read"
    elif not home.is_writable:
        yield "the home folder cannot be written to"


def _of_disk(home: HomeSeen | None) -> Iterator[str]:
    """A disk that is nearly full; the servers of a home share it, and what is there can still be read."""
    if home and home.free_bytes < LEAST_FREE_BYTES:
        yield f"the disk has {home.free_bytes / 1e6:,.0f} MB left, and {LEAST_FREE_BYTES / 1e6:,.0f} are needed"


def _of_lake(lake: LakeSeen | None) -> Iterator[str]:
    if lake is None:
        yield "the lake cannot be read"


def _of_live(request: Request) -> Iterator[str]:
    """Submissions that wait for longer than a run keeps the lake to itself; they are kept, and none is refused."""
    live = getattr(request.app.state, "live", None)
    if live and live.state.since and datetime.now(UTC) - live.state.since > LONGEST_WAIT:
        _LOG.warning("submissions wait: %s", live.state.problem)
        yield f"what clients submit is kept, and has not reached the tables since {live.state.since:%H:%M} UTC"
