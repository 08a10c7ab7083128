from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonearm.silver.album_names import _finish, album_names
from tonearm.silver.names import VARIOUS, album_key, key_id, without_edition

Album = tuple[str, str]
"""The album's artist and title."""
AlbumsOf = Callable[[list[dict[str, Any]]], dict[tuple[str, str], Album]]


@pytest.fixture
def albums_of(silver: Any) -> AlbumsOf:
    """The album of each artist and spelling, by their names."""

    def of(history: list[dict[str, Any]]) -> dict[tuple[str, str], Album]:
        made = silver(history)
        names = {row["artist_id"]: row["artist_name"] for row in made.rows("tracks", "track_id")}
        found = _finish(made.built(album_names).sort_by("listener")).to_pylist()
        return {
            (names[row["artist_id"]], row["album_name"]): (row["album_artist_name"], row["album_title"])
            for row in found
        }

    return of


def played(record: Any, album: str, artists: Iterable[str], day: str = "2020-01-01", **more: Any) -> list[Any]:
    """One track of each artist after the other."""
    return [
        record(f"{day}T10:{minute:02}", f"song {minute}", artist, album_name=album, **more)
        for minute, artist in enumerate(artists)
    ]


def test_artists_heard_one_after_the_other_are_on_one_compilation(albums_of: AlbumsOf, record: Any) -> None:
    found = albums_of(played(record, "Garden State", ["Coldplay", "The Shins", "Zero 7"]))
    assert set(found.values()) == {("Various Artists", "Garden State")}
    assert len(found) == 3


def test_the_greatest_hits_of_different_artists_stay_apart(albums_of: AlbumsOf, record: Any) -> None:
    apart = [
        *played(record, "Greatest Hits", ["Queen", "Queen"]),
        *played(record, "Greatest Hits", ["ABBA", "ABBA"], "2020-01-02"),
        *played(record, "Greatest Hits", ["Blur", "The Doors"], "2020-01-03"),
    ]
    artists = {"Queen", "ABBA", "Blur", "The Doors"}
    assert albums_of(apart) == {(artist, "Greatest Hits"): (artist, "Greatest Hits") for artist in artists}


def test_three_in_a_row_among_many_of_that_name_are_chance(albums_of: AlbumsOf, record: Any) -> None:
    others = [
        listen
        for day, artist in enumerate(("Abba", "Cher", "Sade", "Toto"), 2)
        for listen in played(record, "Live", [artist], f"2020-01-0{day}")
    ]
    found = albums_of([*played(record, "Live", ["Queen", "Blur", "Can"]), *others])
    assert {artist for artist, _ in found.values()} == {"Abba", "Cher", "Sade", "Toto", "Queen", "Blur", "Can"}


def test_other_sessions_and_other_albums_between_do_not_link(albums_of: AlbumsOf, record: Any) -> None:
    between = [
        record("2020-01-01T10:00", "1", "A", album_name="Home"),
        record("2020-01-01T10:05", "2", "X", album_name="Away"),
        record("2020-01-01T10:10", "3", "B", album_name="Home"),
        record("2020-01-01T15:00", "4", "C", album_name="Home"),
    ]
    assert {album for (_, name), album in albums_of(between).items() if name == "Home"} == {
        ("A", "Home"),
        ("B", "Home"),
        ("C", "Home"),
    }


def test_an_album_with_guests_is_its_artists(albums_of: AlbumsOf, record: Any) -> None:
    guests = [
        *played(record, "Kaleidoscope EP", ["Coldplay", "Coldplay"]),
        *played(record, "Kaleidoscope EP", ["Coldplay & Big Sean"], "2020-02-01"),
        *played(record, "Drive", ["Cliff Martinez"] * 4 + ["Desire", "College"], "2020-03-01"),
    ]
    found = albums_of(guests)
    assert found["Coldplay & Big Sean", "Kaleidoscope EP"] == ("Coldplay", "Kaleidoscope EP")
    assert found["College", "Drive"] == ("Cliff Martinez", "Drive")


