"""The schedule: does each job of the table ``schedules`` when it is due, in a process of its own.

A job's process frees its memory when it ends, cannot take the server down, and can be killed. It takes the job's lease
itself, so ``tonearm schedule run JOB`` by hand, two servers and a server that was just restarted never do the same job
at once.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from time import sleep

from tonearm.errors import HomeBusy, TonearmError
from tonearm.live.jobs import find_job, jobs
from tonearm.live.repeat import Repeat
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.schedules import LEASE, Pass, begin, drop_jobs, due, end, plan_job, renew, retry, schedules

LOOK_S = 15.0
"""How often the table is looked at; after sleep the first look finds what was missed."""
JITTER = 0.1
"""Share of the interval within which a new job's first pass falls, so that not all of them ask one service at once."""
RETRY = timedelta(minutes=15)
"""After which a job is tried again that found the home busy."""
_STOP_WAIT_S = 20.0
_AGAIN_S = 1.0
"""How often somebody who waits for a job to end looks."""

Start = Callable[[str], "subprocess.Popen[bytes]"]


def keep_planned(settings: Settings, store: Store, now: datetime, chance: Callable[[], float] = random.random) -> None:
    """Have every job that there is on the schedule, new ones soon and not all at once, and no others."""
    known, planned = jobs(settings, store), {one.name for one in schedules(store)}
    for job in known.values():
        if job.name not in planned:
            first = now + chance() * JITTER * job.every
            plan_job(store, job.name, job.every.total_seconds(), first)
    if gone := planned - set(known):
        drop_jobs(store, gone)


def perform(settings: Settings, store: Store, name: str, now: Callable[[], datetime], *, only_due: bool) -> Pass | None:
    """Do the job called ``name`` and record the pass; None if it is under way elsewhere, or not due.

    Raises, and records, what the job raises, and UnknownName.
    """
    job = find_job(settings, store, name)
    begun = begin(store, name, now(), only_due=only_due)
    if begun is None:
        return None
    try:
        with _renewed(store, begun, now):
            message = job.perform(settings, store, now())
    except HomeBusy as error:
        end(store, begun, now(), "failed", str(error))
        retry(store, name, now(), RETRY)
        raise
    except (KeyboardInterrupt, SystemExit):
        end(store, begun, now(), "interrupted", "stopped")
        raise
    except BaseException as error:
        end(store, begun, now(), "failed", str(error) if isinstance(error, TonearmError) else f"bug: {error!r}")
        raise
    end(store, begun, now(), "done", message)
    return begun


def perform_next(
    settings: Settings,
    store: Store,
    name: str,
    now: Callable[[], datetime],
    waiting: Callable[[str], None],
    pause: Callable[[float], object] = sleep,
) -> Pass:
    """Do the job called ``name`` once no pass of it is under way any more, and record the pass.

    The pass of a process that was killed is over when its lease is. One that goes on is not taken for this one: it may
    have begun before what this one is for. Calls ``waiting`` once with a sentence about it; raises HomeBusy after
    ``lock_wait_s``, and what :func:`perform` raises.
    """
    until = now() + timedelta(seconds=settings.lock_wait_s)
    is_waiting = False
    while (begun := perform(settings, store, name, now, only_due=False)) is None:
        if now() >= until:
            raise HomeBusy(
                f"the job is still under way in another process after {settings.lock_wait_s:.0f} s; "
                "let it finish and repeat the command"
            )
        if not is_waiting:
            waiting("the job is under way in another process; waiting for it to finish")
            is_waiting = True
        pause(_AGAIN_S)
    return begun


@contextmanager
def _renewed(store: Store, begun: Pass, now: Callable[[], datetime]) -> Iterator[None]:
    """Keep the lease while the job is under way."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(LEASE.total_seconds() / 4):
            with suppress(TonearmError):
                renew(store, begun, now())

    thread = threading.Thread(target=work, name="tonearm-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def in_a_process(settings: Settings) -> Start:
    """Start a job as ``tonearm schedule run NAME --if-due``, with a lower priority than the server's."""

    def start(name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tonearm", "--home", str(settings.home), "schedule", "run", name, "--if-due"]
        # A session of its own: Ctrl-C reaches the server alone, which then ends the job.
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, stdin=quiet, stdout=quiet, start_new_session=True)  # noqa: S603 - our own

    return start


class Scheduler(Repeat):
    """A thread that starts what is due, one job after the other.

    When it stops, the job under way is asked to stop: what it completed is kept, and it is due again at its next time.
    """

    def __init__(self, settings: Settings, store: Callable[[], Store], start: Start | None = None) -> None:
        """Schedule the jobs of the home of ``settings``, each begun by ``start``."""
        super().__init__("schedule", LOOK_S, lambda: self.look(datetime.now(UTC)))
        self._settings, self._store, self._start_job = settings, store, start or in_a_process(settings)

    def look(self, now: datetime) -> list[str]:
        """Do what is due; returns the jobs that were started."""
        started: list[str] = []
        with self.noted():
            store = self._store()
            if store.is_missing:
                return []
            keep_planned(self._settings, store, now)
            for name in due(store, now):
                if self._stopping.is_set():
                    break
                if self._wait_for(self._start_job(name)):
                    # It may have failed before it could say so, and would be due at once.
                    retry(store, name, now, RETRY)
                started.append(name)
        return started

    def _wait_for(self, job: subprocess.Popen[bytes]) -> int:
        """Its exit code."""
        while job.poll() is None:
            if self._stopping.wait(0.2):
                with suppress(ProcessLookupError):
                    job.send_signal(signal.SIGINT)
                try:
                    job.wait(_STOP_WAIT_S)
                except subprocess.TimeoutExpired:
                    job.kill()
                    job.wait()
        return job.wait()
