from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from tonearm.recommend.answers.loved import as_feedback
from tonearm.recommend.answers.search import Names
from tonearm.silver.names import artist_key, title_key
from tonearm.store.feedback import Feedback
from tonearm.store.loves import HATED, LOVED, Love

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRACKS = [(1, "Radiohead", "Creep"), (2, "TLC", "Creep"), (3, "The Beatles", "Help! - Remastered 2009")]


@pytest.fixture(scope="module")
def names() -> Names:
    ids, artists, titles = (list(column) for column in zip(*TRACKS, strict=True))
    named = {"track_id": ids, "artist_id": ids, "artist_name": artists, "track_name": titles}
    keys = {"artist_key": list(map(artist_key, artists)), "title_key": list(map(title_key, titles))}
    counts = {"listens": [1] * len(ids), "popularity": [1] * len(ids)}
    return Names(pa.table(named | counts), pa.table({"track_id": ids, **keys, "spotify_id": [None] * len(ids)}))


def love(artist: str | None, track: str | None, score: int = LOVED) -> Love:
    return Love(score, NOW, artist, track, recording_mbid="b1a9c0e9-d987-4042-ae91-78d6a3267d69")


def test_what_is_loved_in_a_player_is_liked_by_its_names(names: Names) -> None:
    found = list(as_feedback([love("beatles", "Help!"), love("TLC", "creep", HATED)], [], names))
    assert [(one.kind, one.subject, one.subject_id) for one in found] == [("like", "track", 3), ("dislike", "track", 2)]


@pytest.mark.parametrize(("artist", "track"), [("Radiohed", "Creep"), ("Creep", "Creep"), (None, None)])
def test_what_is_only_alike_is_not_liked(names: Names, artist: str | None, track: str | None) -> None:
    assert list(as_feedback([love(artist, track)], [], names)) == []


def test_feedback_given_here_comes_before_that_of_a_player(names: Names) -> None:
    given = [Feedback("hide", "track", 1, "Radiohead – Creep", NOW), Feedback("skip", "track", 2, "TLC – Creep", NOW)]
    found = as_feedback([love("Radiohead", "Creep"), love("TLC", "Creep")], given, names)
    assert [one.subject_id for one in found] == [2]
