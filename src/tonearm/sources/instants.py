"""Reads dates in the formats of various exports, a column at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

MINUTE_S, SECOND_S = 60.0, 1.0

_FORMATS = (
    ("%Y-%m-%dT%H:%M:%SZ", SECOND_S),
    ("%Y-%m-%d %H:%M:%S", SECOND_S),
    ("%d %b %Y %H:%M", MINUTE_S),
    ("%d %b %Y, %H:%M", MINUTE_S),
    ("%Y-%m-%d %H:%M", MINUTE_S),
    ("%Y-%m-%dT%H:%M", MINUTE_S),
    ("%d %b %Y %H:%M:%S", SECOND_S),
    ("%d %b %Y, %H:%M:%S", SECOND_S),
    ("%b %d %Y %H:%M", MINUTE_S),
    ("%b %d, %Y %H:%M", MINUTE_S),
    ("%b %d %Y, %I:%M%p", MINUTE_S),
    ("%d %b %Y, %I:%M%p", MINUTE_S),
    ("%A %d %b %Y, %I:%M%p", MINUTE_S),
    ("%a, %d %b %Y %H:%M:%S", SECOND_S),
)
"""Date formats, the most frequent first. 03/04/2020 is left out: its day and month cannot be told apart."""

_ISO = (
    r"^(?P<day>\d{4}-\d{2}-\d{2})[T ](?P<time>\d{2}:\d{2}:\d{2})(?P<fraction>\.\d{1,9})?"
    r" ?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_EPOCH = r"^[0-9]{1,17}(\.[0-9]+)?$"
# As seconds, a number this large is in the year 5138; exporters that write it mean milli- or microseconds.
_LARGEST_S, _LARGEST_MS = 1e11, 1e14


@dataclass(frozen=True)
class Instants:
    """The instants read from a column of dates."""

    at: pa.Array
    """Instants in UTC; null where the text is empty or not understood."""
    precision_s: pa.Array
    """Precision of each, by its format."""
    is_blank: pa.Array
    """Whether the text is empty."""


def read_instants(texts: pa.Array) -> Instants:
    """The instants written in ``texts``. Epochs are in seconds, milli- or microseconds, by their size; other
    dates are UTC unless they have an offset."""
    texts = pc.utf8_trim_whitespace(pc.fill_null(texts, ""))
    is_blank = pc.equal(texts, "")
    at = pa.nulls(len(texts), pa.timestamp("us"))
    precision = pa.nulls(len(texts), pa.float64())
    for reader, exact in _readers():
        unread = pc.and_not(pc.is_null(at), is_blank)
        if not pc.any(unread).as_py():
            break
        # Most files use one format throughout: the later formats are tried only on the few rows left over.
        found = reader(texts.filter(unread))
        at = pc.replace_with_mask(at, unread, found)
        where = pc.if_else(pc.is_valid(found), exact, pa.scalar(None, pa.float64()))
        precision = pc.replace_with_mask(precision, unread, where)
    return Instants(pc.assume_timezone(at, "UTC"), precision, is_blank)


def _readers() -> list[tuple[_Reader, float]]:
    return [(_epoch, SECOND_S), *((_Format(form), exact) for form, exact in _FORMATS), (_iso, SECOND_S)]


class _Format:
    """Reads one date format."""

    def __init__(self, form: str) -> None:
        self.form = form

    def __call__(self, texts: pa.Array) -> pa.Array:
        # Try a few first: a format that fits none of them is rarely worth a pass over all.
        sample = texts.slice(0, 20)
        if pc.strptime(sample, self.form, "us", error_is_null=True).null_count == len(sample) > 19:
            return pa.nulls(len(texts), pa.timestamp("us"))
        return pc.strptime(texts, self.form, "us", error_is_null=True)


def _epoch(texts: pa.Array) -> pa.Array:
    digits = pc.if_else(pc.match_substring_regex(texts, _EPOCH), texts, pa.scalar(None, pa.string()))
    return from_epoch(digits.cast(pa.float64()))


_LATEST_US = 7_258_118_400_000_000.0
"""The year 2200; a larger number is not an instant."""


def from_epoch(numbers: pa.Array) -> pa.Array:
    """Instants without zone for a float column of seconds, milli- or microseconds since 1970."""
    scale = pc.if_else(pc.less(numbers, _LARGEST_S), 1e6, pc.if_else(pc.less(numbers, _LARGEST_MS), 1e3, 1.0))
    micros = pc.round(pc.multiply(numbers, scale))
    in_range = pc.and_(pc.less(micros, _LATEST_US), pc.greater(micros, -_LATEST_US))
    return pc.if_else(in_range, micros, None).cast(pa.int64()).cast(pa.timestamp("us"))


def _iso(texts: pa.Array) -> pa.Array:
    """ISO 8601 with a fraction or an offset."""
    parts = pc.extract_regex(texts, _ISO)
    day, time, fraction, zone = (pc.struct_field(parts, [i]) for i in range(4))
    at = pc.strptime(pc.binary_join_element_wise(day, time, " "), "%Y-%m-%d %H:%M:%S", "us", error_is_null=True)
    fraction = pc.if_else(pc.equal(fraction, ""), "0", pc.binary_join_element_wise("0", fraction, ""))
    micros = pc.floor(pc.multiply(fraction.cast(pa.float64()), 1e6)).cast(pa.int64())
    has_offset = pc.match_substring_regex(zone, r"^[+-]")
    offset = pc.replace_substring(pc.if_else(has_offset, zone, "+0000"), ":", "")
    hours = pc.utf8_slice_codeunits(offset, 1, 3).cast(pa.int64())
    minutes = pc.utf8_slice_codeunits(offset, 3, 5).cast(pa.int64())
    sign = pc.if_else(pc.starts_with(offset, "-"), -1, 1)
    shift = pc.multiply(sign, pc.add(pc.multiply(hours, 3600), pc.multiply(minutes, 60)))
    total = pc.subtract(pc.add(at.cast(pa.int64()), micros), pc.multiply(shift, 1_000_000))
    return total.cast(pa.timestamp("us"))


if TYPE_CHECKING:
    from collections.abc import Callable

    _Reader = Callable[[pa.Array], pa.Array]
