"""Reads rows out of JSON in whatever containers they come, keeping every whole row of a damaged file.

A file may be a list, lists in a list, one object, objects one a line or one after the other, an API's answer
as saved, or pages of such answers. Lists are entered, and so are objects that hold rows under a key named by
the source; every other object is a row. Thus the number of rows is that of the tracks, however they are paged
and indented, and a page need not fit into memory.

Decoding many rows in one call is ten times faster than decoding them one by one, so rows are cut out of a list
by the bytes with which they start, and decoded together. Only where that fails are they decoded one by one.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

from tonearm.errors import InputError
from tonearm.sources.rows import RAW_CHARS, Rejected, numbered, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from tonearm.sources import Context
    from tonearm.sources.files import InputFile

BLOCK_BYTES = 4 << 20
_SMALLEST_CUT, _FIRST_CUT = 64 << 10, 256 << 10
_CONTEXT = 256
_PATIENCE, _MOST_PATIENCE = 16, 1024
"""Rows read one by one after decoding many together failed; doubled each time it fails again."""

_SEPARATORS = re.compile(rb"[\s,]*")
_STRING = rb'"(?:[^"\\\n]++|\\.)*+"'
_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+([{}\[\]])")
_SCALAR = re.compile(_STRING + rb'|[^\s,\[\]{}"]+')
_KEY = re.compile(rb"(" + _STRING + rb")\s*+:\s*+(?=[^\s])")
_FIRST_KEY = re.compile(rb"\{\s*+" + _STRING)
_FIRST_VALUE = re.compile(rb"\{\s*+(" + _STRING + rb")\s*+:\s*+[\[{]")
_SEAM = re.compile(rb"\}\s*,?\s*(?=\{)")
_NEXT_LINE = re.compile(rb"\n\s*(?=[\[{])")
_QUOTE_OR_BRACKET = re.compile(rb'["{}\[\]]')
_REST_OF_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_PAIR = re.compile(r'"(\w+)"\s*:\s*("(?:[^"\\\n]|\\.)*"|-?[\d.eE+-]+|true|false|null)')
_UNREADABLE = (ValueError, RecursionError)

Row = TypeVar("Row")


@dataclass
class _Over:
    """A value that is passed over, up to its last bracket, or up to the next row if it is broken."""

    by_rows: bool
    depth: int = 0
    in_string: bool = False

    def end(self, buffer: bytes, at: int) -> tuple[int, bool]:
        """How far the value reaches in ``buffer`` from ``at``, and whether it ends there."""
        while at < len(buffer):
            found = _REST_OF_STRING.match(buffer, at) if self.in_string else _QUOTE_OR_BRACKET.search(buffer, at)
            if found is None:
                break
            at = found.end()
            if self.in_string:
                self.in_string = False
            elif found[0] == b'"':
                self.in_string = True
            else:
                self.depth += 1 if found[0] in b"{[" else -1
            if not self.depth and not self.in_string:
                return at, True
        # A backslash at the very end belongs to the character after it.
        is_half = self.in_string and (len(buffer) - len(buffer[at:].rstrip(b"\\")) - at) % 2
        return len(buffer) - is_half, False


class JsonRows(Generic[Row]):
    """The rows of a JSON file, in whatever containers."""

    def __init__(
        self, row_type: type[Row], most_bytes: int, within: Collection[str] = (), shown: Collection[str] = ()
    ) -> None:
        """``within`` are the keys under which an object holds rows, or objects that do.

        A refused row keeps in its text the fields of ``row_type`` and those named in ``shown``, no others.
        """
        # Not strict: numbers may be text and truth 0, 1, "true" or "false".
        self._one = msgspec.json.Decoder(row_type, strict=False)
        self._many = msgspec.json.Decoder(list[row_type], strict=False)  # type: ignore[valid-type]
        self._most_bytes = most_bytes
        self._within = frozenset(json.dumps(key).encode() for key in within)
        self._shown = field_names(row_type) | set(shown)
        self._buffer, self._at = b"", 0
        self._ended = False
        self._open: list[int] = []
        """The brackets that are open around the place in the file."""
        self._value_due = False
        """Whether the value of a key in ``within`` comes next."""
        self._is_doubtful = False
        """Whether the file's one object was entered although it may be a row."""
        self._over: _Over | None = None
        """The value that is passed over because it is too long to be held."""
        self._starts: list[bytes] = []
        """How rows of this file start, by which the next one is found after a broken one."""
        self._count = 0
        self._cut, self._patience, self._careful = _FIRST_CUT, _PATIENCE, 0

    def read(self, blocks: Iterator[bytes]) -> Iterator[list[Row | Rejected]]:
        """The rows in order, with a last Rejected when the file does not end as it should."""
        damage, begun = "", False
        try:
            for block in blocks:
                self._buffer += block
                if not begun:
                    self._buffer = self._buffer.removeprefix(codecs.BOM_UTF8).lstrip()
                    begun = bool(self._buffer)
                    if begun and self._buffer[0] not in b"[{":
                        yield [Rejected("the file is not JSON", "")]
                        return
                yield self._drain()
        except InputError as error:
            damage = str(error)
        # What was cut off by damage is no row that could be read after all.
        self._ended = not damage
        yield self._drain()
        yield self._last(damage)

    def _last(self, damage: str) -> list[Row | Rejected]:
        rest = self._buffer[self._at :].strip(b", \r\n\t")
        if self._over or not (damage or rest or self._open):
            return []
        number = self._count + 1
        if damage:
            why = f"the file is unreadable from row {number:,} on: {damage}"
        elif rest:
            why = f"the file ends in the middle of row {number:,}; later rows are missing: get the file again"
        else:
            why = f"the file ends without closing its list; rows from {number:,} on are missing: get it again"
        return [Rejected(why, self._raw_text(rest))]

    def _drain(self) -> list[Row | Rejected]:
        """The rows that end within the buffer."""
        rows: list[Row | Rejected] = []
        while True:
            if self._over and not self._pass_over():
                break
            self._at = _end_of(_SEPARATORS, self._buffer, self._at)
            if self._at >= len(self._buffer):
                break
            found = self._step()
            if found is None:
                break
            self._count += len(found)
            rows += found
        self._buffer, self._at = self._buffer[self._at :], 0
        return rows

    def _step(self) -> list[Row | Rejected] | None:
        """The next rows, perhaps none; None when more of the file is needed."""
        byte = self._buffer[self._at]
        if byte in b"]}":
            self._at += 1
            return self._leave()
        if self._open and self._open[-1] == _OBJECT and not self._value_due:
            return self._key()
        found = self._value(byte)
        if found is not None:
            self._value_due = False
        return found

    def _value(self, byte: int) -> list[Row | Rejected] | None:
        """The rows that are or start with the next value; None when more of the file is needed."""
        if byte not in b"[{":
            return self._scalar()
        first = _FIRST_VALUE.match(self._buffer, self._at) if self._within else None
        if byte == _LIST or (first and first[1] in self._within):
            self._enter()
            return []
        return self._together() or self._object()

    def _enter(self) -> None:
        self._open.append(self._buffer[self._at])
        self._at += 1

    def _leave(self) -> list[Row | Rejected]:
        if self._open:
            self._open.pop()
        if self._is_doubtful and not self._open:
            self._is_doubtful = False
            return [] if self._count else [self._too_long(b"")]
        return []

    def _key(self) -> list[Row | Rejected] | None:
        """Pass the next key of an object that is no row, and its value unless rows are in it."""
        key = _KEY.match(self._buffer, self._at)
        if key is None:
            after = self._next_row(self._at) if self._ended or self._is_long() else None
            if after is None and (self._ended or not self._is_long()):
                return None
            return self._refuse_broken(self._at, "a key is expected", after or len(self._buffer))
        start = key.end()
        if key[1] in self._within and self._buffer[start] in b"[{":
            self._at, self._value_due = start, True
            return []
        end = _end(self._buffer, start)
        if end < 0:
            if self._ended or not self._is_long():
                return None
            self._at, self._over = start, _Over(by_rows=False)
        else:
            self._at = end
        return []

    def _scalar(self) -> list[Row | Rejected] | None:
        """Refuse what is neither an object nor a list where a row is expected."""
        found = _SCALAR.match(self._buffer, self._at)
        end = found.end() if found else self._at + 1
        if not self._open:  # outside lists, what is up to the end of the line, or to a row
            line = self._buffer.find(b"\n", self._at)
            ends = [place for first in self._starts for place in self._starting(first, self._at + 1, b"")]
            end = min([len(self._buffer) if line < 0 else line, *ends])
        if end >= len(self._buffer) and not self._ended and not self._is_long():
            return None
        written, self._at = self._buffer[self._at : end], end
        return [self._one_row(written) or Rejected("is not a row", "")]

    def _object(self) -> list[Row | Rejected] | None:
        """The row that starts here; an object that holds rows is entered instead."""
        start = self._at
        end = _end(self._buffer, start)
        if end < 0:
            return self._unfinished(start)
        row = self._one_row(self._buffer[start:end])
        if row is None:
            self._enter()
            return []
        if isinstance(row, Rejected) and row.reason.startswith(_NOT_JSON):
            self._at = self._next_row(start, end) or end
        else:
            self._learn(start)
            self._at = end
        return [row]

    def _unfinished(self, start: int) -> list[Row | Rejected] | None:
        """An object whose end is not in the buffer: wait for more, enter it, or refuse it."""
        if self._holds_rows(start):
            self._enter()
            return []
        if not self._ended and not self._is_long():
            return None
        if not _is_cut(self._buffer[start:]):
            return self._broken(start)
        if self._ended:
            return None
        if not self._count and not self._open:
            # The file's one object, in which something long stands before the rows.
            self._is_doubtful = True
            self._enter()
            return []
        self._over = _Over(by_rows=False)
        return [self._too_long(self._buffer[start:])]

    def _broken(self, start: int) -> list[Row | Rejected]:
        """Refuse the row that starts here, and go on with the next one."""
        after = self._next_row(start)
        if after is not None:
            return self._refuse_broken(start, "", after)
        if not self._ended:
            self._over = _Over(by_rows=True)
            return [self._too_long(self._buffer[start:])]
        closing = bytes(_CLOSING[bracket] for bracket in reversed(self._open))
        if b"".join(self._buffer[start:].split()).endswith(closing):
            self._open.clear()
        return self._refuse_broken(start, "", len(self._buffer))

    def _too_long(self, written: bytes) -> Rejected:
        return Rejected(f"the row is longer than {self._most_bytes >> 10:,} KB", self._raw_text(written))

    def _is_long(self) -> bool:
        return len(self._buffer) - self._at > self._most_bytes

    def _holds_rows(self, start: int) -> bool:
        """Whether the object at ``start``, as far as it is in the buffer, has a key that holds rows."""
        at = start + 1
        while self._within and (key := _KEY.match(self._buffer, _end_of(_SEPARATORS, self._buffer, at))):
            if key[1] in self._within and self._buffer[key.end()] in b"[{":
                return True
            at = _end(self._buffer, key.end())
            if at < 0:
                break
        return False

    def _learn(self, start: int) -> None:
        first = _FIRST_KEY.match(self._buffer, start)
        if first and first[0] not in self._starts and len(self._starts) < 4:
            self._starts.append(first[0])

    def _together(self) -> list[Row | Rejected] | None:
        """Many rows from here on, decoded in one call; None where that is not possible."""
        if self._careful:
            self._careful -= 1
            return None
        rows: list[Row] | None = None
        try:
            rows = self._of_list() if self._open and self._open[-1] == _LIST else self._of_lines()
        except _UNREADABLE:
            self._careful, self._patience = self._patience, min(2 * self._patience, _MOST_PATIENCE)
            self._cut = max(self._cut // 4, _SMALLEST_CUT)
        if rows:
            self._patience, self._cut = _PATIENCE, min(2 * self._cut, BLOCK_BYTES)
        return rows  # type: ignore[return-value]

    def _of_list(self) -> list[Row]:
        first = _FIRST_KEY.match(self._buffer, self._at)
        end = self._last_start(first[0]) if first else -1
        if end < 0:
            raise ValueError("no two rows start alike")
        whole = b"".join((b"[", memoryview(self._buffer)[self._at : end], b"]"))
        try:
            rows = self._many.decode(whole)
        except msgspec.DecodeError as error:
            # The list may end earlier; the message names the byte after the first one beyond it.
            found = _TRAILING.search(str(error))
            if found is None:
                raise
            whole = whole[: int(found[1]) - 1].rstrip()
            rows = self._many.decode(whole)
            end = self._at + len(whole) - 2
        self._learn(self._at)
        self._at = end
        return rows

    def _last_start(self, first: bytes) -> int:
        """Where the rows before the last one that starts with ``first`` end; -1 when there is none."""
        last = self._buffer.rfind(first, self._at + 1, self._at + self._cut)
        if last < 0:
            self._cut = BLOCK_BYTES
            last = self._buffer.rfind(first, self._at + 1)
        while last >= 0:
            before = _before(self._buffer, last)
            if self._buffer[before] == _COMMA and self._buffer[_before(self._buffer, before)] == _END_OF_OBJECT:
                return before
            last = self._buffer.rfind(first, self._at + 1, last)
        return -1

    def _of_lines(self) -> list[Row]:
        end = self._buffer.rfind(b"\n", self._at, self._at + self._cut) + 1
        end = end or self._buffer.rfind(b"\n", self._at) + 1
        if not end:
            raise ValueError("no whole line")
        rows = self._one.decode_lines(self._buffer[self._at : end])
        self._learn(self._at)
        self._at = end
        return rows

    def _one_row(self, written: bytes) -> Row | Rejected | None:
        """The row as ``written``, refused if it cannot be one; None when it is an object that holds rows."""
        try:
            return self._one.decode(written)
        except _UNREADABLE:
            text = written.decode("utf-8", "windows-1252")
        try:
            value = json.loads(text, parse_constant=_null)
        except _UNREADABLE as error:
            return Rejected(f"{_NOT_JSON}: {error}", self._raw_text(written))
        if isinstance(value, dict) and any(
            isinstance(held, dict | list) and json.dumps(key).encode() in self._within for key, held in value.items()
        ):
            return None
        try:
            return self._one.decode(_encoded(value))
        except _UNREADABLE as error:
            return self._with_numbers_as_text(text) or Rejected(
                f"a field is not as expected: {error}", self._raw_of(value)
            )

    def _with_numbers_as_text(self, text: str) -> Row | None:
        """A row in which a name is a number, such as the title 1979; numbers that are numbers stay so."""
        try:
            value = json.loads(text, parse_constant=_null, parse_int=str, parse_float=str)
            return self._one.decode(_encoded(value))
        except _UNREADABLE:
            return None

    def _refuse_broken(self, start: int, why: str, after: int) -> list[Row | Rejected]:
        """Refuse what stands from ``start`` to ``after``; ``why`` is found out if it is empty."""
        written = self._buffer[start:after]
        self._at = after
        if not why:
            try:
                json.loads(written.decode("utf-8", "windows-1252").rstrip(", \r\n\t"))
            except _UNREADABLE as error:
                why = str(error)
        return [Rejected(f"{_NOT_JSON}: {why}", self._raw_text(written))]

    def _next_row(self, start: int, end: int | None = None) -> int | None:
        """Where the row after the broken one at ``start`` begins, or the list ends; None if not in the buffer.

        ``end`` is where the broken row's brackets are closed. Rows that start like others of the file count
        from within it too: a quote that is not closed makes brackets look like text.
        """
        places: list[int] = []
        if end is not None:
            after = _end_of(_SEPARATORS, self._buffer, end)
            if self._buffer[after : after + 1] in (b"{", b"[", b"]", b"}", b""):
                places.append(after)
        here = _FIRST_KEY.match(self._buffer, start)
        for first in {*self._starts, *([here[0]] if here else [])}:
            places += self._starting(first, start + 1)
        if not self._open and (line := _NEXT_LINE.search(self._buffer, start)):
            places.append(line.end())
        if not places and (seam := _SEAM.search(self._buffer, start)):
            places.append(seam.end())
        return min(places, default=None)

    def _starting(self, first: bytes, at: int, after: bytes = b",[]}") -> list[int]:
        """The next place, if any, at which a row starts with ``first``, ``after`` one of these bytes, if any.

        Objects within a row stand after a colon.
        """
        while (at := self._buffer.find(first, at)) >= 0:
            if not after or self._buffer[_before(self._buffer, at)] in after:
                return [at]
            at += 1
        return []

    def _pass_over(self) -> bool:
        """Pass over a long value; whether its end, or the row after it, is in the buffer."""
        assert self._over is not None
        if self._over.by_rows:
            places = [place for first in self._starts for place in self._starting(first, self._at + 1)]
            if not places and not self._starts and (seam := _SEAM.search(self._buffer, self._at)):
                places = [seam.end()]
            self._at = min(places, default=max(self._at, len(self._buffer) - _CONTEXT))
            is_over = bool(places)
        else:
            self._at, is_over = self._over.end(self._buffer, self._at)
        if is_over:
            self._over = None
        return is_over

    def _raw_of(self, value: Any) -> str:
        return json.dumps(self._only_shown(value), ensure_ascii=False)

    def _only_shown(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._only_shown(held) for key, held in value.items() if key in self._shown}
        return [self._only_shown(held) for held in value] if isinstance(value, list) else value

    def _raw_text(self, written: bytes) -> str:
        text = written[: 4 * RAW_CHARS].decode("utf-8", "replace")
        return ", ".join(pair[0] for pair in _PAIR.finditer(text) if pair[1] in self._shown)


_anything = msgspec.json.Decoder(msgspec.Raw)
_LIST, _OBJECT, _END_OF_OBJECT, _COMMA = b"[{},"
_CLOSING = dict(zip(b"[{", b"]}", strict=True))
_NOT_JSON = "the row is not valid JSON"


def _is_cut(written: bytes) -> bool:
    """Whether ``written`` is right as far as it goes, so that what is missing may follow."""
    try:
        _anything.decode(written)
    except msgspec.DecodeError as error:
        return "truncated" in str(error)
    except RecursionError:
        return True
    return False


def _null(_: str) -> None:
    """NaN and Infinity, which JSON does not have, are what Python's writers make of a missing number."""


def _encoded(value: Any) -> bytes:
    # Lone surrogates become "?".
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _end_of(pattern: re.Pattern[bytes], buffer: bytes, at: int) -> int:
    found = pattern.match(buffer, at)
    return found.end() if found else at


def _before(buffer: bytes, at: int) -> int:
    """Position of the last byte before ``at`` that is no white space."""
    at -= 1
    while at > 0 and buffer[at] in b" \r\n\t":
        at -= 1
    return max(at, 0)


def _end(buffer: bytes, at: int) -> int:
    """Where the value at ``at`` ends; -1 when its end is not in ``buffer``."""
    if buffer[at] not in b"[{":
        end = _end_of(_SCALAR, buffer, at)
        return end if at < end < len(buffer) else -1
    depth = 0
    while found := _BRACKET.match(buffer, at):
        at = found.end()
        depth += 1 if found[1] in b"[{" else -1
        if not depth:
            return at
    return -1


def field_names(row_type: Any) -> set[str]:
    """The names of the fields of ``row_type`` and of those in them."""
    if isinstance(row_type, type) and issubclass(row_type, msgspec.Struct):
        return _struct_names(row_type)
    return {name for part in get_args(row_type) for name in field_names(part)}


@cache
def _struct_names(row_type: type[msgspec.Struct]) -> set[str]:
    inner = {name for hint in get_type_hints(row_type).values() for name in field_names(hint)}
    return inner | set(row_type.__struct_encode_fields__)


def tables(
    file: InputFile,
    context: Context,
    row_type: type[Row],
    values: Callable[[Row], Mapping[str, Any] | Rejected],
    within: Collection[str] = (),
    shown: Collection[str] = (),
) -> Iterator[pa.Table]:
    """The file's rows as tables of listens; ``values`` gives a row's fields as ``table_of`` takes them."""
    reader = JsonRows(row_type, context.max_record_bytes, within, shown)
    for first, found in numbered(reader.read(file.blocks(BLOCK_BYTES))):
        rows = [row if isinstance(row, Rejected) else values(row) for row in found]
        yield table_of(rows, first, context.max_record_bytes)
