"""How predictions on trial have done: calibration, and loss beside the baseline's, by model and version."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from tonearm.models.trial.rules import RULES, target
from tonearm.store.forecasts import Forecast, count_open, scored_forecasts

if TYPE_CHECKING:
    from tonearm.store import Store

SUMMED = timedelta(days=365)
"""Forecasts that were due longer ago tell little of today's."""
BINS = 10
_SURE = 1e-6
"""A probability is never nearer to 0 or 1, so that one surprise is not infinite."""
_RESAMPLES = 1000


@dataclass(frozen=True)
class Bin:
    """Forecasts of similar probability, and how many came true."""

    low: float
    high: float
    n: int
    predicted: float
    """Their mean probability."""
    happened: float
    """The share that came true."""


@dataclass(frozen=True)
class Week:
    """The forecasts that were due in one week."""

    begins: date
    """Its Monday, UTC."""
    n: int
    loss: float
    baseline_loss: float | None


@dataclass(frozen=True)
class Trial:
    """Forecasts of one version of a model, by whom they were served, beside what happened."""

    model: str
    version: str
    target: str
    served_by: str
    """``model``, or ``baseline`` where that answered in its place and nothing can be gained."""
    metric: str
    """``log_loss`` of probabilities, ``squared_error`` of numbers; lower is better."""
    n: int
    """Forecasts whose outcome is known."""
    first_due_at: datetime
    last_due_at: datetime
    predicted: float
    """Mean of what was forecast."""
    happened: float
    """Mean of what happened: of probabilities, the share that came true."""
    loss: float
    baseline_loss: float | None
    """None where the baseline predicted nothing."""
    gain: float | None
    """The baseline's loss less the forecasts'; above 0 is better."""
    gain_low: float | None
    gain_high: float | None
    """Its 95 % interval, from resampling whole days; None with too few of them."""
    brier: float | None
    """Mean squared error of the probabilities; None for numbers."""
    baseline_brier: float | None
    weeks_won: int
    """Weeks in which the forecasts lost less than the baseline."""
    bins: list[Bin]
    """Of probabilities; empty for numbers."""
    weeks: list[Week]


@dataclass(frozen=True)
class Trials:
    """All trials, and what is still open."""

    trials: list[Trial]
    open: int
    """Forecasts whose outcome is not known yet."""
    next_due_at: datetime | None
    """When the first of them is due; it is scored by the first run after a later listen."""


class _Loss(NamedTuple):
    own: float
    baseline: float | None


def trials(store: Store, listener: str | None = None, now: datetime | None = None) -> Trials:
    """What the trials of the last year show, of one listener or of all."""
    since = (now or datetime.now(UTC)) - SUMMED
    scored = scored_forecasts(store, since, listener)
    waiting, first = count_open(store, listener)
    return Trials(list(summed(scored)), waiting, first)


def summed(scored: Iterable[Forecast]) -> Iterator[Trial]:
    """One trial for each model, version, target and who served it; of forecasts whose outcome is known."""
    ordered = sorted(scored, key=lambda one: (*_of(one), one.due_at))
    for key, some in groupby(ordered, key=_of):
        yield _trial(key, list(some))


def _of(one: Forecast) -> tuple[str, str, str, str]:
    return one.model, one.version, target(one.model, one.subject), one.served_by


def _trial(key: tuple[str, str, str, str], some: Sequence[Forecast]) -> Trial:
    model, version, of, served_by = key
    is_probability = _is_probability(model)
    losses = [_loss(one, _loss_of(model)) for one in some]
    squares = [_loss(one, _squared) for one in some]
    weeks = list(_weeks(some, losses))
    low, high = _interval(some, losses)
    baseline = _baseline(losses)
    own = fmean(loss.own for loss in losses)
    return Trial(
        model=model,
        version=version,
        target=of,
        served_by=served_by,
        metric="log_loss" if is_probability else "squared_error",
        n=len(some),
        first_due_at=some[0].due_at,
        last_due_at=some[-1].due_at,
        predicted=fmean(one.predicted for one in some),
        happened=fmean(_happened(one) for one in some),
        loss=own,
        baseline_loss=baseline,
        gain=None if baseline is None else baseline - own,
        gain_low=low,
        gain_high=high,
        brier=fmean(loss.own for loss in squares) if is_probability else None,
        baseline_brier=_baseline(squares) if is_probability else None,
        weeks_won=sum(week.baseline_loss is not None and week.loss < week.baseline_loss for week in weeks),
        bins=list(_bins(some)) if is_probability else [],
        weeks=weeks,
    )


