from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.models.listed import AS_OF, catalogue, tables
from tonearm.errors import NotEnoughData
from tonearm.models.evaluate import measure
from tonearm.models.mood import MOODS, FittedMood, Line, Mood, moods, named, only, probabilities

SMALL = Mood(trees=20, depth=3, rate=0.3)


@pytest.fixture(scope="module")
def examples() -> pd.DataFrame:
    return SMALL.examples(tables(catalogue()), AS_OF)


@pytest.fixture(scope="module")
def fitted(examples: pd.DataFrame) -> FittedMood:
    return SMALL.fit(examples)


def test_danceable_and_energetic_tracks_are_happy(fitted: FittedMood) -> None:
    """Valence of the catalogue is the mean of danceability and energy."""
    said = fitted.predict(pd.DataFrame({"danceability": [0.95, 0.05], "energy": [0.75, 0.25]}))
    assert said.valence.to_numpy() == pytest.approx([0.85, 0.15], abs=0.12)
    assert said.mood.tolist() == ["Happy_Energetic", "Sad_Calm"]


def test_the_moods_follow_the_tables_rule() -> None:
    valence, energy = np.array([0.7, 0.7, 0.3, 0.3, 0.6, 0.61]), np.array([0.7, 0.3, 0.7, 0.3, 0.4, 0.5])
    expected = ["Happy_Energetic", "Happy_Calm", "Sad_Energetic", "Sad_Calm", "Neutral", "Happy_Energetic"]
    assert [MOODS[m] for m in moods(valence, energy)] == expected


def test_probabilities_are_the_shares_of_what_may_be() -> None:
    """Valence between 0 and 1, all alike: with an energy of .5 a fifth is neutral and two fifths on either side."""
    quantiles = np.linspace(0, 1, 101)[None, :]
    found = dict(zip(MOODS, probabilities(quantiles, quantiles, np.array([0.5]))[0], strict=True))
    assert found == pytest.approx(
        {"Happy_Energetic": 0.4, "Happy_Calm": 0, "Sad_Energetic": 0.4, "Sad_Calm": 0, "Neutral": 0.2}, abs=1e-6
    )
    unknown = dict(zip(MOODS, probabilities(quantiles, quantiles, np.array([np.nan]))[0], strict=True))
    assert unknown["Neutral"] == pytest.approx(0.04, abs=1e-6)
    assert unknown["Happy_Calm"] == pytest.approx(0.24, abs=1e-6)


def test_probabilities_add_up_and_agree_with_the_interval(fitted: FittedMood, examples: pd.DataFrame) -> None:
    said = fitted.predict(examples)
    assert said[list(MOODS)].sum(axis=1).to_numpy() == pytest.approx(1.0)
    surely_happy = said[said.valence_low > 0.5]
    assert len(surely_happy) and (surely_happy.Sad_Calm + surely_happy.Sad_Energetic <= 0.051).all()


def test_rare_moods_are_named_though_others_are_likelier() -> None:
    weights = named(np.array([[0.6, 0.4]]), np.array([0.9, 0.1]))
    assert weights.argmax() == 1


def test_intervals_hold_what_they_promise(examples: pd.DataFrame) -> None:
    for held in SMALL.held_out(examples):
        if held.task == "regression":
            found = {m.metric: m for m in measure(held, resamples=0)}
            assert found["coverage_90"].value == pytest.approx(0.9, abs=0.04), (held.target, held.protocol)
            assert found["r2"].value > 0.5 or held.target == "energy"


def test_intervals_hold_whatever_of_the_sound_is_known(examples: pd.DataFrame) -> None:
    """Each set of known inputs has errors of its own: those of two are larger than those of five."""
    sound = ["energy", "tempo", "danceability", "acousticness", "instrumentalness"]
    actual, fitted = examples.valence, SMALL.fit(examples)
    two, five = (fitted.predict(examples[["artist_name", "track_name", *sound[:n]]]) for n in (2, 5))
    for said in (two, five):
        assert ((said.valence_low <= actual) & (actual <= said.valence_high)).mean() == pytest.approx(0.9, abs=0.05)
    assert (two.valence_high - two.valence_low).mean() > 1.3 * (five.valence_high - five.valence_low).mean()


@pytest.mark.parametrize("record", [{}, {"artist_name": "Artist 3", "genre": "rock"}, {"energy": 0.7}, {"tempo": 120}])
def test_of_less_than_a_useful_input_nothing_is_told(fitted: FittedMood, record: dict[str, object]) -> None:
    for said in (fitted.predict(pd.DataFrame([{"mode": 1, **record}])), fitted.baseline(pd.DataFrame([record]))):
        assert said.isna().all(axis=None)


