from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.documents.conftest import HistoryOf, Row, listen
from tonearm.documents.charts import PAGE, charts
from tonearm.documents.history import History
from tonearm.errors import UnknownName, UsageError

TODAY = date(2020, 6, 10)
"""A Wednesday."""


def plays(day: str, artist: str = "Air", *, times: int = 1, **more: Any) -> list[Row]:
    return [listen(f"{day}T10:{minute:02}", artist, **more) for minute in range(times)]


def names(found: dict[str, Any], kind: str = "artist") -> list[str]:
    return [row[kind] for row in found["ranking"]["rows"]]


@pytest.fixture
def spring(history_of: HistoryOf) -> History:
    """April and May of 2020: Air leads, then Can; Low is new in May, and Nico back after a year."""
    return history_of(
        *plays("2019-05-20", "Nico"),
        *plays("2020-04-01", times=5),
        *plays("2020-04-02", "Can", times=3),
        *plays("2020-05-01", "Can", times=6),
        *plays("2020-05-02", times=2),
        *plays("2020-05-03", "Low", times=2),
        *plays("2020-05-03", "Nico"),
    )


def test_a_month_is_ranked_and_moves_against_the_month_before(spring: History) -> None:
    found = charts(spring, TODAY, name="2020-05")
    rows = [
        (row["artist"], row["listens"], row["rank"], row["before"], row["is_new"]) for row in found["ranking"]["rows"]
    ]
    assert rows == [
        ("Can", 6, 1, 2, False),
        ("Air", 2, 2, 1, False),
        ("Low", 2, 2, None, True),
        ("Nico", 1, 4, None, False),
    ]
    assert [row["share"] for row in found["ranking"]["rows"]] == [6 / 11, 2 / 11, 2 / 11, 1 / 11]
    assert (found["totals"]["listens"], found["before"]["listens"], found["before"]["is_partial"]) == (11, 8, False)
    assert (found["totals"]["new_artists"], found["before"]["new_artists"]) == (1, 2)


def test_a_month_that_goes_on_is_compared_with_as_many_days(history_of: HistoryOf) -> None:
    rows = [*plays("2020-05-10", times=3), *plays("2020-05-11", "Can", times=9), *plays("2020-06-10", times=2)]
    found = charts(history_of(*plays("2020-04-01"), *rows), TODAY, name="month")
    assert (found["period"]["is_going"], found["period"]["counted_until"]) == (True, TODAY)
    assert (found["before"]["first"], found["before"]["last"]) == (date(2020, 5, 1), date(2020, 5, 10))
    assert (found["totals"]["listens"], found["before"]["listens"]) == (2, 3)
    assert found["period"]["address"] == {"range": "2020-06"}


def test_steps_lead_to_neighbours_and_end_with_the_history(spring: History) -> None:
    april = charts(spring, TODAY, name="2020-04")["period"]
    assert (april["earlier"]["address"], april["later"]["address"]) == ({"range": "2020-03"}, {"range": "2020-05"})
    assert april["others"] == {"week": {"range": "2020-W18"}, "month": {"range": "2020-04"}, "year": {"range": "2020"}}
    first = charts(spring, TODAY, name="2019")
    assert (first["period"]["earlier"], first["before"]) == (None, None)
    assert charts(spring, TODAY, name="year")["period"]["later"] is None
    everything = charts(spring, TODAY)
    assert (everything["period"]["earlier"], everything["period"]["later"], everything["before"]) == (None, None, None)
    assert not everything["ranking"]["has_movement"]


def test_a_period_before_which_the_history_begins_says_so(spring: History) -> None:
    before = charts(spring, TODAY, name="2020")["before"]
    assert (before["is_partial"], before["listens"]) == (True, 1)


def test_days_are_counted_from_the_first_to_the_last_of_them(spring: History) -> None:
    found = charts(spring, TODAY, first=date(2020, 4, 2), last=date(2020, 5, 1))
    assert (names(found), found["totals"]["listens"]) == (["Can"], 9)
    assert found["period"]["address"] == {"from": "2020-04-02", "to": "2020-05-01"}
    assert (found["before"]["first"], found["before"]["last"]) == (date(2020, 3, 3), date(2020, 4, 1))
    assert charts(spring, TODAY, first=date(2020, 5, 3))["totals"]["listens"] == 3
    assert charts(spring, TODAY, last=date(2020, 4, 1))["totals"]["listens"] == 6
    with pytest.raises(UsageError, match="exchange from and to"):
        charts(spring, TODAY, first=date(2020, 5, 2), last=date(2020, 5, 1))


