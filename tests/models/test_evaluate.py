"""Metrics, intervals and splits, on numbers small enough to check by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from tonearm.errors import Leak
from tonearm.models import evaluate
from tonearm.models.evaluate import (
    Measured,
    calibration,
    draws,
    grouped,
    guard,
    measure,
    metrics,
    of_rows,
    outside_of,
    rolling_origin,
)
from tonearm.models.lifecycle.plots import plots
from tonearm.models.model import HeldOut


def binary(predicted: list[float], actual: list[int], baseline: float = 0.5, **more: object) -> HeldOut:
    n = len(actual)
    of = (np.array(actual), np.array(predicted), np.full(n, baseline), np.arange(n))
    return HeldOut("heads", "toss by toss", "binary", *of, **more)  # type: ignore[arg-type]


def value(found: list[Measured], metric: str) -> float:
    return next(m.value for m in found if m.metric == metric)


def test_metrics_of_a_perfect_and_a_reversed_order() -> None:
    actual = [1, 1, 0, 0] * 3
    right = measure(binary([0.9, 0.8, 0.2, 0.1] * 3, actual), resamples=5)
    wrong = measure(binary([0.1, 0.2, 0.8, 0.9] * 3, actual), resamples=5)
    assert (value(right, "roc_auc"), value(wrong, "roc_auc")) == (1.0, 0.0)
    assert value(right, "brier") == pytest.approx((2 * 0.1**2 + 2 * 0.2**2) / 4)
    assert value(right, "expected_to_observed") == pytest.approx(1.0)


def test_a_gain_is_above_zero_when_the_model_is_better_whatever_the_metric() -> None:
    rng = np.random.default_rng(1)
    chance = rng.random(600)
    held = binary(chance.tolist(), (rng.random(600) < chance).astype(int).tolist())
    found = {m.metric: m for m in measure(held)}
    for metric in ("log_loss", "brier", "roc_auc", "average_precision"):
        assert found[metric].is_better, metric
    assert found["expected_to_observed"].gain is None


def test_a_coin_does_not_beat_its_share() -> None:
    """The paired interval excludes zero for noise about as often as it says it does."""
    wins = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        held = binary((0.5 + rng.normal(0, 0.1, 200)).tolist(), rng.integers(0, 2, 200).tolist())
        wins += next(m for m in measure(held, resamples=100) if m.metric == "log_loss").is_better
    assert wins <= 4


def test_too_few_blocks_give_no_interval_and_no_win() -> None:
    held = binary([0.9, 0.1, 0.9, 0.1], [1, 0, 1, 0])
    found = next(m for m in measure(held) if m.metric == "log_loss")
    assert found.value < 0.2
    assert found.low is None
    assert not found.is_better
    assert list(draws(np.arange(7))) == []


def test_few_blocks_leave_less_outside_and_many_two_and_a_half_per_cent() -> None:
    shares = [outside_of(np.arange(blocks)) for blocks in (8, 20, 100, 10_000)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.0057, abs=1e-4)
    assert shares[-1] == pytest.approx(0.025, abs=1e-4)
    unequal = np.r_[np.zeros(500), np.arange(1, 101)]
    assert outside_of(unequal) < outside_of(np.arange(8)), "one block of nearly all rows is worth few"


def test_of_few_blocks_without_a_gain_one_in_forty_seems_better() -> None:
    """With the quantiles of many blocks one in twenty would: 30 of 600, and not 15."""
    rng, won, usual = np.random.default_rng(1), 0, 0
    (weights,) = draws(np.arange(8), resamples=400)
    for _ in range(600):
        drawn = weights @ rng.normal(0, 1, 8) / weights.total
        won += np.quantile(drawn, outside_of(np.arange(8))) > 0
        usual += np.quantile(drawn, 0.025) > 0
    assert won <= 24
    assert usual > 1.5 * won


def test_whole_blocks_are_drawn() -> None:
    (weights,) = draws(np.repeat(np.arange(10), 3), resamples=20)
    by_row = weights @ np.eye(30)
    by_block = by_row.reshape(20, 10, 3)
    assert (by_block == by_block[:, :, :1]).all()
    assert (by_row.sum(axis=1) == 30).all()
    assert (weights.total == 30).all()


def test_draws_are_the_same_however_many_are_worked_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    block = np.repeat(np.arange(12), 2)
    (at_once,) = draws(block, resamples=9)
    monkeypatch.setattr(evaluate, "_CELLS", 50)
    evaluate._counts.cache_clear()
    parts = [part.counts for part in draws(block, resamples=9)]
    evaluate._counts.cache_clear()
    assert len(parts) == 5
    assert (np.concatenate(parts, axis=1) == at_once.counts).all()


def test_ranking_metrics_are_those_of_scikit_learn_also_with_ties_and_weights() -> None:
    rng = np.random.default_rng(4)
    actual, predicted, baseline = rng.integers(0, 2, 300), rng.random(300).round(1), rng.random(300)
    held = HeldOut("heads", "", "binary", actual, predicted, baseline, np.arange(300))
    (weights,) = draws(held.block, resamples=3)
    for name, known in (("average_precision", average_precision_score), ("roc_auc", roc_auc_score)):
        for one, found in zip(weights @ np.eye(300), metrics(held)[name](actual, predicted, weights), strict=True):
            assert found == pytest.approx(known(actual, predicted, sample_weight=one))


def test_alerts_are_the_first_three_of_each_month() -> None:
    period = np.repeat([1, 2], 5)
    actual = [1, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    predicted = [0.9, 0.8, 0.7, 0.6, 0.5, 0.1, 0.2, 0.3, 0.4, 0.5]
    found = measure(binary(predicted, actual, period=period), resamples=0)
    assert value(found, "precision_at_3") == pytest.approx(2 / 6)
    assert value(found, "recall_at_3") == pytest.approx(2 / 3)


def test_mean_average_precision_is_the_mean_of_the_periods_in_which_something_happens() -> None:
    rng = np.random.default_rng(5)
    period, predicted = np.repeat(np.arange(12), 30), rng.random(360)
    actual = (rng.random(360) < 0.1).astype(int) * (period > 1)
    held = binary(predicted.tolist(), actual.tolist(), period=period)
    (weights,) = draws(period, resamples=3)
    of = [average_precision_score(actual[period == k], predicted[period == k]) if k > 1 else 0.0 for k in range(12)]
    happens = np.array([actual[period == k].any() for k in range(12)], dtype=float)
    for column, found in zip(
        weights.counts.T, metrics(held)["mean_average_precision"](actual, predicted, weights), strict=True
    ):
        assert found == pytest.approx((column * of * happens).sum() / (column * happens).sum())


def test_equal_predictions_are_ranked_by_chance() -> None:
    """In the order of the rows the first of each period would be found at once, and the last at the end."""
    period = np.repeat(np.arange(400), 5)
    for place in (0, 4):
        actual = np.tile(np.arange(5) == place, 400).astype(int).tolist()
        found = value(measure(binary([0.5] * 2000, actual, period=period), resamples=0), "mean_average_precision")
        assert found == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 5, abs=0.05)


def test_classes_and_numbers() -> None:
    n = 12
    certain = np.eye(3)[np.arange(n) % 3] * 0.97 + 0.01
    even = np.full((n, 3), 1 / 3)
    held = HeldOut("mood", "", "classes", np.arange(n) % 3, certain, even, np.arange(n), classes=("a", "b", "c"))
    assert value(measure(held, resamples=2), "f1_macro") == 1.0
    numbers = np.linspace(0, 1, n)
    of = (numbers, numbers + 0.1, np.full(n, 0.5), np.arange(n))
    held = HeldOut("valence", "", "regression", *of, low=numbers - 0.1, high=numbers + 0.05)
    found = measure(held, resamples=2)
    assert value(found, "rmse") == pytest.approx(0.1)
    assert value(found, "coverage_90") == 1.0


def test_rankings_are_compared_list_by_list_and_drawn() -> None:
    gains, block = np.linspace(0.2, 0.9, 12), np.arange(12)
    held = HeldOut("song", "list by list", "rank", np.ones(12), gains, gains - 0.1, block)
    (found,) = measure(held, resamples=20)
    assert (found.metric, found.value, found.n) == ("ndcg", pytest.approx(0.55), 12)
    assert found.gain_low == pytest.approx(0.1)
    assert list(plots(held)) == ["ranked"]


def test_each_listener_is_measured_too() -> None:
    held = binary([0.9, 0.1] * 10, [1, 0] * 10, listener=np.array(["x", "y"] * 10))
    found = measure(held, resamples=5)
    assert {m.listener for m in found} == {None, "x", "y"}
    assert of_rows(held, held.listener == "x").actual.tolist() == [1] * 10  # type: ignore[arg-type, union-attr]


def test_calibration_counts_its_rows() -> None:
    held = binary([0.05, 0.15, 0.95] * 20, [0, 0, 1] * 20)
    assert sum(n for _, _, n in calibration(held)) == 60


def test_a_group_is_in_one_fold_and_stays_there_when_rows_come() -> None:
    before = grouped(np.array(["a", "b", "c", "a"]))
    after = grouped(np.array(["z", "a", "b", "c", "a", "q"]))
    assert before[0] == before[3]
    assert before.tolist() == after[1:5].tolist()


def test_rolling_origin_leaves_the_embargo_out() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    at = pd.Series([start + timedelta(days=d) for d in range(40)])
    origins = [start + timedelta(days=d) for d in (20, 30, 40)]
    for train, test in rolling_origin(at, origins, timedelta(days=5)):
        assert at[train].max() + timedelta(days=5) < at[test].min()
        assert len(test) == 10


def test_the_guard_fails_where_an_artist_is_on_both_sides_or_a_row_is_late() -> None:
    train = pd.DataFrame({"artist": ["a", "b"], "at": [1, 2]})
    guard(train, pd.DataFrame({"artist": ["c"], "at": [3]}), ["artist"], "at")
    with pytest.raises(Leak, match="artist"):
        guard(train, pd.DataFrame({"artist": ["b"], "at": [3]}), ["artist"])
    with pytest.raises(Leak, match="not older"):
        guard(train, pd.DataFrame({"artist": ["c"], "at": [3]}), at="at", embargo=1)
