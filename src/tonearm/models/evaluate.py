"""How good predictions are: metrics with intervals beside a baseline's, calibration, splits and their guard."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.special import ndtr, stdtrit

from tonearm.errors import Leak
from tonearm.models.model import SEED, HeldOut

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.int64]
    Metric = Callable[[npt.NDArray[Any], Numbers, "Draws"], Numbers]

RESAMPLES = 400
CONFIDENCE = 0.95
BINS = 10
"""Groups of equal size into which predictions are sorted to see whether they came true."""
ALERTS = 3
"""Alerts a period, where predictions are ranked within periods."""
FEWEST_BLOCKS = 8
"""Below so many blocks a bootstrap's interval is too narrow, and none is given."""


@dataclass(frozen=True)
class Measured:
    """One metric of held-out predictions, beside the baseline's."""

    target: str
    protocol: str
    metric: str
    value: float
    low: float | None
    high: float | None
    """The 95 % interval: rows are drawn anew in blocks. None where there are too few blocks."""
    n: int
    baseline_value: float | None
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    """How much better than the baseline on the same draws; above 0 is better, whatever the metric."""
    listener: str | None = None

    @property
    def is_better(self) -> bool:
        """Whether the gain's interval is above zero."""
        return self.gain_low is not None and self.gain_low > 0

    @property
    def is_worse(self) -> bool:
        """Whether the gain's interval is below zero."""
        return self.gain_high is not None and self.gain_high < 0


LOWER_IS_BETTER = ("log_loss", "brier", "ece", "rmse", "mae")
NO_CONTEST = ("expected_to_observed", "coverage_90")
"""Metrics whose best value is neither the highest nor the lowest."""


def measure(held: HeldOut, seed: int = SEED, resamples: int = RESAMPLES) -> list[Measured]:
    """Every metric of the task, over all rows and, where they are listeners', for each."""
    found = _measured(held, None, seed, resamples)
    if held.listener is not None:
        for name in sorted(set(held.listener.tolist())):
            found += _measured(of_rows(held, held.listener == name), str(name), seed, resamples)
    return found


def of_rows(held: HeldOut, rows: npt.NDArray[Any]) -> HeldOut:
    """The predictions of some of the rows."""

    def some(values: npt.NDArray[Any] | None) -> npt.NDArray[Any] | None:
        return None if values is None else values[rows]

    return replace(
        held,
        actual=held.actual[rows],
        predicted=held.predicted[rows],
        baseline=held.baseline[rows],
        block=held.block[rows],
        listener=some(held.listener),
        period=some(held.period),
        low=some(held.low),
        high=some(held.high),
    )


def _measured(held: HeldOut, listener: str | None, seed: int, resamples: int) -> list[Measured]:
    every = Draws(np.ones((1, 1)), np.zeros(len(held.actual), dtype=np.int64))
    drawn, outside = _drawn(held, seed, resamples), outside_of(held.block)
    rows = []
    for name, metric in metrics(held).items():
        own, other = (float(metric(held.actual, p, every)[0]) for p in (held.predicted, held.baseline))
        sign = -1.0 if name in LOWER_IS_BETTER else 1.0
        contest = name not in NO_CONTEST
        low, high = _interval(drawn[name][0], outside)
        gain_low, gain_high = _interval(sign * (drawn[name][0] - drawn[name][1]), outside) if contest else (None, None)
        rows.append(
            Measured(
                *(held.target, held.protocol, name, own, low, high, len(held.actual)),
                baseline_value=other if contest else None,
                gain=sign * (own - other) if contest else None,
                gain_low=gain_low,
                gain_high=gain_high,
                listener=listener,
            )
        )
    return rows


def _drawn(held: HeldOut, seed: int, resamples: int) -> dict[str, tuple[Numbers, Numbers]]:
    """Each metric of the model and of the baseline, on the same draws."""
    found: dict[str, list[tuple[Numbers, Numbers]]] = {name: [] for name in metrics(held)}
    for weights in draws(held.block, seed, resamples):
        for name, metric in metrics(held).items():
            both = metric(held.actual, held.predicted, weights), metric(held.actual, held.baseline, weights)
            found[name].append(both)
    none = (np.zeros(0), np.zeros(0))
    joined = {name: tuple(np.concatenate(side) for side in zip(*parts, strict=True)) for name, parts in found.items()}
    return {name: (sides[0], sides[1]) if sides else none for name, sides in joined.items()}


