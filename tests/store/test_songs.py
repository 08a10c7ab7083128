from __future__ import annotations

from dataclasses import replace

import pytest

from tonearm.errors import Conflict, UnknownName, UsageError
from tonearm.store import Store
from tonearm.store.songs import Song, add_song, delete_song, put_songs, song, songs, update_song

HELP = Song(artist_name="The Beatles", track_name="Help!", genre="rock", duration_s=139.0)
SPOTIFY = "4uLU6hMCjMI75M1A2tKUQC"


def test_a_song_is_added_changed_and_removed(store: Store) -> None:
    assert songs(store) == []
    added = add_song(store, HELP)
    assert song(store, added.own_id) == added
    changed = update_song(store, added.own_id, replace(added, genre="pop"))
    assert (changed.genre, changed.created_at) == ("pop", added.created_at)
    renamed = update_song(store, added.own_id, replace(changed, track_name="Yesterday"))
    assert [one.track_name for one in songs(store)] == ["Yesterday"]
    delete_song(store, renamed.own_id)
    assert songs(store) == []


def test_a_song_of_the_same_names_is_there_already(store: Store) -> None:
    add_song(store, HELP)
    with pytest.raises(Conflict, match=f"it is song {HELP.own_id}"):
        add_song(store, replace(HELP, artist_name="beatles", track_name="Help! - Remastered 2009"))
    other = add_song(store, replace(HELP, track_name="Help! (Live)"))
    with pytest.raises(Conflict):
        update_song(store, other.own_id, HELP)


def test_ids_are_stored_in_their_plain_form(store: Store) -> None:
    mbid = "B10BBBFC-CF9E-42E0-BE17-E2C3E1D2600D"
    given = replace(
        HELP, spotify_id=f"spotify:track:{SPOTIFY}", recording_mbid=f"https://musicbrainz.org/recording/{mbid}"
    )
    added = add_song(store, given)
    assert (added.spotify_id, added.recording_mbid) == (SPOTIFY, mbid.lower())


@pytest.mark.parametrize(
    "wrong",
    [
        {"artist_name": " "},
        {"track_name": "\u200b"},
        {"spotify_id": "42"},
        {"recording_mbid": "x"},
        {"duration_s": -1.0},
        {"duration_s": float("nan")},
    ],
)
def test_what_is_no_song(store: Store, wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        add_song(store, replace(HELP, **wrong))  # type: ignore[arg-type]
    assert songs(store) == []


def test_a_library_brings_many_and_says_how_many_changed(store: Store) -> None:
    add_song(store, HELP)
    library = [Song(artist_name="Can", track_name=f"Song {n}", source="spotify") for n in range(1_200)]
    assert put_songs(store, [*library, replace(HELP, source="spotify", genre="other")]) == 1_200
    assert put_songs(store, [*library[:-1], replace(library[-1], album_name="Ege Bamyasi")]) == 1
    assert song(store, HELP.own_id).genre == "rock", "what was added by hand was replaced"
    assert put_songs(store, []) == 0
    assert [one.track_name for one in songs(store, limit=2, offset=1)] == ["Song 0", "Song 1"]


def test_texts_that_a_database_cannot_hold_are_made_so_that_it_can(store: Store) -> None:
    added = add_song(store, Song(artist_name="A\0ir\ud800", track_name="x" * 5_000))
    assert (added.artist_name, len(added.track_name)) == ("Air?", 1024)


@pytest.mark.parametrize("own_id", [0, -1, 7, 2**70])
def test_a_song_that_is_not_there(store: Store, own_id: int) -> None:
    add_song(store, HELP)
    with pytest.raises(UnknownName):
        song(store, own_id)
    with pytest.raises(UnknownName):
        delete_song(store, own_id)
    with pytest.raises(UnknownName):
        update_song(store, own_id, HELP)
