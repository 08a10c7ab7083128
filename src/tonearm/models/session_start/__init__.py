"""When the next session starts: a probability for each of the coming hours, a day and an hour ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from tonearm.errors import NotEnoughData
from tonearm.models.evaluate import log_losses
from tonearm.models.listeners import (
    all_by_baseline,
    by_listener,
    column,
    in_order,
    load_listeners,
    local_offset,
    names,
    now_of,
    save_listeners,
    serves,
)
from tonearm.models.logistic import logistic
from tonearm.models.model import SEED, Decision, HeldOut
from tonearm.models.session_start.grid import Grid, features, names_of, simple_forecast

if TYPE_CHECKING:
    from tonearm.models.listeners import Ints, Numbers

DAY_AHEAD, HOUR_AHEAD = "session_start_day_ahead", "session_start_hour_ahead"
HORIZONS = {DAY_AHEAD: False, HOUR_AHEAD: True}
"""Each quantity, and whether it may use the hours right before."""
BLOCK_DAYS = 28
"""Days drawn together in a bootstrap: habits of neighbouring weeks are alike."""
INTERCEPT_RIDGE = 0.1
"""Of the intercept, which stands for how often sessions start at all and is nearly free."""
NEEDED = ("listener", "listen_id", "started_at", "started_at_local", "session_started_at")
"""Columns of listens that predicting needs."""


@dataclass(frozen=True)
class SessionStart:
    """A logistic regression for each listener and horizon, drawn towards the simple forecast of the hour."""

    warm_up_days: int = 60
    """Before that the baseline answers: hours of the week have been seen eight times."""
    fewest_starts: int = 30
    """Hours with a start in the window; with fewer the weights would be guesses."""
    window_days: int = 730
    refit_days: int = 14
    half_life_days: float = 365.0
    """How fast old days lose weight: 90, 365 and 1,000 days predicted the first third of two histories equally well."""
    ridge: float = 10.0
    """Pull towards the baseline: 3 and 10 were within .0003 in log loss there, and the stronger one is safer."""
    scored_days: int = 1_461
    """Newest days used for the evaluation: how well older habits were predicted matters little now."""
    judged_days: int = 728
    """Last days of a history that decide whether its listener is served the model."""

    name = "session_start"
    registered = "session_start"
    summary = "The probability that a session starts in each coming hour, predicted a day ahead and an hour ahead."
    has_threshold = False
    inputs = ("listening_with_features",)
    baseline = "the best so far of a constant rate and decayed frequencies of the hour"
    decides = tuple(Decision(target, "log_loss") for target in HORIZONS)
    belongs = ()
    limits = (
        "Predicts each listener from their own hours and learns nothing from other listeners.",
        "Predicts the next 24 hours; it was not tested further ahead.",
        "Silence in a history counts as not listening, also where a service was merely not connected.",
        "Hours are those of the listener's clock at the newest listen; a change of the clock is not foreseen.",
    )

    def examples(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """Every local hour of each listener from the first day to the newest listen: starts, listens, silence before.

        Only whole hours that were over at ``as_of``.
        """
        listens = tables["listening_with_features"]
        listens = in_order(listens[listens["started_at"] < pd.Timestamp(as_of)])
        of_each = dict(by_listener(listens))
        grids = {name: Grid.until(own, pd.Timestamp(as_of)) for name, own in of_each.items()}
        enough = {name: grid for name, grid in grids.items() if self._is_enough(grid)}
        if not enough:
            days = max((grid.days for grid in grids.values()), default=0)
            starts = max((int(grid.has_start.sum()) for grid in grids.values()), default=0)
            raise NotEnoughData(
                self.name,
                f"are {days} days, and {starts} hours in which a session started",
                f"{self.warm_up_days} days and {self.fewest_starts} hours in which a session starts, of one listener",
            )
        frames = [grid.frame(name, local_offset(of_each[name])) for name, grid in enough.items()]
        return pd.concat(frames, ignore_index=True)

    def _is_enough(self, grid: Grid) -> bool:
        return grid.days > self.warm_up_days and grid.has_start.sum() >= self.fewest_starts

    def held_out(self, examples: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """Each day predicted at its midnight, or each hour at its beginning, from what was before."""
        return [self._held_out(target, examples) for target in HORIZONS]

    def _held_out(self, target: str, examples: pd.DataFrame) -> HeldOut:
        parts = []
        for name, own in by_listener(examples):
            grid = Grid.of(own)
            first = max(self.warm_up_days, grid.days - self.scored_days)
            predicted, baseline = self._rolled(grid, target, first)
            actual = grid.has_start[first:]
            month = [f"{name} {day // BLOCK_DAYS}" for day in range(first, grid.days)]
            flat = (values.ravel() for values in (actual, predicted, baseline))
            parts.append((*flat, np.repeat(month, 24), np.repeat(name, actual.size)))
        actual, predicted, baseline, block, listener = (np.concatenate(values) for values in zip(*parts, strict=True))
        ahead = "hour" if HORIZONS[target] else "day"
        protocol = f"rolling, one {ahead} ahead, refitted every {self.refit_days} days"
        return HeldOut(target, protocol, "binary", actual.astype(int), predicted, baseline, block, listener)

    def _rolled(self, grid: Grid, target: str, first: int) -> tuple[Numbers, Numbers]:
        """Probabilities of the model and of the baseline for each day from ``first`` on."""
        x = features(grid, HORIZONS[target])
        baseline = simple_forecast(grid)
        predicted, weights = baseline.copy(), None
        for day in range(first, grid.days, self.refit_days):
            weights = self._learned(x, grid.has_start, day, weights)
            if weights is not None:
                predicted[day : day + self.refit_days] = probability(x[day : day + self.refit_days], weights)
        return np.asarray(predicted[first:]), np.asarray(baseline[first:])

    def _learned(self, x: Numbers, has_start: Numbers, until: int, before: Numbers | None) -> Numbers | None:
        """Weights learned from the days before ``until``, beginning at those learned ``before``."""
        # The first week has nothing to look back on.
        since = max(7, until - self.window_days)
        actual = has_start[since:until].ravel()
        if actual.sum() < self.fewest_starts:
            return None
        weight = np.repeat(0.5 ** ((until - 1 - np.arange(since, until)) / self.half_life_days), 24)
        rows = x[since:until].reshape(len(actual), -1)
        # The weight of the baseline's log odds, which come first, is drawn to 1, and all others to 0.
        towards = np.r_[0.0, 1.0, np.zeros(rows.shape[1] - 1)]
        pull = np.r_[INTERCEPT_RIDGE, np.full(rows.shape[1], self.ridge)]
        return logistic(rows, actual, towards, pull, weight, before)

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedSessionStart:
        """Weights of each listener and horizon, and whether the model answered better than the baseline lately."""
        listeners: dict[str, dict[str, Any]] = {}
        for name, own in by_listener(examples):
            grid = Grid.of(own)
            listeners[name] = {target: self._fitted(grid, target, seed) for target in HORIZONS}
        return FittedSessionStart(listeners)

    def _fitted(self, grid: Grid, target: str, seed: int) -> dict[str, Any]:
        x = features(grid, HORIZONS[target])
        weights = self._learned(x, grid.has_start, grid.days, None)
        first = max(self.warm_up_days, grid.days - self.judged_days)
        predicted, baseline = self._rolled(grid, target, first)
        actual = grid.has_start[first:].ravel()
        block = np.repeat(np.arange(first, grid.days) // BLOCK_DAYS, 24)
        losses = log_losses(actual, predicted.ravel()), log_losses(actual, baseline.ravel())
        served = "baseline" if weights is None else serves(*losses, block, seed)
        # What is known on the last day stands in for what a record lacks.
        usual = dict(zip(names_of(HORIZONS[target]), x[-7:].mean(axis=0).T.tolist(), strict=True))
        return {"serves": served, "weights": [] if weights is None else weights.tolist(), "usual": usual}

    def load(self, folder: Path) -> FittedSessionStart:
        """What :meth:`FittedSessionStart.save` wrote."""
        return FittedSessionStart(load_listeners(folder, self.name))


@dataclass(frozen=True)
class FittedSessionStart:
    """The weights of each listener and horizon, and what the last week was like."""

    listeners: dict[str, dict[str, Any]]

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The probability of a start in each record's hour; null for a listener or an hour that is not known.

        A record names ``listener`` and ``hour_of_day``, and may have any of the features by its name; those it
        lacks are as in the listener's last week.
        """
        listener, hour = names(records, "listener"), column(records, "hour_of_day")
        predicted = {target: np.full(len(records), np.nan) for target in HORIZONS}
        baseline = np.full(len(records), np.nan)
        served_by = {f"{target}_served_by": np.full(len(records), None, dtype=object) for target in HORIZONS}
        is_hour = (hour >= 0) & (hour < 24)
        for name, parts in self.listeners.items():
            rows = np.flatnonzero((listener == name) & is_hour)
            for target, part in parts.items():
                x = _completed(
                    records.iloc[rows], hour[rows].astype(np.int64), part["usual"], names_of(HORIZONS[target])
                )
                baseline[rows] = expit(x[:, 0])
                is_model = part["serves"] == "model"
                predicted[target][rows] = probability(x, np.array(part["weights"])) if is_model else baseline[rows]
                served_by[f"{target}_served_by"][rows] = part["serves"]
        return pd.DataFrame({**predicted, "baseline": baseline, **served_by})

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The same by the baseline."""
        return FittedSessionStart({name: all_by_baseline(own) for name, own in self.listeners.items()}).predict(records)

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """The 24 hours after ``as_of``, predicted a day ahead, and the first of them also an hour ahead."""
        listens = tables["listening_with_features"].reindex(columns=list(NEEDED))
        listens = in_order(listens[listens["started_at"] < pd.Timestamp(as_of)])
        known = [self._coming(name, own, as_of) for name, own in by_listener(listens) if name in self.listeners]
        return pd.concat(known, ignore_index=True) if known else pd.DataFrame({"listener": []})

    def _coming(self, name: str, listens: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
        offset = local_offset(listens)
        coming = (now_of(listens["started_at"].max(), as_of).tz_convert("UTC").tz_localize(None) + offset).ceil("h")
        parts = []
        for target, is_hour_ahead in HORIZONS.items():
            part = self.listeners[name][target]
            # A day ahead, the days begin at the coming hour, so that all before it is the days before.
            grid = Grid.before(listens, coming, 0 if is_hour_ahead else coming.hour)
            wanted = slice(coming.hour, coming.hour + 1) if is_hour_ahead else slice(None)
            x = features(grid, is_hour_ahead, slice(-1, None))[0, wanted]
            baseline = expit(x[:, 0])
            predicted = probability(x, np.array(part["weights"])) if part["serves"] == "model" else baseline
            at = pd.date_range(coming - offset, periods=len(x), freq="h", tz="UTC")
            rows = {"score": predicted, "baseline_score": baseline, "served_by": part["serves"]}
            parts.append(pd.DataFrame({"at": at, "quantity": target, **rows}))
        return pd.concat(parts, ignore_index=True).assign(listener=name, subject="hour", subject_id=None)

    def save(self, folder: Path) -> None:
        """Write JSON into ``folder``."""
        save_listeners(folder, self.listeners)


def _completed(records: pd.DataFrame, hour: Ints, usual: Mapping[str, list[float]], order: tuple[str, ...]) -> Numbers:
    """The features of each record, as usual at its hour where it lacks them."""
    columns = []
    for name in order:
        own = column(records, name)
        columns.append(np.where(np.isnan(own), np.array(usual[name])[hour], np.clip(own, -100, 100)))
    return np.stack(columns, axis=1)


def probability(x: Numbers, weights: Numbers) -> Numbers:
    """Of a start, by features (last axis) and weights, of which the first stands alone."""
    return np.asarray(np.clip(expit(weights[0] + x @ weights[1:]), 1e-4, 1 - 1e-4))
