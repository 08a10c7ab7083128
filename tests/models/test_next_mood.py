"""Which kind of track comes next, where it is known because it was invented so."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import real
from tests.models.listening import AS_OF, BEGIN, FEATURES, later, listens, tables
from tonearm.errors import ModelDamaged, NotEnoughData
from tonearm.models.evaluate import measure
from tonearm.models.model import HeldOut
from tonearm.models.next_mood import NextMood, _usual, _usual_before_session, how_many
from tonearm.models.next_mood.clues import Heard

SESSION = 10
THREE_KINDS = NextMood(groups=(3,))
PLACES = {"calm": (0.1, 0.2, 0.2, 0.9, 0.0), "party": (0.9, 0.8, 0.9, 0.0, 0.0), "drone": (0.5, 0.1, 0.1, 0.4, 0.9)}


def history(keeps_to_its_kind: bool, sessions: int = 60, days_apart: int = 1, seed: int = 3) -> pd.DataFrame:
    """Sessions of ten tracks of three kinds: one kind a session, or any kind at any time."""
    rng = np.random.default_rng(seed)
    at = BEGIN + pd.to_timedelta(
        (np.arange(sessions)[:, None] * 24 * 60 * days_apart + np.arange(SESSION) * 4).ravel(), unit="min"
    )
    kind = np.repeat(rng.integers(0, 3, sessions), SESSION)
    if not keeps_to_its_kind:
        kind = rng.permutation(kind)
    values = np.array(list(PLACES.values()))[kind] + rng.normal(0, 0.02, (len(kind), len(FEATURES)))
    columns: dict[str, object] = dict(zip(FEATURES, values.T, strict=True))
    return listens(pd.Series(at), track_id=rng.integers(0, 500, len(kind)), artist_id=kind, **columns)


def held(history: pd.DataFrame, model: NextMood = THREE_KINDS, as_of: datetime = AS_OF) -> HeldOut:
    (found,) = model.held_out(model.examples(tables(history), as_of))
    return found


def test_a_session_that_keeps_to_one_kind_is_predicted_from_its_first_track() -> None:
    found = {one.metric: one for one in measure(held(history(keeps_to_its_kind=True)))}
    assert found["accuracy"].value > 0.95
    assert found["log_loss"].is_better


def test_shares_that_did_worse_than_equal_chances_are_not_the_baseline() -> None:
    """One kind for half of the sessions, then another one: what was shared before says the opposite."""
    kind = np.repeat([0, 1], 40).reshape(-1, 4)
    near = np.eye(2)[kind.ravel()]
    session = np.repeat(np.arange(len(kind)), 4)
    heard = Heard(session, *(np.zeros(len(near)) for _ in range(4)), kind.ravel(), near)  # type: ignore[arg-type]
    usual = _usual_before_session(heard, 2)
    assert usual[39, 0] > 0.9, "the shares, while they do better"
    assert usual[-1].tolist() == [0.5, 0.5]
    assert _usual(np.array([[0.9, 0.1]]), {"is_even": True}).tolist() == [[0.5, 0.5]]


def test_where_every_track_is_drawn_by_lot_nothing_beats_the_shares() -> None:
    found = next(one for one in measure(held(history(keeps_to_its_kind=False))) if one.metric == "log_loss")
    assert not found.is_better
    assert found.baseline_value is not None
    assert found.value < found.baseline_value + 0.05


def test_there_are_as_many_groups_as_kinds() -> None:
    rows = NextMood().examples(tables(history(keeps_to_its_kind=True)), AS_OF)
    assert how_many([rows], (5, 3), seed=1) == 3


def test_the_first_track_of_a_session_and_the_warm_up_are_not_scored() -> None:
    rows = held(history(keeps_to_its_kind=True, sessions=60))
    assert len(rows.actual) == (60 - 9) * (SESSION - 1)
    assert rows.baseline.sum(axis=1) == pytest.approx(1.0)
    assert len(rows.classes) == 3


def test_a_prediction_does_not_know_what_comes_after_it() -> None:
    whole = history(keeps_to_its_kind=True, sessions=60)
    long = held(whole)
    change = whole.copy()
    change.loc[change.index >= 50 * SESSION, list(FEATURES)] = PLACES["drone"]
    before = (50 - 9) * (SESSION - 1)
    other = held(change)
    assert other.predicted[:before] == pytest.approx(long.predicted[:before])
    assert not np.allclose(other.predicted[before:], long.predicted[before:])


def test_nothing_after_as_of_is_learned_from() -> None:
    model = THREE_KINDS
    past_and_future = history(keeps_to_its_kind=True, sessions=60, days_apart=10)
    assert (past_and_future["started_at"] >= AS_OF).any()
    fitted = [model.fit(model.examples(tables(rows), AS_OF)) for rows in (past_and_future, later(past_and_future))]
    assert fitted[0].listeners == fitted[1].listeners


def test_estimated_features_are_not_learned_from_and_too_few_are_refused() -> None:
    rows = history(keeps_to_its_kind=True).assign(feature_source="imputed")
    rows.loc[rows.index < 100, "feature_source"] = "real"
    with pytest.raises(NotEnoughData, match=r"needs 150 measured listens in 20 sessions.* are 100 in 10 sessions"):
        NextMood().examples(tables(rows), AS_OF)


def test_groups_are_named_and_the_most_heard_comes_first() -> None:
    model = THREE_KINDS
    fitted = model.fit(model.examples(tables(history(keeps_to_its_kind=True)), AS_OF))
    assigned = fitted.assign(history(keeps_to_its_kind=True))
    counts = assigned["mood_group"].value_counts().sort_index().tolist()
    assert counts == sorted(counts, reverse=True)
    assert assigned.groupby("mood_group")["mood_label"].nunique().tolist() == [1, 1, 1]
    assert fitted.assign(history(True).drop(columns="energy"))["mood_group"].isna().all()


def test_scores_are_the_chances_for_the_last_session_and_need_no_fit() -> None:
    model, rows = THREE_KINDS, history(keeps_to_its_kind=True)
    fitted = model.fit(model.examples(tables(rows), AS_OF))
    scores = fitted.scores(tables(rows), AS_OF)
    assert scores["score"].sum() == pytest.approx(1.0)
    assert scores["baseline_score"].sum() == pytest.approx(1.0)
    last = fitted.assign(rows)["mood_label"].iloc[-1]
    assert scores.loc[scores["score"].idxmax(), "quantity"] == last


def test_records_may_lack_anything(tmp_path: Path) -> None:
    model, rows = THREE_KINDS, history(keeps_to_its_kind=True)
    fitted = model.fit(model.examples(tables(rows), AS_OF))
    records = rows.head(4)[["listener", *FEATURES]].astype(object)
    records.loc[1, "energy"], records.loc[2, "valence"], records.loc[3, "listener"] = np.inf, "loud", "nobody"
    predicted = fitted.predict(records)
    chances = predicted.filter(like="probability").to_numpy()
    assert chances[:3].sum(axis=1) == pytest.approx(1.0)
    assert np.isnan(chances[3]).all()
    assert len(fitted.predict(pd.DataFrame({"listener": ["ada"]}))) == 1
    fitted.save(tmp_path)
    pd.testing.assert_frame_equal(model.load(tmp_path).predict(rows), fitted.predict(rows))
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(ModelDamaged):
        model.load(tmp_path)


def test_the_listener_of_the_reference_is_predicted_better_than_by_shares() -> None:
    rows = pd.read_parquet(real("next-track/history.parquet")).sort_values("played_at")
    features = {name: rows[name].to_numpy() for name in FEATURES}
    codes = {f"{name}_id": pd.factorize(rows[f"{name}_name"])[0] for name in ("track", "artist")}
    history = listens(rows["played_at"], **features, **codes)
    found = {one.metric: one for one in measure(held(history, NextMood(), AS_OF.replace(year=2027)))}
    assert found["log_loss"].n == 357
    assert found["log_loss"].is_better
