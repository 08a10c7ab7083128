from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.documents.conftest import HistoryOf, Row, listen
from tonearm.documents.home import home

TODAY = date(2020, 6, 10)


def on(day: date | str, *, times: int = 1, **more: Any) -> list[Row]:
    return [listen(f"{day}T10:{minute:02}", **more) for minute in range(times)]


def test_totals_and_favourites(history_of: HistoryOf) -> None:
    rows = [*on("2020-06-01", times=3, album="Moon Safari"), *on("2020-06-02", artist="Can", track="Vitamin C")]
    found = home(history_of(*rows), TODAY)
    assert (found["totals"]["listens"], found["totals"]["albums"], found["totals"]["days"]) == (4, 1, 2)
    assert [row["artist"] for row in found["best"]["artists"]] == ["Air", "Can"]
    assert [row["album"] for row in found["best"]["albums"]] == ["Moon Safari"]
    assert found["days"] == [[date(2020, 6, 1), 3], [date(2020, 6, 2), 1]]


def test_of_equally_often_heard_tracks_of_an_artist_the_first_by_name_comes_first(history_of: HistoryOf) -> None:
    rows = [*on("2020-06-01", times=2, track="Z"), *on("2020-06-02", times=2, track="A")]
    assert [row["track"] for row in home(history_of(*rows), TODAY)["best"]["tracks"]] == ["A", "Z"]


def test_this_week_and_month_are_compared_with_as_many_days_before(history_of: HistoryOf) -> None:
    rows = [*on("2020-06-10", times=2), *on("2020-06-04", times=3), *on("2020-06-03", times=4), *on("2020-05-31")]
    rows += [*on("2020-05-10", times=5), *on("2020-05-11", times=7)]
    week, month = home(history_of(*rows), TODAY)["lately"]
    assert (week["first"], week["last"], week["listens"], week["before"]) == (date(2020, 6, 4), TODAY, 5, 5)
    assert (month["first"], month["listens"], month["before"]) == (date(2020, 6, 1), 9, 5)


def test_in_a_history_that_ended_lately_is_up_to_its_last_day(history_of: HistoryOf) -> None:
    found = home(history_of(*on("2018-02-28"), *on("2018-03-01", times=2)), TODAY)
    assert (found["has_ended"], found["as_of"]) == (True, date(2018, 3, 1))
    assert found["lately"][0]["listens"] == 3
    assert found["streaks"]["current"]["days"] == 2


@pytest.mark.parametrize(("silent", "is_going"), [(0, True), (1, True), (2, False)])
def test_a_streak_goes_on_until_a_day_is_over_without_a_play(
    history_of: HistoryOf, silent: int, is_going: bool
) -> None:
    last = TODAY - timedelta(days=silent)
    rows = [row for back in range(3) for row in on(last - timedelta(days=back))]
    rows += [row for back in range(5) for row in on(last - timedelta(days=20 + back))]
    streaks = home(history_of(*rows), TODAY)["streaks"]
    assert (streaks["longest"]["days"], streaks["longest"]["last"]) == (5, last - timedelta(days=20))
    assert (streaks["current"] is not None) == is_going


def test_milestones_are_the_plays_of_round_numbers(history_of: HistoryOf) -> None:
    rows = [row for day in range(1, 6) for row in on(f"2020-06-0{day}", times=30)]
    rows[99]["track_name"] = "The hundredth"
    found = home(history_of(*rows), TODAY)["milestones"]
    assert [(row["number"], row["track"]) for row in found] == [(100, "The hundredth"), (1, "Sexy Boy")]


def test_this_day_in_earlier_years_with_its_most_played_artist(history_of: HistoryOf) -> None:
    rows = [*on("2018-06-10"), *on("2018-06-10", times=2, artist="Can"), *on("2017-06-11"), *on("2020-06-10")]
    (year,) = home(history_of(*rows), TODAY)["on_this_day"]
    assert (year["year"], year["listens"], year["artist"], year["of_artist"]) == (2018, 3, "Can", 2)


def test_what_is_new_and_what_was_left_behind(history_of: HistoryOf) -> None:
    rows = [*on("2018-06-01", times=25), *on("2018-06-01", times=5, artist="Seldom"), *on("2020-06-01", artist="New")]
    found = home(history_of(*rows), TODAY)
    assert [row["artist"] for row in found["discovered"]] == ["New"]
    assert [row["artist"] for row in found["rediscover"]] == ["Air"]


def test_without_plays_there_is_nothing_to_show(history_of: HistoryOf) -> None:
    found = home(history_of(*on("2020-06-01"), listener="Ben"), TODAY)
    assert (found["totals"]["listens"], found["has_ended"], found["days"], found["milestones"]) == (0, False, [], [])
    assert found["streaks"] == {"longest": None, "current": None}
