"""The items of a home: what a catalogue lists and what was heard, and what brings tracks together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from tests.embedded import made
from tests.models import listed
from tonearm.gold.prescriptive.personalized_playlist_suggestions import _with_songs
from tonearm.lake import Lake
from tonearm.recommend import catalogue

TITLES = ("Help", "Help (Live)", "Help - Remastered 2009", "(Intro)", "Help Me", "HELP [Karaoke]")


def tables() -> dict[str, pd.DataFrame]:
    heard = pd.DataFrame({"artist_name": "Artist 3", "track_name": ["Song 18", "Unknown", "Song 18"]})
    found = listed.tables(listed.catalogue(artists=8), heard.assign(session=[0, 0, 1]))
    ids = found["track_identities"].set_index("name_id").track_id
    heard_rows = found["listens"].assign(track_id=ids.loc[found["listens"].name_id].to_numpy())
    return {**found, "listening_with_features": heard_rows}


def test_every_track_is_an_item_and_only_listed_ones_have_playlists() -> None:
    rows = catalogue.items(tables())
    assert len(rows) == 8 * listed.PER_ARTIST + 1
    unknown = rows[rows.track_name == "Unknown"].iloc[0]
    assert not unknown.is_listed
    assert unknown[["playlist_ids", "popularity", "year", "energy"]].isna().all()
    known = rows[rows.is_listed]
    assert known.year.between(1990, 2020).all()
    assert known.track_id.is_monotonic_increasing
    assert (known.spotify_id.str.len() == 7).all()


def test_a_history_counts_listens_and_sessions_before_an_instant() -> None:
    rows = catalogue.histories(tables()).set_index("track_id")
    song = catalogue.items(tables()).set_index("track_name").track_id["Song 18"]
    assert rows.loc[song, ["listens", "wanted", "sessions"]].tolist() == [2, 2, 2]
    early = catalogue.histories(tables(), datetime(2023, 1, 1, 12, tzinfo=UTC))
    assert early.listens.tolist() == [1, 1]


def test_a_playlist_brings_its_tracks_together() -> None:
    rows = catalogue.items(tables())
    lists = catalogue.of_playlists(rows)
    assert lists.counts.sum() == rows.is_listed.sum()
    of_first = rows.playlist_ids[lists.counts[0].indices]
    assert (of_first == lists.listeners[0]).all()


def test_listeners_and_sessions_are_rows_of_the_same_items() -> None:
    found = tables()
    rows = catalogue.items(found)
    own = catalogue.of_listeners(catalogue.histories(found), rows)
    assert own.listeners.tolist() == ["l"]
    assert sorted(own.counts.data.tolist()) == [1, 2]
    assert catalogue.of_sessions(found, rows).counts.sum(axis=1).ravel().tolist() == [[2, 1]]


def test_versions_of_a_song_share_an_id_by_the_rule_of_the_playlists() -> None:
    tracks = pd.DataFrame({"track_id": range(10, 10 + 2 * len(TITLES)), "track_name": TITLES * 2})
    tracks["artist_id"] = [1] * len(TITLES) + [2] * len(TITLES)
    found = catalogue.songs(tracks)
    assert found.tolist() == [10, 10, 10, 13, 14, 10, 16, 16, 16, 19, 20, 16]
    by_tables = made(_with_songs, tracks=pa.Table.from_pandas(tracks)).to_pandas().set_index("track_id").song_id
    assert by_tables[tracks.track_id].tolist() == found.tolist()


def test_a_home_without_tables_has_no_items(tmp_path: Path) -> None:
    found = catalogue.read(Lake(tmp_path))
    rows = catalogue.items(found)
    assert rows.empty
    assert catalogue.histories(found).empty
    assert catalogue.of_playlists(rows).counts.shape == (0, 0)


def test_a_track_that_is_none_of_the_items_is_refused() -> None:
    with pytest.raises(AssertionError, match="none of the home's"):
        catalogue.places(catalogue.items(tables()), [1])
