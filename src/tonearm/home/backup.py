"""Backing up a home into one file, and restoring it."""

from __future__ import annotations

import gzip
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path, PurePosixPath

from tonearm.errors import InputError, UsageError
from tonearm.home import MARKER, make_home, unusable
from tonearm.home.lock import writing
from tonearm.settings import Settings

_LEFT_OUT = {"scratch", "compiled", "writer.lock", "store.lock"}
_CHUNK = 1 << 20


def back_up(settings: Settings, archive: Path, waiting: Callable[[str], None] | None = None) -> int:
    """Write the home into ``archive`` and return its size in bytes; an existing file is not overwritten."""
    if not (settings.home / MARKER).exists():
        raise UsageError(f"there is no tonearm home at {settings.home}; name it with --home")
    if archive.exists():
        raise UsageError(f"{archive} exists; name another file")
    if archive.resolve().is_relative_to(settings.home.resolve()):
        raise UsageError(f"{archive} is inside the home being backed up; name a file elsewhere")
    partial = archive.with_name(archive.name + ".part")
    try:
        with writing(settings, waiting), tarfile.open(partial, "w:gz", compresslevel=1) as tar:
            _add(settings, tar)
        partial.rename(archive)
    except OSError as error:
        raise unusable(error, archive.parent) from error
    finally:
        partial.unlink(missing_ok=True)
    return archive.stat().st_size


def _add(settings: Settings, tar: tarfile.TarFile) -> None:
    database = settings.database
    for path in sorted(settings.home.iterdir()):
        if path.name not in _LEFT_OUT and not path.name.startswith(database.name):
            tar.add(path, arcname=path.name)
    if database.exists():
        # SQLite's own backup, because a copied file lacks what is still in its write-ahead log.
        with tempfile.TemporaryDirectory(dir=settings.scratch) as folder:
            copy = Path(folder) / database.name
            with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            tar.add(copy, arcname=database.name)


def restore(settings: Settings, archive: Path) -> int:
    """Unpack ``archive`` into the home, which must be empty or missing; returns the number of files."""
    if settings.home.is_dir() and any(settings.home.iterdir()):
        raise UsageError(f"{settings.home} is not empty; restore into another home with --home")
    if not archive.is_file():
        raise UsageError(f"there is no file {archive}")
    _read_through(archive)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
            if not any(PurePosixPath(m.name).name == MARKER for m in members):
                raise InputError(f"{archive} is not a backup of a tonearm home")
            make_home(settings)
            tar.extractall(settings.home, members, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise InputError(f"{archive} is damaged or not a backup: {error}; use another backup") from error
    except OSError as error:
        raise unusable(error, settings.home) from error
    return sum(m.isfile() for m in members)


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
