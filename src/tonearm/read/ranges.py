"""Ranges of time by name, as ListenBrainz has them, in a listener's local days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from tonearm.store import Listener

Unit = Literal["day", "month", "year"]

RANGES = ("this_week", "this_month", "this_year", "week", "month", "quarter", "half_yearly", "year", "all_time")
"""https://listenbrainz.readthedocs.io/en/latest/users/api/statistics.html; those without *this* are the last that is
over."""

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""No listen starts before the first or from the last on."""
_WEEK = timedelta(days=7)
_MONTHS = {"month": 1, "quarter": 3, "half_yearly": 6, "year": 12}
_UNITS: dict[str, Unit] = {
    **dict.fromkeys(("this_week", "week", "this_month", "month", "quarter"), "day"),
    **dict.fromkeys(("this_year", "year", "half_yearly"), "month"),
    "all_time": "year",
}
_WRITTEN = {"week": "%A %d %B %Y", "day": "%d %B %Y", "month": "%B %Y", "year": "%Y"}


@dataclass(frozen=True)
class Segment:
    """A part of a range that listens are counted in, from local day ``first`` to before ``after``."""

    name: str
    first: date
    after: date


def days(name: str, today: date, oldest: date) -> tuple[date, date]:
    """The first local day of a range, and the first after it; ``all_time`` begins with the ``oldest`` day."""
    if name == "all_time":
        return min(oldest, today), today + timedelta(days=1)
    if name.removeprefix("this_") == "week":
        monday = today - timedelta(days=today.weekday())
        return (monday, monday + _WEEK) if name == "this_week" else (monday - _WEEK, monday)
    months = _MONTHS[name.removeprefix("this_")]
    current = months_later(date(today.year, 1, 1), (today.month - 1) // months * months)
    if name.startswith("this_"):
        return current, months_later(current, months)
    return months_later(current, -months), current


def segments(name: str, today: date, oldest: date) -> list[Segment]:
    """Parts of the range and of the one before it, which ListenBrainz compares; of ``all_time`` each year."""
    first, after = days(name, today, oldest)
    if name == "all_time":
        return list(_parts("year", date(first.year, 1, 1), after, _WRITTEN["year"]))
    before = first - _WEEK if name.endswith("week") else months_later(first, -_MONTHS[name.removeprefix("this_")])
    unit = _UNITS[name]
    return list(_parts(unit, before, after, _WRITTEN["week" if name.endswith("week") else unit]))


def _parts(unit: Unit, first: date, after: date, written: str) -> Iterator[Segment]:
    while first < after:
        following = first + timedelta(days=1) if unit == "day" else months_later(first, 1 if unit == "month" else 12)
        yield Segment(first.strftime(written), first, following)
        first = following


def months_later(first: date, months: int) -> date:
    """The first day of the month that is so many after that of ``first``."""
    month = first.year * 12 + first.month - 1 + months
    return date(month // 12, month % 12 + 1, 1)


def local_time(listener: Listener, at: datetime) -> datetime:
    """What the listener's clock showed at ``at``, without a zone."""
    for since, zone in reversed(listener.zones):
        local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if local.date() >= since:
            return local
    first = ZoneInfo(listener.zones[0][1]) if listener.zones else UTC
    return at.astimezone(first).replace(tzinfo=None)


def midnight(listener: Listener, day: date) -> datetime:
    """When local day ``day`` began, UTC."""
    zones = [zone for since, zone in listener.zones if since <= day] or [zone for _, zone in listener.zones[:1]]
    zone = ZoneInfo(zones[-1]) if zones else UTC
    return datetime.combine(day, time.min, zone).astimezone(UTC)
