from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.documents.listens import artist_id, history_of, listen, track_id
from tonearm.documents.company import company
from tonearm.documents.things import a_track, an_artist

A = artist_id("A")


def sessions(*of: str) -> list[dict[str, Any]]:
    """A session of one-letter artists on each day of January 2020 and after, a minute each."""
    return [
        listen(f"2020-{1 + n // 28:02}-{1 + n % 28:02}T10:{minute:02}", artist)
        for n, artists in enumerate(of)
        for minute, artist in enumerate(artists)
    ]


def test_neighbours_share_more_sessions_than_chance_would_put_them_in(tmp_path: Path) -> None:
    # Of 40 sessions A is in 10, always with N; C is in all of them, so that its ten with A are what chance has.
    history = history_of(tmp_path, sessions(*["ANC"] * 10, *["CD"] * 30))
    [neighbour] = company(history, an_artist(A))["neighbours"]
    assert (neighbour["artist"], neighbour["sessions"]) == ("N", 10)
    # 20 of 80 appearances of other artists lie in sessions with A.
    assert neighbour["expected"] == pytest.approx(10 * 20 / 80)


def test_too_few_sessions_make_no_neighbour(tmp_path: Path) -> None:
    history = history_of(tmp_path, sessions(*["AN"] * 2, *["CD"] * 38))
    assert company(history, an_artist(A))["neighbours"] == []


def test_a_time_of_life_makes_no_neighbours(tmp_path: Path) -> None:
    # A and N were both heard in 2020 only, but never in the same session more often than others of that year.
    then = sessions(*["AC", "NC", "ANC", "C"] * 20)
    later = [
        listen(f"20{year}-{month:02}-{day:02}T10:00", "Z")
        for year in (21, 22, 23)
        for month in range(1, 13)
        for day in range(1, 11)
    ]
    assert company(history_of(tmp_path, [*then, *later]), an_artist(A))["neighbours"] == []


def test_before_and_after_are_within_a_session_and_of_others(tmp_path: Path) -> None:
    history = history_of(tmp_path, sessions("BAAC", "BAAC", "BAAC", "DA"))
    shown = company(history, an_artist(A))
    # D was there once, which is no habit; and B follows A in the next session only.
    assert [(row["artist"], row["listens"]) for row in shown["before"]] == [("B", 3)]
    assert [(row["artist"], row["listens"]) for row in shown["after"]] == [("C", 3)]


def test_around_a_track_are_tracks_of_the_same_artist_too(tmp_path: Path) -> None:
    rows = [listen(f"2020-01-0{day}T10:0{minute}", "A", name) for day in (1, 2) for minute, name in enumerate("abc")]
    shown = company(history_of(tmp_path, rows), a_track(track_id("A", "b")))
    assert [(row["track"], row["listens"]) for row in shown["before"]] == [("a", 2)]
    assert [(row["track"], row["listens"]) for row in shown["after"]] == [("c", 2)]
