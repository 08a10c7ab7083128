"""One readable file: its bytes within limits, its text whatever the encoding, its hash and its size."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import lzma
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, TextIO

from tonearm.errors import ArchiveRefused, InputError, UsageError
from tonearm.sources.encodings import code_page

HEAD_BYTES = 64 * 1024
LITTER = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN", "@eaDir"})
"""Names that operating systems leave in folders and archives."""

_DAMAGE: tuple[type[Exception], ...] = (
    *(EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError, struct.error),
)
"""What the standard library raises on a damaged archive, and on one that it cannot read: LZMA and bzip2 streams and
names that are no UTF-8 (ValueError), sizes that no file has (OverflowError), another compression."""
READING: tuple[type[Exception], ...] = (*_DAMAGE, OSError)
"""What reading an archive raises; see :func:`is_damage`."""

_UNREADABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of characters: control characters, what was not UTF-8, line separators."""
_BUFFER = 1 << 20
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class InputProblem:
    """An input that could not be read: its name, and a message with what happened and what to do."""

    name: str
    message: str
    error: OSError | None = None
    """What the operating system answered, where it is the reason."""


@dataclass(frozen=True)
class Hints:
    """How a person says that a file is to be read, where its content does not show it."""

    columns: tuple[tuple[str, str], ...] = ()
    """Pairs of what a column holds (artist, track, album, date, …) and its name or its number from 1."""
    is_local: bool = False
    """Dates without a zone are the listener's local time, not UTC."""
    is_day_first: bool | None = None
    """Whether 03/04/2020 is the 3rd of April."""
    encoding: str = ""
    """Python's name of the text's encoding."""


NO_HINTS = Hints()


def hints_of(columns: str | None, is_local: bool, is_day_first: bool | None, encoding: str) -> Hints:
    """Hints from texts: ``columns`` such as ``artist=1,track=2``. Raises UsageError."""
    pairs = [pair.partition("=") for pair in (columns or "").split(",") if pair.strip()]
    wrong = next((what for what, equals, where in pairs if not equals or not where.strip()), None)
    if wrong is not None:
        raise UsageError(f"--columns: '{wrong}' names no column; write artist=1,track=2,date=3")
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError:
        raise UsageError(f"--encoding: there is no '{encoding}'; try cp1250, cp1251, cp932, gb18030 or big5") from None
    return Hints(tuple((what.strip(), where.strip()) for what, _, where in pairs), is_local, is_day_first, encoding)


