"""How energetic the coming week's hours are, where it is known because it was invented so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.models.listening import AS_OF, BEGIN, ZONE, later, listens, tables
from tonearm.errors import NotEnoughData
from tonearm.models.energy_forecast import WEEK_HOURS, EnergyForecast, Rows, Usual, best_simple
from tonearm.models.evaluate import measure

HOURS_HEARD = (8, 9, 13, 20, 21, 22)


def history(energy_at_night: float = 0.5, drift: float = 0.0, weeks: int = 30, seed: int = 5) -> pd.DataFrame:
    """Six listens a day about .5 (of ``energy_at_night`` from 20 on), whose level changes from month to month."""
    rng = np.random.default_rng(seed)
    days = np.repeat(np.arange(weeks * 7), len(HOURS_HEARD))
    hours = np.tile(HOURS_HEARD, weeks * 7)
    at = BEGIN - ZONE + pd.to_timedelta(days * 24 + hours, unit="h")
    level = rng.normal(0, drift, weeks // 4 + 1)[days // 28]
    energy = np.where(hours >= 20, energy_at_night, 0.5) + level + rng.normal(0, 0.1, len(days))
    is_heard = rng.random(len(days)) < 0.5
    rows = listens(pd.Series(at), energy=energy.clip(0, 1), valence=rng.uniform(0.2, 0.8, len(days)))
    return rows[is_heard].reset_index(drop=True)


def found(rows: pd.DataFrame) -> dict[str, object]:
    model = EnergyForecast()
    energy, _ = model.held_out(model.examples(tables(rows), AS_OF))
    return {one.metric: one for one in measure(energy)}


def test_a_level_that_drifts_is_predicted_better_than_by_the_hour_alone() -> None:
    measured = found(history(drift=0.15))
    assert measured["rmse"].is_better
    assert 0.84 < measured["coverage_90"].value < 0.96


def test_where_only_the_hour_matters_the_baseline_knows_it_and_is_hardly_beaten() -> None:
    rmse = found(history(energy_at_night=0.9))["rmse"]
    assert rmse.value == pytest.approx(0.1, abs=0.015)
    assert rmse.baseline_value == pytest.approx(rmse.value, rel=0.03)


def test_where_nothing_matters_the_running_mean_is_the_baseline_and_is_not_beaten() -> None:
    model, served = EnergyForecast(), 0
    for seed in range(8):
        held = model.held_out(model.examples(tables(history(seed=seed)), AS_OF))[0]
        served += next(one for one in measure(held) if one.metric == "rmse").is_better
    assert served <= 1
    assert model.fit(model.examples(tables(history()), AS_OF)).listeners["ada"]["energy"]["simple"] == 0


def test_the_simple_forecast_that_erred_less_before_is_the_baseline() -> None:
    actual = np.array([0.2, 0.8, 0.3])
    assert best_simple(np.column_stack([np.full(3, 0.4), actual]), actual) == 1
    assert best_simple(np.column_stack([np.full(3, 0.4), 1 - actual]), actual) == 0
    assert best_simple(np.empty((0, 2)), np.empty(0)) == 0


def test_parts_are_shrunk_towards_the_mean() -> None:
    one_loud_hour = Rows(
        value=np.array([0.3, 0.7] * 10 + [0.9]),
        weight=np.full(21, 0.5),
        hour=np.array([12] * 20 + [3]),
        is_weekend=np.zeros(21, dtype=np.int64),
        day=np.arange(21.0),
        week=np.arange(21) // 7,
    )
    usual = Usual.of(one_loud_hour, 21.0)
    simple = usual.simple(np.array([3, 5]))
    assert simple[:, 0].tolist() == [usual.mean, usual.mean]
    assert usual.mean < simple[0, 1] < 0.9
    assert simple[1, 1] == pytest.approx(usual.mean), "an hour never heard is the mean"
    assert 0 < usual.by_hour[0, 3] < 0.2 * (0.9 - usual.mean)


def test_a_week_is_predicted_from_the_weeks_before() -> None:
    model, rows = EnergyForecast(), history(drift=0.1)
    changed = rows.copy()
    week = (rows["started_at_local"] - rows["started_at_local"].min().normalize()).dt.days // 7
    changed.loc[week == 20, "energy"] = 1.0
    whole, other = (model.held_out(model.examples(tables(part), AS_OF))[0] for part in (rows, changed))
    until = whole.block == "ada 20"
    before = np.arange(len(until)) <= np.flatnonzero(until).max()
    assert other.predicted[before] == pytest.approx(whole.predicted[before])
    assert (other.baseline[~before] != whole.baseline[~before]).any()


def test_nothing_after_as_of_is_learned_from() -> None:
    model, rows = EnergyForecast(), history(weeks=60)
    assert (rows["started_at"] >= AS_OF).any()
    fitted = [model.fit(model.examples(tables(part), AS_OF)) for part in (rows, later(rows))]
    assert fitted[0].listeners == fitted[1].listeners


def test_too_few_hours_and_estimated_features_are_refused() -> None:
    rows = history()
    with pytest.raises(NotEnoughData, match=r"80 hours .* are 50 in 3 weeks"):
        EnergyForecast().examples(tables(rows.head(50)), AS_OF)
    with pytest.raises(NotEnoughData, match="are 0 in 0 weeks"):
        EnergyForecast().examples(tables(rows.assign(feature_source="imputed")), AS_OF)


def test_scores_are_of_the_coming_week() -> None:
    model, rows = EnergyForecast(), history(energy_at_night=0.9)
    fitted = model.fit(model.examples(tables(rows), AS_OF))
    as_of = rows["started_at"].iloc[-1] + pd.Timedelta(minutes=10)
    scores = fitted.scores(tables(rows), as_of)
    energy = scores[scores["quantity"] == "energy"]
    assert len(scores) == 2 * WEEK_HOURS
    assert scores["at"].min() == as_of.ceil("h")
    for which, said in (("", "score"), ("baseline_", "baseline_score")):
        assert (scores[f"{which}low"] < scores[said]).all()
        assert (scores[said] < scores[f"{which}high"]).all()
    hour = (energy["at"] + ZONE).dt.hour
    assert energy["score"][hour.isin([20, 21, 22])].min() > energy["score"][hour == 13].max() + 0.2


def test_records_may_lack_anything(tmp_path: Path) -> None:
    model, rows = EnergyForecast(), history(energy_at_night=0.9)
    fitted = model.fit(model.examples(tables(rows), AS_OF))
    records = pd.DataFrame({"listener": ["ada", "ada", "ada", "bob"], "hour_of_day": [21, 9, "noon", 21]})
    predicted = fitted.predict(records)
    assert predicted["energy"][0] > predicted["energy"][1]
    assert predicted.iloc[2:].isna().all().all()
    assert len(fitted.predict(pd.DataFrame({"listener": [None]}))) == 1
    fitted.save(tmp_path)
    pd.testing.assert_frame_equal(model.load(tmp_path).predict(records), predicted)
