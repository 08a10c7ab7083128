"""Reads dates in the formats of various exports, a column at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

    _Reader = Callable[[pa.Array], tuple[pa.Array, pa.Array, pa.Array]]
    """Takes texts; returns instants, their precision in seconds, and whether they are local times."""

MINUTE_S, SECOND_S = 60.0, 1.0
DayOrder = Literal["day_first", "month_first"]

_FREQUENT = (
    ("%Y-%m-%dT%H:%M:%SZ", SECOND_S, False),
    ("%Y-%m-%d %H:%M:%S", SECOND_S, True),
    ("%d %b %Y %H:%M", MINUTE_S, True),
    ("%d %b %Y, %H:%M", MINUTE_S, True),
    ("%Y-%m-%d %H:%M", MINUTE_S, True),
)
"""The most frequent formats, with their precision and whether they lack a zone: they need no regular expression."""

_EPOCH = r"^[0-9]{1,17}(\.[0-9]+)?$"
# As seconds, a number this large is in the year 5138; exporters that write it mean milli- or microseconds.
_LARGEST_S, _LARGEST_MS = 1e11, 1e14
_FIRST_YEAR, _LAST_YEAR = 1900, 9998
_LATEST_US = 7_258_118_400_000_000.0
"""The year 2200; a larger number is not an instant."""

_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>[.,]\d{1,9})?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?"
)
# A zone's abbreviation alone (CEST) is not read: several zones share most of them. After an offset it adds nothing.
_ZONE = (
    r"\s*(?P<zone>z|utc|gmt|(?:utc|gmt)?[+-]\d{1,2}(?::?\d{2})?)?"
    r"(?P<rest>(?:\s+(?:[a-z]{2,5}|[+-]\d{2,4}))?(?:\s+m=[+-][\d.]+)?(?:\s*\([^)]*\))?(?:\[[^\]]*\])?)$"
)
# Letters of texts in lower case. Unicode's own class of letters takes several times as long to compile.
_LETTERS = r"[^\x00-\x60{-~]+"
_WEEKDAY = rf"(?:{_LETTERS}\.?,?\s+)?"
_DAY, _MONTH, _YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?", rf"(?P<month>{_LETTERS})\.?", r"(?P<year>\d{4})"
_AT = r"(?:,|\s+at|\s+-|\s+à|\s+um)?\s+"

_WRITTEN = (
    # ISO 8601, PostgreSQL, Go
    rf"^{_YEAR}[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?:t|,?\s+){_TIME}{_ZONE}",
    rf"^{_YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})t(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}})"
    rf"(?P<fraction>\.\d{{1,9}})?(?P<half>x)?{_ZONE}",
    # people, e-mail, Last.fm
    rf"^{_WEEKDAY}{_DAY}[\s-]+{_MONTH},?[\s-]+{_YEAR}{_AT}{_TIME}{_ZONE}",
    # Americans, JavaScript, IFTTT
    rf"^{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_YEAR}{_AT}{_TIME}{_ZONE}",
    # C and date(1)
    rf"^{_WEEKDAY}{_MONTH}\s+{_DAY}\s+{_TIME}\s+(?P<zone>utc|gmt)?\s*{_YEAR}$",
)
_NUMERIC = rf"^(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<other>\d{{1,2}})[-/.](?P<year>\d{{4}}|\d{{2}}){_AT}{_TIME}{_ZONE}"

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan gen ene янв", "feb fev fév фев", "mar mär mrt мар", "apr abr avr апр",
            "may mai mag mei май мая",
            "jun juin giu июн", "jul juil lug июл", "aug ago aoû aou авг", "sep set сен", "oct okt ott out окт",
            "nov ноя", "dec dez déc dic дек",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
"""Beginnings of the names of months in the languages that exports are written in."""


@dataclass(frozen=True)
class Instants:
    """The instants read from a column of dates."""

    at: pa.Array
    """Instants in UTC, or where ``is_local`` local times as if in UTC; null where a text is empty or not understood."""
    precision_s: pa.Array
    """Precision of each, by its format."""
    is_blank: pa.Array
    """Whether the text is empty."""
    is_local: pa.Array
    """Whether the text has neither a zone nor an offset."""


def read_instants(texts: pa.Array, order: DayOrder | None = None) -> Instants:
    """The instants written in ``texts``.

    Epochs are in seconds, milli- or microseconds, by their size. Dates of numbers only that end in the year, such as
    03/04/2020, are read by ``order``, which :func:`day_order` finds in a whole file; with dots the day is first.
    """
    texts = pc.utf8_trim_whitespace(pc.fill_null(texts, ""))
    is_blank = pc.equal(texts, "")
    at = pa.nulls(len(texts), pa.timestamp("us"))
    precision = pa.nulls(len(texts), pa.float64())
    is_local = pa.nulls(len(texts), pa.bool_())
    for reader in _readers(order):
        unread = pc.and_not(pc.is_null(at), is_blank)
        if not pc.any(unread).as_py():
            break
        # Most files use one format throughout: the later formats are tried only on the few rows left over.
        found, exact, local = reader(texts.filter(unread))
        at = pc.replace_with_mask(at, unread, found)
        precision = pc.replace_with_mask(precision, unread, exact)
        is_local = pc.replace_with_mask(is_local, unread, local)
    return Instants(pc.assume_timezone(at, "UTC"), precision, is_blank, pc.fill_null(is_local, False))


def day_order(texts: pa.Array) -> set[DayOrder]:
    """What the dates of numbers only in ``texts`` prove: a number above 12 cannot be a month.

    Both for a file that contradicts itself, none where nothing is proved.
    """
    parts = _parts(pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(texts, ""))), _NUMERIC)
    found: set[DayOrder] = set()
    is_marked = pc.not_equal(parts["mark"], ".")
    orders: tuple[tuple[str, DayOrder], ...] = (("first", "day_first"), ("other", "month_first"))
    for part, order in orders:
        is_day = pc.and_(is_marked, pc.greater(_number(parts[part]), 12))
        if pc.any(is_day).as_py():
            found.add(order)
    return found


def is_numeric_date(texts: pa.Array) -> pa.Array:
    """Whether each text is a date of numbers only whose day and month cannot be told apart by its form."""
    parts = _parts(pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(texts, ""))), _NUMERIC)
    return pc.fill_null(pc.not_equal(parts["mark"], "."), False)


def from_epoch(numbers: pa.Array) -> pa.Array:
    """Instants without zone for a float column of seconds, milli- or microseconds since 1970."""
    scale = pc.if_else(pc.less(numbers, _LARGEST_S), 1e6, pc.if_else(pc.less(numbers, _LARGEST_MS), 1e3, 1.0))
    micros = pc.round(pc.multiply(numbers, scale))
    in_range = pc.and_(pc.less(micros, _LATEST_US), pc.greater(micros, -_LATEST_US))
    return pc.if_else(in_range, micros, None).cast(pa.int64()).cast(pa.timestamp("us"))


def _readers(order: DayOrder | None) -> list[_Reader]:
    return [
        _epoch,
        *(_Frequent(*form) for form in _FREQUENT),
        *(_Written(form) for form in _WRITTEN),
        _Written(_NUMERIC, order),
    ]


def _epoch(texts: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    digits = pc.if_else(pc.match_substring_regex(texts, _EPOCH), texts, pa.scalar(None, pa.string()))
    at = from_epoch(digits.cast(pa.float64()))
    return at, _where(at, SECOND_S), _where(at, False)


def _where(at: pa.Array, value: float | bool) -> pa.Array:
    return pc.if_else(pc.is_valid(at), value, pa.scalar(None, pa.scalar(value).type))


class _Frequent:
    """Reads one frequent format."""

    def __init__(self, form: str, exact: float, is_local: bool) -> None:
        self.form, self.exact, self.is_local = form, exact, is_local

    def __call__(self, texts: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
        # Try a few first: a format that fits none of them is rarely worth a pass over all.
        sample = texts.slice(0, 20)
        if pc.strptime(sample, self.form, "us", error_is_null=True).null_count == len(sample) > 19:
            at = pa.nulls(len(texts), pa.timestamp("us"))
        else:
            at = _within_years(pc.strptime(texts, self.form, "us", error_is_null=True))
            at = pc.if_else(self._is_next_month(texts, at), None, at)
        return at, _where(at, self.exact), _where(at, self.is_local)

    def _is_next_month(self, texts: pa.Array, at: pa.Array) -> pa.Array:
        """Whether a day that its month lacks, such as 31 June, was read as one of the next month."""
        first, last = (0, 2) if self.form.startswith("%d") else (8, 10)
        is_early = pc.fill_null(pc.less_equal(pc.day(at), 3), False)
        written = pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(texts.filter(is_early), first, last))
        is_wrong = pc.not_equal(_number(written), pc.day(at.filter(is_early)))
        return pc.replace_with_mask(is_early, is_early, is_wrong)


class _Written:
    """Reads the dates that match one regular expression."""

    def __init__(self, pattern: str, order: DayOrder | None = None) -> None:
        self.pattern, self.order = pattern, order

    def __call__(self, texts: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
        parts = _parts(pc.utf8_lower(texts), self.pattern)
        if "first" in parts:
            parts |= self._ordered(parts)
        zone = parts["zone"]
        if "rest" in parts:
            zone = pc.if_else(pc.and_(pc.equal(zone, ""), pc.not_equal(parts["rest"], "")), None, zone)
        at = pc.subtract(_micros(parts), pc.multiply(_offset_s(zone), 1_000_000)).cast(pa.timestamp("us"))
        at = _within_years(at)
        has_seconds = pc.not_equal(parts.get("second", pc.if_else(pc.is_valid(zone), "", None)), "")
        exact = pc.if_else(has_seconds, SECOND_S, MINUTE_S)
        none = pc.is_null(at)
        return at, pc.if_else(none, None, exact), pc.if_else(none, None, pc.equal(zone, ""))

    def _ordered(self, parts: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """Day, month and year of numeric dates; null where the order is not known."""
        is_dotted = pc.equal(parts["mark"], ".")
        day_first = pc.or_(is_dotted, self.order == "day_first")
        known = pc.or_(is_dotted, self.order is not None)
        short = pc.equal(pc.utf8_length(parts["year"]), 2)
        century = pc.if_else(short, pa.scalar("20"), pa.scalar(""))
        return {
            "day": pc.if_else(known, pc.if_else(day_first, parts["first"], parts["other"]), None),
            "month": pc.if_else(known, pc.if_else(day_first, parts["other"], parts["first"]), None),
            "year": pc.binary_join_element_wise(century, parts["year"], ""),
        }


def _parts(texts: pa.Array, pattern: str) -> dict[str, pa.Array]:
    """The named groups of ``pattern``, null where a text does not match, empty where a group does not take part."""
    found = pc.extract_regex(texts, pattern)
    return {field.name: pc.struct_field(found, [i]) for i, field in enumerate(found.type)}


def _number(digits: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(digits, ""), None, digits).cast(pa.int64())


def _micros(parts: dict[str, pa.Array]) -> pa.Array:
    """Microseconds since 1970 of the local time in ``parts``; null where a part is out of its range."""
    year, day = _number(parts["year"]), _number(parts["day"])
    month = _month(parts["month"])
    hour, minute = _hour(parts), _number(parts["minute"])
    second = pc.fill_null(_number(parts["second"]), 0)
    in_range = pc.and_(pc.less(hour, 24), pc.and_(pc.less(minute, 60), pc.less(second, 60)))
    text = pc.binary_join_element_wise(*(n.cast(pa.string()) for n in (year, month, day)), "-")
    date = pc.strptime(text, "%Y-%m-%d", "us", error_is_null=True)
    # A 31st of June is read as the 1st of July otherwise.
    in_range = pc.and_(in_range, pc.equal(pc.day(date), day))
    since_midnight = pc.add(pc.multiply(hour, 3600), pc.add(pc.multiply(minute, 60), second))
    micros = pc.add(date.cast(pa.int64()), pc.multiply(since_midnight, 1_000_000))
    return pc.if_else(in_range, pc.add(micros, _fraction_us(parts["fraction"])), None)


def _fraction_us(fraction: pa.Array) -> pa.Array:
    digits = pc.ascii_rpad(pc.utf8_slice_codeunits(fraction, 1, 7), 6, "0")
    return digits.cast(pa.int64())


def _hour(parts: dict[str, pa.Array]) -> pa.Array:
    hour, half = _number(parts["hour"]), pc.utf8_slice_codeunits(parts["half"], 0, 1)
    is_half = pc.not_equal(half, "")
    twelve = pc.equal(hour, 12)
    of_half = pc.add(pc.if_else(twelve, 0, hour), pc.if_else(pc.equal(half, "p"), 12, 0))
    is_wrong = pc.or_(pc.equal(hour, 0), pc.greater(hour, 12))
    return pc.if_else(is_half, pc.if_else(is_wrong, None, of_half), hour)


def _month(names: pa.Array) -> pa.Array:
    """The number of each month, given as a number or by its name."""
    is_number = pc.match_substring_regex(names, r"^\d+$")
    found = pc.if_else(is_number, pc.if_else(is_number, names, None), None).cast(pa.int64())
    keys = pa.array(list(_MONTHS))
    numbers = pa.array(list(_MONTHS.values()), pa.int64())
    for letters in (4, 3):
        at = pc.index_in(pc.utf8_slice_codeunits(names, 0, letters), value_set=keys)
        found = pc.coalesce(found, numbers.take(at))
    return found


def _offset_s(zone: pa.Array) -> pa.Array:
    """Seconds ahead of UTC; 0 without an offset."""
    digits = pc.replace_substring_regex(zone, r"^(z|utc|gmt)|:", "")
    size = pc.utf8_length(digits)
    # +5, +05, +530 and +0530
    split = pc.if_else(pc.less_equal(size, 3), size, pc.subtract(size, 2))
    hours = pc.if_else(
        pc.less_equal(size, 3),
        pc.utf8_slice_codeunits(digits, 1),
        pc.if_else(pc.equal(size, 4), pc.utf8_slice_codeunits(digits, 1, 2), pc.utf8_slice_codeunits(digits, 1, 3)),
    )
    minutes = pc.if_else(pc.greater(size, split), pc.utf8_slice_codeunits(digits, -2), "")
    sign = pc.if_else(pc.starts_with(digits, "-"), -1, 1)
    seconds = pc.add(pc.multiply(_number(hours), 3600), pc.multiply(pc.fill_null(_number(minutes), 0), 60))
    return pc.if_else(pc.less(size, 2), 0, pc.multiply(sign, seconds))


def _within_years(at: pa.Array) -> pa.Array:
    """``at`` without instants that other libraries cannot hold."""
    year = pc.year(at)
    fits = pc.and_(pc.greater_equal(year, _FIRST_YEAR), pc.less_equal(year, _LAST_YEAR))
    return pc.if_else(fits, at, None)
