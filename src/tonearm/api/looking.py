"""Whether the lake can be read now, for those that must be answered soon whatever becomes of an object store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from tonearm.errors import HomeUnusable, TonearmError
from tonearm.lake import Lake
from tonearm.read.overview import LISTENS

WAIT_S = 2.0
"""How long a look is waited for. A store that refuses takes some 6 s to fail and one that is silent takes minutes;
the container's health check waits for 4 s, and Prometheus for 10."""
KEPT_S = 60.0
"""How long the last look that succeeded counts while the next is under way, as with a store that is slow."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """What a look found."""

    tables: int
    """Tables that have been built."""
    listens_version: int | None
    """Version of the listens; None before a build."""


class LakeLook:
    """Looks at a lake on a thread of its own, once at a time."""

    def __init__(self, lake: Lake, clock: Callable[[], float] = monotonic) -> None:
        """Look when asked; ``clock`` counts seconds."""
        self._lake, self._clock = lake, clock
        self._lock, self._pool = Lock(), ThreadPoolExecutor(1, "tonearm-look")
        self._under_way: Future[None] | None = None
        self._begun_s = 0.0
        self._kept: tuple[Seen, float] | None = None
        self._noted: str | None = None

    async def seen(self) -> Seen | None:
        """What there is; None where the lake cannot be read now. Needs none of the threads of requests."""
        look, left_s = self._begin()
        await asyncio.wait([asyncio.wrap_future(look)], timeout=left_s)
        return self._last()

    def is_readable(self) -> bool:
        """Whether the lake can be read now."""
        look, left_s = self._begin()
        wait([look], left_s)
        return self._last() is not None

    def lake(self) -> Lake:
        """The lake; raises HomeUnusable where it cannot be read now, instead of waiting for that."""
        if not self.is_readable():
            raise HomeUnusable(f"{self._lake.root} cannot be read now; the log says why")
        return self._lake

    def _begin(self) -> tuple[Future[None], float]:
        """The look that is under way, else a new one, and for how many seconds it is still waited for."""
        with self._lock:
            if self._under_way is None or self._under_way.done():
                self._under_way, self._begun_s = self._pool.submit(self._look), self._clock()
            return self._under_way, max(0.0, self._begun_s + WAIT_S - self._clock())

    def _look(self) -> None:
        try:
            found = Seen(len(self._lake.names()), self._lake.version(LISTENS))
        except (TonearmError, OSError) as error:
            self._kept = None
            # Once for each reason: probes ask every few seconds.
            if self._noted != str(error):
                self._noted = str(error)
                _LOG.warning("the lake cannot be read: %s", error)
        else:
            self._kept, self._noted = (found, self._clock()), None

    def _last(self) -> Seen | None:
        if self._kept is None:
            return None
        found, at_s = self._kept
        return found if self._clock() - at_s < KEPT_S else None