def _interval(drawn: Numbers, outside: float) -> tuple[float | None, float | None]:
    known = drawn[np.isfinite(drawn)]
    if not len(drawn) or len(known) < len(drawn) / 2:
        return None, None
    low, high = np.quantile(known, [outside, 1 - outside])
    return float(low), float(high)


def outside_of(block: npt.NDArray[Any]) -> float:
    """The share of draws that lies beyond each end of a 95 % interval over these blocks.

    Of few blocks, 2.5 % would be too many: the quantiles of draws are those of a normal distribution and not of
    Student's t, and a variance of so many parts comes out too small by one. Both are put right (Hesterberg 2015, the
    expanded percentile interval). Blocks of unequal size count as fewer equal ones (Kish 1965).
    """
    sizes = np.unique(block, return_counts=True)[1].astype(float)
    blocks = max(2.0, float(sizes.sum() ** 2 / (sizes @ sizes))) if len(sizes) else 2.0
    apart = stdtrit(blocks - 1, (1 + CONFIDENCE) / 2) * np.sqrt(blocks / (blocks - 1))
    return float(ndtr(-apart))


_CELLS = 8_000_000
"""Rows times draws that are worked on at once."""


@dataclass(frozen=True)
class Draws:
    """How much each row counts in each of several draws of whole blocks."""

    counts: Numbers
    """(blocks, draws)"""
    of: Rows
    """The block of each row."""

    def __matmul__(self, values: Numbers) -> Numbers:
        """Weighted sums of ``values`` over the rows, (draws,), or (draws, k) of k columns.

        Rows of a block count alike, so that they are added up once and not for each draw.
        """
        columns = values.reshape(len(values), -1).T
        sums = np.stack([np.bincount(self.of, column, len(self.counts)) for column in columns])
        return np.asarray((sums @ self.counts).T.reshape(-1, *values.shape[1:]))

    @property
    def total(self) -> Numbers:
        """(draws,) what all rows count together."""
        return np.asarray(np.bincount(self.of, minlength=len(self.counts)) @ self.counts)

    def of_groups(self, group: Rows, groups: int) -> Numbers:
        """(groups, draws) what the rows of each group count together."""
        rows = csr_array((np.ones(len(group)), (group, self.of)), shape=(groups, len(self.counts)))
        return np.asarray(rows @ self.counts)

    def part(self, rows: npt.NDArray[Any]) -> Draws:
        """The same of some of the rows."""
        return Draws(self.counts, self.of[rows])


def draws(block: npt.NDArray[Any], seed: int = SEED, resamples: int = RESAMPLES) -> Iterator[Draws]:
    """How often each row counts when whole blocks are drawn anew (Künsch 1989), some draws at a time.

    None with too few blocks.
    """
    of, blocks = pd.factorize(block, sort=True)
    if len(blocks) < FEWEST_BLOCKS:
        return
    step = max(1, _CELLS // len(of))
    for begin in range(0, resamples, step):
        counts = _counts(len(blocks), seed, resamples)[begin : begin + step]
        yield Draws(np.ascontiguousarray(counts.T, dtype=float), of)


@lru_cache(maxsize=2)
def _counts(blocks: int, seed: int, resamples: int) -> npt.NDArray[np.uint8]:
    """(resamples, blocks) how often each block is drawn; kept, because one set of rows is measured for many targets."""
    rng = np.random.default_rng(seed)
    even = np.full(blocks, 1 / blocks)
    step = max(1, _CELLS // blocks)
    # No block is ever drawn more than 255 times of so many.
    parts = [
        rng.multinomial(blocks, even, size=min(step, resamples - begin)).astype(np.uint8)
        for begin in range(0, resamples, step)
    ]
    return np.concatenate([np.zeros((0, blocks), dtype=np.uint8), *parts])


def metrics(held: HeldOut) -> dict[str, Metric]:
    """The metrics of a task. Each takes what was, what was predicted, and how much each row counts in each draw."""
    if held.task == "regression":
        found: dict[str, Metric] = {"rmse": _rmse, "mae": _mae, "r2": _r2}
        return found if held.low is None else {**found, "coverage_90": _covered(held)}
    if held.task == "rank":
        return {"ndcg": lambda actual, predicted, weights: _mean(predicted, weights)}
    if held.task == "classes":
        return {"accuracy": _accuracy, "f1_macro": _f1_macro, "log_loss": _log_loss, "brier": _brier}
    found = {
        "average_precision": _average_precision,
        "roc_auc": _roc_auc,
        "log_loss": _log_loss,
        "brier": _brier,
        "ece": ece,
        "expected_to_observed": _expected_to_observed,
    }
    if held.period is not None:
        found["mean_average_precision"] = _of_periods(held.period)
        found[f"precision_at_{ALERTS}"] = _of_alerts(held.period, lambda hits, alerts, positives: hits / alerts)
        found[f"recall_at_{ALERTS}"] = _of_alerts(held.period, lambda hits, alerts, positives: hits / positives)
    return found


def _mean(values: Numbers, weights: Draws) -> Numbers:
    return _ratio(weights @ values, weights.total)


def _ratio(part: Numbers, whole: Numbers) -> Numbers:
    """``part / whole``, not a number where the whole is nothing."""
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0))


