"""Which row of the catalogues a track is."""

import math
from typing import Any

AT = "2020-01-01T10:00:00"


def _only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(rows) == 1
    return rows[0]


def test_a_track_is_the_row_whose_id_was_heard(silver: Any, record: Any, listed: Any) -> None:
    catalogue = [
        listed("Song", value=0.1, spotify_id="famous", popularity=90, release_date="1999"),
        listed("Song", value=0.9, spotify_id="heard", popularity=5, release_date="2011"),
    ]
    track = _only(silver([record(AT, spotify_id="heard")], catalogue).rows("catalogue_tracks"))
    assert (track["spotify_id"], track["popularity"], track["release_date"]) == ("heard", 5, "2011")
    assert (track["valence"], track["liveness"]) == (0.9, None)


def test_else_it_is_the_most_popular_row_then_the_smallest_id(silver: Any, listed: Any) -> None:
    catalogue = [
        listed("Song", spotify_id="b", popularity=60),
        listed("Song", spotify_id="a", popularity=60),
        listed("Song", spotify_id="0", popularity=None),
    ]
    track = _only(silver([], catalogue).rows("catalogue_tracks"))
    assert (track["spotify_id"], track["popularity"]) == ("a", 60)


def test_the_subgenre_is_one_of_the_genre(silver: Any, listed: Any) -> None:
    """Rap is listed most often, though no subgenre of it is listed as often as the one of pop."""
    genres = [("pop", "dance pop"), ("pop", "dance pop"), ("rap", "trap"), ("rap", "hip hop"), ("rap", None)]
    catalogue = [listed("Song", spotify_id="a", genre=g, subgenre=s, record_id=i) for i, (g, s) in enumerate(genres)]
    track = _only(silver([], catalogue).rows("catalogue_tracks"))
    assert (track["genre"], track["subgenre"]) == ("rap", "hip hop")


def test_playlists_are_those_of_all_rows_once_each(silver: Any, listed: Any) -> None:
    lists = [("a", "p2"), ("a", "p1"), ("b", "p2"), ("b", None)]
    catalogue = [listed("Song", spotify_id=i, playlist_id=p, record_id=n) for n, (i, p) in enumerate(lists)]
    catalogue += [listed("Other", spotify_id="c")]
    found = {row["track_name"]: row["playlist_ids"] for row in silver([], catalogue).rows("catalogue_tracks")}
    assert found == {"Song": "p1 p2", "Other": None}


def test_what_is_no_number_is_null_and_rejected_rows_are_left_out(silver: Any, listed: Any) -> None:
    catalogue = [
        listed("Song", value=math.nan, spotify_id="a", tempo=0.0, liveness=math.nan),
        listed("Other", reason="names no artist"),
    ]
    track = _only(silver([], catalogue).rows("catalogue_tracks"))
    assert track["valence"] is track["tempo"] is track["liveness"] is None


def test_the_order_of_rows_does_not_matter(silver: Any, listed: Any) -> None:
    catalogue = [
        listed("Song", value=v, spotify_id=i, popularity=p, genre=g, playlist_id=g, record_id=n)
        for n, (v, i, p, g) in enumerate([(0.1, "a", 7, "pop"), (0.2, "a", 7, "rap"), (0.3, "b", 9, "rap")])
    ]
    assert silver([], catalogue).rows("catalogue_tracks") == silver([], catalogue[::-1]).rows("catalogue_tracks")