def test_a_source_that_gives_the_albums_artist_is_believed(albums_of: AlbumsOf, record: Any) -> None:
    given = [
        *played(record, "Juice", ["Nas"], album_artist_name="Various Artists"),
        *played(record, "Juice", ["Rakim"], "2020-02-01", album_artist_name="Verschiedene Interpreten"),
        *played(record, "Rossini", ["Maria Callas"], "2020-03-01", album_artist_name="Orchestra of Rome"),
        *played(record, "Own", ["Nas"], "2020-04-01", album_artist_name="NAS"),
    ]
    assert albums_of(given) == {
        ("Nas", "Juice"): ("Various Artists", "Juice"),
        ("Rakim", "Juice"): ("Various Artists", "Juice"),
        ("Maria Callas", "Rossini"): ("Orchestra of Rome", "Rossini"),
        ("Nas", "Own"): ("Nas", "Own"),
    }


def test_a_compilation_is_that_of_a_source_that_credits_nobody(silver: Any, record: Any) -> None:
    history = played(record, "Garden State", ["Various Artists"])
    (row,) = _finish(silver(history).built(album_names)).to_pylist()
    assert row["artist_id"] == row["album_artist_id"] == key_id(VARIOUS)


def test_editions_and_spellings_are_one_album_under_its_shortest_name(albums_of: AlbumsOf, record: Any) -> None:
    spelt = ["Moon Safari", "Moon Safari (Remastered 2011)", "MOON SAFARI", "Moon Safari"]
    found = albums_of(
        [record(f"2020-01-0{day}T10:00", "La femme", "Air", album_name=name) for day, name in enumerate(spelt, 1)]
    )
    assert set(found.values()) == {("Air", "Moon Safari")}
    discs = [record(f"2020-01-01T1{n}:00", "x", "Air", album_name=f"Late Night Tales (CD{n})") for n in (1, 2)]
    assert set(albums_of(discs).values()) == {("Air", "Late Night Tales")}
    assert set(albums_of(discs[:1]).values()) == {("Air", "Late Night Tales (CD1)")}


def test_each_listener_has_albums_of_their_own(silver: Any, record: Any) -> None:
    artists = ("A", "B", "C")
    together = played(record, "Mix", artists, listener="ann")
    apart = [
        one
        for day, artist in enumerate(artists, 1)
        for one in played(record, "Mix", [artist], f"2021-01-0{day}", listener="bob")
    ]
    rows = _finish(silver([*together, *apart]).built(album_names).sort_by("listener")).to_pylist()
    assert {(row["listener"], row["album_artist_name"]) for row in rows} == {
        ("ann", "Various Artists"),
        *(("bob", artist) for artist in artists),
    }


def test_listens_without_an_album_are_on_none(silver: Any, record: Any) -> None:
    history = [record("2020-01-01T10:00", album_name=None), record("2020-01-01T10:05", album_name="")]
    assert _finish(silver(history).built(album_names)).num_rows == 0


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Help!", "Help!"),
        ("Help! (Deluxe Edition)", "Help!"),
        ("Help! - Remastered 2009", "Help!"),
        ("Help! [2011 Remaster] (Bonus Track Version)", "Help!"),
        ("Vegas - (10th Anniversary Edition)", "Vegas"),
        ("Vegas (Collector’s Edition)", "Vegas"),
        ("Drukqs (disc 1)", "Drukqs"),
        ("Mix - CD2", "Mix"),
        ("Help! (Live)", "Help! (Live)"),
        ("Pop Ambient (2010)", "Pop Ambient (2010)"),
        ("Live - 1999", "Live - 1999"),
        ("Loving It - Single", "Loving It - Single"),
        ("Two/Three (Instrumental Version)", "Two/Three (Instrumental Version)"),
        ("(Special Edition)", ""),
        ("Edition 3", "Edition 3"),
    ],
)
def test_an_edition_is_what_is_nothing_else(name: str, bare: str) -> None:
    assert without_edition(name) == bare


def test_albums_are_compared_without_case_punctuation_and_edition() -> None:
    assert album_key("X&Y") == album_key("X & Y (Deluxe)")
    assert album_key("Melody A.M.") == album_key("Melody AM")
    assert album_key("Vol. 1") != album_key("Vol. 2")
    assert album_key("(Deluxe Edition)") == "deluxe edition"


@given(st.text(max_size=40))
def test_every_name_has_a_key_unless_it_is_blank(name: str) -> None:
    assert bool(album_key(name)) == bool(name.split())
