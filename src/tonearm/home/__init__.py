"""The home folder and its parts; next to it the writer's lock, backups and the doctor."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tonearm.errors import HomeUnusable
from tonearm.settings import Settings

MARKER = "tonearm-home"
"""File that marks a folder as a tonearm home, so that no other folder is ever overwritten."""

LOCK = "writer.lock"
"""File that the one process that writes to the home has locked."""

KEPT_SMALL = "kept-small"
"""File that says when the home was last made small; not in ``scratch``, which may be gone after each command."""

INBOX_DONE = "imported"
"""Subfolder of the inbox for imported files, where the setting ``keep_imported`` keeps them."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers of a full disk or an exhausted quota."""


def make_home(settings: Settings) -> None:
    """Create the home and its subfolders, for their owner alone; raises HomeUnusable when that is not possible."""
    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / MARKER).exists():
            # Whatever the umask is, and also where the folder was there; later its owner may open it. A volume that
            # was mounted may be root's and writable through its group, and who may enter is then not ours to say.
            with suppress(PermissionError):
                home.chmod(0o700)
        for part in (settings.inbox, settings.scratch, settings.compiled):
            part.mkdir(exist_ok=True)
        (home / MARKER).touch()
    except OSError as error:
        raise unusable(error, home) from error


def nearest(home: Path) -> Path:
    """The home, or the folder in which it will be."""
    return next(path for path in (home, *home.parents) if path.exists())


def unusable(error: OSError, where: Path) -> HomeUnusable:
    """The error to raise when the operating system refuses to write at ``where``."""
    if error.errno in FULL:
        return HomeUnusable(f"no space left on the disk of {where}; free some and repeat the command")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return HomeUnusable(f"{where} cannot be written; allow it, or name another home with --home")
    if isinstance(error, NotADirectoryError | FileExistsError):
        return HomeUnusable(f"{where} is a file, not a folder; name another home with --home")
    return HomeUnusable(f"{where}: {error.strerror or error}")


@contextmanager
def scratch_folder(settings: Settings) -> Iterator[Path]:
    """A temporary folder for this process, removed at the end, or by the next writer after a crash."""
    folder = settings.scratch / f"write-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
