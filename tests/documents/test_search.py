from __future__ import annotations

import pytest

from tests.documents.conftest import HistoryOf, listen
from tonearm.documents.search import search

ROWS = [
    listen("2020-01-01T10:00", "Röyksopp", "Eple", "Melody A.M."),
    listen("2020-01-02T10:00", "DJ Krush", "Kemuri", "Strictly Turntablized"),
    listen("2020-01-03T10:00", "DJ Shadow", "Stem", "Endtroducing....."),
    listen("2020-01-03T10:05", "DJ Shadow", "Organ Donor", "Endtroducing....."),
    listen("2020-01-04T10:00", "Krust", "Warhead", None),
    listen("2020-01-05T10:00", "Ляпис Трубецкой", "Железный", None),
]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("royksopp", "Röyksopp"),
        ("ROYKSOP", "Röyksopp"),
        ("rojksop", "Röyksopp"),
        ("dj crush", "DJ Krush"),
        ("krus", "Krust"),
        ("  dj   krush ", "DJ Krush"),
        ("ляпис", "Ляпис Трубецкой"),
    ],
)
def test_an_artist_is_found_despite_case_accents_and_typing_errors(
    history_of: HistoryOf, text: str, first: str
) -> None:
    assert search(history_of(*ROWS), text)["artists"][0]["artist"] == first


def test_of_equally_good_names_the_most_played_comes_first(history_of: HistoryOf) -> None:
    assert [row["artist"] for row in search(history_of(*ROWS), "dj")["artists"]] == ["DJ Shadow", "DJ Krush"]


def test_of_names_with_typing_errors_the_closest_comes_first(history_of: HistoryOf) -> None:
    rows = [listen(f"2020-01-0{day}T10:{n:02}", f"Artist {day}") for day in range(1, 8) for n in range(9 - day)]
    assert search(history_of(*rows), "artsit 7")["artists"][0]["artist"] == "Artist 7"


def test_albums_and_tracks_are_found_too(history_of: HistoryOf) -> None:
    assert [row["album"] for row in search(history_of(*ROWS), "endtroduc")["albums"]] == ["Endtroducing....."]
    assert [row["track"] for row in search(history_of(*ROWS), "donor")["tracks"]] == ["Organ Donor"]


@pytest.mark.parametrize("text", ["", "   ", "qqqqqqq", "%", "'; DROP TABLE heard", "\N{PILE OF POO}" * 100])
def test_what_no_name_is_like_finds_nothing(history_of: HistoryOf, text: str) -> None:
    found = search(history_of(*ROWS), text)
    assert [found[kind] for kind in ("artists", "albums", "tracks")] == [[], [], []]
