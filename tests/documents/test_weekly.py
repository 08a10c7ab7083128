"""The card of a week, and how often its highlight is false in shuffled histories and found where one was planted."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from tests.documents.conftest import HistoryOf, Row, listen
from tonearm.documents.weekly import ALPHA, stands_out, weekly

MONDAY = date(2020, 6, 1)
WEEK_D, BEFORE_D = 7, 182


def plays(first: date, days: int, *artists: str) -> list[Row]:
    """A play of each artist on each of the days."""
    at = [(first + timedelta(days=day), minute, artist) for day in range(days) for minute, artist in enumerate(artists)]
    return [listen(f"{day}T10:{minute:02}", artist) for day, minute, artist in at]


def usual(days: int = 60) -> list[Row]:
    return plays(MONDAY - timedelta(days=days), days, "Air", "Can", "Neu!", "Faust")


def test_an_artist_heard_much_more_than_before_is_the_highlight(history_of: HistoryOf) -> None:
    card = weekly(history_of(*usual(), *plays(MONDAY, 7, "Air", "Can", "Can", "Can")), date(2020, 6, 9))
    assert (card["week"], card["first"], card["listens"], card["is_over"]) == ("2020-W23", MONDAY, 28, True)
    assert (card["usual"], card["days"], card["why_not"]) == (28.0, [4] * 7, None)
    found = card["highlight"]
    assert (found["artist"], found["listens"], found["expected"], found["is_new"]) == ("Can", 21, 7.0, False)
    assert max(found["p_days"], found["p_plays"]) <= ALPHA and found["artists_compared"] == 4


def test_a_new_artist_can_be_one(history_of: HistoryOf) -> None:
    card = weekly(history_of(*usual(), *plays(MONDAY, 4, "Air", "La Düsseldorf", "La Düsseldorf")), date(2020, 6, 9))
    assert (card["highlight"]["artist"], card["highlight"]["expected"], card["highlight"]["is_new"]) == (
        *("La Düsseldorf", 0.0),
        True,
    )


@pytest.mark.parametrize(
    ("rows", "why_not"),
    [
        ([*usual(), *plays(MONDAY, 7, "Air", "Can", "Neu!", "Faust")], "nothing_unusual"),
        ([*usual(), *plays(MONDAY, 7, *["Air", "Can", "Neu!", "Faust"] * 3)], "nothing_unusual"),
        ([*usual(), *plays(MONDAY, 1, *["Harmonia"] * 20)], "nothing_unusual"),
        ([*usual(20), *plays(MONDAY, 7, "Can")], "too_new"),
        (usual(), "no_plays"),
    ],
    ids=["as ever", "more of everything", "a single evening", "three weeks of history", "silence"],
)
def test_without_a_highlight_the_card_has_the_reason(history_of: HistoryOf, rows: list[Row], why_not: str) -> None:
    card = weekly(history_of(*rows), date(2020, 6, 9))
    assert (card["highlight"], card["why_not"]) == (None, why_not)


@pytest.mark.parametrize(("as_of", "week"), [(date(2020, 6, 7), "2020-W23"), (date(2020, 6, 6), "2020-W22")])
def test_a_week_is_over_with_its_sunday(history_of: HistoryOf, as_of: date, week: str) -> None:
    assert weekly(history_of(*usual(), *plays(MONDAY, 7, "Air")), as_of)["week"] == week


def test_a_week_that_goes_on_is_compared_by_the_days_that_have_come(history_of: HistoryOf) -> None:
    card = weekly(history_of(*usual(), *plays(MONDAY, 7, "Air")), MONDAY + timedelta(days=1), MONDAY)
    assert (card["days"], card["listens"], card["usual"], card["is_over"]) == ([1, 1], 2, 8.0, False)


def test_a_highlight_is_the_same_whenever_it_is_asked_for(history_of: HistoryOf) -> None:
    history = history_of(*usual(), *plays(MONDAY, 7, "Air", "Can", "Can", "Can"))
    assert weekly(history, date(2020, 6, 9)) == weekly(history, date(2020, 7, 9), MONDAY)


def test_a_listener_without_plays_has_an_empty_week(history_of: HistoryOf) -> None:
    card = weekly(history_of(*usual(), listener="Ben"), date(2020, 6, 9))
    assert (card["listens"], card["usual"], card["why_not"]) == (0, None, "no_plays")


def simulated(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The day and the artist of each play of half a year and a week: runs of an artist, busy and silent times."""
    popularity = 1 / np.arange(1, 201)
    tides = np.exp(0.5 * np.repeat(random.normal(size=27), WEEK_D)) * (random.random(189) > 0.15)
    day = np.repeat(np.arange(189), random.poisson(15 * tides * random.gamma(2, 0.5, 189)))
    starts = np.flatnonzero(np.append(True, random.random(len(day) - 1) < 0.25))
    artist = np.zeros(len(day), dtype=int)
    for start, end in pairwise([*starts, len(day)]):
        artist[start:end] = random.choice(200, p=popularity / popularity.sum())
    return day, artist


def named(day: np.ndarray, artist: np.ndarray, random: np.random.Generator) -> int | None:
    """The artist who stands out of the last week."""
    counts = np.zeros((BEFORE_D + WEEK_D, 201))
    np.add.at(counts, (day, artist), 1)
    often = np.flatnonzero(counts.sum(axis=0) >= 5)
    found = stands_out(counts[:, often], counts.sum(axis=1), WEEK_D, random)
    return None if found is None else int(often[found["column"]])


def test_shuffled_weeks_have_no_more_highlights_than_5_of_100_allow_and_planted_ones_are_found() -> None:
    random = np.random.default_rng(15)
    false_days, false_plays, found = [], [], []
    for number in range(60):
        day, artist = simulated(random)
        days_shuffled = random.permutation(BEFORE_D + WEEK_D)[day]
        false_days.append(named(days_shuffled, artist, random) is not None)
        false_plays.append(named(day, random.permutation(artist), random) is not None)
        planted = 200 if number % 2 else int(random.choice(artist))
        is_replaced = (day >= BEFORE_D) & (random.random(len(day)) < 0.3)
        found.append(named(day, np.where(is_replaced, planted, artist), random) == planted)
    # Of 60 weeks at 5 % each, more than 7 would be seen in 1 of 100 runs, and fewer than 41 at 80 %.
    assert sum(false_days) <= 7 and sum(false_plays) <= 7
    assert sum(found) >= 41
