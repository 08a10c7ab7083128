"""Zip archives: their members as input files, within limits, and what can be salvaged of a truncated one."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from tonearm.errors import ArchiveRefused
from tonearm.settings import Settings
from tonearm.sources.files import READING, InputFile, InputProblem, is_damage, is_litter, printable

FREE_BYTES = 100 * 1024 * 1024
"""Size up to which the ratio is not checked: small files of zeros are not bombs."""

Unpack = Callable[[str, Callable[[], BinaryIO], int, Settings, int], Iterator[InputFile | InputProblem]]
"""Reads a member, which may be an archive itself: takes its name, opener, packed bytes, settings and depth."""

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_LOCAL, _CENTRAL, _EMPTY = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_ENCRYPTED, _SIZES_FOLLOW, _UTF8_NAME = 0x1, 0x8, 0x800
_UNKNOWN_SIZE = 0xFFFFFFFF
_DESCRIPTOR_BYTES = 24  # the longest: signature, checksum and two 64-bit sizes
_BLOCK = 64 * 1024


def is_zip(magic: bytes) -> bool:
    """Whether ``magic``, the first bytes of a file, are those of a zip."""
    return magic.startswith((_LOCAL, _EMPTY))


def is_workbook(opened: Callable[[], BinaryIO]) -> bool:
    """Whether a zip is a spreadsheet, which is a file of its own and no archive of files."""
    with opened() as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                return "xl/workbook.xml" in archive.NameToInfo
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
            return False


def members(
    name: str, opened: Callable[[], BinaryIO], settings: Settings, depth: int, unpack: Unpack
) -> Iterator[InputFile | InputProblem]:
    """The files in the zip ``name``, each read by ``unpack``; a refused one is an InputProblem."""
    if depth > 1:
        yield InputProblem(name, "is a zip in a zip in a zip; unpack it and import what is in it")
        return
    stream = opened()
    try:
        archive = zipfile.ZipFile(stream)
        entries = archive.infolist()
    except READING as error:
        if not is_damage(error):
            raise
        stream.close()
        yield from _salvaged(name, opened, settings, str(error))
        return
    if problem := _too_much(entries, settings):
        archive.close()
        yield InputProblem(name, problem)
        return
    # The archive stays open as long as one of its members is in use: reopening it for each would read
    # its table of contents once per member.
    for entry in sorted(entries, key=lambda entry: entry.filename):
        yield from _member(name, archive, entry, settings, depth, unpack)


def _too_much(entries: list[zipfile.ZipInfo], settings: Settings) -> str:
    """Why the archive as a whole is refused, else nothing."""
    if len(entries) > settings.max_entries:
        return f"holds {len(entries):,} files, over the limit of {settings.max_entries:,} (max_entries)"
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > max(FREE_BYTES, packed * settings.max_ratio):
        return (
            f"would unpack to {unpacked >> 20:,} MB, more than {settings.max_ratio} times its size: "
            "it looks like a zip bomb and was not opened (max_ratio)"
        )
    return ""


def _member(
    archive_name: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, settings: Settings, depth: int, unpack: Unpack
) -> Iterator[InputFile | InputProblem]:
    name = f"{archive_name}/{printable(entry.filename)}"
    if entry.is_dir() or _is_litter(entry.filename):
        return
    if problem := _refusal(entry, settings):
        yield InputProblem(name, problem)
        return
    try:
        if _starts_as_zip(archive, entry):
            yield from unpack(name, _spooled(archive, entry, settings), entry.compress_size, settings, depth + 1)
        else:
            yield from unpack(name, lambda: _open(archive, entry), entry.compress_size, settings, depth + 1)
    except ArchiveRefused as error:
        yield InputProblem(name, f"cannot be unpacked: {error}")
    except READING as error:
        if not is_damage(error):
            raise
        yield InputProblem(name, f"cannot be unpacked: {error}")


def _path(filename: str) -> PurePosixPath:
    return PurePosixPath(filename.replace("\\", "/"))


def _is_litter(filename: str) -> bool:
    return any(is_litter(part) for part in _path(filename).parts if part != "..")


def _refusal(entry: zipfile.ZipInfo, settings: Settings) -> str:
    """Why a member is not read, else nothing."""
    path = _path(entry.filename)
    if not path.parts:
        return "has no name that a file can have and was refused"
    if path.is_absolute() or ".." in path.parts or path.parts[0].endswith(":"):
        return "names a place outside the archive and was refused"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted; unpack it with its password and import the result"
    if entry.file_size > settings.max_file_mb << 20:
        return f"is larger than {settings.max_file_mb:,} MB; raise max_file_mb to read it"
    if entry.file_size > max(FREE_BYTES, entry.compress_size * settings.max_ratio):
        return f"unpacks to more than {settings.max_ratio} times its size: it looks like a zip bomb (max_ratio)"
    return ""


def _open(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BinaryIO:
    return archive.open(entry)  # type: ignore[return-value]


def _starts_as_zip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    with archive.open(entry) as stream:
        return is_zip(stream.read(4))


def _spooled(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, settings: Settings) -> Callable[[], BinaryIO]:
    """An opener of an inner zip that can seek cheaply; beyond 64 MB the zip is kept in a temporary file."""
    scratch = str(settings.scratch) if settings.scratch.is_dir() else None
    spool = tempfile.SpooledTemporaryFile(max_size=64 << 20, dir=scratch)  # noqa: SIM115
    with archive.open(entry) as stream:
        while block := stream.read(_BLOCK):
            spool.write(block)
    size = spool.tell()
    return lambda: io.BufferedReader(_Region(spool, 0, size))  # type: ignore[arg-type]


class _Region(io.RawIOBase):
    """A part of a seekable file as a separate file, so that several can be open on one handle."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._start + self._at)
        got = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(got)] = got
        self._at += len(got)
        return len(got)


