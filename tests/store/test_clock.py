from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonearm.store import ALWAYS, Listener
from tonearm.store.clock import listener_clock, placed, zone_intervals
from tonearm.store.zones import zone_names

UNTIL = 2026


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_berlin_in_2024_has_three_stretches_with_the_exact_second_of_each_change() -> None:
    clock = listener_clock([Listener("Ada", ((ALWAYS, "Europe/Berlin"),))], UNTIL)
    year = [row for row in clock.to_pylist() if row["year"] == 2024]
    assert [(row["from_at"], row["until_at"], row["utc_offset_s"]) for row in year] == [
        (instant("2024-01-01"), instant("2024-03-31T01:00"), 3600),
        (instant("2024-03-31T01:00"), instant("2024-10-27T01:00"), 7200),
        (instant("2024-10-27T01:00"), instant("2025-01-01"), 3600),
    ]
    assert {row["zone"] for row in year} == {"Europe/Berlin"}


def test_a_move_counts_from_midnight_in_the_new_place() -> None:
    ada = Listener("Ada", ((ALWAYS, "Europe/Berlin"), (date(2021, 6, 1), "Asia/Calcutta")))
    year = [row for row in listener_clock([ada], UNTIL).to_pylist() if row["year"] == 2021]
    assert [(row["from_at"], row["utc_offset_s"], row["zone"]) for row in year] == [
        (instant("2021-01-01"), 3600, "Europe/Berlin"),
        (instant("2021-03-28T01:00"), 7200, "Europe/Berlin"),
        (instant("2021-05-31T18:30"), 19800, "Asia/Calcutta"),
    ]


def test_before_the_first_date_the_first_zone_holds() -> None:
    ada = Listener("Ada", ((date(2020, 1, 1), "Asia/Tokyo"),))
    first = listener_clock([ada], UNTIL).to_pylist()[0]
    assert (first["from_at"], first["utc_offset_s"]) == (instant("2000-01-01"), 9 * 3600)


def test_nobody_gives_an_empty_table_with_the_same_columns() -> None:
    assert listener_clock([], UNTIL).schema == listener_clock([Listener("Ada", ())], UNTIL).schema


@pytest.mark.parametrize("zone", ["Africa/Casablanca", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia"])
def test_zones_with_odd_changes_agree_with_an_hourly_reading(zone: str) -> None:
    starts, clock = list(zone_intervals(zone, 2015)), ZoneInfo(zone)
    for at, until, offset in starts:
        hours = range(0, int((until - at).total_seconds()), 3600)
        assert {(at + timedelta(seconds=s)).astimezone(clock).utcoffset() for s in hours} == {timedelta(seconds=offset)}


@given(st.sampled_from(zone_names()), st.datetimes(datetime(2000, 1, 1), datetime(2026, 12, 31)))
def test_every_instant_lies_in_one_interval_with_its_offset(zone: str, at: datetime) -> None:
    at = at.replace(tzinfo=UTC)
    (offset,) = [o for start, until, o in zone_intervals(zone, UNTIL) if start <= at < until]
    assert at.astimezone(ZoneInfo(zone)).utcoffset() == timedelta(seconds=offset)


@given(
    st.lists(
        st.tuples(st.dates(date(1999, 1, 1), date(2028, 1, 1)), st.sampled_from(["UTC", "Asia/Tokyo", "America/Lima"])),
        max_size=4,
        unique_by=lambda move: move[0],
    )
)
def test_intervals_leave_no_gap_and_never_cross_a_year(moves: list[tuple[date, str]]) -> None:
    rows = listener_clock([Listener("Ada", tuple(sorted(moves)))], UNTIL).to_pylist()
    assert (rows[0]["from_at"], rows[-1]["until_at"]) == (instant("2000-01-01"), instant("2027-01-01"))
    assert all(one["until_at"] == following["from_at"] for one, following in pairwise(rows))
    assert all((row["until_at"] - timedelta(microseconds=1)).year == row["year"] for row in rows)


def test_a_flight_over_the_date_line_leaves_one_clock_at_a_time() -> None:
    moves = ((ALWAYS, "UTC"), (date(2024, 3, 1), "Etc/GMT+12"), (date(2024, 3, 2), "Pacific/Kiritimati"))
    rows = listener_clock([Listener("ada", moves)], 2024).to_pylist()
    assert all(one["until_at"] == following["from_at"] for one, following in pairwise(rows))


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2026, 1, 1)),
    st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "America/New_York"]),
)
def test_local_times_are_placed_as_the_zone_has_it(local: datetime, zone: str) -> None:
    """Twice in autumn the first is meant, and in spring the offset before: as zoneinfo with ``fold=0``."""
    clock = listener_clock([Listener("Ada", ((ALWAYS, zone),))], UNTIL)
    expected = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert placed(pa.array([local, None], pa.timestamp("us")), clock).to_pylist() == [expected, None]


@pytest.mark.parametrize("local", ["2024-10-27T02:30", "2024-03-31T02:30", "2024-10-27T03:00", "2024-03-31T03:00"])
def test_local_times_when_clocks_change(local: str) -> None:
    at = datetime.fromisoformat(local)
    clock = listener_clock([Listener("Ada", ((ALWAYS, "Europe/Berlin"),))], UNTIL)
    expected = at.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert placed(pa.array([at]), clock).to_pylist() == [expected]


def test_local_times_follow_a_move() -> None:
    ada = Listener("Ada", ((ALWAYS, "Europe/Berlin"), (date(2021, 6, 1), "Asia/Kolkata")))
    days = [datetime(2021, 5, 31, 12), datetime(2021, 6, 1, 12)]
    found = placed(pa.array(days), listener_clock([ada], UNTIL)).to_pylist()
    assert found == [instant("2021-05-31T10:00"), instant("2021-06-01T06:30")]


@pytest.mark.parametrize("zone", zone_names()[::12])
def test_no_change_of_offset_is_missed(zone: str) -> None:
    """Against a look at every day."""
    days = [datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(365 * 24)]
    clock = ZoneInfo(zone)
    offsets = [day.astimezone(clock).utcoffset() for day in days]
    daily = sum(a != b for a, b in pairwise(offsets))
    found = [row for row in zone_intervals(zone, 2023) if row[0] < days[-1]]
    assert sum(a[2] != b[2] for a, b in pairwise(found)) == daily
