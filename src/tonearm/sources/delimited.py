"""Reads comma-, tab- and semicolon-separated files so that a bad row does not damage the rows after it."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from typing import Any, TextIO

import pyarrow as pa

from tonearm.errors import InputError
from tonearm.sources.files import HEAD_BYTES, InputFile
from tonearm.sources.headers import INSTANTS, fields, is_header
from tonearm.sources.instants import read_instants
from tonearm.sources.rows import BATCH_ROWS, RAW_CHARS, Rejected

DELIMITERS = ",\t;|"
_MOST_LINES = 100
"""Lines one record may span. A quote that is never closed would swallow the rest of the file."""
_SAMPLE_ROWS = 500
_MOST_COLUMNS = 512
_HEADER_WITHIN = 20
"""Records among which a header is looked for."""
_LEAST_SHARE = 0.5
"""Share of the records that must have all columns where no header shows that there are columns."""
_EXCEL = re.compile(r"\ufeff?sep=(.)\s*$", re.IGNORECASE)
"""The line with which Excel names the delimiter."""
_BINARY = (b"%PDF", b"\x89PNG", b"SQLite format 3\0", b"\xff\xd8\xff", b"PK")
_NULS_BORNE = 8
"""NUL characters that are accepted in a text of any length; their rows are rejected."""

# The csv module's limit applies to the whole process; _Lines limits the length of records instead.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(frozen=True)
class Sheet:
    """A separated file: how it is separated, its header, and its first records."""

    delimiter: str
    width: int
    """Columns of the file."""
    preamble: int = 0
    """Records before the header, or before the first row where there is none."""
    header: tuple[str, ...] = ()
    """The names of the columns, as many as there are columns; empty for a file without a header."""
    rows: list[list[str]] = field(default_factory=list)
    """The first records after the header, those with ``width`` fields."""
    split_at: int | None = None
    """Field with a date whose comma, not quoted, makes it two fields."""

    def whole(self, record: list[str]) -> list[str] | None:
        """``record`` with as many fields as the file has columns; None when it has others.

        Empty fields at its end are not counted, and a date that a comma divided is put together.
        """
        if len(record) == self.width:
            return record
        if self.split_at is not None and len(record) > self.width:
            at = self.split_at
            record = [*record[:at], f"{record[at]},{record[at + 1]}", *record[at + 2 :]]
        is_whole = len(record) >= self.width and not any(cell.strip() for cell in record[self.width :])
        return record[: self.width] if is_whole else None

    @property
    def skipped(self) -> int:
        """Records before the first row."""
        return self.preamble + bool(self.header)


@dataclass
class Chunk:
    """Some consecutive records: those with as many fields as expected, and the others."""

    numbers: list[int] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)

    def column(self, index: int) -> list[str | None]:
        """The field at ``index`` of every row."""
        return [row[index] for row in self.rows]


class _TooLong(Exception):
    pass


class _Unclosed(Exception):
    pass


class _Long(str):
    """The beginning of a line that was too long, in place of the line among those to be read again."""


@lru_cache(maxsize=1)
def sheet(file: InputFile) -> Sheet | None:
    """The head of ``file`` as a sheet; None when it is not separated text of at least two columns.

    The header is the first of the first records that :func:`headers.is_header` takes for one; what stands before it is
    the preamble. Raises InputError for text in a code page that cannot be told.
    """
    if not _may_be_separated(file.head):
        return None
    head = file.head_text.removeprefix("\ufeff")
    if not head.strip() or head.lstrip()[0] in "[{<" or head.count("\0") > max(_NULS_BORNE, len(head) // 100):
        return None
    lines = list(io.StringIO(head, newline=""))[:_SAMPLE_ROWS]
    if len(file.head) == HEAD_BYTES and len(lines) > 1:
        lines = lines[:-1]
    named = _EXCEL.match(lines[0])
    best: tuple[float, float, int, Sheet] | None = None
    for delimiter in named[1] if named else DELIMITERS:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        found = _sheet(rows, delimiter)
        if found:
            # Headers are sometimes one name short, and a preamble has fields of its own.
            after = rows[found.skipped :] or rows
            share = sum(found.whole(row) is not None for row in after) / len(after)
            rank = (bool(found.header), share, found.width)
            if (found.header or share >= _LEAST_SHARE) and (best is None or rank > best[:3]):
                best = (*rank, found)
    return best[3] if best else None


def _may_be_separated(head: bytes) -> bool:
    return not head.startswith(_BINARY)


def _sheet(rows: list[list[str]], delimiter: str) -> Sheet | None:
    at = next((i for i, row in enumerate(rows[:_HEADER_WITHIN]) if is_header(row)), None)
    if at is None:
        width = Counter(len(row) for row in rows[1:] or rows).most_common(1)[0][0] if rows else 0
        names_delimiter = bool(rows) and bool(_EXCEL.match(delimiter.join(rows[0])))
        found = Sheet(delimiter, width, preamble=int(names_delimiter))
    else:
        found = _aligned(delimiter, at, tuple(name.strip() for name in rows[at]), rows[at + 1 :])
    if not 2 <= found.width <= _MOST_COLUMNS:
        return None
    whole = (found.whole(row) for row in rows[found.skipped :])
    return replace(found, rows=[row for row in whole if row is not None])


def _aligned(delimiter: str, preamble: int, header: tuple[str, ...], rows: list[list[str]]) -> Sheet:
    """The sheet under ``header``, whose rows may have a field more than it has names.

    R leaves the first column, row names, without a name; other programs end each row in a delimiter, or write dates
    with a comma and no quotes.
    """
    plain = Sheet(delimiter, len(header), preamble, header)
    longer = [row for row in rows if len(row) == len(header) + 1 and row[-1].strip()]
    if len(longer) <= len(rows) / 2:
        return plain
    dates = [at for name, at in fields(header).items() if name in INSTANTS]
    for at in dates:
        written = pa.array([f"{row[at]},{row[at + 1]}" for row in longer])
        if read_instants(written, "day_first").at.null_count < len(longer) / 2:
            return replace(plain, split_at=at)
    is_named = len({row[0] for row in longer}) == len(longer)
    return Sheet(delimiter, len(header) + 1, preamble, ("", *header)) if is_named else plain


def chunks(file: InputFile, layout: Sheet, most_chars: int, quoted: bool = True) -> Iterator[Chunk]:
    """The records of ``file`` after its header, numbered from 1; blank lines are not records.

    A record with another number of fields than ``layout`` has columns is rejected.
    """
    chunk = Chunk()
    rows = islice(records(file, layout.delimiter, most_chars, quoted), layout.skipped, None)
    for number, record in enumerate(rows, 1):
        if isinstance(record, Rejected):
            chunk.rejected.append((number, record))
        elif (whole := layout.whole(record)) is not None:
            chunk.numbers.append(number)
            chunk.rows.append(whole)
        else:
            why = f"has {len(record)} fields where {layout.width} are expected"
            chunk.rejected.append((number, Rejected(why, layout.delimiter.join(record))))
        if len(chunk.rows) + len(chunk.rejected) >= BATCH_ROWS:
            yield chunk
            chunk = Chunk()
    if chunk.rows or chunk.rejected:
        yield chunk


def records(file: InputFile, delimiter: str, most_chars: int, quoted: bool = True) -> Iterator[list[str] | Rejected]:
    """Every record of ``file`` in order, header and comments included; blank lines are not records."""
    with file.text() as stream:
        yield from _records(stream, delimiter, most_chars, quoted)


def _records(stream: TextIO, delimiter: str, most_chars: int, quoted: bool) -> Iterator[list[str] | Rejected]:
    lines = _Lines(stream, most_chars)
    quotes: dict[str, Any] = {} if quoted else {"quoting": csv.QUOTE_NONE}
    reader = csv.reader(lines, delimiter=delimiter, **quotes)
    while True:
        lines.begin()
        try:
            record = next(reader)
        except StopIteration:
            return
        except _TooLong as error:
            yield Rejected(f"the row is longer than {most_chars >> 10:,} KB", str(error))
        except (_Unclosed, csv.Error):
            yield lines.reject_first()
        except InputError as error:
            yield Rejected(f"the file is unreadable from this row on: {error}", "".join(lines.taken))
            return
        else:
            if lines.ended:
                # The reader asked for one more line than there is: a quote was still open.
                yield lines.reject_first()
            elif record:
                yield record


class _Lines:
    """The lines of a file for a csv reader, which can return to the second line of a record."""

    def __init__(self, stream: TextIO, most_chars: int) -> None:
        self._readline, self._most = stream.readline, most_chars
        self._again: deque[str] = deque()
        self._first = True
        self._size = 0
        self.taken: list[str] = []
        """Lines of the record that is being read."""
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._readline(self._most)
        if not line:
            self.ended = True
            raise StopIteration
        if self._first:
            line, self._first = line.removeprefix("\ufeff"), False
        if len(line) >= self._most or isinstance(line, _Long):
            line = self._cut(line)
        self.taken.append(line)
        self._size += len(line)
        if len(self.taken) > _MOST_LINES or self._size > self._most:
            raise _Unclosed
        return line

    def _cut(self, line: str) -> str:
        """``line`` when it is whole after all; else it is skipped, and raised as too long."""
        if not isinstance(line, _Long):
            if line[-1] in "\r\n":
                return line
            self._skip_line()
        if self.taken:
            # A quote is open since a line before; that one is refused first, then this one.
            self._again.appendleft(_Long(line[:RAW_CHARS]))
            raise _Unclosed
        raise _TooLong(line[:RAW_CHARS])

    def begin(self) -> None:
        """A new record starts."""
        self.taken.clear()
        self._size = 0
        self.ended = False

    def reject_first(self) -> Rejected:
        """Reject the first line of the record; the others are read again."""
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        return Rejected("a quote is opened and not closed", first.rstrip("\r\n"))

    def _skip_line(self) -> None:
        while (line := self._readline(self._most)) and line[-1] not in "\r\n":
            pass
