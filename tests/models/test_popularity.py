from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.models.listed import AS_OF, catalogue, tables
from tonearm.errors import ModelDamaged, NotEnoughData
from tonearm.models.crossfit import TRUSTED
from tonearm.models.evaluate import measure
from tonearm.models.popularity import FittedPopularity, Popularity, genre_year_rates, rate_of

SMALL = Popularity(candidates=("boosting",), trees=12, depth=3, rate=0.4)


@pytest.fixture(scope="module")
def examples() -> pd.DataFrame:
    return SMALL.examples(tables(catalogue()), AS_OF)


@pytest.fixture(scope="module")
def fitted(examples: pd.DataFrame) -> FittedPopularity:
    return SMALL.fit(examples)


def test_what_makes_tracks_popular_is_found(fitted: FittedPopularity) -> None:
    said = fitted.predict(pd.DataFrame({"danceability": [0.95, 0.05]}))
    assert said.popular.tolist() == [1, 0]
    assert said.probability[0] > 0.7 > 0.3 > said.probability[1]


RECORDS: list[dict[str, object]] = [
    {"danceability": 0.95},
    {"danceability": 0.05, "genre": "no such genre", "duration_ms": 200_000, "year": 1999},
    {"track_name": "A Song (Live)", "album_name": "A Song", "artist_name": "Nobody", "energy": 0.5},
    {"release_date": "2019-05-17", "genre": "pop", "subgenre": "dance pop", "tempo": 120.0, "is_explicit": 1.0},
]


@pytest.mark.parametrize("candidate", ["boosting", "logistic"])
def test_a_few_tracks_at_a_time_have_the_same_probabilities(examples: pd.DataFrame, candidate: str) -> None:
    fitted = Popularity(candidates=(candidate,), trees=12, depth=3, rate=0.4).fit(examples.head(600))
    listed = examples.head(3)[["artist_name", "track_name", "danceability", "energy", "genre", "release_date"]]
    records = [*RECORDS, *listed.to_dict("records"), {"artist_name": listed.artist_name.iloc[0], "track_name": "New"}]
    frame = pd.DataFrame(records)
    for _ in range(2):
        assert fitted.quick.probability(records) == pytest.approx(fitted.predict(frame).probability, abs=1e-6)
    assert fitted.quick.baseline(records) == pytest.approx(fitted.baseline(frame).probability)


def test_the_threshold_can_be_set(fitted: FittedPopularity) -> None:
    record = pd.DataFrame({"danceability": [0.95]})
    assert fitted.predict(record, threshold=0.999).popular.tolist() == [0]
    assert fitted.predict(record, threshold=0.001).popular.tolist() == [1]


def test_popular_begins_where_the_setting_says() -> None:
    rows = Popularity(popular_from=20).examples(
        tables(catalogue().assign(popularity=lambda c: c.popularity - 15)), AS_OF
    )
    assert (rows.popularity >= 20).mean() == pytest.approx((catalogue().popularity == 75).mean())


def test_a_track_of_many_playlists_counts_once() -> None:
    listed = catalogue()
    again = pd.concat([listed, listed.assign(playlist_id="another", record_id=listed.record_id + 10**6)])
    assert len(SMALL.examples(tables(again), AS_OF)) == len(listed)


def test_too_little_is_refused_with_what_is_needed() -> None:
    with pytest.raises(NotEnoughData, match="500 tracks"):
        SMALL.examples(tables(catalogue(artists=20)), AS_OF)


def test_nothing_is_refused_too() -> None:
    with pytest.raises(NotEnoughData, match="are 0, 0 and 0"):
        SMALL.examples(tables(catalogue().head(0)), AS_OF)


def test_what_came_from_spotify_s_api_is_left_out_unless_it_is_allowed() -> None:
    listed = catalogue()
    listed.loc[listed.index[:30], "source"] = "spotify_api"
    assert len(SMALL.examples(tables(listed), AS_OF)) == len(listed) - 30
    assert len(Popularity(train_on_spotify_api=True).examples(tables(listed), AS_OF)) == len(listed)


def test_a_listed_track_is_judged_by_a_model_that_saw_none_of_its_artist(examples: pd.DataFrame) -> None:
    """The popularity of an artist's tracks does not change their prediction as tracks of an unknown artist."""
    own = examples.artist == examples.artist[0]
    changed = examples.assign(popularity=examples.popularity.where(~own, 105 - examples.popularity))
    before, after = (SMALL.held_out(rows)[0] for rows in (examples, changed))
    assert before.actual[own].tolist() != after.actual[own].tolist()
    assert before.predicted[own].tolist() == after.predicted[own].tolist()
    assert before.baseline[own].tolist() == after.baseline[own].tolist()


