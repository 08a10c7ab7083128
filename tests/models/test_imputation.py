from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.models.listed import AS_OF, FEATURES, catalogue, tables
from tonearm.errors import NotEnoughData
from tonearm.models.catalogue import company
from tonearm.models.evaluate import measure
from tonearm.models.imputation import TARGETS, FittedImputation, Imputation
from tonearm.models.model import HeldOut
from tonearm.models.mood import MOODS

SMALL = Imputation(trees=10, depth=3, rate=0.3)


@pytest.fixture(scope="module")
def examples() -> pd.DataFrame:
    return SMALL.examples(tables(catalogue()), AS_OF)


@pytest.fixture(scope="module")
def fitted(examples: pd.DataFrame) -> FittedImputation:
    return SMALL.fit(examples)


@pytest.fixture(scope="module")
def held(examples: pd.DataFrame) -> list[HeldOut]:
    return SMALL.held_out(examples)


def test_artists_who_differ_in_energy_are_a_sign_of_their_tracks_energy(held: list[HeldOut]) -> None:
    """Energy is the artist's, danceability is anything: the one can be estimated and the other cannot."""
    r2 = {}
    for part in held:
        found = {m.metric: m.value for m in measure(part, resamples=0)}
        r2[part.target, part.protocol] = found.get("r2", np.nan)
    assert r2["energy", "by track, 3 folds"] > 0.8
    assert abs(r2["energy", "by artist, 5 folds"]) < 0.15
    assert r2["danceability", "by track, 3 folds"] < 0.1


def test_the_interval_holds_however_a_track_is_known(held: list[HeldOut]) -> None:
    inside: dict[str, list[float]] = {}
    for part in held:
        if part.low is not None and part.high is not None:
            covered = np.mean((part.actual >= part.low) & (part.actual <= part.high))
            inside.setdefault(part.protocol, []).append(float(covered))
    assert len(inside) == 6
    for protocol, shares in inside.items():
        assert np.mean(shares) == pytest.approx(0.9, abs=0.04), protocol


def test_the_mood_follows_from_the_estimates(held: list[HeldOut], fitted: FittedImputation) -> None:
    """Only energy can be estimated here, and mood depends on it by half."""
    moods = {part.protocol: part for part in held if part.target == "mood"}
    known = {m.metric: m for m in measure(moods["by track, 3 folds"], resamples=50)}
    assert known["log_loss"].is_better
    said = fitted.predict(pd.DataFrame({"artist_name": [f"Artist {k}" for k in range(20)]}))
    assert said[list(MOODS)].sum(axis=1).to_numpy() == pytest.approx(1.0)
    energetic = said.Happy_Energetic + said.Sad_Energetic
    assert (energetic[said.energy > 0.65] > 0.5).all() and (energetic[said.energy < 0.35] < 0.5).all()


def test_one_album_of_each_artist_is_taken_as_known(examples: pd.DataFrame) -> None:
    known = SMALL.one_album(examples)
    assert examples[known].groupby("artist").album_name.nunique().eq(1).all()
    assert examples[known].artist.nunique() == examples.artist.nunique()
    assert not set(examples[known].album_name) & set(examples[~known].album_name)


def test_what_is_heard_beside_a_track_makes_no_interval_narrower(fitted: FittedImputation) -> None:
    """The catalogue's playlists are no measure of what sessions say."""
    asked = pd.DataFrame({"artist_name": ["Nobody", "Artist 3"], "track_name": "New"})
    beside = asked.assign(company_tracks=40.0, **{f"company_{t}": 0.0 for t in TARGETS})
    stratum = SMALL.stratum(fitted.evidence(beside))
    assert stratum.tolist() == ["sessions", "artist"]
    assert SMALL.stratum(fitted.evidence(beside.assign(genre="rock"))).tolist() == [
        "genre company",
        "artist genre company",
    ]
    alone = fitted.predict(asked)
    said = fitted.predict(beside)
    width = said.energy_high - said.energy_low
    assert alone.iloc[0].isna().all() and said.notna().all(axis=None)
    assert width[0] > width[1]


def test_of_names_alone_nothing_is_estimated(fitted: FittedImputation) -> None:
    said = fitted.predict(pd.DataFrame({"artist_name": ["Nobody", "Nobody"], "genre": [None, "rock"]}))
    assert said.iloc[0].isna().all()
    assert said.iloc[1].notna().all()


def test_more_is_known_of_a_known_artist(fitted: FittedImputation) -> None:
    asked = pd.DataFrame({"artist_name": ["Artist 3", "Nobody"], "track_name": ["New", "New"], "genre": "rock"})
    said = fitted.predict(asked)
    assert said.energy_error[0] < said.energy_error[1] / 1.5
    mean = catalogue().query("artist_name == 'Artist 3'").energy.mean()
    assert abs(said.energy[0] - mean) < abs(said.energy[1] - mean) or abs(said.energy[0] - mean) < 0.1


