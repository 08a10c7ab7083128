"""Reads long JSON lists and JSON lines block by block, keeping every whole row of a damaged file.

Decoding a block in one call is ten times faster than decoding its rows one by one, so each block is cut after
a row and decoded as a whole. Only a block that fails is decoded row by row, to find the rows at fault.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

from tonearm.errors import InputError
from tonearm.sources.rows import RAW_CHARS, Rejected

BLOCK_BYTES = 4 << 20
_CUTS = 8
"""Cuts tried before a block is read row by row; rows that contain lists of objects have misleading ones."""
_SEAM = re.compile(rb"\}\s*,\s*(?=\{)")
_TEXT_SEAM = re.compile(r"\}\s*,\s*(?=\{)")
_SEPARATORS = re.compile(r"[\s,]*")
_PAIR = re.compile(r'"(\w+)"\s*:\s*("(?:[^"\\\n]|\\.)*"|-?[\d.eE+-]+|true|false|null)')
_SEAM_CONTEXT = 64

Row = TypeVar("Row")


class _Rows(Generic[Row]):
    """Shared by lists and lines: decoding one row, and explaining why one was refused."""

    def __init__(self, row_type: type[Row], most_bytes: int, shown: frozenset[str] | None = None) -> None:
        """``shown`` names the fields of a refused row that may be kept in its text; by default all may."""
        self._one = msgspec.json.Decoder(row_type)
        self._many = msgspec.json.Decoder(list[row_type])  # type: ignore[valid-type]
        self._most_bytes = most_bytes
        self._shown = shown
        self._count = 0
        self._skipping = False

    def _row(self, value: Any) -> Row | Rejected:
        # Through text again: lone surrogates become "?", and the decoder's own message names the field.
        try:
            return self._one.decode(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        except (ValueError, RecursionError) as error:
            return Rejected(f"a field is not as expected: {error}", self._raw_of(value))

    def _raw_of(self, value: Any) -> str:
        if self._shown is None or not isinstance(value, dict):
            return json.dumps(value, ensure_ascii=False) if self._shown is None else ""
        # Fields that may be shown are neither objects nor lists; one that is could contain private data.
        shown = {k: v for k, v in value.items() if k in self._shown and not isinstance(v, dict | list)}
        return json.dumps(shown, ensure_ascii=False)

    def _raw_text(self, text: str) -> str:
        if self._shown is None:
            return text[:RAW_CHARS]
        pairs = (pair for pair in _PAIR.finditer(text[: 4 * RAW_CHARS]) if pair[1] in self._shown)
        return ", ".join(pair[0] for pair in pairs)

    def _too_long(self, text: str) -> Rejected:
        return Rejected(f"the row is longer than {self._most_bytes >> 10:,} KB", self._raw_text(text))

    def _unreadable(self, number: int, damage: str, text: str) -> Rejected:
        """The last row of a file that stops before its end."""
        if damage:
            why = f"the file is unreadable from row {number:,} on: {damage}"
        elif text.strip(", \r\n\t"):
            why = f"the file ends in the middle of row {number:,}; later rows are missing: get the file again"
        else:
            why = f"the file ends without closing its list; rows from {number:,} on are missing: get it again"
        return Rejected(why, self._raw_text(text))


class JsonList(_Rows[Row]):
    """Rows of one long JSON list: the file itself, or the value of ``key`` in the file's object."""

    def __init__(
        self, row_type: type[Row], most_bytes: int, shown: frozenset[str] | None = None, key: str = ""
    ) -> None:
        super().__init__(row_type, most_bytes, shown)
        self._key = key
        opening = rb'"' + re.escape(key.encode()) + rb'"\s*:\s*\[' if key else rb"\A(?:\xef\xbb\xbf)?\s*\["
        self._opening = re.compile(opening)
        self._closed = False

    def read(self, blocks: Iterator[bytes]) -> Iterator[list[Row | Rejected]]:
        """The rows in order, with a last Rejected when the file does not end as a list should."""
        buffer, damage, opened, trailing = b"", "", False, False
        try:
            for block in blocks:
                if self._closed:
                    trailing = trailing or bool(block.strip())
                    continue
                buffer += block
                if not opened:
                    opening = self._opening.search(buffer)
                    if opening is None:
                        if len(buffer) > self._most_bytes:
                            break
                        continue
                    buffer, opened = buffer[opening.end() :], True
                rows, buffer = self._next(buffer)
                yield rows
        except InputError as error:
            damage = str(error)
        if not opened:
            yield [Rejected(f"the file is not a list of rows{f': {damage}' if damage else ''}", "")]
            return
        yield self._last(buffer, damage, trailing)

    def _next(self, buffer: bytes) -> tuple[list[Row | Rejected], bytes]:
        if self._skipping:
            seam = _SEAM.search(buffer)
            if seam is None:
                return [], buffer[-_SEAM_CONTEXT:]
            buffer, self._skipping = buffer[seam.end() :], False
        rows, rest = self._whole(buffer) or self._one_by_one(buffer, ended=False)
        self._count += len(rows)
        return rows, rest

    def _last(self, buffer: bytes, damage: str, trailing: bool) -> list[Row | Rejected]:
        if self._skipping:
            return []
        rows: list[Row | Rejected] = []
        if not self._closed:
            rows, buffer = self._one_by_one(buffer, ended=True)
            if not self._closed:
                number = self._count + len(rows) + 1
                rows.append(self._unreadable(number, damage, buffer.decode("utf-8", "replace")))
        if self._closed and not self._key and (trailing or buffer.strip()):
            rows.append(Rejected("what follows the end of the list is not read", ""))
        return rows

    def _whole(self, buffer: bytes) -> tuple[list[Row | Rejected], bytes] | None:
        """All rows up to the last seam, decoded in one call; None when a row prevents that."""
        end = len(buffer)
        for _ in range(_CUTS):
            seam = None
            while seam is None:
                end = buffer.rfind(b"}", 0, end)
                if end < 0:
                    return None
                seam = _SEAM.match(buffer, end)
            try:
                rows = self._many.decode(b"".join((b"[", memoryview(buffer)[: end + 1], b"]")))
                return rows, buffer[seam.end() :]
            except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
                return None
            except msgspec.DecodeError:
                continue  # the seam lies within a row, or a row is broken
        return None

    def _one_by_one(self, buffer: bytes, ended: bool) -> tuple[list[Row | Rejected], bytes]:
        """The rows of ``buffer`` and its rest, an unfinished row unless ``ended``."""
        decoder = codecs.getincrementaldecoder("utf-8")("windows-1252")
        text = decoder.decode(buffer, final=ended)
        half_character = decoder.getstate()[0]
        rows: list[Row | Rejected] = []
        parse = json.JSONDecoder().raw_decode
        at = _skip(text, 0)
        while at < len(text):
            if text[at] == "]":
                self._closed = True
                at += 1
                break
            try:
                value, end = parse(text, at)
                rows.append(self._row(value))
                at = _skip(text, end)
            except (ValueError, RecursionError) as error:
                if not ended and len(text) - at < self._most_bytes:
                    break  # more of the file may complete it
                after = self._refuse(rows, text, at, error, ended)
                if after is None:
                    break
                at = after
        if self._skipping:
            return rows, buffer[-_SEAM_CONTEXT:]
        return rows, text[at:].encode("utf-8", "replace") + half_character

    def _refuse(self, rows: list[Row | Rejected], text: str, at: int, error: Exception, ended: bool) -> int | None:
        """Reject the row at ``at``; returns where the next one starts, None when there is none."""
        seam = _TEXT_SEAM.search(text, at)
        if seam is not None:
            rows.append(Rejected(f"the row is not valid JSON: {error}", self._raw_text(text[at : seam.end()])))
            return seam.end()
        if not ended:
            rows.append(self._too_long(text[at:]))
            self._skipping = True
            return None
        tail = text.rstrip()
        if not tail.endswith("]"):
            return None
        rows.append(Rejected(f"the row is not valid JSON: {error}", self._raw_text(text[at:])))
        self._closed = True
        return len(text)


