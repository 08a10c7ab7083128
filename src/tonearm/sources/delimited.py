"""Reads comma-, tab- and semicolon-separated files so that a bad row does not damage the rows after it."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from tonearm.errors import InputError
from tonearm.sources.files import HEAD_BYTES, InputFile
from tonearm.sources.rows import BATCH_ROWS, RAW_CHARS, Rejected

DELIMITERS = ",\t;|"
_MOST_LINES = 100
"""Lines one record may span. A quote that is never closed would swallow the rest of the file."""
_SAMPLE_ROWS = 500
_NULS_BORNE = 8
"""NUL characters that are accepted in a text of any length; their rows are rejected."""

# The csv module's limit applies to the whole process; _Lines limits the length of records instead.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(frozen=True)
class Sample:
    """The first records of a file, read with the delimiter that fits them best."""

    delimiter: str
    rows: list[list[str]]
    width: int
    """Fields most of the records have."""


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


def sample(file: InputFile) -> Sample | None:
    """The head of ``file`` as records; None when it is not separated text of at least three columns."""
    head = file.head_text.removeprefix("\ufeff")
    if not head.strip() or head.lstrip()[0] in "[{<" or head.count("\0") > max(_NULS_BORNE, len(head) // 100):
        return None
    best: tuple[float, int, Sample] | None = None
    lines = list(io.StringIO(head, newline=""))[:_SAMPLE_ROWS]
    if len(file.head) == HEAD_BYTES and len(lines) > 1:
        lines = lines[:-1]
    for delimiter in DELIMITERS:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        # The width is taken from the second row on: headers are sometimes one name short.
        width, times = Counter(len(row) for row in rows[1:] or rows).most_common(1)[0]
        rank = (times / len(rows[1:] or rows), width)
        if width >= 3 and (best is None or rank > best[:2]):
            best = (*rank, Sample(delimiter, rows, width))
    return best[2] if best and best[0] >= 0.5 else None


def chunks(
    file: InputFile, delimiter: str, widths: Sequence[int], most_chars: int, skip: int = 0, quoted: bool = True
) -> Iterator[Chunk]:
    """The records of ``file`` after the first ``skip``, numbered from 1; blank lines are not records.

    A record whose number of fields is not among ``widths`` is rejected.
    """
    expected = " or ".join(map(str, widths))
    number, chunk = 0, Chunk()
    with file.text() as stream:
        for record in _records(stream, delimiter, most_chars, quoted):
            if skip:
                skip -= 1
                continue
            number += 1
            if isinstance(record, Rejected):
                chunk.rejected.append((number, record))
            elif len(record) in widths:
                chunk.numbers.append(number)
                chunk.rows.append(record)
            else:
                why = f"has {len(record)} fields where {expected} are expected"
                chunk.rejected.append((number, Rejected(why, delimiter.join(record))))
            if len(chunk.rows) + len(chunk.rejected) >= BATCH_ROWS:
                yield chunk
                chunk = Chunk()
    if chunk.rows or chunk.rejected:
        yield chunk


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
        if len(self.taken) > _MOST_LINES:
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
        self.ended = False

    def reject_first(self) -> Rejected:
        """Reject the first line of the record; the others are read again."""
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        return Rejected("a quote is opened and not closed", first.rstrip("\r\n"))

    def _skip_line(self) -> None:
        while (line := self._readline(self._most)) and line[-1] not in "\r\n":
            pass
