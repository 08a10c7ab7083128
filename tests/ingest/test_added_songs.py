"""Songs that were added in tonearm become tracks of the lake, and stop being so when they are removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tonearm.building.execute import build
from tonearm.ingest.added_songs import import_added_songs
from tonearm.ingest.ledger import imports
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.store import Store, open_store
from tonearm.store.songs import Song, add_song, delete_song, update_song

HELP = Song(artist_name="The Beatles", track_name="Help!", genre="rock", duration_s=139.0)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with closing(open_store(settings)) as opened:
        yield opened


def in_catalogue(settings: Settings) -> list[tuple[str, str | None]]:
    rows = open_lake(settings.lake).dataset("kaggle_tracks_bronze").to_table().to_pylist()
    return [(row["track_name"], row["genre"]) for row in rows if row["outcome"] == "kept"]


def test_a_home_without_songs_is_left_alone(settings: Settings, store: Store) -> None:
    assert import_added_songs(settings, store) == []
    assert not settings.home.exists()


def test_songs_come_once_and_change_with_the_store(settings: Settings, store: Store) -> None:
    add_song(store, HELP)
    (report,) = import_added_songs(settings, store)
    assert (report.kept, in_catalogue(settings)) == (1, [("Help!", "rock")])
    assert import_added_songs(settings, store) == []
    update_song(store, HELP.own_id, replace(HELP, genre="pop"))
    add_song(store, Song(artist_name="Can", track_name="Vitamin C"))
    import_added_songs(settings, store)
    assert in_catalogue(settings) == [("Help!", "pop"), ("Vitamin C", None)]
    for one in (HELP, Song(artist_name="Can", track_name="Vitamin C")):
        delete_song(store, one.own_id)
    assert import_added_songs(settings, store) == []
    assert in_catalogue(settings) == []
    assert all(one.undone_at for one in imports(settings))
    add_song(store, HELP)
    import_added_songs(settings, store)
    assert in_catalogue(settings) == [("Help!", "rock")]


def test_an_added_song_is_a_track_beside_those_that_were_heard(
    settings: Settings, store: Store, catalogue: Callable[..., Path]
) -> None:
    from tonearm.ingest.imports import import_paths

    import_paths(settings, [catalogue([("The Beatles", "Yesterday"), ("The Beatles", "Girl")])], "ada")
    add_song(store, HELP)
    import_added_songs(settings, store)
    build(settings)
    tracks = open_lake(settings.lake).dataset("tracks").to_table().to_pylist()
    found = {row["track_name"]: row for row in tracks}
    assert set(found) == {"Yesterday", "Girl", "Help!"}
    assert (found["Help!"]["track_id"], found["Help!"]["duration_s"]) == (HELP.own_id, 139.0)
    assert found["Help!"]["artist_id"] == found["Yesterday"]["artist_id"]
