from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.documents.listens import artist_id, history_of, listen, track_id
from tonearm.documents.album import album
from tonearm.documents.artist import artist
from tonearm.documents.genre import genre
from tonearm.documents.history import History
from tonearm.documents.things import ROWS_PER_PAGE, an_artist, listed
from tonearm.documents.track import track
from tonearm.errors import UnknownName

A, B = artist_id("A"), artist_id("B")

ROWS = [
    listen("2019-03-01T08:00", "A", "one", album="First", genre="dub", listened_s=60.0),
    listen("2019-03-01T08:05", "B", "x", genre="dub"),
    listen("2019-03-01T08:10", "A", "two", album="First"),
    listen("2019-03-20T23:00", "A", "one", album="Best of"),
    listen("2021-06-05T23:10", "A", "one", album="First"),
    listen("2021-06-06T10:00", "B", "y"),
]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path, ROWS)


def test_an_artist_in_numbers(history: History) -> None:
    shown = artist(history, A)
    assert (shown["artist"], shown["artist_id"], shown["kind"]) == ("A", A, "artist")
    totals = shown["totals"]
    assert [totals[name] for name in ("listens", "tracks", "albums", "days", "sessions")] == [4, 2, 2, 3, 3]
    assert (totals["heard_s"], totals["timed_listens"], totals["of_listens"]) == (60.0, 1, 6)
    assert shown["rank"] == {"place": 1, "sharing": 1, "of": 2}
    assert artist(history, B)["rank"] == {"place": 2, "sharing": 1, "of": 2}


def test_its_months_days_and_hours(history: History) -> None:
    shown = artist(history, A)
    assert shown["months"] == [[date(2019, 3, 1), 3], [date(2021, 6, 1), 1]]
    assert shown["peak"] == [date(2019, 3, 1), 3]
    assert shown["best_day"] == [date(2019, 3, 1), 2]
    assert shown["longest_break"] == {"after": date(2019, 3, 20), "until": date(2021, 6, 5), "days": 808}
    assert (shown["first"]["track"], shown["last"]["at_local"].date()) == ("one", date(2021, 6, 5))
    assert [(row["hour"], row["listens"], row["of"]) for row in shown["hours"]] == [(8, 2, 3), (10, 0, 1), (23, 2, 2)]


def test_what_was_heard_once_has_no_break(history: History) -> None:
    shown = track(history, track_id("B", "y"))
    assert (shown["totals"]["listens"], shown["longest_break"], shown["until"]) == (1, None, date(2021, 6, 6))


def test_its_tracks_albums_and_plays(history: History) -> None:
    shown = artist(history, A)
    assert [(row["track"], row["album"], row["listens"]) for row in shown["tracks"]["rows"]] == [
        ("one", "First", 3),
        ("two", "First", 1),
    ]
    assert [(row["album"], row["tracks"], row["listens"]) for row in shown["albums"]["rows"]] == [
        ("First", 2, 3),
        ("Best of", 1, 1),
    ]
    assert [row["at_local"].date().isoformat() for row in shown["plays"]["rows"]] == [
        "2021-06-05",
        "2019-03-20",
        "2019-03-01",
        "2019-03-01",
    ]


def test_lists_are_paged_to_their_end(tmp_path: Path) -> None:
    size = ROWS_PER_PAGE["plays"]
    history = history_of(tmp_path, [listen(f"2020-01-01T10:{minute:02}") for minute in range(size + 3)])
    first, second, beyond = (listed(history, an_artist(A), "plays", page) for page in (1, 2, 3))
    assert (len(first["rows"]), first["first"], first["pages"]) == (size, 1, 2)
    assert [row["at_local"].minute for row in second["rows"]] == [2, 1, 0]
    assert (second["first"], second["n"]) == (size + 1, size + 3)
    assert (beyond["rows"], beyond["n"]) == ([], size + 3)


def test_an_album_is_that_of_one_artist(history: History) -> None:
    shown = album(history, A, "First")
    assert (shown["album"], shown["artist"], shown["totals"]["listens"]) == ("First", "A", 3)
    assert shown["rank"] == {"place": 1, "sharing": 1, "of": 2}
    assert [(row["track"], row["listens"]) for row in shown["tracks"]["rows"]] == [("one", 2), ("two", 1)]
    with pytest.raises(UnknownName, match="no album 'First'"):
        album(history, B, "First")


def test_a_track_and_the_albums_it_was_heard_on(history: History) -> None:
    shown = track(history, track_id("A", "one"))
    assert (shown["track"], shown["artist"], shown["album"], shown["genre"]) == ("one", "A", "First", "dub")
    assert [(row["album"], row["listens"]) for row in shown["albums"]["rows"]] == [("First", 2), ("Best of", 1)]


def test_a_genre_counts_the_listens_of_which_it_is_known(history: History) -> None:
    shown = genre(history, "dub")
    assert (shown["totals"]["listens"], shown["with_genre"], shown["rank"]) == (
        2,
        2,
        {"place": 1, "sharing": 1, "of": 1},
    )
    assert [row["artist"] for row in shown["artists"]["rows"]] == ["A", "B"]


@pytest.mark.parametrize("name", ["", "'; DROP TABLE heard; --", "<script>", "D" * 400])
def test_what_was_never_heard_is_named_in_the_refusal(history: History, name: str) -> None:
    with pytest.raises(UnknownName, match="no genre"):
        genre(history, name)
    assert history.listens == len(ROWS)


def test_the_sound_is_the_mean_over_measured_listens_beside_what_is_usual(tmp_path: Path) -> None:
    def measured(artist: str, name: str, energy: float, source: str) -> dict[str, object]:
        return {"track_id": track_id(artist, name), "energy": energy, "valence": 0.5, "feature_source": source}

    sounds = [measured("A", "one", 0.9, "real"), measured("A", "two", 0.3, "imputed"), measured("B", "x", 0.1, "real")]
    history = history_of(tmp_path, ROWS, sounds)
    sound = artist(history, A)["sound"]
    assert (sound["listens"], sound["tracks"], sound["energy"]) == (3, 1, pytest.approx(0.9))
    assert (sound["usual"]["listens"], sound["usual"]["energy"]) == (4, pytest.approx((3 * 0.9 + 0.1) / 4))
    assert track(history, track_id("A", "two"))["sound"] is None
