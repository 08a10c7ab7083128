"""Periods of a history by name: a week, a month, a year, all time, or any days; and the period before and after."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from tonearm.documents.history import Span
from tonearm.errors import UsageError
from tonearm.read.ranges import months_later

Unit = Literal["week", "month", "year", "all", "days"]
CALENDAR: tuple[Unit, ...] = ("week", "month", "year")
NAMED = r"^(all|week|month|year|2[01]\d\d(-(0[1-9]|1[0-2])|-W(0[1-9]|[1-4]\d|5[0-3]))?)$"
"""``week``, ``month`` and ``year`` are those of the last day; others ``2019``, ``2019-05`` and, of ISO 8601,
``2019-W07``."""
_DAY = timedelta(days=1)
_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Period:
    """Whole local days that a page is about."""

    unit: Unit
    span: Span

    @property
    def address(self) -> dict[str, str]:
        """What names it in an address: its ``range``, or ``from`` and ``to``."""
        if self.unit == "days":
            return {"from": self.span.first.isoformat(), "to": self.span.last.isoformat()}
        return {"range": "all" if self.unit == "all" else _NAME[self.unit](self.span.first)}

    def moved(self, steps: int) -> Period:
        """The period of the same length so many steps later; of all time there is no other."""
        if self.unit in _MONTHS:
            return containing(self.unit, months_later(self.span.first, steps * _MONTHS[self.unit]))
        away = timedelta(days=steps * self.span.days)
        return self if self.unit == "all" else Period(self.unit, Span(self.span.first + away, self.span.after + away))

    def until(self, last: date) -> Span:
        """Its days up to ``last``: all of them where that is later, or before it begins."""
        return Span(self.span.first, last + _DAY) if self.span.first <= last < self.span.after else self.span

    def before(self, now: Span) -> Span:
        """The period before it, as many days of it as ``now`` has of this one while this one goes on."""
        before = self.moved(-1).span
        return before if now == self.span else Span(before.first, min(before.first + timedelta(now.days), before.after))


def containing(unit: Unit, day: date) -> Period:
    """The calendar's week (from Monday), month or year with ``day``."""
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(unit, Span(monday, monday + timedelta(days=7)))
    first = day.replace(day=1) if unit == "month" else date(day.year, 1, 1)
    return Period(unit, Span(first, months_later(first, _MONTHS[unit])))


def named(name: str, oldest: date, last: date) -> Period:
    """The period that a name like :data:`NAMED` means; all time is from ``oldest`` to ``last``.

    Raises UsageError for a week that its year does not have.
    """
    if name == "all":
        return Period("all", Span(min(oldest, last), last + _DAY))
    if name in CALENDAR:
        return containing(name, last)
    found = re.fullmatch(r"(\d{4})(?:-(W?)(\d\d))?", name)
    if not found:
        raise UsageError(f"no period {name!r}; write 2019, 2019-05, 2019-W07, week, month, year or all")
    year, is_week, number = int(found[1]), found[2], int(found[3] or 1)
    if not is_week:
        return containing("month" if found[3] else "year", date(year, number, 1))
    try:
        return containing("week", date.fromisocalendar(year, number, 1))
    except ValueError:
        raise UsageError(f"{year} has no week {number}; its last is 52") from None


def between(first: date, last: date, today: date) -> Period:
    """The days from ``first`` to ``last``, both included; those that are all of a week, month or year, or all until
    ``today``, are that one.

    Raises UsageError where they end before they begin.
    """
    if last < first:
        raise UsageError(f"the days end ({last}) before they begin ({first}); exchange from and to")
    asked = Span(first, last + _DAY)
    calendar = (containing(unit, first) for unit in CALENDAR)
    return next((one for one in calendar if asked in (one.span, one.until(today))), Period("days", asked))


def _week_name(monday: date) -> str:
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


_NAME: dict[str, Callable[[date], str]] = {
    "week": _week_name,
    "month": lambda first: f"{first:%Y-%m}",
    "year": lambda first: f"{first:%Y}",
}
