"""The live worker: a thread that takes submissions to the page within seconds, in small batches.

A submission is durable before it is acknowledged. If the worker is killed, it continues after the next start. Whatever
fails is in its state, is tried again later, and ends neither the thread nor the server.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from msgspec.structs import replace as with_settings

from tonearm.building.execute import build
from tonearm.building.extend import extend
from tonearm.errors import TonearmError
from tonearm.ingest.ledger import ImportReport
from tonearm.ingest.submissions import import_submissions
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.submissions import count_waiting

log = logging.getLogger(__name__)

PAGE_TABLES = ("listening_with_features", "sessions")
"""What the page's totals, top lists and listens are counted from; everything else is built by a run."""
POLL_S = 2.0
"""How often the store is looked at for what another process accepted."""
DEBOUNCE_S = 0.7
"""How long after the first submission of a batch the rest is waited for: an album's worth often comes at once."""
MOST_OF_BATCH = 5_000
"""Submissions of one import: a second or so, between two of which requests are not kept waiting."""
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 1.0, 60.0
_LOCK_WAIT_S = 5.0
_NICENESS = 5
_STOP_WAIT_S = 30.0


@dataclass(frozen=True)
class LiveState:
    """How the worker is doing."""

    problem: str | None = None
    """Why submissions wait, in words; None while they do not."""
    since: datetime | None = None
    """Since when there is a problem."""


class _Stopped(Exception):
    """The server is stopping, between two tables."""


class Live:
    """The worker of one serving process."""

    def __init__(
        self,
        settings: Settings,
        store: Callable[[], Store],
        tables: Sequence[str] = PAGE_TABLES,
        imported: Callable[[ImportReport], object] | None = None,
    ) -> None:
        """Work on the home of ``settings`` and the store that ``store`` opens; ``imported`` gets each batch's report.

        One thread of the engine is enough for small batches, and leaves the others to requests.
        """
        self.settings = with_settings(
            settings, threads=settings.threads or 1, lock_wait_s=min(settings.lock_wait_s, _LOCK_WAIT_S)
        )
        self.state = LiveState()
        self._store, self._tables, self._imported = store, tables, imported
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._is_behind = True
        """Whether tables may lack what is in bronze, as after a start."""
        self._thread = threading.Thread(target=self._work, name="tonearm-live", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Tell the worker that something was submitted; returns at once."""
        self._woken.set()

    def stop(self) -> None:
        """End after the table that is being written; what is left is done after the next start."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_WAIT_S)

    def _work(self) -> None:
        with suppress(OSError):
            # On Linux a thread has a priority of its own: requests come first.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        backoff_s = 0.0
        while not self._stopping.is_set():
            if self._woken.wait(backoff_s or POLL_S) and not self._stopping.is_set():
                self._stopping.wait(backoff_s or DEBOUNCE_S)
            self._woken.clear()
            if self._stopping.is_set():
                return
            backoff_s = self.step(backoff_s)

    def step(self, backoff_s: float = 0.0) -> float:
        """Do what there is to do; returns for how many seconds to leave it after a failure, 0 if there was none."""
        try:
            self._catch_up()
        except _Stopped:
            return 0.0
        except Exception as error:  # noqa: BLE001 - a bug here must not end what takes everybody's listens in
            self._failed(error)
            return min(_LONGEST_BACKOFF_S, max(_FIRST_BACKOFF_S, 2 * backoff_s))
        self.state = LiveState()
        return 0.0

    def _catch_up(self) -> None:
        """Import batch by batch, and build after each, until nothing waits."""
        store = self._store()
        if store.is_missing:
            return
        while not self._stopping.is_set() and (self._is_behind or count_waiting(store)):
            self._import(store)
            self._build()

    def _import(self, store: Store) -> None:
        """Import a batch, or everything that waits while tables cannot be built: bronze is never behind for that."""
        batches = None if self.state.problem else 1
        for report in import_submissions(self.settings, store, most=MOST_OF_BATCH, batches=batches):
            if self._imported:
                self._imported(report)
        self._is_behind = True

    def _build(self) -> None:
        if not extend(self.settings, self._tables, self._between_tables):
            report = build(self.settings, self._tables, self._between_tables)
            if report.failed:
                first = report.failed[0]
                raise TonearmError(f"table {first.name} was not brought up to date: {first.problem}")
        self._is_behind = False

    def _between_tables(self, _name: str, _done: int, _total: int) -> None:
        if self._stopping.is_set():
            raise _Stopped

    def _failed(self, error: Exception) -> None:
        problem = in_words(error)
        if problem != self.state.problem:
            log.warning("submissions wait: %s", problem, exc_info=None if isinstance(error, TonearmError) else error)
        self.state = LiveState(problem, self.state.since or datetime.now(UTC))


def in_words(error: Exception) -> str:
    """What happened; a bug is named by its kind."""
    return str(error) if isinstance(error, TonearmError) else f"{type(error).__name__}: {error}"
