"""How energetic and how bright the coming week's hours will be, should something be heard in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tonearm.errors import NotEnoughData
from tonearm.models.listeners import (
    all_by_baseline,
    by_listener,
    column,
    load_listeners,
    local_offset,
    measured,
    names,
    now_of,
    save_listeners,
    serves,
)
from tonearm.models.model import SEED, Decision, HeldOut

if TYPE_CHECKING:
    from tonearm.models.listeners import Ints, Numbers

TARGETS = ("energy", "valence")
HOURS, WEEK_HOURS, WEEK_DAYS = 24, 168, 7
SATURDAY = 5
LEVELS_DAYS = (3.0, 10.0, 30.0, 120.0)
LATELY_DAYS = 60.0
NEAR_HOURS = 1.5
"""Standard deviation of the bell by which hours beside an hour count for it."""
LISTEN_NOISE = 1.5
"""Listens with which an hour's mean counts half as much as it would with very many."""
LEVEL_PRIOR, NEAR_PRIOR, LATELY_PRIOR, DAYS_PRIOR = 3.0, 15.0, 8.0, 20.0
"""Hours' worth of the listener's mean with which each part begins."""
HOUR_PRIORS = 0.5, 500.0
"""Least and most with which a single hour's mean begins."""
PARTS = ("level_3d", "level_10d", "level_30d", "level_120d", "hour", "near", "lately", "days", "near_days")
START = (0.0, 0.2, 0.2, 0.2, 1.0, 0.0, 0.0, 0.0, 0.2)
"""Weight of each part before anything is learned: some of the recent level, and the hour, which is shrunk already."""
SHARE_INSIDE = 0.9
NEEDED = ("listener", "listen_id", "started_at", "started_at_local", "feature_source", *TARGETS)
"""Columns of listens that predicting needs."""


