from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.documents.conftest import HistoryOf, Row, listen
from tonearm.documents.rewind import period_of, rewind
from tonearm.errors import UnknownName

TODAY = date(2021, 6, 10)


def on(day: date | str, *, times: int = 1, hour: int = 10, **more: Any) -> list[Row]:
    return [listen(f"{day}T{hour:02}:{minute:02}", **more) for minute in range(times)]


@pytest.mark.parametrize(
    ("name", "first", "after"),
    [
        ("2019", date(2019, 1, 1), date(2020, 1, 1)),
        ("2019-summer", date(2019, 6, 1), date(2019, 9, 1)),
        ("2019-winter", date(2019, 12, 1), date(2020, 3, 1)),
        ("2019-12", date(2019, 12, 1), date(2020, 1, 1)),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 4)),
    ],
)
def test_a_period_is_known_by_its_name(name: str, first: date, after: date) -> None:
    period = period_of(name)
    assert (period.span.first, period.span.after, period.name) == (first, after, name)
    assert period.moved(-1).span.after == first


@pytest.mark.parametrize("name", ["2019x", "2019-13", "2019-W54", "2019-fall", "19", "2019-", "٢٠١٩", "9999", "x" * 20])
def test_a_name_of_no_period_is_refused_with_examples(name: str) -> None:
    with pytest.raises(UnknownName, match="2019"):
        period_of(name)


def test_without_a_name_it_is_the_last_complete_year_with_plays(history_of: HistoryOf) -> None:
    history = history_of(*on("2018-06-01"), *on("2019-06-01"), *on("2021-06-01"))
    assert rewind(history, TODAY, "")["period"]["name"] == "2019"
    assert rewind(history, TODAY, "2021")["is_over"] is False


def test_a_year_that_was_cut_off_by_the_end_of_a_history_is_not_complete(history_of: HistoryOf) -> None:
    history = history_of(*on("2018-06-01"), *on("2019-03-01"))
    assert rewind(history, TODAY, "")["period"]["name"] == "2018"


def test_a_year_has_its_totals_tops_and_days(history_of: HistoryOf) -> None:
    rows = [*on("2019-12-31", times=4), *on("2020-01-01", times=3, album="Moon Safari", listened_s=60.0)]
    rows += [*on("2020-02-29", artist="Can", track="Vitamin C", hour=23), *on("2021-01-01", times=5)]
    story = rewind(history_of(*rows), TODAY, "2020")
    assert (story["totals"]["listens"], story["totals"]["heard_s"], story["totals"]["days"]) == (4, 180.0, 2)
    assert [(row["artist"], row["listens"]) for row in story["artists"]] == [("Air", 3), ("Can", 1)]
    assert [(row["track"], row["listens"]) for row in story["tracks"]] == [("Sexy Boy", 3), ("Vitamin C", 1)]
    assert [(row["album"], row["listens"], row["days"]) for row in story["albums"]] == [("Moon Safari", 3, 1)]
    assert story["days"] == [(date(2020, 1, 1), 3), (date(2020, 2, 29), 1)]
    assert (story["hours"][10], story["hours"][23], sum(story["hours"])) == (3, 1, 4)
    assert (story["busiest"]["day"], story["busiest"]["listens"], story["busiest"]["artist"]) == (
        *(date(2020, 1, 1), 3),
        "Air",
    )
    assert story["before"] is None, "the history does not reach the whole year before"


def test_the_period_before_is_compared_where_the_history_reaches_it(history_of: HistoryOf) -> None:
    story = rewind(history_of(*on("2020-01-01", times=2), *on("2020-02-01"), *on("2020-03-01")), TODAY, "2020-02")
    assert (story["before"]["name"], story["before"]["listens"]) == ("2020-01", 2)


def test_an_artist_was_kept_who_was_heard_again_a_month_later(history_of: HistoryOf) -> None:
    rows = [*on("2019-01-01"), *on("2020-01-05", times=4, artist="Kept"), *on("2020-03-01", artist="Kept")]
    rows += on("2020-01-06", times=9, artist="Left")
    found = rewind(history_of(*rows), TODAY, "2020-01")["discoveries"]
    assert (found["new"], found["kept"], found["is_beginning"]) == (2, 1, False)
    assert [(row["artist"], row["is_kept"]) for row in found["artists"]] == [("Kept", True), ("Left", False)]
    assert rewind(history_of(*rows), TODAY, "2019")["discoveries"]["is_beginning"] is True