def _positives_in_order(
    actual: npt.NDArray[Any], predicted: Numbers, weights: Draws
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """At each prediction that a positive has, from the highest: what positives and negatives count, by draws.

    (predictions, draws) of positives there; of negatives above it, and of those down to it, itself included. Last,
    (draws,) of all negatives.
    """
    is_positive = actual > 0
    levels = np.unique(-predicted[is_positive])
    place = np.searchsorted(levels, -predicted)
    is_there = levels[np.minimum(place, len(levels) - 1)] == -predicted if len(levels) else np.zeros(len(actual), bool)
    positives = weights.part(is_positive).of_groups(place[is_positive], len(levels))
    # Negatives above the first prediction, at it, between it and the second, at that, and so on.
    between = (2 * place + is_there)[~is_positive]
    negatives = np.cumsum(weights.part(~is_positive).of_groups(between, 2 * len(levels) + 1), axis=0)
    return positives, negatives[:-1:2], negatives[1::2], negatives[-1]


def _average_precision(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    """As scikit-learn's ``average_precision_score``, for many draws at once."""
    gained, _, false, _ = _positives_in_order(actual, predicted, weights)
    true = np.cumsum(gained, axis=0)
    precision = np.divide(true, true + false, out=np.zeros_like(true), where=true + false > 0)
    return _ratio((gained * precision).sum(axis=0), gained.sum(axis=0))


def _roc_auc(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    """As scikit-learn's ``roc_auc_score``, for many draws at once."""
    gained, above, down_to, false = _positives_in_order(actual, predicted, weights)
    true = gained.sum(axis=0)
    return _ratio((gained * (false - (above + down_to) / 2)).sum(axis=0), true * false)


def _log_loss(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    return _mean(log_losses(actual, predicted), weights)


def log_losses(actual: npt.NDArray[Any], predicted: Numbers) -> Numbers:
    """Of each row, the negative log of the probability given to what happened, which counts as 1e-6 at least."""
    return np.asarray(-np.log(np.clip(_of_actual(actual, predicted), 1e-6, 1)))


def _of_actual(actual: npt.NDArray[Any], predicted: Numbers) -> Numbers:
    """The probability that was given to what happened."""
    if predicted.ndim == 1:
        return np.where(actual > 0, predicted, 1 - predicted)
    return np.asarray(predicted[np.arange(len(actual)), actual.astype(int)])


def _brier(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    """Mean squared error of the probabilities; summed over classes where there are several (Brier 1950)."""
    if predicted.ndim == 1:
        return _mean((predicted - actual) ** 2, weights)
    happened = np.eye(predicted.shape[1])[actual.astype(int)]
    return _mean(((predicted - happened) ** 2).sum(axis=1), weights)


def ece(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    """Expected calibration error over ten groups of equal size (Naeini et al. 2015)."""
    of_group = np.eye(BINS)[_tenth(predicted)]
    apart = weights @ (of_group * (predicted - actual)[:, None])
    return _ratio(np.abs(apart).sum(axis=1), weights.total)


def _tenth(predicted: Numbers) -> Rows:
    """Which tenth of the predictions each is in, equal ones together."""
    edges = np.quantile(predicted, np.linspace(0, 1, BINS + 1)[1:-1])
    return np.searchsorted(edges, predicted, side="left")


def _expected_to_observed(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    return _ratio(weights @ predicted, weights @ (actual > 0).astype(float))


def _of_periods(period: npt.NDArray[Any]) -> Metric:
    """Mean average precision: of each period in which something happens, and their mean; equals in random order."""
    of, _ = pd.factorize(period)
    by_chance = np.random.default_rng(SEED).random(len(of))

    def metric(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
        order = np.lexsort((by_chance, -predicted, of))
        is_first = np.r_[True, of[order][1:] != of[order][:-1]]
        begin = np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))
        happened = (actual[order] > 0).astype(float)
        before = np.cumsum(happened) - happened
        hits = np.cumsum(happened) - before[begin]
        precision = happened * hits / (np.arange(len(order)) - begin + 1)
        positives = np.bincount(of[order], happened)
        share, has_one = np.zeros(len(order)), np.zeros(len(order))
        share[order] = precision / np.maximum(positives[of[order]], 1)
        has_one[order] = is_first & (positives[of[order]] > 0)
        return _ratio(weights @ share, weights @ has_one)

    return metric


def _of_alerts(period: npt.NDArray[Any], share: Callable[[Numbers, Numbers, Numbers], Numbers]) -> Metric:
    """A metric of hits, alerts and positives, where the first of each period are alerted of."""

    def metric(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
        order = np.lexsort((-predicted, period))
        starts = np.flatnonzero(np.r_[True, period[order][1:] != period[order][:-1]])
        place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
        first = order[place < ALERTS]
        positives = weights @ (actual > 0).astype(float)
        alerts = weights.part(first)
        hits = alerts @ (actual[first] > 0).astype(float)
        some = np.where(positives > 0, positives, np.nan)
        return share(hits, alerts.total, some)

    return metric


def _accuracy(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    return _mean((predicted.argmax(axis=1) == actual).astype(float), weights)


def _f1_macro(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    """Mean over the classes that occur or are predicted."""
    is_class, is_named = np.eye(predicted.shape[1])[actual.astype(int)], np.eye(predicted.shape[1])[predicted.argmax(1)]
    hits, both = weights @ (is_class * is_named), weights @ (is_class + is_named)
    return np.asarray(np.nanmean(np.where(both > 0, 2 * hits / np.where(both > 0, both, 1.0), np.nan), axis=1))


def _rmse(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    return np.sqrt(_mean((predicted - actual) ** 2, weights))


def _mae(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    return _mean(np.abs(predicted - actual), weights)


def _r2(actual: npt.NDArray[Any], predicted: Numbers, weights: Draws) -> Numbers:
    spread = _mean(actual**2, weights) - _mean(actual, weights) ** 2
    return 1 - _ratio(_mean((predicted - actual) ** 2, weights), spread)


def _covered(held: HeldOut) -> Metric:
    """The share of numbers that lie in the model's interval, whoever predicted them."""
    assert held.low is not None
    assert held.high is not None
    inside = ((held.actual >= held.low) & (held.actual <= held.high)).astype(float)
    return lambda actual, predicted, weights: _mean(inside, weights)


def calibration(held: HeldOut) -> list[tuple[float, float, int]]:
    """Of each tenth of a binary prediction: what was predicted, what happened, and of how many."""
    group = _tenth(held.predicted)
    n = np.bincount(group, minlength=BINS)
    predicted, happened = (np.bincount(group, v, BINS) for v in (held.predicted, held.actual.astype(float)))
    return [(float(predicted[b] / n[b]), float(happened[b] / n[b]), int(n[b])) for b in range(BINS) if n[b]]


def grouped(groups: npt.NDArray[Any], folds: int = 5, seed: int = SEED) -> Rows:
    """The fold of each row: all rows of a group in the same one, by a hash, so that it stays when rows come."""
    names, of = np.unique(groups.astype(str), return_inverse=True)
    fold = [int(hashlib.sha256(f"{seed} {name}".encode()).hexdigest()[:8], 16) % folds for name in names]
    return np.array(fold, dtype=np.int64)[of]


def rolling_origin(at: pd.Series, origins: Sequence[Any], embargo: Any) -> Iterator[tuple[Rows, Rows]]:
    """For each origin but the last: rows older than ``origin - embargo``, and rows from it to the next origin.

    ``embargo`` is as long as the label looks ahead, so that no label of the first is known later than the origin.
    """
    for begin, end in pairwise(origins):
        yield np.flatnonzero(at < begin - embargo), np.flatnonzero((at >= begin) & (at < end))


def guard(
    train: pd.DataFrame, test: pd.DataFrame, apart: Sequence[str] = (), at: str = "", embargo: Any = None
) -> None:
    """Raise Leak when a value of the columns ``apart`` stands on both sides, or a train row is too late."""
    for column in apart:
        both = set(train[column].dropna()) & set(test[column].dropna())
        if both:
            raise Leak(f"{len(both):,} values of {column} stand on both sides of the split, e.g. {next(iter(both))}")
    if at and len(train) and len(test):
        latest, first = train[at].max(), test[at].min()
        first = first - embargo if embargo is not None else first
        if latest >= first:
            raise Leak(f"a training row of {latest} is not older than {first}, before which its label was known")
