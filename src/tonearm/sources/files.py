"""Input files: what a person names on the command line, as one sequence of readable files.

Folders are walked and archives are read in place: nothing is ever extracted to a path that an archive names.
What cannot be read becomes an ``InputProblem`` in the sequence, so that one bad file does not stop the rest.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from tonearm.errors import ArchiveRefused
from tonearm.settings import Settings

HEAD_BYTES = 64 * 1024
FREE_BYTES = 100 * 1024 * 1024
"""What anything may unpack to without its ratio being looked at: small files of zeros are not bombs."""

LITTER = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN", "@eaDir"})
"""Names that operating systems leave in folders and archives."""

_UNREADABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of characters: control characters, what was not UTF-8, line separators."""
_BUFFER = 1 << 20
_GZIP = b"\x1f\x8b"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class InputProblem:
    """Something that was named and could not be read: what it is called, and what happened and what to do."""

    name: str
    message: str


class InputFile:
    """One readable file: loose, unpacked from gzip, or a member of an archive."""

    def __init__(self, name: str, unpacked: Callable[[], BinaryIO], most_bytes: int) -> None:
        """``unpacked`` opens the file's bytes; more than ``most_bytes`` of them are refused.

        Raises what reading the first bytes raises.
        """
        self.name = name
        """What people know it by: ``history.csv``, ``export/2020/1.jsonl``, ``my.zip/endsong_0.json``."""
        self._unpacked = unpacked
        self._most_bytes = most_bytes
        self._whole: tuple[str, int] | None = None
        self.head = self._read_head()
        """The first 64 KiB, fewer if the file is shorter."""

    def _read_head(self) -> bytes:
        try:
            with closing(self._pieces(HEAD_BYTES)) as pieces:
                return next(pieces, b"")[:HEAD_BYTES]
        except ArchiveRefused:
            # Damaged from its first byte on; whoever reads on is told so.
            return b""

    def _pieces(self, size: int) -> Generator[bytes, None, None]:
        """The unpacked bytes, about ``size`` at a time, to the last one before any damage."""
        parts: list[bytes] = []
        with self.open() as stream:
            try:
                while part := stream.read1(size):
                    parts.append(part)
                    if sum(map(len, parts)) >= size:
                        yield b"".join(parts)
                        parts.clear()
            except ArchiveRefused:
                if parts:
                    yield b"".join(parts)
                raise
        if parts:
            yield b"".join(parts)

    def open(self) -> io.BufferedReader:
        """The unpacked bytes. Reading raises ArchiveRefused where they are damaged or over a limit."""
        return io.BufferedReader(_Measured(self._unpacked(), self._most_bytes, self._learn), _BUFFER)

    def text(self) -> TextIO:
        """The file as text, line ends untouched. Bytes that are not UTF-8 are read as Windows-1252."""
        errors = "windows-1252" if self.encoding.startswith("utf-8") else "replace"
        return io.TextIOWrapper(self.open(), self.encoding, errors=errors, newline="")

    def blocks(self, size: int) -> Iterator[bytes]:
        """The file's text as UTF-8, about ``size`` bytes at a time."""
        if self.encoding.startswith("utf-8"):
            yield from self._pieces(size)
            return
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        for piece in self._pieces(size):
            yield decoder.decode(piece).encode("utf-8", "replace")

    @property
    def encoding(self) -> str:
        """Python's name of the file's encoding, by its byte order mark, else by where its zero bytes are."""
        for mark, encoding in _BOMS:
            if self.head.startswith(mark):
                return encoding
        sample = self.head[:2048]
        if sample[1::2].count(0) > len(sample) / 6 and not sample[0::2].count(0):
            return "utf-16-le"
        if sample[0::2].count(0) > len(sample) / 6 and not sample[1::2].count(0):
            return "utf-16-be"
        return "utf-8"

    @property
    def head_text(self) -> str:
        """The head as text; a character cut at its end is left out."""
        decoder = codecs.getincrementaldecoder(self.encoding)(
            "windows-1252" if self.encoding.startswith("utf-8") else "replace"
        )
        return decoder.decode(self.head)

    @property
    def sha256(self) -> str:
        """Hash of the unpacked bytes, in hexadecimal; reads the file unless it has been read to its end."""
        return self._measure()[0]

    @property
    def size(self) -> int:
        """Number of unpacked bytes; reads the file unless it has been read to its end."""
        return self._measure()[1]

    def _learn(self, sha256: str, size: int) -> None:
        self._whole = (sha256, size)

    def _measure(self) -> tuple[str, int]:
        if self._whole is None:
            with self.open() as stream:
                try:
                    while stream.read(_BUFFER):
                        pass
                except ArchiveRefused:
                    # The stream told its measure before raising: damaged files have an identity too.
                    pass
        assert self._whole is not None
        return self._whole