def test_company_is_of_other_artists_and_of_known_rows_only() -> None:
    """Rows 0 and 1 are of one artist; 2 is of another, and 3, of a third, is not known."""
    row, of = np.array([0, 1, 2, 3]), np.zeros(4, dtype=np.int64)
    values, known = np.array([[0.9], [0.8], [0.6], [0.1]]), np.array([True, True, True, False])
    found = company(row, of, np.array(["a", "a", "b", "c"]), values, known)
    assert found[:, 1].tolist() == [1, 1, 2, 3]
    assert found[:, 0] == pytest.approx([0.6 / 6, 0.6 / 6, 1.7 / 7, 2.3 / 8])


def test_tracks_hidden_from_the_artist_change_nothing_for_others(examples: pd.DataFrame) -> None:
    """What is said of an artist's tracks, of whom nothing else is known, does not depend on their features."""
    own = (examples.artist == examples.artist[0]).to_numpy()
    changed = examples.assign(energy=examples.energy.where(~own, 1 - examples.energy))
    # The mean and the scale of the catalogue move a little with any track.
    parts = []
    for rows in (examples, changed):
        held = next(h for h in SMALL.held_out(rows) if h.protocol == "by artist, 5 folds" and h.target == "energy")
        parts.append(held.predicted[own])
    assert parts[0] == pytest.approx(parts[1], abs=0.02)


def test_liveness_and_tempo_stay_unknown(fitted: FittedImputation) -> None:
    said = fitted.predict(pd.DataFrame({"artist_name": ["Artist 3"]}))
    assert not {"liveness", "tempo"} & set(said.columns)
    assert set(TARGETS) == set(FEATURES)


def test_only_heard_tracks_without_features_are_estimated(fitted: FittedImputation) -> None:
    heard = pd.DataFrame(
        {
            "artist_name": ["Artist 0", "Artist 0", "Nobody", "Nobody at all", "Later"],
            "track_name": ["Song 0", "Unlisted", "Unlisted, too", "Heard alone", "Not yet"],
            "session": [0, 0, 0, 1, 9999],
        }
    )
    lake = tables(catalogue(), heard)
    scores = fitted.scores(lake, AS_OF)
    unlisted = lake["tracks"][lake["tracks"].track_name.str.startswith("Unlisted")]
    assert set(scores.subject_id) == set(unlisted.track_id)
    assert scores.groupby("subject_id").quantity.apply(list).tolist() == [[*TARGETS, *MOODS]] * 2
    features = scores[scores.quantity.isin(TARGETS)]
    assert (features.low <= features.score).all() and (features.score <= features.high).all()
    assert features.standard_error.notna().all() and scores.baseline_score.notna().all()
    assert scores[~scores.quantity.isin(TARGETS)].groupby("subject_id").score.sum().to_numpy() == pytest.approx(1)


def test_the_baseline_is_the_artist_s_mean_shrunk_to_the_genre_s(fitted: FittedImputation) -> None:
    listed = catalogue()
    own = listed[listed.artist_name == "Artist 3"].energy
    rock = listed[listed.genre == "rock"].energy.mean()
    found = fitted.baseline_means(pd.DataFrame({"artist_name": ["Artist 3", "Nobody"], "genre": ["rock", "rock"]}))
    energy = found[:, TARGETS.index("energy")]
    assert energy == pytest.approx([(own.sum() + 2 * rock) / (len(own) + 2), rock])


def test_what_came_from_spotify_s_api_is_left_out_unless_it_is_allowed() -> None:
    listed = catalogue()
    listed.loc[listed.index[:30], "source"] = "spotify_api"
    assert len(SMALL.examples(tables(listed), AS_OF)) == len(listed) - 30
    assert len(Imputation(train_on_spotify_api=True).examples(tables(listed), AS_OF)) == len(listed)


def test_too_little_is_refused_with_what_is_needed() -> None:
    with pytest.raises(NotEnoughData, match="500 tracks"):
        SMALL.examples(tables(catalogue(artists=20)), AS_OF)


@pytest.mark.parametrize("record", [{}, {"duration_s": float("inf")}, {"artist_name": 7}, {"genre": "polka"}])
def test_anything_may_be_missing_or_strange(fitted: FittedImputation, record: dict[str, object]) -> None:
    said = fitted.predict(pd.DataFrame([{"track_name": None, "genre": "rock", **record}]))
    assert said.notna().all(axis=None)


def test_what_is_saved_says_the_same(fitted: FittedImputation, examples: pd.DataFrame, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    pd.testing.assert_frame_equal(SMALL.load(tmp_path).predict(examples), fitted.predict(examples))
