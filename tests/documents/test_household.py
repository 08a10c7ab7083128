from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.documents.conftest import Row, home_of, listen
from tonearm.documents.history import History
from tonearm.documents.household import household


def plays(day: str, artist: str, track: str = "One", times: int = 1, listener: str = "Ada") -> list[Row]:
    rows = [listen(f"{day}T10:{minute:02}", artist, track, listener=listener) for minute in range(times)]
    return [{**row, "listen_id": hash((artist, track, listener, row["started_at"]))} for row in rows]


def beside(folder: Path, *rows: list[Row]) -> dict[str, Any]:
    settings = home_of(folder, [row for some in rows for row in some])
    return household(History(settings, "Ada"), History(settings, "Ben"))


def test_alike_is_the_sum_of_the_smaller_shares_of_plays(tmp_path: Path) -> None:
    found = beside(
        tmp_path,
        plays("2020-01-01", "Air", times=6) + plays("2020-01-02", "Can", times=4),
        plays("2020-01-01", "Air", times=1, listener="Ben") + plays("2020-01-02", "Low", times=3, listener="Ben"),
    )
    assert found["alike"] == pytest.approx(min(6 / 10, 1 / 4))
    assert found["shared"] == {"artists": 1, "tracks": 1, "plays": [6, 1]}
    assert [(row["artist"], row["listens"]) for row in found["artists"]] == [("Air", [6, 1])]
    # Ada's first five plays are of Air, her last of Air and Can; Ben's halves share Low alone.
    assert found["alike_self"] == [pytest.approx(1 / 5), pytest.approx(1 / 2)]


def test_who_found_an_artist_first_is_told_only_where_both_histories_had_begun(tmp_path: Path) -> None:
    begun = plays("2020-01-01", "Old", times=5) + plays("2020-02-01", "Old", times=5, listener="Ben")
    ada = plays("2020-06-01", "New", times=5) + plays("2020-09-01", "Late", times=5)
    ben = plays("2020-06-11", "New", times=5, listener="Ben") + plays("2020-07-01", "Late", times=5, listener="Ben")
    once = plays("2020-08-01", "Once") + plays("2020-08-02", "Once", times=9, listener="Ben")
    found = beside(tmp_path, begun, ada, ben, once)["found_first"]
    assert found["since"] == date(2020, 2, 1) + timedelta(days=90)
    assert (found["counted"], found["unknown"], found["first"], found["same_day"]) == (2, 1, [1, 1], 0)
    assert {row["artist"]: (row["finder"], row["days"]) for row in found["artists"]} == {
        "New": (0, 10),
        "Late": (1, 62),
    }
    assert found["median_days"] == (10 + 62) / 2


def test_histories_that_never_went_on_together_find_nothing_first(tmp_path: Path) -> None:
    found = beside(tmp_path, plays("2010-01-01", "Air", times=9), plays("2020-01-01", "Air", times=9, listener="Ben"))
    assert (found["found_first"]["since"], found["found_first"]["counted"]) == (None, 0)


def test_a_blend_takes_turns_and_has_no_artist_more_than_twice(tmp_path: Path) -> None:
    names = ("Air", "Can", "Low")
    both = [row for name in names for row in plays("2020-01-01", name, "Shared", 3)]
    both += [row for name in names for row in plays("2020-01-01", name, "Shared", 2, "Ben")]
    ada = [row for name in names for row in plays("2020-01-02", name, "Ada’s", 5)]
    ben = [row for name in names for row in plays("2020-01-02", name, "Ben’s", 6, "Ben")]
    mix = beside(tmp_path, both, ada, ben)["blend"]
    assert [row["turn"] for row in mix[:3]] == [None, 0, 1]
    assert [(row["track"], row["listens"]) for row in mix[:3]] == [
        ("Shared", [3, 2]),
        ("Ada’s", [5, 0]),
        ("Ben’s", [0, 6]),
    ]
    assert len({row["track_id"] for row in mix}) == len(mix)
    assert max(sum(row["artist"] == name for row in mix) for name in names) == 2


def test_each_ones_favourites_that_the_other_never_played(tmp_path: Path) -> None:
    found = beside(
        tmp_path,
        plays("2020-01-01", "Air", times=3) + plays("2020-01-01", "Can", "Rare") + plays("2020-01-02", "Can", "Hit", 2),
        plays("2020-01-01", "Air", "Other", listener="Ben"),
    )
    assert [(row["artist"], row["listens"], row["track"]) for row in found["unheard"][0]] == [("Can", 3, "Hit")]
    assert found["unheard"][1] == []


def test_a_listener_without_plays_shares_nothing(tmp_path: Path) -> None:
    found = beside(tmp_path, plays("2020-01-01", "Air"))
    assert (found["alike"], found["alike_self"], found["blend"]) == (0, [None, None], [])
    assert [row["artist"] for row in found["unheard"][0]] == ["Air"]