@dataclass(frozen=True)
class EnergyForecast:
    """The listener's mean, moved by recent weeks and by the hour, each shrunk by how little it rests on."""

    fewest_hours: int = 80
    """Hours with a measured listen; the parts of 24 hours of two kinds of days need some of each."""
    fewest_weeks: int = 8
    warm_up_hours: int = 60
    ridge: float = 0.25
    """Pull towards the weights begun with: the better of .05 and .25 on the first half of two histories' hours."""
    fewest_errors: int = 30
    """Past errors from which an interval is taken; before, the spread of what was heard is."""

    name = "energy_forecast"
    registered = "energy_forecast"
    summary = "Expected energy and valence of what will be heard in each hour of the coming week, with its interval."
    has_threshold = False
    inputs = ("listening_with_features",)
    baseline = "the better so far of running mean and shrunk hour mean"
    decides = tuple(Decision(target, "rmse") for target in TARGETS)
    belongs = ()
    limits = (
        "Rests on listens with measured features alone, which may be a small and unlike part of all.",
        "Predicts what would be heard in an hour, not whether anything will be.",
        "An hour of one listen varies far more than one of many; the interval is that of a usual hour.",
    )

    def examples(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """Every local hour with measured listens: their mean energy and valence, and how many they are."""
        hours = _listened_hours(measured(tables["listening_with_features"], as_of))
        of_each = dict(by_listener(hours))
        enough = [own for own in of_each.values() if self._is_enough(_weeks(own))]
        if not enough:
            most = _weeks(max(of_each.values(), key=len, default=hours))
            there_is = f"are {len(most)} in {most.nunique()} weeks"
            needs = f"{self.fewest_hours} hours with measured listens in {self.fewest_weeks} weeks, of one listener"
            raise NotEnoughData(self.name, there_is, needs)
        return pd.concat(enough, ignore_index=True)

    def _is_enough(self, week: pd.Series) -> bool:
        before_the_last = int((week < week.max()).sum())
        is_long = len(week) >= self.fewest_hours and week.nunique() >= self.fewest_weeks
        return is_long and before_the_last >= self.warm_up_hours

    def held_out(self, examples: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """Each week's listened hours, predicted at its beginning from those of the weeks before."""
        return [self._held_out(target, examples) for target in TARGETS]

    def _held_out(self, target: str, examples: pd.DataFrame) -> HeldOut:
        parts = []
        for name, own in by_listener(examples):
            rows = Rows.of(own, target)
            rolled = self._rolled(rows)
            scored = ~np.isnan(rolled.predicted)
            block = np.array([f"{name} {week}" for week in rows.week[scored]])
            found = (rows.value, rolled.predicted, rolled.baseline, rolled.low, rolled.high)
            parts.append((*(values[scored] for values in found), block, np.repeat(name, len(block))))
        actual, predicted, baseline, low, high, block, listener = (np.concatenate(v) for v in zip(*parts, strict=True))
        protocol = "rolling, a week ahead"
        return HeldOut(target, protocol, "regression", actual, predicted, baseline, block, listener, low=low, high=high)

    def _rolled(self, rows: Rows) -> Rolled:
        """What was predicted of each hour at its week's beginning; NaN in the weeks of the warm-up."""
        found = Rolled.nothing(len(rows.value))
        begins = np.flatnonzero(np.r_[True, rows.week[1:] != rows.week[:-1]]).tolist()
        for begin, end in zip(begins[1:], [*begins[2:], len(rows.value)], strict=True):
            now, before = slice(begin, end), slice(begins[1], begin)
            usual = Usual.of(rows.part(slice(0, begin)), float(rows.week[begin] * WEEK_DAYS))
            found.parts[now] = usual.parts(rows.hour[now], rows.is_weekend[now])
            found.mean[now], found.simple[now] = usual.mean, usual.simple(rows.hour[now])
            found.baseline[now] = found.simple[now, best_simple(found.simple[before], rows.value[before])]
            if begin >= self.warm_up_hours:
                weights = self._learned(rows.part(before), found.parts[before], found.mean[before])
                found.predicted[now] = np.clip(usual.mean + found.parts[now] @ weights, 0, 1)
                down, up = self._interval(rows.value[before] - found.predicted[before], rows.value[:begin] - usual.mean)
                found.low[now], found.high[now] = _around(found.predicted[now], down, up)
        return found

    def _learned(self, rows: Rows, parts: Numbers, mean: Numbers) -> Numbers:
        """Weights of the parts: least squares, drawn towards START."""
        weighted = (parts * rows.weight[:, None]).T
        squares = weighted @ parts + self.ridge * np.eye(len(START))
        return np.asarray(np.linalg.solve(squares, weighted @ (rows.value - mean) + self.ridge * np.array(START)))

    def _interval(self, errors: Numbers, spread: Numbers) -> tuple[float, float]:
        """How far below and above the actual value may be: by past errors, one more counted at each end."""
        errors = errors[~np.isnan(errors)]
        errors = np.sort(errors if len(errors) >= self.fewest_errors else spread)
        beyond = int((1 - SHARE_INSIDE) / 2 * (len(errors) + 1))
        return float(errors[max(0, beyond - 1)]), float(errors[min(len(errors) - 1, len(errors) - beyond)])

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedEnergyForecast:
        """Each listener's weights, interval and usual hours, and whether the model was better than the baseline."""
        listeners = {
            name: {target: self._fitted(own, target, seed) for target in TARGETS} for name, own in by_listener(examples)
        }
        return FittedEnergyForecast(listeners)

    def _fitted(self, hours: pd.DataFrame, target: str, seed: int) -> dict[str, Any]:
        rows = Rows.of(hours, target)
        rolled = self._rolled(rows)
        scored, since = ~np.isnan(rolled.predicted), int(np.flatnonzero(~np.isnan(rolled.mean))[0])
        own, other = ((rows.value - predicted)[scored] ** 2 for predicted in (rolled.predicted, rolled.baseline))
        later = slice(since, None)
        weights = self._learned(rows.part(later), rolled.parts[later], rolled.mean[later])
        usual = Usual.of(rows, float(rows.day[-1] + 1))
        down, up = self._interval(rows.value - rolled.predicted, rows.value - usual.mean)
        usual_down, usual_up = self._interval(rows.value - rolled.baseline, rows.value - usual.mean)
        return {
            "serves": serves(own, other, rows.week[scored], seed),
            "simple": best_simple(rolled.simple[later], rows.value[later]),
            "weights": weights.tolist(),
            "interval": [down, up],
            "usual_interval": [usual_down, usual_up],
            "usual": usual.as_json(),
        }

    def load(self, folder: Path) -> FittedEnergyForecast:
        """What :meth:`FittedEnergyForecast.save` wrote."""
        return FittedEnergyForecast(load_listeners(folder, self.name))


@dataclass(frozen=True)
class FittedEnergyForecast:
    """Weights, intervals and usual hours of each listener and target."""

    listeners: dict[str, dict[str, Any]]

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """Energy and valence to be expected in each record's hour, with the interval of nine in ten.

        A record names ``listener``, ``hour_of_day`` and ``is_weekend`` (or ``day_of_week``, Monday 0). Null for a
        listener or an hour that is not known; a day that is not known counts as a working day.
        """
        listener, hour = names(records, "listener"), column(records, "hour_of_day")
        is_weekend = _is_weekend(records)
        columns = [f"{target}{end}" for target in TARGETS for end in ("", "_low", "_high", "_baseline")]
        found: dict[str, Any] = {name: np.full(len(records), np.nan) for name in columns}
        found |= {f"{target}_served_by": np.full(len(records), None, dtype=object) for target in TARGETS}
        for name, parts in self.listeners.items():
            rows = np.flatnonzero((listener == name) & (hour >= 0) & (hour < HOURS))
            for target, part in parts.items():
                usual = Usual.from_json(part["usual"])
                predicted = _predicted(part, usual, hour[rows].astype(np.int64), is_weekend[rows])
                for end, values in zip(("", "_low", "_high", "_baseline"), predicted, strict=True):
                    found[target + end][rows] = values
                found[f"{target}_served_by"][rows] = part["serves"]
        return pd.DataFrame(found)

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The same by the running mean or the shrunk mean of the hour, whichever erred less."""
        return FittedEnergyForecast({name: all_by_baseline(own) for name, own in self.listeners.items()}).predict(
            records
        )

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """The 168 local hours after ``as_of``, by the weights learned and the listens that there are now."""
        listens = tables["listening_with_features"].reindex(columns=list(NEEDED))
        newest = listens[listens["started_at"] < pd.Timestamp(as_of)].groupby("listener")["started_at"].max()
        known = measured(listens, as_of)
        hours = dict(by_listener(_listened_hours(known)))
        found = []
        for name, own in by_listener(known):
            if name in self.listeners and name in hours:
                now = now_of(newest[name], as_of)
                found.append(self._coming(name, own, hours[name], now))
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame({"listener": []})

    def _coming(self, name: str, listens: pd.DataFrame, hours: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
        offset = local_offset(listens)
        coming = (now.tz_convert("UTC").tz_localize(None) + offset).ceil("h")
        at = pd.date_range(coming, periods=WEEK_HOURS, freq="h")
        day = (coming.normalize() - listens["started_at_local"].min().normalize()).days
        hour, is_weekend = (np.asarray(of, dtype=np.int64) for of in (at.hour, at.day_of_week >= SATURDAY))
        in_utc = (at - offset).tz_localize("UTC")
        parts = []
        for target in TARGETS:
            part, usual = self.listeners[name][target], Usual.of(Rows.of(hours, target), float(day))
            predicted, low, high, baseline = _predicted(part, usual, hour, is_weekend)
            rows = {"score": predicted, "low": low, "high": high, "baseline_score": baseline}
            rows["baseline_low"], rows["baseline_high"] = _around(baseline, *part["usual_interval"])
            rows["served_by"] = part["serves"]
            parts.append(pd.DataFrame({**rows, "at": in_utc, "quantity": target}))
        return pd.concat(parts, ignore_index=True).assign(listener=name, subject="hour", subject_id=None)

    def save(self, folder: Path) -> None:
        """Write JSON into ``folder``."""
        save_listeners(folder, self.listeners)


@dataclass(frozen=True)
class Rows:
    """A listener's hours with measured listens, oldest first."""

    value: Numbers
    weight: Numbers
    """Below 1: the fewer listens, the less the hour's mean means."""
    hour: Ints
    is_weekend: Ints
    day: Numbers
    """Days from the first."""
    week: Ints

    @classmethod
    def of(cls, hours: pd.DataFrame, target: str) -> Rows:
        """The hours' mean of ``target``."""
        listens = hours["listens"].to_numpy(float)
        weight = listens / (listens + LISTEN_NOISE)
        hour, is_weekend = (hours[name].to_numpy("int64") for name in ("hour_of_day", "is_weekend"))
        day = _days(hours["at_local"]).to_numpy("int64")
        return cls(hours[target].to_numpy(float), weight, hour, is_weekend, day.astype(float), day // WEEK_DAYS)

    def part(self, rows: slice) -> Rows:
        """Some of the hours."""
        return Rows(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Rolled:
    """For each hour what was known and predicted at its week's beginning; NaN where nothing was."""

    parts: Numbers
    simple: Numbers
    """(n, 2) the running mean, and the shrunk hour mean."""
    mean: Numbers
    predicted: Numbers
    baseline: Numbers
    low: Numbers
    high: Numbers

    @classmethod
    def nothing(cls, rows: int) -> Rolled:
        """Nothing is predicted yet."""
        return cls(np.zeros((rows, len(PARTS))), np.zeros((rows, 2)), *(np.full(rows, np.nan) for _ in range(5)))


@dataclass(frozen=True)
class Usual:
    """What a listener's hours are like: the mean, and how far each part is from it."""

    mean: float
    levels: Numbers
    """(4,) of recent days."""
    by_hour: Numbers
    """(3, 24) of the hour, of near hours, and of near hours lately."""
    by_days: Numbers
    """(2,) of working days and weekends."""
    by_days_and_hour: Numbers
    """(2, 24)"""

    @classmethod
    def of(cls, rows: Rows, today: float) -> Usual:
        """By the hours of the days before ``today``."""
        mean = float(np.average(rows.value, weights=rows.weight))
        apart, age = rows.value - mean, today - rows.day
        levels = [_shrunk(apart, rows.weight * 0.5 ** (age / days), LEVEL_PRIOR) for days in LEVELS_DAYS]
        lately = rows.weight * 0.5 ** (age / LATELY_DAYS)
        by_hour = [
            _by_hour(rows.hour, apart, rows.weight, _hour_prior(rows.hour, apart, rows.weight)),
            _by_hour(rows.hour, apart, rows.weight, NEAR_PRIOR, _bell()),
            _by_hour(rows.hour, apart, lately, LATELY_PRIOR, _bell()),
        ]
        such = [rows.weight * (rows.is_weekend == kind) for kind in (0, 1)]
        by_days = [_shrunk(apart, weight, DAYS_PRIOR) for weight in such]
        both = [_by_hour(rows.hour, apart, weight, NEAR_PRIOR, _bell()) for weight in such]
        return cls(mean, np.array(levels), np.array(by_hour), np.array(by_days), np.array(both))

    def parts(self, hour: Ints, is_weekend: Ints) -> Numbers:
        """(n, parts) of hours of working days and weekends."""
        levels = np.broadcast_to(self.levels, (len(hour), len(LEVELS_DAYS)))
        days = (self.by_days[is_weekend], self.by_days_and_hour[is_weekend, hour])
        return np.column_stack([levels, self.by_hour[:, hour].T, *days])

    def simple(self, hour: Ints) -> Numbers:
        """(n, 2) what is expected without a model: the mean of all hours, and the hour's own, shrunk towards it."""
        return np.column_stack([np.full(len(hour), self.mean), self.mean + self.by_hour[0, hour]])

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        arrays = {name: getattr(self, name).tolist() for name in self.__dataclass_fields__ if name != "mean"}
        return {"mean": self.mean, **arrays}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Usual:
        """What :meth:`as_json` gave."""
        return cls(found["mean"], **{name: np.array(values) for name, values in found.items() if name != "mean"})


def _listened_hours(listens: pd.DataFrame) -> pd.DataFrame:
    """One row for each listener and local hour in which measured listens began."""
    at_local = listens["started_at_local"].dt.floor("h")
    known = listens.dropna(subset=list(TARGETS)).assign(at_local=at_local)
    by = known.groupby(["listener", "at_local"], sort=True)
    means = {target: (target, "mean") for target in TARGETS}
    hours = by.agg(at=("started_at", "min"), **means, listens=("started_at", "size")).reset_index()
    at = hours["at_local"].dt
    return hours.assign(hour_of_day=at.hour, is_weekend=(at.day_of_week >= SATURDAY).astype("int64"))


def _days(at_local: pd.Series) -> pd.Series:
    """Days from a listener's first hour to each."""
    midnight = at_local.dt.normalize()
    days: pd.Series = (midnight - midnight.min()).dt.days
    return days


def _weeks(hours: pd.DataFrame) -> pd.Series:
    return _days(hours["at_local"]) // WEEK_DAYS


def _shrunk(apart: Numbers, weight: Numbers, prior: float) -> float:
    """Weighted mean of what lies apart from the mean, as if ``prior`` hours more lay on it."""
    return float(weight @ apart / (weight.sum() + prior))


def _by_hour(hour: Ints, apart: Numbers, weight: Numbers, prior: float, bell: Numbers | None = None) -> Numbers:
    """(24,) the same for each hour of the day, together with near ones weighted by a ``bell``."""
    counts_for = np.eye(HOURS) if bell is None else bell
    sums, counts = (counts_for @ np.bincount(hour, of, HOURS) for of in (weight * apart, weight))
    return np.asarray(sums / (counts + prior))


def _hour_prior(hour: Ints, apart: Numbers, weight: Numbers) -> float:
    """Hours' worth of the mean that an hour's own mean is weighed against: what it varies by itself, over how far
    the hours differ (empirical Bayes, by moments)."""
    counts = np.bincount(hour, weight, HOURS)
    heard = counts > 0
    means = np.bincount(hour, weight * apart, HOURS)[heard] / counts[heard]
    own = float(weight @ (apart - (np.bincount(hour, weight * apart, HOURS) / np.maximum(counts, 1e-9))[hour]) ** 2)
    own /= max(float(weight.sum()) - float(heard.sum()) * float(weight.mean()), 1.0)
    between = float(np.average(means**2, weights=counts[heard])) - own * float(heard.sum()) / float(counts.sum())
    return float(np.clip(own / max(between, 1e-9), *HOUR_PRIORS))


def _bell() -> Numbers:
    """(24, 24) how much each hour counts for another, around the clock."""
    hour = np.arange(HOURS)
    apart = np.abs(hour[:, None] - hour)
    return np.asarray(np.exp(-0.5 * (np.minimum(apart, HOURS - apart) / NEAR_HOURS) ** 2))


def best_simple(simple: Numbers, actual: Numbers) -> int:
    """Which of the simple forecasts erred least on the hours before, in squares; the running mean if there are none."""
    return int(((simple - actual[:, None]) ** 2).sum(axis=0).argmin())


def _predicted(part: Mapping[str, Any], usual: Usual, hour: Ints, is_weekend: Ints) -> tuple[Numbers, ...]:
    """What is served of each hour, its interval, and the baseline."""
    baseline = usual.simple(hour)[:, part["simple"]]
    if part["serves"] == "baseline":
        return baseline, *_around(baseline, *part["usual_interval"]), baseline
    predicted = np.clip(usual.mean + usual.parts(hour, is_weekend) @ np.array(part["weights"]), 0, 1)
    return predicted, *_around(predicted, *part["interval"]), baseline


def _around(predicted: Numbers, down: float, up: float) -> tuple[Numbers, Numbers]:
    return np.clip(predicted + down, 0, 1), np.clip(predicted + up, 0, 1)


def _is_weekend(records: pd.DataFrame) -> Ints:
    given, day = column(records, "is_weekend"), column(records, "day_of_week")
    return np.where(np.isnan(given), day >= SATURDAY, given > 0).astype(np.int64)