def test_albums_tracks_and_genres_are_ranked_with_what_names_them(history_of: HistoryOf) -> None:
    history = history_of(
        *plays("2020-05-01", times=2, album="Moon Safari", genre="pop"),
        *plays("2020-05-02", "Can", track="Vitamin C", album="Ege Bamyasi"),
        *plays("2020-05-03", "Can", track="Spoon", genre="rock"),
    )
    albums, tracks, genres = (charts(history, TODAY, kind) for kind in ("albums", "tracks", "genres"))
    assert names(albums, "album") == ["Moon Safari", "Ege Bamyasi"]
    assert [row["share"] for row in albums["ranking"]["rows"]] == [2 / 3, 1 / 3]
    assert names(tracks, "track") == ["Sexy Boy", "Spoon", "Vitamin C"]
    assert [(row["genre"], row["listens"], row["artists"]) for row in genres["ranking"]["rows"]] == [
        ("pop", 2, 1),
        ("rock", 1, 1),
    ]
    assert albums["genre_listens"] == {"listens": 3, "of": 4}


def test_a_genre_narrows_everything_and_new_still_means_new_to_the_history(history_of: HistoryOf) -> None:
    history = history_of(
        *plays("2020-04-01", "Can"), *plays("2020-05-02", "Can", genre="rock"), *plays("2020-05-03", genre="pop")
    )
    found = charts(history, TODAY, name="2020-05", genre="rock")
    assert (names(found), found["totals"]["listens"], found["totals"]["new_artists"]) == (["Can"], 1, 0)
    assert [(row["genre"], row["listens"]) for row in found["genres"]] == [("pop", 1), ("rock", 1)]
    with pytest.raises(UnknownName, match="no genre 'rok'; did you mean rock"):
        charts(history, TODAY, genre="rok")


def test_pages_go_to_the_end_and_not_past_it(history_of: HistoryOf) -> None:
    history = history_of(*(row for n in range(PAGE + 3) for row in plays("2020-05-01", f"Artist {n:02}", artist_id=n)))
    last = charts(history, TODAY, page=2)["ranking"]
    assert (last["of"], last["pages"], len(last["rows"])) == (PAGE + 3, 2, 3)
    assert charts(history, TODAY, page=9)["ranking"] == last
    assert {row["rank"] for row in last["rows"]} == {1}


@pytest.mark.parametrize(
    ("first", "last", "step", "rows"),
    [
        (date(2020, 5, 1), date(2020, 5, 31), "day", 31),
        (date(2020, 1, 1), date(2020, 12, 31), "week", 24),
        (date(2018, 1, 1), date(2020, 5, 31), "month", 29),
        (date(1990, 1, 1), date(2031, 12, 31), "year", 31),
    ],
)
def test_the_curve_has_every_step_of_the_period_until_today(
    spring: History, first: date, last: date, step: str, rows: int
) -> None:
    curve = charts(spring, TODAY, first=first, last=last)["over_time"]
    assert (curve["step"], len(curve["rows"])) == (step, rows)


def test_discovery_counts_what_was_new_in_each_step_and_what_was_known_before_it(spring: History) -> None:
    rows = {row["first"]: row for row in charts(spring, TODAY, first=date(2019, 1, 1))["over_time"]["rows"]}
    may = rows[date(2020, 5, 1)]
    assert (may["listens"], may["known"], may["new_artists"], may["new_tracks"]) == (11, 9, 1, 1)
    assert rows[date(2020, 3, 1)]["listens"] == 0


def test_the_clock_counts_hours_of_weekdays(spring: History) -> None:
    found = charts(spring, TODAY, name="2020-05")["clock"]
    assert found == [
        {"weekday": 4, "hour": 10, "listens": 6},
        {"weekday": 5, "hour": 10, "listens": 2},
        {"weekday": 6, "hour": 10, "listens": 3},
    ]


def test_without_plays_there_is_nothing_to_rank(history_of: HistoryOf) -> None:
    found = charts(history_of(*plays("2020-05-01"), listener="Ben"), TODAY)
    assert (found["totals"]["listens"], found["ranking"]["rows"], found["history"]["first"]) == (0, [], None)
    assert charts(history_of(*plays("2020-05-01")), TODAY, name="2031")["totals"]["listens"] == 0
