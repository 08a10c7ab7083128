"""The home folder: made, locked for writing, swept after a crash, backed up and restored."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tonearm.errors import HomeBusy, HomeUnusable
from tonearm.lake import open_lake, said_plainly
from tonearm.settings import Settings

MARKER = "tonearm-home"
"""File that says the folder is ours, so that nothing is ever written or restored over a stranger's."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the operating system says when there is no space left."""

_PATIENCE_S = 0.5


def make_home(settings: Settings) -> None:
    """Create the folder and its parts; raises HomeUnusable when that is not possible."""
    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in (settings.inbox, settings.scratch, settings.compiled):
            part.mkdir(exist_ok=True)
        (home / MARKER).touch()
    except OSError as error:
        raise unusable(error, home) from error


def unusable(error: OSError, where: Path) -> HomeUnusable:
    """The sentence for an operating system's refusal to write at ``where``."""
    if error.errno in FULL:
        return HomeUnusable(f"no space left on the disk of {where}; free some and repeat the command")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return HomeUnusable(f"{where} cannot be written; allow it, or name another home with --home")
    if isinstance(error, NotADirectoryError | FileExistsError):
        return HomeUnusable(f"{where} is a file, not a folder; name another home with --home")
    return HomeUnusable(f"{where}: {error.strerror or error}")


@contextmanager
def writing(settings: Settings, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the home's one writer's lock, and begin by sweeping what a crash left.

    Another writer is waited for, up to ``lock_wait_s``, after telling ``waiting`` once; then HomeBusy is
    raised. The lock goes with the process, however that ends.
    """
    make_home(settings)
    lock = FileLock(settings.home / "writer.lock")
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
        with said_plainly(settings.lake):
            yield
    except OSError as error:
        if error.errno in (*FULL, errno.EROFS):
            raise unusable(error, settings.home) from error
        raise
    finally:
        lock.release()


def _sweep(settings: Settings) -> None:
    for left in settings.scratch.glob("write-*"):
        shutil.rmtree(left, ignore_errors=True)
    open_lake(settings.lake).sweep()


@contextmanager
def scratch_folder(settings: Settings) -> Iterator[Path]:
    """A folder of this process's own that is removed at the end, or by the next writer after a crash."""
    folder = settings.scratch / f"write-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
