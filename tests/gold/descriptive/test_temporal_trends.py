from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tonearm.gold.descriptive.temporal_trends import temporal_trends

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]


@pytest.fixture(scope="session")
def trend(rows_of: Rows) -> Rows:
    """The periods of one type, in order."""

    def periods(listens: list[Row], period_type: str) -> list[Row]:
        rows = rows_of(temporal_trends, listens, "listener", "period_type", "period_start")
        return [r for r in rows if r["period_type"] == period_type]

    return periods


def test_days_add_up_to_weeks_months_and_years(trend: Rows, listen: NewListen) -> None:
    listens = [
        listen("2023-12-31T10:00", track=1, listened_s=60.0),
        listen("2024-01-01T10:00", track=1, listened_s=60.0),
        listen("2024-01-01T11:00", track=2),
        listen("2024-01-02T10:00", track=1),
    ]
    found = {
        kind: [(r["period_start"], r["listens"], r["tracks"], r["days_active"]) for r in trend(listens, kind)]
        for kind in ("day", "week", "month", "year")
    }
    assert found == {
        "day": [(date(2023, 12, 31), 1, 1, 1), (date(2024, 1, 1), 2, 2, 1), (date(2024, 1, 2), 1, 1, 1)],
        "week": [(date(2023, 12, 25), 1, 1, 1), (date(2024, 1, 1), 3, 2, 2)],
        "month": [(date(2023, 12, 1), 1, 1, 1), (date(2024, 1, 1), 3, 2, 2)],
        "year": [(date(2023, 1, 1), 1, 1, 1), (date(2024, 1, 1), 3, 2, 2)],
    }
    assert [(r["minutes"], r["timed_listens"]) for r in trend(listens, "year")] == [(1.0, 1), (1.0, 1)]


def test_a_track_is_new_once_for_each_listener(trend: Rows, listen: NewListen) -> None:
    listens = [
        listen("2024-01-01T10:00", track=11),
        listen("2024-02-01T10:00", track=11),
        listen("2024-02-01T11:00", track=12),
        listen("2024-02-01T10:00", track=11, listener="bob"),
    ]
    found = [(r["listener"], r["new_tracks"], r["new_artists"], r["artists_heard"]) for r in trend(listens, "month")]
    assert found == [("ann", 1, 1, 1), ("ann", 1, 0, 1), ("bob", 1, 1, 1)]


def test_a_track_heard_twice_on_its_first_day_is_new_once(trend: Rows, listen: NewListen) -> None:
    (day,) = trend([listen("2024-01-01T10:00"), listen("2024-01-01T10:00:30")], "day")
    assert (day["listens"], day["tracks"], day["new_tracks"]) == (2, 1, 1)


def test_a_day_is_the_listeners_own_across_a_clock_change(trend: Rows, listen: NewListen) -> None:
    # 31 March 2024 has 23 hours in Berlin: from 23:00 UTC on the 30th to 22:00 UTC.
    utc = ("2024-03-30T22:59", "2024-03-30T23:00", "2024-03-31T21:59", "2024-03-31T22:00")
    days = trend([listen(at, zone="Europe/Berlin") for at in utc], "day")
    assert [(r["period_start"].day, r["listens"], r["weekend_listens"]) for r in days] == [
        (30, 1, 1),
        (31, 2, 2),
        (1, 1, 0),
    ]


def test_who_flies_west_may_hear_tuesday_before_monday_and_discovers_a_track_on_monday(
    trend: Rows, listen: NewListen
) -> None:
    tuesday = listen("2024-01-01T23:30", zone="Asia/Tokyo")
    monday_later = listen("2024-01-02T05:00", zone="America/Los_Angeles")
    days = trend([tuesday, monday_later], "day")
    assert [(r["period_start"].day, r["new_tracks"]) for r in days] == [(1, 1), (2, 0)]


def test_an_empty_month_counts_as_none_in_change_and_rolling_mean(trend: Rows, listen: NewListen) -> None:
    listens = [
        *(listen("2024-01-10T10:00") for _ in range(6)),
        *(listen("2024-02-10T10:00") for _ in range(3)),
        *(listen("2024-04-10T10:00", track=2, listened_s=180.0) for _ in range(3)),
    ]
    january, february, april = trend(listens, "month")
    assert (january["listens_before"], january["change_pct"], january["rolling_listens"]) == (None, None, None)
    assert (february["listens_before"], february["change_pct"], february["rolling_listens"]) == (6, -50.0, None)
    assert (april["listens_before"], april["change_pct"]) == (0, None)
    assert april["rolling_periods"] == 3
    assert april["rolling_listens"] == pytest.approx((3 + 0 + 3) / 3)
    assert april["rolling_minutes"] == pytest.approx(9 / 3)
    assert april["rolling_new_tracks"] == pytest.approx(1 / 3)


def test_a_rolling_week_spans_seven_calendar_days(trend: Rows, listen: NewListen) -> None:
    listens = [listen(f"2024-01-{day:02}T10:00") for day in (1, 6, 7, 8, 20)]
    assert [(r["period_start"].day, r["rolling_listens"]) for r in trend(listens, "day")] == [
        (1, None),
        (6, None),
        (7, pytest.approx(3 / 7)),
        (8, pytest.approx(3 / 7)),
        (20, pytest.approx(1 / 7)),
    ]


def test_december_and_january_are_neighbours_as_are_the_weeks_around_new_year(trend: Rows, listen: NewListen) -> None:
    listens = [listen("2020-12-28T10:00"), listen("2021-01-04T10:00")]
    assert [r["listens_before"] for r in trend(listens, "week")] == [None, 1]
    assert [r["listens_before"] for r in trend(listens, "month")] == [None, 1]
    assert [r["listens_before"] for r in trend(listens, "year")] == [None, 1]


def test_means_count_measured_features_and_say_how_many(trend: Rows, listen: NewListen, featured: Features) -> None:
    listens = [
        *(listen(f"2024-01-01T10:0{k}", track=1, **featured(0.2, "real")) for k in range(3)),
        *(listen(f"2024-01-02T10:0{k}", track=2, **featured(0.4, "catalogue", tempo=None)) for k in range(3)),
        listen("2024-01-03T10:00", track=3, **featured(0.9, "imputed")),
        listen("2024-01-04T10:00", track=4),
    ]
    (month,) = trend(listens, "month")
    assert (month["mean_valence"], month["n_valence"]) == (pytest.approx(0.3), 6)
    # Fewer than five listens are no mean.
    assert (month["mean_tempo"], month["n_tempo"]) == (None, 3)
    assert (month["listens_with_features"], month["imputed_share_pct"]) == (6, 12.5)
    assert trend(listens, "day")[3]["mean_energy"] is None


def test_weekend_share_is_of_the_periods_listens(trend: Rows, listen: NewListen) -> None:
    listens = [listen("2024-01-05T10:00"), listen("2024-01-06T10:00"), listen("2024-01-07T10:00")]
    (week,) = trend(listens, "week")
    assert (week["weekend_listens"], week["weekend_share_pct"]) == (2, pytest.approx(200 / 3))
