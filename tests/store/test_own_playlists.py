from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tonearm.errors import Conflict, UnknownName, UsageError
from tonearm.store import Store, playlists
from tonearm.store.playlists import (
    Playlist,
    PlaylistTrack,
    count_playlists,
    delete_playlist,
    playlist,
    playlists_of,
    save_playlist,
)

AIR = PlaylistTrack(artist_name="Air", track_name="Sexy Boy", track_id=2**62 + 1)
CAN = PlaylistTrack(artist_name="Can", track_name="Vitamin C", added_at=datetime(2024, 5, 1, tzinfo=UTC))
MIX = Playlist(title="Mix", tracks=(AIR, CAN, AIR))


def names(one: Playlist) -> list[str]:
    return [track.track_name for track in one.tracks]


def test_a_playlist_keeps_its_tracks_in_order_repeats_too(store: Store) -> None:
    kept = playlist(store, save_playlist(store, "ada", MIX))
    assert (kept.listener, kept.title, kept.is_public, names(kept)) == (
        *("Ada", "Mix", False),
        ["Sexy Boy", "Vitamin C", "Sexy Boy"],
    )
    assert kept.tracks[0].track_id == 2**62 + 1
    assert kept.tracks[1] == CAN


def test_a_playlist_saved_again_is_replaced_and_a_track_keeps_when_it_came(store: Store) -> None:
    id = save_playlist(store, "Ada", MIX)
    first = playlist(store, id)
    assert save_playlist(store, "Ada", replace(first, tracks=(CAN, AIR), title="Other")) == id
    second = playlist(store, id)
    assert (second.title, names(second)) == ("Other", ["Vitamin C", "Sexy Boy"])
    assert second.tracks[1].added_at == first.tracks[0].added_at
    assert (second.created_at, count_playlists(store, "Ada")) == (first.created_at, 1)


def test_what_changes_nothing_leaves_the_instant_of_the_last_change(store: Store) -> None:
    imported = replace(MIX, source="spotify", source_id="37i9dQ")
    first = playlist(store, save_playlist(store, "Ada", imported))
    assert save_playlist(store, "Ada", imported) == first.id
    assert playlist(store, str(first.id)) == first


def test_an_imported_playlist_is_known_by_its_id_there_and_each_listener_has_their_own(store: Store) -> None:
    store.ensure_listener("Ben", "UTC")
    imported = replace(MIX, source="spotify", source_id="37i9dQ")
    mine, yours = save_playlist(store, "Ada", imported), save_playlist(store, "Ben", imported)
    assert save_playlist(store, "Ada", replace(imported, tracks=())) == mine
    assert (names(playlist(store, mine)), len(names(playlist(store, yours)))) == ([], 3)


def test_the_playlist_that_changed_last_comes_first(store: Store) -> None:
    ids = [save_playlist(store, "Ada", replace(MIX, title=title)) for title in "abc"]
    save_playlist(store, "Ada", replace(MIX, id=ids[0], title="z"))
    assert [one.title for one in playlists_of(store, "ada")] == ["z", "c", "b"]
    assert [one.title for one in playlists_of(store, "ada", limit=1, offset=1)] == ["c"]


def test_an_id_can_be_chosen_and_is_nobody_else_s(store: Store) -> None:
    store.ensure_listener("Ben", "UTC")
    id = str(uuid4())
    assert save_playlist(store, "Ada", replace(MIX, id=id.upper())) == id
    with pytest.raises(Conflict, match="another listener's"):
        save_playlist(store, "Ben", replace(MIX, id=id))


def test_a_deleted_playlist_is_gone_with_its_tracks(store: Store) -> None:
    id = save_playlist(store, "Ada", MIX)
    delete_playlist(store, id)
    for ask in (playlist, delete_playlist):
        with pytest.raises(UnknownName, match="no playlist"):
            ask(store, id)
    assert playlists_of(store, "Ada") == []


def test_what_is_no_playlist(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playlists, "MOST_TRACKS", 3)
    for wrong, why in (
        (replace(MIX, title=" "), "needs a title"),
        (replace(MIX, tracks=(AIR,) * 4), "at most 3 tracks"),
        (replace(MIX, tracks=(replace(AIR, artist_name=""),)), "artist is blank"),
        (replace(MIX, id="x"), "is a UUID"),
    ):
        with pytest.raises(UsageError, match=why):
            save_playlist(store, "Ada", wrong)
    with pytest.raises(UnknownName):
        playlist(store, "../etc/passwd")
    with pytest.raises(UnknownName, match="did you mean Ada"):
        playlists_of(store, "Adda")


def test_a_listener_cannot_fill_the_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playlists, "MOST_PLAYLISTS", 1)
    id = save_playlist(store, "Ada", MIX)
    with pytest.raises(UsageError, match="at most 1 playlists"):
        save_playlist(store, "Ada", MIX)
    assert save_playlist(store, "Ada", replace(MIX, id=id, title="z")) == id
