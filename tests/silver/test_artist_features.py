from typing import Any

import pytest

AT = "2020-01-01T10:00:00"


def _rows(silver: Any, record: Any, listed: Any, moods: list[tuple[float, float]]) -> list[dict[str, Any]]:
    catalogue = [
        listed(f"Song {k}", valence=v, energy=e, spotify_id=str(k), tempo=100.0 + k) for k, (v, e) in enumerate(moods)
    ]
    rows: list[dict[str, Any]] = silver([record(AT)], catalogue).rows("artist_features")
    return rows


def test_an_artist_is_the_mean_of_the_measured_tracks_with_their_spread(silver: Any, record: Any, listed: Any) -> None:
    [row] = _rows(silver, record, listed, [(0.2, 0.9), (0.4, 0.8), (0.9, 0.7)])
    assert (row["artist_tracks"], row["valence"], row["energy"]) == (3, pytest.approx(0.5), pytest.approx(0.8))
    assert row["valence_spread"] == pytest.approx(0.3606, abs=1e-4)
    assert "tempo" not in row


def test_the_mood_is_that_of_most_tracks_and_not_of_the_means(silver: Any, record: Any, listed: Any) -> None:
    # The means are in the middle, where no track of the artist is.
    [row] = _rows(silver, record, listed, [(0.9, 0.9), (0.1, 0.2), (0.1, 0.1)])
    assert (row["mood"], row["mood_tracks"]) == ("Sad_Calm", 2)


def test_half_of_the_tracks_are_not_most(silver: Any, record: Any, listed: Any) -> None:
    [row] = _rows(silver, record, listed, [(0.9, 0.9), (0.1, 0.1)])
    assert (row["mood"], row["mood_tracks"]) == (None, None)


def test_a_single_track_has_no_spread(silver: Any, record: Any, listed: Any) -> None:
    [row] = _rows(silver, record, listed, [(0.9, 0.9)])
    assert (row["valence_spread"], row["mood"]) == (None, "Happy_Energetic")


def test_artists_without_measured_tracks_have_no_row(silver: Any, record: Any, listed: Any) -> None:
    assert silver([record(AT)], [listed("Song", value=None)]).rows("artist_features") == []
