"""One album is one thing on every page, whoever is on it and however its name was spelt."""

from __future__ import annotations

from datetime import date

import pytest

from tests.documents.conftest import VARIOUS, HistoryOf, listen, on_album
from tonearm.documents.album import album
from tonearm.documents.artist import artist
from tonearm.documents.charts import charts
from tonearm.documents.history import History
from tonearm.documents.home import home
from tonearm.documents.rewind import rewind
from tonearm.documents.search import search
from tonearm.documents.things import an_album, listed
from tonearm.errors import UnknownName

AIR, CAN, NICO = (sum(name.encode()) for name in ("Air", "Can", "Nico"))
MIX = ("Various Artists", None, "Mix", 4)


@pytest.fixture
def history(history_of: HistoryOf) -> History:
    """A compilation of three artists in two spellings, and an album of one of them with a guest."""
    return history_of(
        listen("2020-03-01T10:00", "Air", "one", album="Mix"),
        listen("2020-03-01T10:05", "Can", "two", album="Mix"),
        listen("2020-03-01T10:10", "Nico", "three", album="MIX (Deluxe)"),
        listen("2020-03-02T10:00", "Nico", "three", album="Mix"),
        listen("2020-03-03T10:00", "Air", "four", album="Moon"),
        listen("2020-03-03T10:05", "Air & Nico", "five", album="Moon"),
        listen("2020-03-04T10:00", "Can", "six", album="New"),
        albums=[
            *(on_album(who, name, "Mix") for who, name in (("Air", "Mix"), ("Can", "Mix"), ("Nico", "Mix"))),
            on_album("Nico", "MIX (Deluxe)", "Mix"),
            on_album("Air", "Moon", "Moon", "Air"),
            on_album("Air & Nico", "Moon", "Moon", "Air"),
            on_album("Somebody", "Mix", "Else", "Air", listener="Ben"),
        ],
    )


def test_charts_home_search_and_rewind_have_one_row_for_it(history: History) -> None:
    ranking = charts(history, date(2020, 3, 5), "albums")["ranking"]
    best = home(history, date(2020, 3, 5))
    found = search(history, "mix")["albums"]
    year = rewind(history, date(2021, 1, 1), "2020")["albums"]
    for rows in (ranking["rows"], best["best"]["albums"], found, year):
        assert (rows[0]["artist"], rows[0]["artist_id"], rows[0]["album"], rows[0]["listens"]) == MIX
        assert rows[0]["album_artist_id"] == VARIOUS
    assert [(row["album"], row["listens"], row["artist_id"]) for row in ranking["rows"][1:]] == [
        ("Moon", 2, AIR),
        ("New", 1, CAN),
    ]
    assert (ranking["of"], best["totals"]["albums"]) == (3, 3)


def test_its_page_lists_its_artists_and_every_play(history: History) -> None:
    shown = album(history, VARIOUS, "Mix")
    assert (shown["artist"], shown["artist_id"], shown["album"], shown["totals"]["listens"]) == MIX
    assert {row["artist"] for row in shown["artists"]["rows"]} == {"Air", "Can", "Nico"}
    assert (shown["rank"]["place"], shown["rank"]["of"], shown["spellings"]) == (1, 3, ["MIX (Deluxe)"])
    assert (shown["tracks"]["n"], shown["plays"]["n"]) == (3, 4)


@pytest.mark.parametrize(
    ("artist_id", "name"), [(AIR, "Mix"), (CAN, "Mix"), (NICO, "MIX (Deluxe)"), (NICO, "Mix"), (VARIOUS, "Mix")]
)
def test_old_addresses_lead_to_it(history: History, artist_id: int, name: str) -> None:
    shown = album(history, artist_id, name)
    assert (shown["album_artist_id"], shown["album"], shown["totals"]["listens"]) == (VARIOUS, "Mix", 4)
    assert listed(history, an_album(history, artist_id, name), "plays")["n"] == 4


@pytest.mark.parametrize(("artist_id", "name"), [(AIR, "New"), (VARIOUS, "Moon"), (AIR, "Else"), (VARIOUS, "mix")])
def test_an_address_of_none_is_refused(history: History, artist_id: int, name: str) -> None:
    with pytest.raises(UnknownName, match="no album"):
        album(history, artist_id, name)


def test_an_artists_albums_are_those_they_are_on_with_the_plays_of_theirs(history: History) -> None:
    rows = artist(history, AIR)["albums"]["rows"]
    assert {(row["album"], row["artist"], row["listens"]) for row in rows} == {
        ("Mix", "Various Artists", 1),
        ("Moon", "Air", 1),
    }
    guest = artist(history, sum(b"Air & Nico"))["albums"]["rows"]
    assert [(row["album"], row["artist"], row["artist_id"]) for row in guest] == [("Moon", "Air", AIR)]


def test_a_name_newer_than_the_table_is_an_album_of_its_artist(history: History) -> None:
    shown = album(history, CAN, "New")
    assert (shown["artist"], shown["album_artist_id"], shown["artists"]["n"]) == ("Can", CAN, 1)
