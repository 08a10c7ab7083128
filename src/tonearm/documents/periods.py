"""Periods of a history by name: week, month, season, year, all time or any days; and the period before and after."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from tonearm.documents.history import Span
from tonearm.errors import UsageError
from tonearm.read.ranges import months_later

Unit = Literal["week", "month", "season", "year", "all", "days"]
CALENDAR: tuple[Unit, ...] = ("week", "month", "year")
NAMED = r"^(all|week|month|year|2[01]\d\d(-(0[1-9]|1[0-2])|-W(0[1-9]|[1-4]\d|5[0-3]))?)$"
"""``week``, ``month`` and ``year`` are those of the last day; others ``2019``, ``2019-05`` and, of ISO 8601,
``2019-W07``."""
_DAY = timedelta(days=1)
_MONTHS = {"month": 1, "season": 3, "year": 12}
_SEASONS = {3: "spring", 6: "summer", 9: "autumn", 12: "winter"}
"""By the first month, as in the north; the winter of 2019 begins in December 2019."""


@dataclass(frozen=True)
class Period:
    """Whole local days that a page is about."""

    unit: Unit
    span: Span

    @property
    def name(self) -> str:
        """``2019``, ``2019-summer``, ``2019-03``, ``2019-W10`` or ``all``; days have none."""
        return "all" if self.unit == "all" else _NAME[self.unit](self.span.first)

    @property
    def address(self) -> dict[str, str]:
        """What names it in an address: its ``range``, or ``from`` and ``to``."""
        if self.unit == "days":
            return {"from": self.span.first.isoformat(), "to": self.span.last.isoformat()}
        return {"range": self.name}

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
    """The calendar's week (from Monday), month, season or year with ``day``."""
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(unit, Span(monday, monday + timedelta(days=7)))
    months = _MONTHS[unit]
    # Seasons begin in December, years in January.
    begun = day.month % months if unit == "season" else (day.month - 1) % months
    first = months_later(day.replace(day=1), -begun)
    return Period(unit, Span(first, months_later(first, _MONTHS[unit])))


def named(name: str, oldest: date, last: date) -> Period:
    """The period that a name like :data:`NAMED` means; all time is from ``oldest`` to ``last``.

    Raises UsageError for any other name, and for a week that its year does not have.
    """
    if name == "all":
        return Period("all", Span(min(oldest, last), last + _DAY))
    if name in CALENDAR:
        return containing(name, last)
    if not re.fullmatch(NAMED, name):
        raise UsageError(f"no period {name!r}; write 2019, 2019-05, 2019-W07, week, month, year or all")
    try:
        return on_calendar(name)
    except ValueError:
        raise UsageError(f"{name[:4]} has no week {int(name[-2:])}; its last is 52") from None


def on_calendar(name: str) -> Period:
    """The year, season, month or week (of ISO 8601) called ``2019``, ``2019-summer``, ``2019-03`` or ``2019-W10``.

    Raises ValueError.
    """
    found = re.fullmatch(r"(2[01]\d\d)(?:-(?:W(\d\d)|(\d\d)|([a-z]+)))?", name, re.ASCII)
    if not found:
        raise ValueError(name)
    year, (week, month, season) = int(found[1]), found.groups()[1:]
    if week:
        return containing("week", date.fromisocalendar(year, int(week), 1))
    if season:
        return containing("season", date(year, _first_month(season), 1))
    return containing("month" if month else "year", date(year, int(month or 1), 1))


def _first_month(season: str) -> int:
    return next((month for month, name in _SEASONS.items() if name == season), 0)


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


def runs(days: Iterable[date]) -> list[Span]:
    """Stretches of days without a gap, of ``days`` that are in order."""
    found: list[Span] = []
    for day in days:
        if found and found[-1].after == day:
            found[-1] = Span(found[-1].first, day + _DAY)
        else:
            found.append(Span(day, day + _DAY))
    return found


def _week_name(monday: date) -> str:
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


_NAME: dict[str, Callable[[date], str]] = {
    "week": _week_name,
    "month": lambda first: f"{first:%Y-%m}",
    "season": lambda first: f"{first.year}-{_SEASONS[first.month]}",
    "year": lambda first: f"{first:%Y}",
}