def _skip(text: str, at: int) -> int:
    found = _SEPARATORS.match(text, at)
    return found.end() if found else at


class JsonLines(_Rows[Row]):
    """Rows of a file with one JSON object a line; blank lines are not rows."""

    def read(self, blocks: Iterator[bytes]) -> Iterator[list[Row | Rejected]]:
        """The rows in order, with a last Rejected when the file ends within one."""
        buffer, damage = b"", ""
        try:
            for block in blocks:
                buffer += block
                rows, buffer = self._next(buffer.removeprefix(codecs.BOM_UTF8))
                self._count += len(rows)
                yield rows
        except InputError as error:
            damage = str(error)
        yield self._last(buffer, damage)

    def _last(self, buffer: bytes, damage: str) -> list[Row | Rejected]:
        if self._skipping:
            return []
        if not damage:
            rows = self._lines(buffer)
            if rows and isinstance(rows[0], Rejected) and "not valid JSON" in rows[0].reason:
                return [self._unreadable(self._count + 1, "", buffer.decode("utf-8", "replace"))]
            return rows
        return [self._unreadable(self._count + 1, damage, buffer.decode("utf-8", "replace"))]

    def _next(self, buffer: bytes) -> tuple[list[Row | Rejected], bytes]:
        if self._skipping:
            cut = buffer.find(b"\n") + 1
            if not cut:
                return [], b""
            buffer, self._skipping = buffer[cut:], False
        cut = buffer.rfind(b"\n") + 1
        whole, rest = buffer[:cut], buffer[cut:]
        rows = self._lines(whole)
        if len(rest) > self._most_bytes:
            rows.append(self._too_long(rest[:RAW_CHARS].decode("utf-8", "replace")))
            self._skipping, rest = True, b""
        return rows, rest

    def _lines(self, whole: bytes) -> list[Row | Rejected]:
        try:
            return self._one.decode_lines(whole)  # type: ignore[return-value]
        except (ValueError, RecursionError):
            return [self._line(line) for line in whole.split(b"\n") if line.strip()]

    def _line(self, line: bytes) -> Row | Rejected:
        text = line.decode("utf-8", "windows-1252")
        try:
            return self._row(json.loads(text))
        except (ValueError, RecursionError) as error:
            return Rejected(f"the row is not valid JSON: {error}", self._raw_text(text))
