from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.documents.listens import history_of, listen
from tonearm.documents.day import PLAYS_PER_PAGE, day
from tonearm.documents.history import History
from tonearm.documents.session import session
from tonearm.errors import UnknownName

MORNING, EVENING = "2020-02-29T09:00", "2020-02-29T22:00"

ROWS = [
    listen("2016-02-29T12:00", "A", "a"),
    listen("2020-02-27T12:00", "A", "a"),
    listen("2020-02-29T09:00", "A", "a", MORNING),
    listen("2020-02-29T09:05", "A", "b", MORNING),
    listen("2020-02-29T22:00", "B", "x", EVENING),
    listen("2020-02-29T22:10", "B", "x", EVENING),
    listen("2020-02-29T22:20", "B", "y", EVENING),
    listen("2020-03-01T00:10", "A", "a", EVENING),
]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path, ROWS)


def test_a_day_by_its_sessions(history: History) -> None:
    shown = day(history, date(2020, 2, 29))
    assert (shown["totals"]["listens"], shown["totals"]["artists"], shown["rank"]) == (
        5,
        2,
        {"place": 1, "sharing": 1, "of": 4},
    )
    assert [(one["listens"], one["gap_min"], one["is_going_on"]) for one in shown["sessions"]] == [
        (2, None, False),
        (3, 12 * 60 + 55, False),
    ]
    assert [(row["artist"], row["listens"]) for row in shown["artists"]] == [("B", 3), ("A", 2)]
    assert (shown["before"], shown["after"]) == (date(2020, 2, 27), date(2020, 3, 1))


def test_what_is_new_on_a_day_is_new_once(history: History) -> None:
    shown = day(history, date(2020, 2, 29))
    assert [row["new"] for row in shown["plays"]["rows"]] == [None, "track", "artist", None, "track"]
    assert [(row["artist"], row["listens"]) for row in shown["new_artists"]] == [("B", 3)]
    assert (shown["totals"]["new_artists"], shown["totals"]["new_tracks"]) == (1, 3)


def test_a_session_from_the_day_before_goes_on(history: History) -> None:
    [one] = day(history, date(2020, 3, 1))["sessions"]
    assert (one["is_going_on"], one["listens"], one["gap_min"]) == (True, 1, None)


def test_other_years_are_those_that_have_the_day(history: History) -> None:
    [other] = day(history, date(2020, 2, 29))["other_years"]
    assert (other["year"], other["listens"], other["artist"]) == (2016, 1, "A")


def test_a_day_without_listens_has_its_neighbours(history: History) -> None:
    shown = day(history, date(2020, 2, 28))
    assert (shown["totals"]["listens"], shown["rank"], shown["plays"]["rows"], shown["sessions"]) == (0, None, [], [])
    assert (shown["before"], shown["after"]) == (date(2020, 2, 27), date(2020, 2, 29))
    assert day(history, date(1970, 1, 1))["before"] is None


def test_a_long_day_is_paged_in_order(tmp_path: Path) -> None:
    rows = [listen(f"2020-01-01T{10 + n // 60}:{n % 60:02}") for n in range(PLAYS_PER_PAGE + 2)]
    shown = day(history_of(tmp_path, rows), date(2020, 1, 1), 2)["plays"]
    assert [row["at_local"].strftime("%H:%M") for row in shown["rows"]] == ["11:40", "11:41"]
    assert (shown["first"], shown["n"], shown["pages"]) == (PLAYS_PER_PAGE + 1, PLAYS_PER_PAGE + 2, 2)


def test_a_session_is_found_by_any_of_its_listens(history: History) -> None:
    shown = session(history, datetime(2020, 2, 29, 22, 10, tzinfo=UTC))
    assert shown == session(history, datetime(2020, 2, 29, 22, 0, tzinfo=UTC))
    totals = shown["totals"]
    assert (totals["listens"], totals["artists"], totals["span_min"], totals["new_artists"]) == (4, 2, 130, 1)
    assert [row["track"] for row in shown["plays"]["rows"]] == ["x", "x", "y", "a"]
    assert shown["rank"] == {"place": 1, "sharing": 1, "of": 4}


def test_the_sessions_around_it_say_how_long_the_silence_was(history: History) -> None:
    shown = session(history, datetime(2020, 2, 29, 9, 5, tzinfo=UTC))
    assert (shown["before"]["listens"], shown["before"]["gap_min"]) == (1, 45 * 60)
    assert (shown["after"]["listens"], shown["after"]["gap_min"]) == (4, 12 * 60 + 55)
    assert session(history, datetime(2020, 3, 1, 0, 10, tzinfo=UTC))["after"] is None


def test_an_instant_without_a_listen_is_no_session(history: History) -> None:
    with pytest.raises(UnknownName, match="no session"):
        session(history, datetime(2020, 2, 29, 22, 1, tzinfo=UTC))
