"""The writer's lock: one process at a time changes a home, and starts by removing what a crash left behind.

Apart from the folder itself because it opens the lake, whose libraries a reader of the store does not need.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from tonearm.errors import HomeBusy
from tonearm.home import FULL, LOCK, make_home, unusable
from tonearm.lake import open_lake, plain_errors
from tonearm.settings import Settings

_PATIENCE_S = 0.5


@contextmanager
def writing(settings: Settings, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the home's writer lock; what a crashed writer left behind is removed first.

    Waits up to ``lock_wait_s`` for another writer, calling ``waiting`` once with a sentence about it, then raises
    HomeBusy. The operating system releases the lock when the process ends, however it ends.
    """
    make_home(settings)
    lock = FileLock(settings.home / LOCK)
    try:
        lock.acquire(timeout=min(_PATIENCE_S, settings.lock_wait_s))
    except Timeout:
        if waiting:
            waiting(f"another tonearm is writing to {settings.home}; waiting for it to finish")
        try:
            lock.acquire(timeout=settings.lock_wait_s)
        except Timeout as error:
            raise HomeBusy(
                f"another tonearm is still writing to {settings.home} after {settings.lock_wait_s:.0f} s; "
                "let it finish and repeat the command"
            ) from error
    try:
        _sweep(settings)
        with plain_errors(settings.lake):
            yield
    except OSError as error:
        if error.errno in (*FULL, errno.EROFS):
            raise unusable(error, settings.home) from error
        raise
    finally:
        lock.release()


def is_writing(settings: Settings) -> bool:
    """Whether some process, this one included, is writing to the home right now."""
    path = settings.home / LOCK
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def _sweep(settings: Settings) -> None:
    for left in (*settings.scratch.glob("write-*"), *settings.scratch.glob("tmp*")):
        shutil.rmtree(left, ignore_errors=True)
    open_lake(settings.lake).sweep()
