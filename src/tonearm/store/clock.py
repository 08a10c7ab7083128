"""Each listener's UTC offset over time, as intervals of constant offset.

Local time is then an interval join that gives the same result on every engine; the engines' own zone functions
differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from tonearm.store import Listener

FIRST_YEAR = 2000

_PROBE = timedelta(days=7)
"""No zone has gone to another offset and back within a week since 2000."""

_SECOND = timedelta(seconds=1)

Interval = tuple[datetime, datetime, int]


def listener_clock(listeners: Iterable[Listener], until_year: int) -> pa.Table:
    """Intervals of constant UTC offset per listener, from 2000-01-01 to the end of ``until_year`` in UTC.

    Columns listener, year, from_at, until_at (exclusive), utc_offset_s, zone. No interval crosses a UTC
    year, and a listener's intervals have no gaps. Sorted by listener and from_at.
    """
    by_name = sorted(listeners, key=lambda one: one.name)
    # One after the other they would be a second for every five thousand listeners, at the beginning of every build.
    clocks = [_clock(listener.zones, until_year) for listener in by_name]
    clock = pa.concat_tables([_clock((), until_year).slice(0, 0), *clocks]).combine_chunks()
    whose = np.repeat(np.arange(len(by_name)), [len(one) for one in clocks])
    names = pa.array([listener.name for listener in by_name], pa.string()).take(pa.array(whose, pa.int64()))
    return clock.add_column(0, "listener", names)


@cache
def _clock(zones: tuple[tuple[date, str], ...], until_year: int) -> pa.Table:
    """The clock of everybody who has lived in these ``zones``."""
    instant = pa.timestamp("us", tz="UTC")
    schema = pa.schema(
        [
            ("year", pa.int64()),
            ("from_at", instant),
            ("until_at", instant),
            ("utc_offset_s", pa.int64()),
            ("zone", pa.string()),
        ]
    )
    rows = [
        {"year": start.year, "from_at": start, "until_at": end, "utc_offset_s": offset, "zone": zone}
        for zone, stay_start, stay_end in _stays(zones, until_year)
        for start, end, offset in _within(zone_intervals(zone, until_year), stay_start, stay_end)
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def placed(local_at: pa.Array, clock: pa.Table) -> pa.Array:
    """The instants of local times by one listener's ``clock``, as from :func:`listener_clock`.

    Of a local time that occurs twice the first is taken; one that is skipped when clocks go forward is read by the
    offset before. Times before or after the clock are placed by its first or last offset.
    """
    from_us, until_us = (np.asarray(clock[c].cast(pa.int64())) for c in ("from_at", "until_at"))
    offset_us = np.asarray(clock["utc_offset_s"]) * 1_000_000
    wall = np.asarray(pc.fill_null(local_at.cast(pa.int64()), 0))
    # Offsets change by hours and stretches last for months, so the local starts are in order, too.
    at = np.maximum(np.searchsorted(from_us + offset_us, wall, side="right") - 1, 0)
    is_repeated = (at > 0) & (wall < (until_us + offset_us)[at - 1])
    instants = wall - offset_us[at - is_repeated]
    return pc.if_else(pc.is_valid(local_at), pa.array(instants), None).cast(pa.timestamp("us", tz="UTC"))


@cache
def zone_intervals(zone: str, until_year: int) -> tuple[Interval, ...]:
    """(from, until, offset in seconds) of one zone, split where its offset or the UTC year changes."""
    clock = ZoneInfo(zone)
    start, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(until_year + 1, 1, 1, tzinfo=UTC)
    years = {datetime(year, 1, 1, tzinfo=UTC) for year in range(FIRST_YEAR, until_year + 2)}
    edges = sorted(years | set(_changes(clock, start, end)))
    return tuple((one, next_one, _offset(clock, one)) for one, next_one in pairwise(edges))


def _stays(zones: tuple[tuple[date, str], ...], until_year: int) -> Iterator[tuple[str, datetime, datetime]]:
    """(zone, from, until) of each of a listener's ``zones``; the first one starts in 2000."""
    first, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(until_year + 1, 1, 1, tzinfo=UTC)
    zones = zones or ((date(FIRST_YEAR, 1, 1), "UTC"),)
    # Midnight is earlier in the east, so after a move eastwards a zone would start before the one before it.
    starts = list(accumulate([first, *(_midnight(day, zone) for day, zone in zones[1:])], max))
    for (_, zone), start, until in zip(zones, starts, [*starts[1:], end], strict=True):
        if start < until:
            yield zone, start, until


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _within(intervals: Iterable[Interval], start: datetime, end: datetime) -> Iterator[Interval]:
    for one, next_one, offset in intervals:
        if one < end and next_one > start:
            yield max(one, start), min(next_one, end), offset


def _changes(clock: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    before = start
    while before < end:
        after = min(before + _PROBE, end)
        if _offset(clock, before) != _offset(clock, after):
            yield _first_after_change(clock, before, after)
        before = after


def _first_after_change(clock: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The exact second of the change between two instants, by bisection."""
    old = _offset(clock, before)
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        before, after = (middle, after) if _offset(clock, middle) == old else (before, middle)
    return after


def _offset(clock: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(clock).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