def test_held_out_tracks_are_predicted_better_than_by_the_baseline(examples: pd.DataFrame) -> None:
    for held in SMALL.held_out(examples):
        roc = next(m for m in measure(held, resamples=50) if m.metric == "roc_auc")
        assert roc.is_better and roc.value > 0.85, held.protocol


def test_shuffled_labels_cannot_be_predicted(examples: pd.DataFrame) -> None:
    shuffled = examples.assign(popularity=np.random.default_rng(2).permutation(examples.popularity))
    roc = next(m for m in measure(SMALL.held_out(shuffled)[0], resamples=50) if m.metric == "roc_auc")
    assert roc.low is not None and roc.low < 0.55


def test_the_baseline_is_the_rate_of_genre_and_year() -> None:
    rows = pd.DataFrame({"genre": ["pop", "pop", "rock", "rock"], "release_date": ["2019", "2018", "2019", "2019"]})
    rates = genre_year_rates(rows, np.array([1, 0, 0, 0]), shrunk_by=0)
    asked = pd.DataFrame({"genre": ["pop", "pop", "jazz"], "release_date": ["2019-03-01", "1970", None]})
    assert rate_of(asked, rates).tolist() == [1.0, 0.5, 0.25]


@pytest.mark.parametrize(
    "record",
    [{}, {"energy": float("nan")}, {"energy": float("inf")}, {"genre": "polka"}, {"track_name": None}, {"energy": "x"}],
)
def test_anything_may_be_missing_or_strange(fitted: FittedPopularity, record: dict[str, object]) -> None:
    said = fitted.predict(pd.DataFrame([{"key": 3, **record}]))
    assert said.probability.between(0, 1).all()


def test_no_records_no_answers(fitted: FittedPopularity) -> None:
    assert len(fitted.predict(pd.DataFrame({"energy": []}))) == 0


def test_what_is_saved_says_the_same(fitted: FittedPopularity, examples: pd.DataFrame, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    pd.testing.assert_frame_equal(SMALL.load(tmp_path).predict(examples), fitted.predict(examples))
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".skops"}


def test_nothing_but_the_trusted_types_is_in_the_files(fitted: FittedPopularity, tmp_path: Path) -> None:
    import skops.io

    fitted.save(tmp_path)
    for file in tmp_path.glob("*.skops"):
        assert set(skops.io.get_untrusted_types(file=file)) <= set(TRUSTED)


def test_damaged_files_are_refused(fitted: FittedPopularity, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    (tmp_path / "popularity.json").write_text("{")
    with pytest.raises(ModelDamaged):
        SMALL.load(tmp_path)


def test_every_candidate_is_compared_and_the_best_is_fitted(examples: pd.DataFrame) -> None:
    several = Popularity(trees=12, depth=3, rate=0.4)
    fitted = several.fit(examples)
    assert fitted.chosen[0] in several.candidates
    assert [one.name for one in fitted.compared] == list(several.candidates)
    assert fitted.chosen[0] == max(fitted.compared, key=lambda one: one.metrics["average_precision"]).name
    from tonearm.models.catalogue import inputs

    popular, artist = (examples.popularity >= 60).to_numpy(int), examples.artist.to_numpy()
    compared = several.compare(inputs(examples), popular, artist, seed=1)
    assert [one.name for one in compared] == list(several.candidates)
    for one in compared:
        assert one.metrics["average_precision"] > popular.mean()
        assert one.metrics["roc_auc"] > 0.6
        assert 0.6 < one.metrics["accuracy"] <= 1
        assert one.metrics["f1"] > 0
        assert one.settings == one.pipeline.named_steps["model"].get_params()


def test_heard_tracks_are_scored_beside_the_baseline(fitted: FittedPopularity) -> None:
    heard = pd.DataFrame(
        {"artist_name": ["Artist 0", "Nobody"], "track_name": ["Song 0", "Unlisted"], "session": [0, 0]}
    )
    scores = fitted.scores(tables(catalogue(), heard), AS_OF)
    assert scores.quantity.tolist() == ["popular"] and scores.subject.tolist() == ["track"]
    assert scores[["score", "baseline_score", "actual"]].notna().all(axis=None)


def test_what_is_heard_later_is_not_scored(fitted: FittedPopularity) -> None:
    heard = pd.DataFrame({"artist_name": ["Artist 0"], "track_name": ["Song 0"], "session": [9999]})
    assert fitted.scores(tables(catalogue(), heard), AS_OF).empty
