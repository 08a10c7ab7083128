"""Deezer's personal data: a workbook with one sheet of listening history."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from tonearm.errors import InputError, UnknownKind
from tonearm.sources.row_fields import moment_s
from tonearm.sources.rows import BATCH_ROWS, Rejected, table_of

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_SHEET = "10_listeningHistory"
_COLUMNS = {
    "songtitle": "track_name",
    "artist": "artist_name",
    "albumtitle": "album_name",
    "listeningtime": "listened_s",
    "date": "date",
    "isrc": "isrc",
}
"""What is read of the sheet; its addresses, devices and platforms are not."""
_MOST_BYTES = 1 << 30
_PIECE = 1 << 20
_DAY_0 = datetime(1899, 12, 30)
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, expat.ExpatError, EOFError, KeyError, ValueError),
    *(NotImplementedError, RuntimeError, OverflowError),
)
"""What zipfile and expat raise for files that are damaged, each on purpose or because a number in it is wrong."""


class DeezerXlsx:
    """Deezer's personal data, ``deezer-data_*.xlsx``: *Account settings*, *My personal data*.

    Of its sheets ``10_listeningHistory`` is read. ``Date`` is when the listen started, in UTC and to the second,
    ``Listening Time`` how long it was heard. Addresses and devices are left out.
    """

    kind = "deezer_xlsx"
    title = "Deezer personal data"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """A workbook with the sheet ``10_listeningHistory``; raises UnknownKind for another one."""
        if not file.head.startswith(b"PK\x03\x04"):
            return False
        try:
            with _workbook(file) as book:
                names = _sheets(book)
        except (*_DAMAGE, InputError) as error:
            raise UnknownKind(f"{file.name}: a workbook that cannot be read ({error}); get it again") from error
        if _SHEET not in names:
            shown = ", ".join(name[:40] for name in list(names)[:12])
            raise UnknownKind(
                f"{file.name}: a workbook without Deezer's sheet {_SHEET}; it has {shown}. Save the sheet with your "
                "history as CSV and import that"
            )
        return True

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return f"sheet {_SHEET}; Date is the start"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        first, most = 1, context.max_record_bytes
        listens: list[dict[str, Any] | Rejected] = []
        try:
            for row in _rows(file, most):
                listens.append(_listen(row))
                if len(listens) == BATCH_ROWS:
                    yield table_of(listens, first, most)
                    first, listens = first + len(listens), []
        except (*_DAMAGE, InputError) as error:
            number = first + len(listens)
            listens.append(Rejected(f"the file is unreadable from row {number:,} on: {error}; get it again", ""))
        if listens:
            yield table_of(listens, first, most)


def _listen(row: Mapping[str, str]) -> dict[str, Any] | Rejected:
    written, heard = row.get("date", ""), row.get("listened_s", "")
    at_s = _serial_s(written) if re.fullmatch(r"\d{1,6}(\.\d+)?", written) else moment_s(written)
    shown = " | ".join(f"{name}: {value}" for name, value in row.items())
    if at_s is None:
        return Rejected(f"date '{written[:60]}' is not understood" if written else "no date", shown)
    return {
        "content": "music",
        "at_s": at_s,
        "artist_name": row.get("artist_name"),
        "track_name": row.get("track_name"),
        "album_name": row.get("album_name"),
        "listened_s": float(heard) if re.fullmatch(r"\d{1,9}(\.\d+)?", heard) else None,
    }


def _serial_s(days: str) -> float | None:
    """A date as workbooks count them: days since 1900, with 29 February 1900 among them."""
    try:
        return moment_s((_DAY_0 + timedelta(seconds=round(float(days) * 86_400))).isoformat())
    except OverflowError:
        return None


def _workbook(file: InputFile) -> zipfile.ZipFile:
    with file.open() as stream:
        return zipfile.ZipFile(io.BytesIO(stream.read()))


# python-calamine allocates the rectangle that the addresses of the cells span and as many texts as a workbook claims
# to have, so that a workbook of 1 KB aborts the process (tafia/calamine issues 684 and 693, open in 0.9.1).


def _sheets(book: zipfile.ZipFile) -> dict[str, str]:
    """Path of each sheet by its name."""
    places: dict[str, str] = {}
    names: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            places[attributes.get("Id", "")] = attributes.get("Target", "")
        elif name == "sheet":
            names[attributes.get("name", "")] = attributes.get("r:id", "")

    for path in ("xl/_rels/workbook.xml.rels", "xl/workbook.xml"):
        for _ in _parsed(book, path, start):
            pass
    found = {name: places.get(key, "") for name, key in names.items()}
    return {name: path[1:] if path.startswith("/") else f"xl/{path}" for name, path in found.items()}


def _parsed(book: zipfile.ZipFile, path: str, start: Any, end: Any = None, text: Any = None) -> Iterator[None]:
    """Parse a member piece by piece; raises RuntimeError for a document type, which no workbook has, or a bomb."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _no_doctype
    size = 0
    with book.open(path) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            if size > _MOST_BYTES:
                raise RuntimeError(f"{path} unpacks to more than {_MOST_BYTES >> 20:,} MB")
            parser.Parse(piece, False)
            yield
    parser.Parse(b"", True)


def _no_doctype(*_: Any) -> None:
    raise RuntimeError("it has a document type")


class _Cells:
    """The rows of a sheet, and the shared texts of a workbook, as they are parsed."""

    def __init__(self, texts: list[str], most_chars: int) -> None:
        self.texts, self._most_chars = texts, most_chars
        self.rows: list[dict[str, str]] = []
        self._row: dict[str, str] = {}
        self._parts: list[str] = []
        self._chars = 0
        self._kind, self._column, self._is_text = "", "", False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._row = {}
        elif name in ("c", "si"):
            self._parts, self._chars, self._kind = [], 0, attributes.get("t", "")
            self._column = attributes.get("r", "").rstrip("0123456789") or str(len(self._row))
        self._is_text = name in ("v", "t")

    def text(self, text: str) -> None:
        self._chars += len(text)
        if self._is_text and self._chars <= self._most_chars:
            self._parts.append(text)

    def end(self, name: str) -> None:
        self._is_text = False
        if name == "si":
            self.texts.append("".join(self._parts))
        elif name == "c":
            self._row[self._column] = self._value("".join(self._parts))
        elif name == "row":
            self.rows.append(self._row)

    def _value(self, written: str) -> str:
        if self._kind != "s":
            return written
        index = int(written) if written.isdecimal() and len(written) < 10 else -1
        return self.texts[index] if 0 <= index < len(self.texts) else ""


def _rows(file: InputFile, most_chars: int) -> Iterator[dict[str, str]]:
    """The rows of the history below its header, by the names of the columns that are read."""
    with _workbook(file) as book:
        sheet = _sheets(book)[_SHEET]
        cells = _Cells([], most_chars)
        if "xl/sharedStrings.xml" in book.namelist():
            for _ in _parsed(book, "xl/sharedStrings.xml", cells.start, cells.end, cells.text):
                pass
        header: dict[str, str] = {}
        for _ in _parsed(book, sheet, cells.start, cells.end, cells.text):
            rows, cells.rows = cells.rows, []
            for row in rows:
                if header:
                    named = {header[at]: value.strip() for at, value in row.items() if at in header}
                    if any(row.values()):
                        yield named
                else:
                    keys = {at: re.sub(r"[\W_]", "", value).lower() for at, value in row.items()}
                    header = {at: _COLUMNS[key] for at, key in keys.items() if key in _COLUMNS}


SOURCES = (DeezerXlsx(),)
