"""Whose turn it is, day after day and week after week."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.recommend.playlists.named import DAILY, WEEKLY
from tonearm.recommend.playlists.turns import Turns, mixed

SONGS = np.random.default_rng(1).integers(-(2**62), 2**62, 2_000)
MONDAY = date(2024, 1, 1)


@given(st.integers(2, 9), st.integers(1, 8), st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.text(max_size=5))
@settings(max_examples=30)
def test_nothing_comes_again_within_the_gap(periods: int, gap: int, first: date, seed: str) -> None:
    turns = Turns(period_d=1, periods=periods, gap=min(gap, periods - 1))
    due = np.stack([turns.due(SONGS[:200], first + timedelta(day), seed) for day in range(4 * periods)])
    for song in due.T:
        assert (np.diff(np.flatnonzero(song)) >= turns.gap).all()


@pytest.mark.parametrize("turns", [DAILY, WEEKLY])
def test_songs_have_their_turns_about_equally_often(turns: Turns) -> None:
    cycles = 12
    days = [MONDAY + timedelta(turns.period_d * period) for period in range(cycles * turns.periods)]
    due = np.stack([turns.due(SONGS, day, "ada") for day in days])
    assert due.sum(axis=0).min() >= cycles / 4
    assert due.sum(axis=1).min() > 0.35 * len(SONGS) / turns.periods


def test_a_week_is_one_period_from_monday_to_sunday() -> None:
    weeks = [WEEKLY.period(MONDAY + timedelta(day)) for day in range(8)]
    assert len(set(weeks[:7])) == 1
    assert weeks[7] == weeks[0] + 1


def test_what_is_due_depends_on_the_song_and_the_seed_alone() -> None:
    some = DAILY.due(SONGS[:100], MONDAY, "ada")
    assert np.array_equal(some, DAILY.due(SONGS, MONDAY, "ada")[:100])
    assert not np.array_equal(some, DAILY.due(SONGS[:100], MONDAY, "ben"))
    assert len(np.unique(mixed(SONGS, "ada"))) == len(np.unique(SONGS))
