"""Backing up a home and its store into one file, and restoring them: each is there as a whole or not at all.

The archive holds the store as a SQLite file, whatever database it is in, and the file of other services' secrets, so it
is for its owner alone.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from tonearm.errors import InputError, UsageError
from tonearm.home import INBOX_DONE, KEPT_SMALL, LOCK, MARKER, unusable
from tonearm.home.confirming import ask_to_confirm
from tonearm.home.lock import writing
from tonearm.settings import Settings, load_settings
from tonearm.store import open_store
from tonearm.store.copying import copy_rows, copy_store
from tonearm.store.database import IN_HOME

_LEFT_OUT = {"scratch", "compiled", KEPT_SMALL, LOCK, "store.lock", "submissions.lock", "secrets.lock", "lost+found"}
"""What is in no backup, and may be in a mounted folder that one is restored into; the last is the file system's own."""
_CHUNK = 1 << 20
_OWNER_ONLY = 0o600


def back_up(settings: Settings, archive: Path, waiting: Callable[[str], None] | None = None) -> int:
    """Write the home and its store into ``archive`` and return its size in bytes; an existing file is not overwritten.

    Clients may go on submitting: what comes too late for the archive comes into the next one. Imported files that are
    kept in the inbox are left out: what tonearm keeps of them is in the lake.
    """
    if not (settings.home / MARKER).exists():
        raise UsageError(f"there is no tonearm home at {settings.home}; name it with --home")
    if archive.exists():
        raise UsageError(f"{archive} exists; name another file")
    if archive.resolve().is_relative_to(settings.home.resolve()):
        raise UsageError(f"{archive} is inside the home being backed up; name a file elsewhere")
    try:
        with (
            writing(settings, waiting),
            _written_whole(archive, settings.home) as partial,
            tarfile.open(partial, "w:gz", compresslevel=1) as tar,
        ):
            _add(settings, tar)
    except OSError as error:
        raise unusable(error, archive.parent) from error
    return archive.stat().st_size