class _Measured(io.RawIOBase):
    """A byte stream that hashes and counts what passes, and turns damage into ArchiveRefused."""

    def __init__(self, inner: BinaryIO, most_bytes: int, tell: Callable[[str, int], None]) -> None:
        super().__init__()
        self._inner, self._most_bytes, self._tell = inner, most_bytes, tell
        self._hash, self._count = hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            # read1, because read would lose what came before the damage
            got = self._inner.read1(len(buffer))  # type: ignore[attr-defined]
        except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
            self._finish()
            raise ArchiveRefused(f"the archive is damaged or cut off ({error}); download it again") from error
        self._count += len(got)
        if self._count > self._most_bytes:
            self._finish()
            raise ArchiveRefused(
                f"unpacks to more than {self._most_bytes >> 20:,} MB (limits max_file_mb and max_ratio)"
            )
        if not got:
            self._finish()
            return 0
        self._hash.update(got)
        buffer[: len(got)] = got
        return len(got)

    def _finish(self) -> None:
        self._tell(self._hash.hexdigest(), self._count)

    def close(self) -> None:
        self._inner.close()
        super().close()


def input_files(paths: Iterable[Path | str], settings: Settings) -> Iterator[InputFile | InputProblem]:
    """Every file in ``paths`` (files, folders, zips, gzips), each once, in an order that names alone decide.

    Names in a folder are shown from the folder on, names in an archive from the archive on.
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
        yield InputProblem(printable(given.name), _why(error))
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


def printable(name: str) -> str:
    """``name`` as text that any table and terminal can hold: what no one can read is the replacement character."""
    unreadable = (c for c in set(name) if unicodedata.category(c) in _UNREADABLE)
    return name.translate(dict.fromkeys(map(ord, unreadable), "\N{REPLACEMENT CHARACTER}"))


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is hidden or an operating system's own."""
    hidden = name.startswith(".") and not name.endswith(".scrobbler.log")  # Rockbox hides its log
    return hidden or name in LITTER


def _read(path: Path, name: str, settings: Settings) -> Iterator[InputFile | InputProblem]:
    try:
        if not path.is_file():
            missing = not path.exists()
            yield InputProblem(name, "there is no such file or folder" if missing else "is not a regular file")
            return
        packed = path.stat().st_size
        yield from unpack(name, lambda: path.open("rb"), packed, settings)
    except OSError as error:
        yield InputProblem(name, _why(error))


def unpack(
    name: str, opened: Callable[[], BinaryIO], packed: int, settings: Settings, depth: int = 0
) -> Iterator[InputFile | InputProblem]:
    """The file itself, or what is in it when it is a gzip or a zip (also a zip in a zip, no deeper)."""
    from tonearm.sources import archives

    most = settings.max_file_mb << 20
    with opened() as stream:
        magic = stream.read(4)
    if archives.is_zip(magic) or (name.lower().endswith(".zip") and magic):
        yield from archives.members(name, opened, settings, depth)
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


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", "replace"), error.end


codecs.register_error("windows-1252", _as_windows_1252)
