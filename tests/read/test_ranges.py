from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tonearm.read.ranges import RANGES, days, local_time, midnight, segments
from tonearm.store import ALWAYS, Listener

WEDNESDAY = date(2024, 5, 15)


@pytest.mark.parametrize(
    ("name", "first", "after"),
    [
        ("this_week", date(2024, 5, 13), date(2024, 5, 20)),
        ("week", date(2024, 5, 6), date(2024, 5, 13)),
        ("this_month", date(2024, 5, 1), date(2024, 6, 1)),
        ("month", date(2024, 4, 1), date(2024, 5, 1)),
        ("quarter", date(2024, 1, 1), date(2024, 4, 1)),
        ("half_yearly", date(2023, 7, 1), date(2024, 1, 1)),
        ("this_year", date(2024, 1, 1), date(2025, 1, 1)),
        ("year", date(2023, 1, 1), date(2024, 1, 1)),
        ("all_time", date(2019, 3, 2), date(2024, 5, 16)),
    ],
)
def test_a_range_is_the_current_or_the_last_that_is_over(name: str, first: date, after: date) -> None:
    assert days(name, WEDNESDAY, oldest=date(2019, 3, 2)) == (first, after)


@pytest.mark.parametrize("name", RANGES)
def test_segments_cover_the_range_and_the_one_before_without_gaps(name: str) -> None:
    first, after = days(name, WEDNESDAY, oldest=date(2019, 3, 2))
    found = segments(name, WEDNESDAY, oldest=date(2019, 3, 2))
    assert [one.first for one in found[1:]] == [one.after for one in found[:-1]]
    assert found[0].first <= first
    assert found[-1].after >= after
    if name != "all_time":
        assert any(one.first == first for one in found), "the two ranges cannot be told apart"


def test_segments_are_named_as_listenbrainz_names_them() -> None:
    names = {
        name: segments(name, WEDNESDAY, date(2023, 3, 2))[0].name for name in ("week", "month", "year", "all_time")
    }
    assert names == {
        "week": "Monday 29 April 2024",
        "month": "01 March 2024",
        "year": "January 2022",
        "all_time": "2023",
    }


def test_a_local_day_follows_the_zone_that_held_then() -> None:
    ada = Listener("Ada", ((ALWAYS, "Europe/Berlin"), (date(2024, 6, 1), "America/New_York")))
    assert midnight(ada, date(2024, 5, 15)) == datetime(2024, 5, 14, 22, tzinfo=UTC)
    assert midnight(ada, date(2024, 7, 1)) == datetime(2024, 7, 1, 4, tzinfo=UTC)
    assert local_time(ada, datetime(2024, 7, 1, 3, 59, tzinfo=UTC)) == datetime(2024, 6, 30, 23, 59)
