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


def test_the_mood_is_a_probable_one_and_not_that_of_the_means(silver: Any, record: Any, listed: Any) -> None:
    # The means are in the middle, where no track of the artist is.
    [row] = _rows(silver, record, listed, [(0.95, 0.95), (0.1, 0.2), (0.3, 0.3), (0.2, 0.2), (0.2, 0.4)])
    # Four of five, and the catalogue's frequency, five of ten with one of each mood more or less, as three more.
    assert (row["mood"], row["mood_tracks"]) == ("Sad_Calm", 4)
    assert row["mood_probability_pct"] == pytest.approx(100 * (4 + 3 * 5 / 10) / (5 + 3))


def test_one_track_of_a_rare_mood_does_not_make_it_the_artist_s(silver: Any, record: Any, listed: Any) -> None:
    common = [listed(f"Song {k}", f"Other {k}", valence=0.9, energy=0.9, spotify_id=str(k)) for k in range(40)]
    rare = listed("Rare", "Band", valence=0.1, energy=0.1, spotify_id="r")
    rows = silver([record(AT)], [*common, rare]).rows("artist_features")
    moods = sorted((str(row["mood"]), row["artist_tracks"]) for row in rows)
    assert moods == [("Happy_Energetic", 1)] * 40 + [("None", 1)]
    assert {row["mood_tracks"] for row in rows} == {1, None}


def test_a_single_track_has_no_spread(silver: Any, record: Any, listed: Any) -> None:
    [row] = _rows(silver, record, listed, [(0.9, 0.9)])
    assert (row["valence_spread"], row["valence"]) == (None, 0.9)


def test_artists_without_measured_tracks_have_no_row(silver: Any, record: Any, listed: Any) -> None:
    assert silver([record(AT)], [listed("Song", value=None)]).rows("artist_features") == []