def test_the_mood_of_a_known_energy_needs_no_other_estimate_of_it(fitted: FittedMood) -> None:
    said = fitted.predict(pd.DataFrame({"danceability": [0.95], "energy": [0.75]}))
    assert said.energy.isna().all() and said.mood.tolist() == ["Happy_Energetic"]


def test_the_baseline_is_a_ridge_regression_on_what_is_known(examples: pd.DataFrame) -> None:
    """Valence is the mean of danceability and energy: a line finds it, and the mean alone where nothing is known."""
    seen = SMALL.evidence(examples)
    line = Line.of(seen)
    assert np.corrcoef(line.estimate(seen, "valence"), examples.valence)[0, 1] > 0.9
    unknown = line.estimate(only(seen, ()), "valence")
    assert unknown == pytest.approx(examples.valence.mean(), abs=1e-6)
    altered = seen.assign(valence=0.0)
    assert line.estimate(altered, "valence").tolist() == line.estimate(seen, "valence").tolist()


def test_a_track_is_judged_by_models_that_saw_none_of_its_artist(examples: pd.DataFrame) -> None:
    own = (examples.artist == examples.artist[0]).to_numpy()
    changed = examples.assign(valence=examples.valence.where(~own, 1 - examples.valence))
    before, after = (SMALL.held_out(rows)[0] for rows in (examples, changed))
    assert before.predicted[own].tolist() == after.predicted[own].tolist()


def test_own_tracks_are_predicted_by_a_catalogue_without_their_artists(examples: pd.DataFrame) -> None:
    own = examples.head(60).assign(source="real")
    wrong = own.assign(valence=1 - own.valence)
    protocols = [SMALL.held_out(pd.concat([examples, rows], ignore_index=True)) for rows in (own, wrong)]
    right, changed = ([h for h in held if "owner" in h.protocol] for held in protocols)
    assert [h.target for h in right] == ["valence", "energy", "mood", "mood named"]
    assert right[0].predicted.tolist() == changed[0].predicted.tolist()


def test_what_came_from_spotify_s_api_is_left_out_unless_it_is_allowed() -> None:
    listed = catalogue()
    listed.loc[listed.index[:30], "source"] = "spotify_api"
    assert len(SMALL.examples(tables(listed), AS_OF)) == len(listed) - 30
    assert len(Mood(train_on_spotify_api=True).examples(tables(listed), AS_OF)) == len(listed)


def test_own_features_from_spotify_s_api_are_left_out_unless_they_are_allowed() -> None:
    listed = catalogue()
    lake = tables(listed)
    own = listed[["spotify_id", "valence", "energy"]].head(40).assign(source=["spotify_api", "reccobeats"] * 20)
    lake["my_tracks_features_bronze"] = own
    assert (SMALL.examples(lake, AS_OF).source == "real").sum() == 20
    assert (Mood(train_on_spotify_api=True).examples(lake, AS_OF).source == "real").sum() == 40


def test_too_little_is_refused_with_what_is_needed() -> None:
    with pytest.raises(NotEnoughData, match="500 tracks"):
        SMALL.examples(tables(catalogue(artists=20)), AS_OF)


@pytest.mark.parametrize("record", [{}, {"energy": float("inf")}, {"tempo": "fast"}, {"genre": "polka", "key": None}])
def test_anything_may_be_missing_or_strange(fitted: FittedMood, record: dict[str, object]) -> None:
    said = fitted.predict(pd.DataFrame([{"mode": 1, "danceability": 0.4, "acousticness": 0.3, **record}]))
    assert said[["valence", "energy", *MOODS]].notna().all(axis=None)
    assert (said.valence_low <= said.valence_high).all()


def test_what_is_saved_says_the_same(fitted: FittedMood, examples: pd.DataFrame, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    pd.testing.assert_frame_equal(SMALL.load(tmp_path).predict(examples), fitted.predict(examples))


def test_heard_tracks_with_features_are_scored(fitted: FittedMood) -> None:
    heard = pd.DataFrame(
        {"artist_name": ["Artist 0", "Nobody"], "track_name": ["Song 0", "Unlisted"], "session": [0, 0]}
    )
    scores = fitted.scores(tables(catalogue(), heard), AS_OF)
    assert scores.quantity.tolist() == ["valence", "energy", *MOODS]
    assert scores[scores.quantity == "valence"][["low", "high", "actual", "baseline_score"]].notna().all(axis=None)
    assert scores[scores.quantity.isin(MOODS)].actual.sum() == 1