@contextmanager
def _written_whole(archive: Path, home: Path) -> Iterator[Path]:
    """A file for its owner alone that becomes ``archive`` at the end.

    Its name is that of the home, so that the next backup into the folder replaces what a killed one left.
    """
    partial = archive.with_name(f".tonearm-{hashlib.sha256(bytes(home.resolve())).hexdigest()[:12]}.part")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(mode=_OWNER_ONLY)
        partial.chmod(_OWNER_ONLY)
        yield partial
        _to_disk(partial)
        partial.rename(archive)
        _to_disk(archive.parent)
    finally:
        partial.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Have a file or the entries of a folder survive a power cut."""
    # Windows opens no folders.
    with suppress(PermissionError):
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _add(settings: Settings, tar: tarfile.TarFile) -> None:
    database = settings.database
    for path in sorted(settings.home.iterdir()):
        if path.name not in _LEFT_OUT and not path.name.startswith(database.name):
            tar.add(path, arcname=path.name, filter=_is_kept)
    with tempfile.TemporaryDirectory(dir=settings.scratch) as folder:
        copy = Path(folder) / database.name
        if _is_copied(settings, copy):
            tar.add(copy, arcname=database.name)


def _is_copied(settings: Settings, copy: Path) -> bool:
    """Copy the store into the SQLite file ``copy``; False if there is no store yet."""
    with closing(open_store(settings)) as store:
        if store.is_missing:
            return False
        with closing(open_store(Settings(home=copy.parent))) as target:
            copy_rows(store, target)
    return True


def _is_kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if PurePosixPath(entry.name) == PurePosixPath("inbox", INBOX_DONE) else entry


def restore(settings: Settings, archive: Path) -> int:
    """Unpack ``archive`` into the home, which must be empty or missing; returns the number of files.

    It is unpacked beside the home and put in its place at the end, so that a killed restore leaves no home, and a
    retry works. The store goes into the database that the settings name, else those in the archive, which must hold
    nothing yet. The command in a restored ``after_run`` is not started before its owner confirms it.
    """
    home = settings.home.resolve()
    inside = home.is_dir() and os.path.ismount(home)
    if home.exists() and not home.is_dir():
        raise unusable(FileExistsError(), home)
    if not archive.is_file():
        raise UsageError(f"there is no file {archive}")
    parent = home if inside else home.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent, home)
        # What is mounted has to stay, and so has what is mounted inside it, such as a scratch of its own.
        if home.is_dir() and any(not inside or path.name not in _LEFT_OUT for path in home.iterdir()):
            raise UsageError(f"{settings.home} is not empty; restore into another home with --home")
        _read_through(archive)
        with _stage(parent, home) as stage:
            count = _unpack(archive, stage)
            _fill_database(settings, stage)
            _put_in_place(stage, home, inside)
    except OSError as error:
        raise unusable(error, settings.home) from error
    return count


def _unpack(archive: Path, stage: Path) -> int:
    """Unpack into ``stage``, and ask for the owner's consent there; returns the number of files."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
            if not any(PurePosixPath(m.name) == PurePosixPath(MARKER) for m in members):
                raise InputError(f"{archive} is not a backup of a tonearm home")
            tar.extractall(stage, members, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise InputError(f"{archive} is damaged or not a backup: {error}; use another backup") from error
    ask_to_confirm(load_settings(stage, environ={}))
    if hasattr(os, "sync"):
        os.sync()
    return sum(m.isfile() for m in members)


def _fill_database(settings: Settings, stage: Path) -> None:
    """Bring the store into its database, where that is not the SQLite file in ``stage``."""
    url = settings.database_url or load_settings(stage, environ={}).database_url
    unpacked = Settings(home=stage)
    if url in IN_HOME or not unpacked.database.exists():
        return
    copy_store(unpacked, url)
    for left in stage.glob(f"{unpacked.database.name}*"):
        left.unlink()


def _put_in_place(stage: Path, home: Path, inside: bool) -> None:
    if not inside:
        if home.is_dir():
            home.rmdir()
        stage.rename(home)
        return
    # A mounted folder cannot be replaced, and what filling a database made in the stage is in no backup and may be
    # mounted in the home. The lake comes last, because without it there is nothing to be seen.
    for entry in sorted(stage.iterdir(), key=lambda path: path.name == "lake"):
        if entry.name not in _LEFT_OUT:
            entry.rename(home / entry.name)


@contextmanager
def _stage(parent: Path, home: Path) -> Iterator[Path]:
    """A new folder to unpack into, held by its own lock and gone at the end unless it became the home."""
    stage = Path(tempfile.mkdtemp(prefix=_prefix(home), dir=parent))
    try:
        with FileLock(stage / LOCK):
            yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _prefix(home: Path) -> str:
    return f".{home.name}.restoring-"


def _sweep(parent: Path, home: Path) -> None:
    """Remove what killed restores of ``home`` left: what one that runs is working on is locked."""
    for left in parent.glob(f"{_prefix(home)}*"):
        with suppress(Timeout), FileLock(left / LOCK, timeout=0):
            if parent == home:
                # What was moved already; with the lake, the last one, all of it was.
                for entry in [] if (home / "lake").exists() else _content(home, left):
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            shutil.rmtree(left, ignore_errors=True)


def _content(home: Path, stage: Path) -> list[Path]:
    return [entry for entry in home.iterdir() if entry != stage and entry.name not in _LEFT_OUT]


def _read_through(archive: Path) -> None:
    """Raise InputError for a damaged archive; tarfile takes damage for its end and would restore a part."""
    try:
        with gzip.open(archive) as file:
            while file.read(_CHUNK):
                pass
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{archive} is damaged or not a backup: {error}; use another backup") from error
    except OSError as error:
        raise unusable(error, archive) from error