def test_a_streak_is_counted_within_the_period(history_of: HistoryOf) -> None:
    rows = [row for day in range(6) for row in on(date(2020, 1, 28) + timedelta(days=day))]
    streak = rewind(history_of(*rows), TODAY, "2020-01")["streak"]
    assert (streak["days"], streak["first"], streak["last"]) == (4, date(2020, 1, 28), date(2020, 1, 31))


def test_the_age_of_music_is_the_median_time_since_its_artist_was_first_heard(history_of: HistoryOf) -> None:
    rows = [*on("2018-01-01", artist="Old"), *on("2020-01-01", times=6, artist="Old"), *on("2020-01-01", times=3)]
    age = rewind(history_of(*rows), TODAY, "2020")["age"]
    assert (age["median_d"], age["years"]) == (730, [[2018, 6], [2020, 3]])
    assert (age["oldest"]["artist"], age["oldest"]["first_day"]) == ("Old", date(2018, 1, 1))
    assert rewind(history_of(*rows), TODAY, "2018-01")["age"] is None


def months_with(night: list[int]) -> list[Row]:
    """A month of 30 plays for each number, which is how many of them were at night."""
    return [
        row
        for month, late in enumerate(night, 1)
        for row in on(f"2020-{month:02}-15", times=30 - late) + on(f"2020-{month:02}-15", times=late, hour=2)
    ]


def test_a_surprise_is_the_measure_farthest_from_other_periods(history_of: HistoryOf) -> None:
    history = history_of(*months_with([3, 4, 5, 6, 28]))
    found = rewind(history, TODAY, "2020-05")["surprise"]
    assert (found["measure"], found["place"], found["of"], found["is_highest"]) == ("night_pct", 1, 5, True)
    assert (round(found["value"], 1), found["typical"]) == (93.3, 15.0)
    assert rewind(history, TODAY, "2020-03")["surprise"] is None


def test_nothing_is_surprising_among_three(history_of: HistoryOf) -> None:
    assert rewind(history_of(*months_with([3, 4, 28])), TODAY, "2020-03")["surprise"] is None


def test_a_return_after_years_is_counted_with_its_artist(history_of: HistoryOf) -> None:
    rows = [*on("2012-01-01", artist="Back", times=20)]
    for year, gap in ((2014, 1), (2015, 2), (2016, 3), (2017, 4)):
        rows += [*on(f"{year}-01-01", times=20, artist=f"A{year}"), *on(f"{year}-01-{1 + gap:02}", artist=f"A{year}")]
    rows += on("2019-01-01", artist="Back", times=20)
    found = rewind(history_of(*rows), TODAY, "2019")["surprise"]
    assert (found["measure"], found["artist"], found["away_d"], found["listens"]) == ("away_d", "Back", 2557, 20)


def test_a_personality_belongs_to_the_latest_months(history_of: HistoryOf) -> None:
    rows = [row for month in range(30) for row in on(date(2018 + month // 12, month % 12 + 1, 1), times=50)]
    history, persona = history_of(*rows), {"archetype": "steady"}
    assert rewind(history, TODAY, "2020", persona)["persona"] == persona
    assert rewind(history, TODAY, "2018-03", persona)["persona"] is None
    assert rewind(history, TODAY, "2020")["persona"] is None


def test_only_a_week_has_a_weekly_card(history_of: HistoryOf) -> None:
    history = history_of(*on("2020-06-01", times=3))
    assert rewind(history, TODAY, "2020-W23")["weekly"]["listens"] == 3
    assert rewind(history, TODAY, "2020")["weekly"] is None


def test_periods_to_choose_from_are_those_with_plays(history_of: HistoryOf) -> None:
    choices = rewind(history_of(*on("2019-12-31", times=2), *on("2021-01-01")), TODAY, "2019")["choices"]
    assert [row["name"] for row in choices["year"]] == ["2019", "2021"]
    assert [(row["name"], row["listens"]) for row in choices["season"]] == [("2019-winter", 2)]
    assert [row["name"] for row in choices["month"]] == ["2019-12"]
    assert choices["week"] == [], "its week is the first of 2020"


def test_a_period_and_a_history_without_plays_still_have_a_document(history_of: HistoryOf) -> None:
    assert rewind(history_of(*on("2020-06-01")), TODAY, "2015")["totals"]["listens"] == 0
    empty = rewind(history_of(*on("2020-06-01"), listener="Ben"), TODAY, "")
    assert (empty["totals"]["listens"], empty["choices"]["year"]) == (0, [])