# A zip lists its members at its end. When a download was cut, that list is gone, but each member still
# starts with a header of its own. stream-unzip on PyPI reads these too, at the price of two compiled
# dependencies for encryption and Deflate64 that no export uses.


@dataclass(frozen=True)
class _Found:
    """A member found by its own header."""

    filename: str
    method: int
    flags: int
    start: int
    size: int | None
    """Packed bytes, when they are in the header."""


def _salvaged(
    name: str, opened: Callable[[], BinaryIO], settings: Settings, error: str
) -> Iterator[InputFile | InputProblem]:
    found = list(_walk_headers(opened, settings))
    if not found:
        yield InputProblem(name, f"is not a zip that can be read ({error}); download it again")
        return
    yield InputProblem(
        name,
        f"is cut off or damaged ({error}): only the {len(found)} files at its start could be reached, the "
        "last perhaps in part; download it again and import it again, rows already imported will not be doubled",
    )
    for member in found:
        yield from _salvaged_member(name, opened, member, settings)


def _salvaged_member(
    archive_name: str, opened: Callable[[], BinaryIO], member: _Found, settings: Settings
) -> Iterator[InputFile | InputProblem]:
    name = f"{archive_name}/{printable(member.filename)}"
    if member.filename.endswith("/") or _is_litter(member.filename):
        return
    entry = zipfile.ZipInfo(member.filename)
    entry.flag_bits = member.flags
    if problem := _refusal(entry, settings):
        yield InputProblem(name, problem)
    else:
        with opened() as file:
            packed = file.seek(0, io.SEEK_END)
        most = min(settings.max_file_mb << 20, max(FREE_BYTES, packed * settings.max_ratio))
        yield InputFile(name, lambda: _unpacked(opened(), member), most)


def _unpacked(file: BinaryIO, member: _Found) -> BinaryIO:
    file.seek(member.start)
    raw = _Stored(file, member.size or 0) if member.method == zipfile.ZIP_STORED else _Inflated(file)
    return io.BufferedReader(raw)


def _walk_headers(opened: Callable[[], BinaryIO], settings: Settings) -> Iterator[_Found]:
    at = 0
    for _ in range(settings.max_entries):
        with opened() as file:
            file.seek(at)
            member = _header(file)
            if member is None:
                return
            yield member
            following = _next_header(file, member)
            if following is None:
                return
            at = following


def _header(file: BinaryIO) -> _Found | None:
    fixed = file.read(_LOCAL_HEADER.size)
    if len(fixed) < _LOCAL_HEADER.size or not fixed.startswith(_LOCAL):
        return None
    _, _, flags, method, _, _, _, packed, _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(fixed)
    raw = file.read(name_bytes)
    filename = raw.decode("utf-8" if flags & _UTF8_NAME else "cp437", "replace")
    file.seek(extra_bytes, io.SEEK_CUR)
    size = None if flags & _SIZES_FOLLOW or packed == _UNKNOWN_SIZE else packed
    if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or not filename:
        return None
    if method == zipfile.ZIP_STORED and size is None:
        return None
    return _Found(filename, method, flags, file.tell(), size)


def _next_header(file: BinaryIO, member: _Found) -> int | None:
    """Where the member after this one starts; nothing when the file ends first or no member follows."""
    if member.size is None:
        inflated = _Inflated(file)
        try:
            while inflated.read(_BLOCK):
                pass
        except (EOFError, zlib.error):
            return None
        end = inflated.end
    else:
        end = member.start + member.size
    # Sizes and checksum may stand between the data and the next header.
    file.seek(end)
    gap = file.read(_DESCRIPTOR_BYTES + len(_LOCAL)).find(_LOCAL)
    return None if gap < 0 else end + gap


class _Inflated(io.RawIOBase):
    """The unpacked bytes of a raw deflate stream of unknown length."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file, self._inflate = file, zlib.decompressobj(-zlib.MAX_WBITS)

    def readable(self) -> bool:
        return True

    @property
    def end(self) -> int:
        """Where in the file the stream ended, once it was read to its end."""
        return self._file.tell() - len(self._inflate.unused_data)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        got = b""
        while not got and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(_BLOCK)
            if not packed:
                raise EOFError("it ends in the middle of this file")
            got = self._inflate.decompress(packed, len(buffer))
        buffer[: len(got)] = got
        return len(got)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Stored(_Region):
    """The bytes of an uncompressed member; raises EOFError when they end too early."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        super().__init__(file, file.tell(), size)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        got = super().readinto(buffer)
        if not got and self._at < self._size:
            raise EOFError("it ends in the middle of this file")
        return got

    def close(self) -> None:
        self._file.close()
        super().close()