class InputFile:
    """One readable file: loose, unpacked from gzip, or a member of an archive."""

    def __init__(self, name: str, unpacked: Callable[[], BinaryIO], most_bytes: int) -> None:
        """``unpacked`` opens the file's bytes; more than ``most_bytes`` of them are refused.

        Raises what reading the first bytes raises.
        """
        self.name = name
        """Name shown to users: ``history.csv``, ``export/2020/1.jsonl``, ``my.zip/endsong_0.json``."""
        self._unpacked = unpacked
        self._most_bytes = most_bytes
        self._whole: tuple[str, int] | None = None
        self.hints = NO_HINTS
        """What the person who imports it says about it."""
        self.head = self._read_head()
        """The first 64 KiB, fewer if the file is shorter."""

    def _read_head(self) -> bytes:
        try:
            with closing(self._pieces(HEAD_BYTES)) as pieces:
                return next(pieces, b"")[:HEAD_BYTES]
        except ArchiveRefused:
            # Damaged from its first byte on; the next read raises the error.
            return b""

    def _pieces(self, size: int) -> Generator[bytes, None, None]:
        """The unpacked bytes, about ``size`` at a time, up to the last byte before any damage."""
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
        return io.BufferedReader(_Measured(self._unpacked(), self._most_bytes, self._keep_measure), _BUFFER)

    def text(self) -> TextIO:
        """The file as text, line ends untouched. Single bytes that are not UTF-8 are read as Windows-1252."""
        return io.TextIOWrapper(self.open(), self.encoding, errors=self._errors, newline="")

    @property
    def _errors(self) -> str:
        return "windows-1252" if self.encoding.startswith("utf-8") else "replace"

    def blocks(self, size: int) -> Generator[bytes, None, None]:
        """The file's text as UTF-8, about ``size`` bytes at a time."""
        if self.encoding.startswith("utf-8"):
            yield from self._pieces(size)
            return
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        for piece in self._pieces(size):
            yield decoder.decode(piece).encode("utf-8", "replace")

    @cached_property
    def encoding(self) -> str:
        """Python's name of the file's encoding: as hinted, by its byte order mark, zero bytes, or its letters.

        Raises InputError for letters of a code page that cannot be told from others.
        """
        if self.hints.encoding:
            return self.hints.encoding
        for mark, encoding in _BOMS:
            if self.head.startswith(mark):
                return encoding
        sample = self.head[:2048]
        if sample[1::2].count(0) > len(sample) / 6 and not sample[0::2].count(0):
            return "utf-16-le"
        if sample[0::2].count(0) > len(sample) / 6 and not sample[1::2].count(0):
            return "utf-16-be"
        return self._by_letters()

    def _by_letters(self) -> str:
        if self.head.lstrip()[:1] in (b"[", b"{"):
            return "utf-8"  # JSON is
        letters = self._first_letters()
        wrong = _wrong_bytes(letters)
        # Text in UTF-8 with a few bytes of another program in it stays UTF-8.
        is_text = not _CONTROL.search(letters)
        if not is_text or not wrong or 2 * wrong < sum(byte >= 0xC0 for byte in letters):
            return "utf-8"
        found = code_page(b"\n".join(line for line in letters.splitlines() if not line.isascii()))
        if found is None:
            raise InputError(
                "its text is not UTF-8, and too short or too mixed to tell in which code page it is; save it as UTF-8, "
                "or name the code page with --encoding (cp1250, cp1251, cp1254, cp932, gb18030, big5, …)"
            )
        return found

    def _first_letters(self) -> bytes:
        """The first block of the file that is not plain ASCII."""
        if not self.head.isascii():
            return self.head
        try:
            with closing(self._pieces(_BUFFER)) as pieces:
                return next((piece for piece in pieces if not piece.isascii()), b"")
        except ArchiveRefused:
            return b""

    @property
    def head_text(self) -> str:
        """The head as text; a character cut at its end is left out."""
        return codecs.getincrementaldecoder(self.encoding)(self._errors).decode(self.head)

    @property
    def sha256(self) -> str:
        """Hash of the unpacked bytes, in hexadecimal; reads the file unless it has been read to its end."""
        return self._measure()[0]

    @property
    def size(self) -> int:
        """Number of unpacked bytes; reads the file unless it has been read to its end."""
        return self._measure()[1]

    def _keep_measure(self, sha256: str, size: int) -> None:
        self._whole = (sha256, size)

    def _measure(self) -> tuple[str, int]:
        if self._whole is None:
            with self.open() as stream:
                try:
                    while stream.read(_BUFFER):
                        pass
                except ArchiveRefused:
                    # The stream reported its hash and size before raising: damaged files have an identity too.
                    pass
        assert self._whole is not None
        return self._whole


def _wrong_bytes(sample: bytes) -> int:
    """Number of bytes that are not UTF-8; a character cut at the end counts for none."""
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    kept = decoder.decode(sample)
    return len(sample) - len(kept.encode()) - len(decoder.getstate()[0])


class _Measured(io.RawIOBase):
    """A byte stream that hashes and counts what passes, and turns damage into ArchiveRefused."""

    def __init__(self, inner: BinaryIO, most_bytes: int, measured: Callable[[str, int], None]) -> None:
        super().__init__()
        self._inner, self._most_bytes, self._measured = inner, most_bytes, measured
        self._hash, self._count = hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            # read1, because read would lose what came before the damage
            got = self._inner.read1(len(buffer))  # type: ignore[attr-defined]
        except READING as error:
            if not is_damage(error):
                raise
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
        self._measured(self._hash.hexdigest(), self._count)

    def close(self) -> None:
        self._inner.close()
        super().close()


def is_damage(error: Exception) -> bool:
    """Whether an error of :data:`READING` is the archive's fault, and not the disk's.

    Damage in a bzip2 stream is an OSError too, but without the number that the operating system gives.
    """
    return not isinstance(error, OSError) or error.errno is None


def printable(name: str) -> str:
    """``name`` as printable text: unreadable characters become the replacement character."""
    unreadable = (c for c in set(name) if unicodedata.category(c) in _UNREADABLE)
    return name.translate(dict.fromkeys(map(ord, unreadable), "\N{REPLACEMENT CHARACTER}"))


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is hidden or created by an operating system."""
    hidden = name.startswith(".") and not name.endswith(".scrobbler.log")  # Rockbox hides its log
    return hidden or name in LITTER


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", "replace"), error.end


codecs.register_error("windows-1252", _as_windows_1252)