def _is_probability(model: str) -> bool:
    return model not in RULES or RULES[model].is_probability


def _loss_of(model: str) -> Callable[[float, float], float]:
    return _surprise if _is_probability(model) else _squared


def _happened(one: Forecast) -> float:
    assert one.outcome is not None
    return one.outcome


def _loss(one: Forecast, loss: Callable[[float, float], float]) -> _Loss:
    happened = _happened(one)
    return _Loss(loss(one.predicted, happened), None if one.baseline is None else loss(one.baseline, happened))


def _surprise(probability: float, happened: float) -> float:
    """Log loss."""
    sure = min(max(probability, _SURE), 1 - _SURE)
    return -math.log(sure if happened else 1 - sure)


def _squared(predicted: float, happened: float) -> float:
    return (predicted - happened) ** 2


def _baseline(losses: Sequence[_Loss]) -> float | None:
    """The baseline's mean loss; None unless it predicted them all."""
    known = [loss.baseline for loss in losses if loss.baseline is not None]
    return fmean(known) if len(known) == len(losses) else None


def _bins(some: Sequence[Forecast]) -> Iterator[Bin]:
    def place(one: Forecast) -> int:
        return min(int(one.predicted * BINS), BINS - 1)

    for number, own in groupby(sorted(some, key=place), key=place):
        alike = list(own)
        predicted, happened = fmean(one.predicted for one in alike), fmean(_happened(one) for one in alike)
        yield Bin(number / BINS, (number + 1) / BINS, len(alike), predicted, happened)


def _weeks(some: Sequence[Forecast], losses: Sequence[_Loss]) -> Iterator[Week]:
    def monday(pair: tuple[Forecast, _Loss]) -> date:
        day = pair[0].due_at.astimezone(UTC).date()
        return day - timedelta(days=day.weekday())

    for begins, pairs in groupby(zip(some, losses, strict=True), key=monday):
        own = [loss for _, loss in pairs]
        yield Week(begins, len(own), fmean(loss.own for loss in own), _baseline(own))


def _interval(some: Sequence[Forecast], losses: Sequence[_Loss]) -> tuple[float | None, float | None]:
    """Of the gain; None where the baseline did not predict all, or on too few days."""
    if _baseline(losses) is None or len({one.due_at.date() for one in some}) < 2:
        return None, None
    import numpy as np

    from tonearm.models.evaluate import draws, outside_of

    day = np.array([one.due_at.astimezone(UTC).date().toordinal() for one in some])
    gains = np.array([(loss.baseline or 0.0) - loss.own for loss in losses])
    drawn = [weights @ gains / weights.total for weights in draws(day, resamples=_RESAMPLES)]
    if not drawn:
        return None, None
    beyond = outside_of(day)
    low, high = np.quantile(np.concatenate(drawn), [beyond, 1 - beyond])
    return float(low), float(high)


class Gauge(NamedTuple):
    """One number of a trial, for monitoring."""

    name: str
    help: str
    labels: dict[str, str]
    value: float


def trial_gauges(store: Store, now: datetime | None = None) -> Iterator[Gauge]:
    """How the trials of all listeners stand, without intervals; names and labels as Prometheus has them.

    Each name comes with the labels ``model``, ``version``, ``target`` and ``served_by``, but for the number of
    forecasts that are open, which has none.
    """
    since = (now or datetime.now(UTC)) - SUMMED
    yield Gauge("tonearm_forecasts_open", "Forecasts whose outcome is not known yet.", {}, count_open(store)[0])
    ordered = sorted(scored_forecasts(store, since), key=_of)
    for (model, version, of, served_by), own in groupby(ordered, key=_of):
        some = list(own)
        labels = {"model": model, "version": version, "target": of, "served_by": served_by}
        yield Gauge("tonearm_forecasts_scored", "Forecasts of the last year with an outcome.", labels, len(some))
        yield from (Gauge(*named, labels, value) for named, value in _losses(model, some))


def _losses(model: str, some: Sequence[Forecast]) -> Iterator[tuple[tuple[str, str], float]]:
    losses = [_loss(one, _loss_of(model)) for one in some]
    yield ("tonearm_forecasts_predicted", "Mean of what was forecast."), fmean(one.predicted for one in some)
    yield ("tonearm_forecasts_happened", "Mean of what happened."), fmean(_happened(one) for one in some)
    yield ("tonearm_forecasts_loss", "Mean log loss, or squared error of numbers."), fmean(one.own for one in losses)
    if (baseline := _baseline(losses)) is not None:
        yield ("tonearm_forecasts_baseline_loss", "The same of the baseline."), baseline
