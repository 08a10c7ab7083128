"""The paths given on the command line as one sequence of readable files.

Folders are walked and archives are read in place: nothing is ever extracted to a path that an archive names.
A file that cannot be read becomes an ``InputProblem`` in the sequence, so that it does not stop the rest.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from tonearm.settings import Settings
from tonearm.sources.archives import FREE_BYTES, is_workbook, is_zip, members
from tonearm.sources.files import InputFile, InputProblem, is_litter, printable

_GZIP = b"\x1f\x8b"


def input_files(paths: Iterable[Path | str], settings: Settings) -> Iterator[InputFile | InputProblem]:
    """Every file in ``paths`` (files, folders, zips, gzips), each once, in the order of their names.

    The name of a file in a folder starts with the folder's, that of a file in an archive with the archive's.
    """
    seen: set[str] = set()
    for given in sorted({Path(path).expanduser().absolute() for path in paths}):
        for path in _walk(given):
            if isinstance(path, InputProblem):
                yield path
            elif (real := os.path.realpath(path)) not in seen:
                seen.add(real)
                yield from _read(path, printable(path.relative_to(given.parent).as_posix()), settings)


def _walk(given: Path) -> Iterator[Path | InputProblem]:
    """The files in a folder, sorted; a file is itself."""
    try:
        if not given.is_dir():
            yield given
            return
    except OSError as error:
        yield InputProblem(printable(given.name), _why(error), error)
        return
    problems: list[OSError] = []
    for folder, folders, files in os.walk(given, onerror=problems.append):
        folders[:] = sorted(name for name in folders if not is_litter(name))
        yield from (Path(folder) / name for name in sorted(files) if not is_litter(name))
        yield from (_unreadable_folder(given, error) for error in problems)
        problems.clear()
    yield from (_unreadable_folder(given, error) for error in problems)


def _unreadable_folder(given: Path, error: OSError) -> InputProblem:
    return InputProblem(printable(Path(error.filename).relative_to(given.parent).as_posix()), _why(error))


def _read(path: Path, name: str, settings: Settings) -> Iterator[InputFile | InputProblem]:
    try:
        if not path.is_file():
            missing = not path.exists()
            why = "there is no such file or folder" if missing else "is not a regular file"
            yield InputProblem(name, why, FileNotFoundError(why) if missing else None)
            return
        packed = path.stat().st_size
        yield from unpack(name, lambda: path.open("rb"), packed, settings)
    except OSError as error:
        yield InputProblem(name, _why(error), error)


def unpack(
    name: str, opened: Callable[[], BinaryIO], packed: int, settings: Settings, depth: int = 0
) -> Iterator[InputFile | InputProblem]:
    """The file itself, or the contents of a gzip or a zip (also of a zip in a zip, no deeper)."""
    most = settings.max_file_mb << 20
    with opened() as stream:
        magic = stream.read(4)
    if is_zip(magic) and packed <= most and is_workbook(opened):
        yield InputFile(name, opened, most)
    elif is_zip(magic) or (name.lower().endswith(".zip") and magic):
        yield from members(name, opened, settings, depth, unpack)
    elif magic.startswith(_GZIP):
        most = min(most, max(FREE_BYTES, packed * settings.max_ratio))
        yield InputFile(name, lambda: _gunzipped(opened()), most)
    elif packed > most:
        yield InputProblem(name, f"is larger than {settings.max_file_mb:,} MB; raise max_file_mb to read it")
    else:
        yield InputFile(name, opened, most)


def _gunzipped(packed: BinaryIO) -> BinaryIO:
    unpacked = gzip.GzipFile(fileobj=packed)
    # GzipFile closes its file object only when it opened it itself.
    unpacked.myfileobj = packed  # type: ignore[assignment]
    return unpacked  # type: ignore[return-value]


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "cannot be read: permission denied; give yourself read permission and import it again"
    return f"cannot be read: {error.strerror or error}"
