"""What probes and metrics know of the lake and the home's disk; they are answered soon, whatever these do."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from tonearm.errors import TonearmError
from tonearm.home import nearest
from tonearm.ingest.ledger import LEDGER
from tonearm.lake import Lake
from tonearm.read.overview import LISTENS
from tonearm.run.record import RUNS

WAIT_S = 2.0
"""How long a look is waited for. A store that refuses takes some 6 s to fail and one that is silent takes minutes;
the container's health check waits for 4 s, and Prometheus for 10."""
FRESH_S = 5.0
"""How long a look counts before the next: probes and the many gauges of one scrape share it."""
KEPT_S = 60.0
"""For how long beyond that what was seen counts while the next look is under way, as with a store that is slow."""

_LOG = logging.getLogger(__name__)
_Seen = TypeVar("_Seen")


@dataclass(frozen=True)
class LakeSeen:
    """What is known of the lake; versions are None before the first."""

    tables: int
    """Tables that have been built."""
    listens: int
    listens_version: int | None
    imports_version: int | None
    runs_version: int | None


@dataclass(frozen=True)
class HomeSeen:
    """What is known of the home, or of the folder in which it will be."""

    is_writable: bool
    free_bytes: int


def see_lake(lake: Lake) -> LakeSeen:
    """What the lake's logs say."""
    return LakeSeen(
        tables=len(lake.names()),
        listens=lake.rows(LISTENS),
        listens_version=lake.version(LISTENS),
        imports_version=lake.version(LEDGER),
        runs_version=lake.version(RUNS),
    )


def see_home(home: Path) -> HomeSeen:
    """What the operating system says."""
    there = nearest(home)
    return HomeSeen(there.is_dir() and os.access(there, os.W_OK | os.X_OK), shutil.disk_usage(there).free)


class Look(Generic[_Seen]):
    """Looks at something that may not answer: on a thread of its own, once at a time."""

    def __init__(
        self, what: str, see: Callable[[], _Seen], fresh_s: float, clock: Callable[[], float] = monotonic
    ) -> None:
        """Call ``see`` when asked and the last look ended ``fresh_s`` ago; ``what`` is its name in the log."""
        self._what, self._see, self._fresh_s, self._clock = what, see, fresh_s, clock
        self._lock, self._pool = Lock(), ThreadPoolExecutor(1, "tonearm-look")
        self._newest: Future[None] | None = None
        self._begun_s = self._ended_s = 0.0
        self._kept: tuple[_Seen, float] | None = None
        self._noted: str | None = None

    async def seen(self) -> _Seen | None:
        """What there is; None where it cannot be seen now. Needs none of the threads of requests."""
        look, left_s = self._begin()
        await asyncio.wait([asyncio.wrap_future(look)], timeout=left_s)
        return self._last()

    def seen_now(self) -> _Seen | None:
        """The same, for what runs on a thread."""
        look, left_s = self._begin()
        wait([look], left_s)
        return self._last()

    def _begin(self) -> tuple[Future[None], float]:
        """The look that is under way or has just ended, else a new one, and for how many seconds it is waited for."""
        with self._lock:
            now_s = self._clock()
            if self._newest is None or (self._newest.done() and now_s - self._ended_s >= self._fresh_s):
                self._newest, self._begun_s = self._pool.submit(self._look), now_s
            return self._newest, max(0.0, self._begun_s + WAIT_S - now_s)

    def _look(self) -> None:
        try:
            found = self._see()
        except BaseException as error:  # noqa: BLE001 - a panic in Delta's Rust is no Exception
            self._kept = None
            # Once for each reason: probes ask every few seconds.
            if self._noted != str(error):
                self._noted = str(error)
                is_foreseen = isinstance(error, TonearmError | OSError)
                level = logging.WARNING if is_foreseen else logging.ERROR
                _LOG.log(level, "%s cannot be read: %s", self._what, error, exc_info=not is_foreseen)
        else:
            self._kept, self._noted = (found, self._clock()), None
        self._ended_s = self._clock()

    def _last(self) -> _Seen | None:
        if self._kept is None:
            return None
        found, at_s = self._kept
        return found if self._clock() - at_s < self._fresh_s + KEPT_S else None
