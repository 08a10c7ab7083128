from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tonearm.gold.descriptive.top_tracks_by_mood import LONGEST_LIST, top_tracks_by_mood

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]

GRAIN = ("listener", "mood", "rank")


@pytest.fixture
def happy(featured: Features) -> Row:
    return featured(0.9, mood="Happy_Energetic", genre="pop")


def test_the_most_heard_track_comes_first(rows_of: Rows, listen: NewListen, happy: Row) -> None:
    listens = [
        listen("2024-01-01T10:00", track=11, listened_s=60.0, **happy),
        listen("2024-01-02T10:00", track=12, **happy),
        listen("2024-01-03T10:00", track=11, listened_s=60.0, **happy),
        listen("2024-01-04T10:00", track=13),
    ]
    first, second = rows_of(top_tracks_by_mood, listens, *GRAIN)
    assert (first["track_id"], first["listens"], first["minutes"]) == (11, 2, 2.0)
    assert (first["artist_name"], first["track_name"], first["genre"]) == ("Artist 1", "Track 11", "pop")
    assert first["share_pct"] == pytest.approx(200 / 3)
    assert first["first_heard_at"] == datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert first["last_heard_at"] == datetime(2024, 1, 3, 10, tzinfo=UTC)
    assert (second["track_id"], second["rank"], second["timed_listens"]) == (12, 2, 0)


def test_of_equally_heard_tracks_the_last_heard_comes_first_then_the_smaller_id(
    rows_of: Rows, listen: NewListen, happy: Row
) -> None:
    listens = [
        listen("2024-01-01T10:00", track=3, **happy),
        listen("2024-01-02T10:00", track=2, **happy),
        listen("2024-01-02T10:00", track=1, **happy),
    ]
    assert [r["track_id"] for r in rows_of(top_tracks_by_mood, listens, *GRAIN)] == [1, 2, 3]


def test_a_list_ends_after_fifty_and_shares_are_of_all_the_mood(rows_of: Rows, listen: NewListen, happy: Row) -> None:
    listens = [listen("2024-01-01T10:00", track=k, **happy) for k in range(LONGEST_LIST + 10)]
    rows = rows_of(top_tracks_by_mood, listens, *GRAIN)
    assert [r["rank"] for r in rows] == list(range(1, LONGEST_LIST + 1))
    assert rows[0]["share_pct"] == pytest.approx(100 / (LONGEST_LIST + 10))


def test_each_listener_and_mood_has_its_own_list(rows_of: Rows, listen: NewListen, featured: Features) -> None:
    calm = featured(0.1, mood="Sad_Calm")
    listens = [
        listen("2024-01-01T10:00", track=1, **calm),
        listen("2024-01-01T10:00", track=2, listener="bob", **calm),
        listen("2024-01-01T10:00", track=3, listener="bob", **featured(0.5, mood="Neutral")),
    ]
    rows = rows_of(top_tracks_by_mood, listens, *GRAIN)
    assert [(r["listener"], r["mood"], r["rank"], r["track_id"]) for r in rows] == [
        ("ann", "Sad_Calm", 1, 1),
        ("bob", "Neutral", 1, 3),
        ("bob", "Sad_Calm", 1, 2),
    ]


def test_a_mood_from_estimated_features_says_so(rows_of: Rows, listen: NewListen, featured: Features) -> None:
    listens = [listen("2024-01-01T10:00", **featured(0.9, "imputed", mood="Happy_Energetic"))]
    (row,) = rows_of(top_tracks_by_mood, listens, *GRAIN)
    assert (row["feature_source"], row["valence"]) == ("imputed", 0.9)


def test_without_moods_there_is_no_list(rows_of: Rows, listen: NewListen) -> None:
    assert rows_of(top_tracks_by_mood, [listen("2024-01-01T10:00")], *GRAIN) == []
