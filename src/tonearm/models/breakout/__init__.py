"""Breakout: which artists, not core now, become core within two months."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np
import pandas as pd
import xgboost as xgb
from scipy.special import expit

from tonearm.errors import ModelDamaged, NotEnoughData
from tonearm.models.breakout.artist_history import (
    HABIT_HALF_LIVES,
    HALF_LIVES,
    LEAST_NEAR,
    REFERENCE,
    all_features,
    gathered,
    histories,
    month_number,
    rule,
)
from tonearm.models.breakout.rules import Labelled, Rules, as_rules, read_rules
from tonearm.models.completion import Completion
from tonearm.models.evaluate import guard, log_losses
from tonearm.models.logistic import logistic
from tonearm.models.model import SEED, Decision, HeldOut

if TYPE_CHECKING:
    import numpy.typing as npt
    import xgboost

    Numbers = npt.NDArray[np.float64]
    Learned = tuple[Numbers, Any, Numbers]
    """Standardised rows, whether each broke out, and the log odds that trees start from."""

INPUTS = (
    *REFERENCE,
    "rule_log",
    *(f"{name}_decayed_{h}m" for name in ("proximity", "tracks", "days", "new_tracks") for h in HALF_LIVES),
    *(f"{name}_decayed_{h}m" for name in ("core", "half_core", "heard") for h in HABIT_HALF_LIVES),
    *(f"proximity_t_minus_{k}" for k in range(6)),
    *("proximity_highest_12m", "proximity_highest", "months_core_log", "months_since_core_log"),
    *("months_since_heard", "months_heard_of_3", "age_log", "proximity_last_year", "proximity_late_in_month"),
    *("total_log", "total_to_usual_log", "plays_to_core_log", "new_artists_share", "core_artists_log", "rank_log"),
)
RULE = INPUTS.index("rule_log")
UNBOUND = 30.0
"""The rule's weight may be so many times larger than the others for the same penalty: the other features correct the
rule, and where they add nothing the rule is what remains."""
BLOCK_MONTHS = 3
"""Months that are drawn together."""
LATEST_ZONE = timedelta(hours=12)
"""A month ends last where local time is 12 hours behind UTC."""


@dataclass(frozen=True)
class Chosen:
    """Settings found on the validation months alone, and what was found of them there."""

    strength: float
    """C of the logistic regression."""
    rounds: int
    """Trees, with which the log loss was lowest; 0 where none lowered it."""
    stretch: tuple[float, float]
    """Intercept and slope that make the log odds of the validation rows come true (Platt 1999)."""
    threshold: float
    """The usual probability of the last artist alerted of in a month: the median over the validation months."""


@dataclass(frozen=True)
class Breakout:
    """A rule of how near to core an artist was, corrected by a logistic regression, and that by boosted trees."""

    rules: Rules = field(default_factory=read_rules)
    strengths: tuple[float, ...] = (0.0001, 0.0003, 0.001)
    """C tried: features are many and alike, breakouts few."""
    depth: int = 3
    eta: float = 0.03
    most_rounds: int = 150
    stop_after: int = 20
    refit_months: int = 12
    """How often settings are chosen and the model learned anew while rolling, always on months before: in January."""
    least_breakouts: int = 60
    """Known before the first month that is predicted in the rolling evaluation: from fewer little is learned."""

    name = "breakout"
    registered = "breakout"
    summary = "Which artists, heard lately and not core, become core (20 listens or 1 % of a month) within two months."
    has_threshold = True
    inputs = ("artist_months",)
    baseline = "4-month decayed nearness to core"
    decides = (Decision("core", "mean_average_precision"),)
    belongs = ()
    limits = (
        "Knows months and no days: a burst of the last week counts as part of its month.",
        "Knows what was heard and nothing of releases, tours or friends, which bring most breakouts about.",
        "Near the rule it is compared with: a listener's taste moves slowly, and the rule knows that, too.",
        "An artist never heard before cannot be predicted.",
        "It is measured from the first January on before which 60 breakouts are known.",
        "The twenty artists that a listener has heard most are left out: they come back and do not break out.",
    )

    @property
    def served(self) -> str:
        """Name of the eligibility that is learned from and served: the first of the rules."""
        return next(iter(self.rules.eligibility))

    def examples(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """One row for each artist-month that is predicted, and whose breakout or not was known at ``as_of``.

        Columns: listener, artist_id, month_number, INPUTS, ``rule`` (the baseline's), ``core`` (1 is a breakout)
        and one for each eligibility of the rules.
        """
        rows = self.rows(complete_months(tables["artist_months"], as_of))
        rows = rows[rows["core"].notna()].reset_index(drop=True)
        if not len(self._origins(rows)):
            there_is = f"are {rows['month_number'].nunique()} months with {int(rows['core'].sum())} breakouts"
            raise NotEnoughData(self.name, there_is, f"{self.least_breakouts} breakouts before the last year")
        return rows

    def rows(self, artist_months: pd.DataFrame, is_last_month: bool = False) -> pd.DataFrame:
        """As :meth:`examples`, ``core`` being NaN where it is not known yet; sorted by month.

        Of all months, or of each listener's last one alone: artists silent for so long that none of the rules
        predicts them do not change it, and are the majority.
        """
        lately = max(one.heard_within_months for one in self.rules.eligibility.values()) if is_last_month else None
        found = [
            self._rows_of(Labelled(history, self.rules), is_last_month) for history in histories(artist_months, lately)
        ]
        if not found:
            return pd.DataFrame(columns=["listener", "artist_id", "month_number", "core", "rule", *INPUTS])
        rows = pd.concat(found, ignore_index=True)
        return rows.sort_values(["month_number", "listener", "artist_id"], kind="stable", ignore_index=True)

    def _rows_of(self, labelled: Labelled, is_last_month: bool) -> pd.DataFrame:
        flags = {name: labelled.is_eligible(one) for name, one in self.rules.eligibility.items()}
        cells = np.logical_or.reduce(list(flags.values()))
        cells[:, :-1] &= not is_last_month
        core = np.where(labelled.is_known(), labelled.breaks_out(), np.nan)

        def every() -> Iterator[tuple[str, Any]]:
            yield from all_features(labelled.history, self.rules.core.plays_min, self.rules.core.share_min)
            yield from (("rule", rule(labelled.near)), ("core", core))

        rows = gathered(labelled.history, cells, every())
        artist, month = np.nonzero(cells)
        return rows.assign(**{name: flag[artist, month] for name, flag in flags.items()})

    def held_out(self, examples: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """Rolling origin: each month predicted from what was known at its end, of each eligibility of the rules."""
        rolled = np.concatenate([*self._rolled(examples, seed), np.empty((0, 3))])
        place, predicted, baseline = rolled[:, 0].astype(int), rolled[:, 1], rolled[:, 2]
        rows = examples.iloc[place]
        found = []
        for name in self.rules.eligibility:
            own = rows[name].to_numpy()
            if own.any():
                found.append(self._of(rows[own], name, predicted[own], baseline[own]))
        return found

    def _of(self, rows: pd.DataFrame, name: str, predicted: Numbers, baseline: Numbers) -> HeldOut:
        month = rows["month_number"].to_numpy()
        return HeldOut(
            target="core" if name == self.served else f"core_of_{name}",
            protocol=f"rolling origin by month, fitted anew every {self.refit_months} months; artists {name}",
            task="binary",
            actual=rows["core"].to_numpy().astype(int),
            predicted=predicted,
            baseline=baseline,
            # A breakout is that of two months at least, so that neighbouring months are alike.
            block=month // BLOCK_MONTHS,
            listener=rows["listener"].to_numpy(),
            period=(rows["listener"].astype(str) + " " + rows["month_number"].astype(str)).to_numpy(),
        )

    def _origins(self, examples: pd.DataFrame) -> list[int]:
        """The months, at fixed places of the calendar, from which on is predicted what came after."""
        month, core = examples["month_number"].to_numpy(dtype=int), examples["core"].to_numpy()
        if not len(month):
            return []
        every = range(-(-int(month.min()) // self.refit_months) * self.refit_months, int(month.max()) + 1)
        served = core * examples[self.served].to_numpy()
        known = [(o, served[month <= o - self.rules.horizon_months].sum()) for o in every[:: self.refit_months]]
        return [origin for origin, breakouts in known if breakouts >= self.least_breakouts]

    def _rolled(self, examples: pd.DataFrame, seed: int) -> Iterator[Numbers]:
        """Of each origin: the places of its rows, what is predicted of them, and what by the baseline."""
        month = examples["month_number"].to_numpy()
        eligible = examples[list(self.rules.eligibility)].any(axis=1).to_numpy()
        for origin in self._origins(examples):
            train = examples[month <= origin - self.rules.horizon_months]
            test = np.flatnonzero((month >= origin) & (month < origin + self.refit_months) & eligible)
            if not len(test):
                continue
            # The label of a row is known at the end of the month that lies the horizon ahead of it.
            guard(train, examples.iloc[test], at="month_number", embargo=self.rules.horizon_months - 1)
            fitted = self.fit(train, seed)
            rows = examples.iloc[test]
            yield np.column_stack([test, fitted.probability(rows), fitted.of_rule(rows["rule"].to_numpy())])

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedBreakout:
        """Settings chosen on the last quarter of the months, then learned from all of them."""
        return self.fit_chosen(examples, self.choose(examples, seed), seed)

    def choose(self, examples: pd.DataFrame, seed: int = SEED) -> Chosen:
        """The settings with the lowest log loss in the last quarter of the months, learned from those before.

        With a fifth of the months kept for a test, that is the split of 60, 20 and 20 in a hundred.
        """
        months = np.unique(examples["month_number"])
        begin = months[int(len(months) * 0.75)]
        train = examples[(examples["month_number"] <= begin - self.rules.horizon_months) & examples[self.served]]
        valid = examples[(examples["month_number"] >= begin) & examples[self.served]]
        if train["core"].sum() < 5 or valid["core"].sum() < 5:
            return Chosen(self.strengths[0], 0, (0.0, 1.0), 0.5)
        completion = Completion.of(design(train))
        rows, asked = completion.standard(design(train)), completion.standard(design(valid))
        y, actual = train["core"].to_numpy(), valid["core"].to_numpy()
        lines = {strength: _line(rows, y, strength) for strength in self.strengths}
        strength = min(lines, key=lambda c: log_losses(actual, _probability(_odds(asked, lines[c]))).mean())
        linear = _odds(asked, lines[strength])
        rounds, odds = self._stopped((rows, y, _odds(rows, lines[strength])), (asked, actual, linear), seed)
        stretch = stretched(odds, actual)
        sure = _probability(stretch[0] + stretch[1] * odds)
        return Chosen(strength, rounds, stretch, self._usual_last(valid, sure))

    def _usual_last(self, rows: pd.DataFrame, probability: Numbers) -> float:
        ranked = rows[["listener", "month_number"]].assign(p=probability).groupby(["listener", "month_number"])["p"]
        last = ranked.apply(lambda one: one.nlargest(self.rules.alerts_per_month).min())
        return float(np.median(last))

    def _stopped(self, learned: Learned, valid: Learned, seed: int) -> tuple[int, Numbers]:
        """The trees' best number on the validation months, and the log odds there; 0 trees where none helps."""
        asked = _matrix(valid)
        booster = xgb.train(
            self._of_trees(seed),
            _matrix(learned),
            self.most_rounds,
            evals=[(asked, "validation")],
            early_stopping_rounds=self.stop_after,
            verbose_eval=False,
        )
        rounds = int(booster.best_iteration) + 1
        margin = booster.predict(asked, output_margin=True, iteration_range=(0, rounds))
        _, actual, linear = valid
        own, other = (log_losses(actual, _probability(odds)).mean() for odds in (margin, linear))
        if own >= other:
            return 0, linear
        return rounds, np.asarray(margin, dtype=float)

    def _of_trees(self, seed: int) -> dict[str, Any]:
        return {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "max_depth": self.depth,
            "eta": self.eta,
            "subsample": 0.7,
            "colsample_bytree": 0.3,
            "min_child_weight": 20,
            "reg_lambda": 20,
            "max_bin": 64,
            "tree_method": "hist",
            "nthread": 1,
            "seed": seed,
        }

    def fit_chosen(self, examples: pd.DataFrame, chosen: Chosen, seed: int = SEED) -> FittedBreakout:
        """Learn from what is served, with settings chosen before; the baseline from the same rows."""
        taught = examples[examples[self.served]]
        completion = Completion.of(design(taught))
        rows, y = completion.standard(design(taught)), taught["core"].to_numpy()
        line = _line(rows, y, chosen.strength)
        booster = None
        if chosen.rounds:
            booster = xgb.train(self._of_trees(seed), _matrix((rows, y, _odds(rows, line))), chosen.rounds)
        rule_line = stretched(_logged(taught["rule"].to_numpy()), y, prior=1e-3)
        return FittedBreakout(self, chosen, completion, line, rule_line, booster)

    def load(self, folder: Path) -> FittedBreakout:
        """What :meth:`FittedBreakout.save` wrote; raises ModelDamaged."""
        try:
            kept = json.loads((folder / "breakout.json").read_text(encoding="utf-8"))
            completion = Completion(*(np.asarray(part) for part in kept["completion"]))
            chosen = msgspec.convert(kept["chosen"], Chosen)
            model = replace(self, rules=as_rules(kept["rules"]))
            line, rule = np.asarray(kept["line"]), tuple(kept["rule"])
            features = tuple(kept["features"])
            booster = None
            if (folder / "trees.json").is_file():
                booster = xgb.Booster(model_file=str(folder / "trees.json"))
        except (OSError, ValueError, KeyError, TypeError, msgspec.ValidationError, xgb.core.XGBoostError) as error:
            raise ModelDamaged(f"{folder} holds no breakout model that can be read; train it again") from error
        if features != INPUTS:
            raise ModelDamaged(f"{folder} was learned from other features; train breakout again")
        return FittedBreakout(model, chosen, completion, line, cast("tuple[float, float]", rule), booster)


@dataclass(frozen=True)
class FittedBreakout:
    """Weights, trees where they help, and what was usual."""

    model: Breakout
    chosen: Chosen
    completion: Completion
    line: Numbers
    """Intercept and weights over INPUTS."""
    rule: tuple[float, float]
    """Intercept and slope of the baseline over the log of the rule."""
    booster: xgboost.Booster | None

    @property
    def threshold(self) -> float:
        """The usual probability of the last artist alerted of in a month."""
        return self.chosen.threshold

    def probability(self, rows: pd.DataFrame) -> Numbers:
        """Of each row; missing features are completed by those there are."""
        standard = self.completion.standard(design(rows))
        odds = _odds(standard, self.line)
        if self.booster is not None:
            margin = self.booster.predict(_matrix((standard, None, odds)), output_margin=True)
            odds = np.asarray(margin, dtype=float)
        intercept, slope = self.chosen.stretch
        return _probability(intercept + slope * odds)

    def of_rule(self, nearness: Numbers) -> Numbers:
        """The baseline's probability."""
        return _probability(self.rule[0] + self.rule[1] * _logged(nearness))

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """``probability``, ``rank_in_month`` and ``is_breakout`` of each record, known by INPUTS, any missing.

        A record breaks out when it is among the first of its ``listener`` and ``month`` and at least as likely as
        the last one alerted of usually is; with ``threshold``, when it is at least as likely as that.
        """
        return self._answers(records, self.probability(records), threshold)

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The same by the rule, of records that have its ``rule_log``; of others by its lowest value."""
        known = records.reindex(columns=["rule_log"])["rule_log"]
        nearness = np.exp(pd.to_numeric(known, errors="coerce").to_numpy(float)) - LEAST_NEAR
        return self._answers(records, self.of_rule(np.nan_to_num(nearness, posinf=0.0)), threshold)

    def _answers(self, records: pd.DataFrame, probability: Numbers, threshold: float | None) -> pd.DataFrame:
        rank = _rank(records, probability)
        if threshold is not None:
            is_breakout = probability >= threshold
        else:
            is_breakout = (rank <= self.model.rules.alerts_per_month) & (probability >= self.threshold)
        columns = {"probability": probability, "rank_in_month": rank, "is_breakout": is_breakout}
        return pd.DataFrame(columns, index=records.index)

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """Every artist that is predicted in the last complete month of each listener."""
        rows = self.model.rows(complete_months(tables["artist_months"], as_of), is_last_month=True)
        if len(rows):
            rows = rows[rows[self.model.served]]
        after = rows["month_number"].astype(int) + 1
        ends = [pd.Timestamp(year=m // 12, month=m % 12 + 1, day=1, tz="UTC") for m in after]
        return pd.DataFrame(
            {
                "listener": rows["listener"].to_numpy(),
                "subject": "artist",
                "subject_id": rows["artist_id"].astype(str).to_numpy(),
                "at": pd.Series(ends, dtype="datetime64[us, UTC]"),
                "quantity": "breakout",
                "score": self.probability(rows) if len(rows) else [],
                "baseline_score": self.of_rule(rows["rule"].to_numpy()) if len(rows) else [],
            }
        ).sort_values(["listener", "score"], ascending=[True, False], ignore_index=True)

    def save(self, folder: Path) -> None:
        """Write ``breakout.json`` and, where trees help, XGBoost's own ``trees.json``."""
        completion = self.completion
        kept = {
            "features": list(INPUTS),
            "rules": msgspec.to_builtins(self.model.rules),
            "chosen": msgspec.to_builtins(self.chosen),
            "line": self.line.tolist(),
            "rule": list(self.rule),
            "completion": [part.tolist() for part in (completion.mean, completion.scale, completion.correlation)],
        }
        (folder / "breakout.json").write_text(json.dumps(kept), encoding="utf-8")
        if self.booster is not None:
            self.booster.save_model(folder / "trees.json")


def complete_months(artist_months: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Rows of the months that had ended everywhere at ``as_of``: the running month would look like a decline."""
    ended = as_of - LATEST_ZONE
    return artist_months[month_number(artist_months["month"]) < 12 * ended.year + ended.month - 1]


def design(rows: pd.DataFrame) -> Numbers:
    """The features as numbers, NaN where one is missing or none; counts by their logarithm."""
    numbers = rows.reindex(columns=list(INPUTS))
    others = [name for name in INPUTS if not pd.api.types.is_float_dtype(numbers[name].dtype)]
    numbers = numbers.assign(**{name: pd.to_numeric(numbers[name], errors="coerce") for name in others})
    found = numbers.to_numpy(dtype=float, na_value=np.nan, copy=True)
    found[~np.isfinite(found)] = np.nan
    counts = found[:, : len(REFERENCE)]
    found[:, : len(REFERENCE)] = np.sign(counts) * np.log1p(np.abs(counts))
    return np.asarray(found)


def _line(rows: Numbers, core: Numbers, strength: float) -> Numbers:
    """Intercept and weights of the logistic regression over standardised rows."""
    bound = np.ones(rows.shape[1])
    bound[RULE] = UNBOUND
    return logistic(rows, core, np.zeros(rows.shape[1] + 1), np.r_[0.0, 1 / (strength * bound**2)])


def _odds(rows: Numbers, line: Numbers) -> Numbers:
    return cast("Numbers", rows @ line[1:] + line[0])


def _matrix(learned: Learned) -> xgboost.DMatrix:
    rows, actual, margin = learned
    return xgb.DMatrix(rows, actual, base_margin=margin, nthread=1)


def stretched(log_odds: Numbers, actual: Numbers, prior: float = 1.0) -> tuple[float, float]:
    """Intercept and slope that make ``log_odds`` come true; ``prior`` pulls the slope to 1 where rows are few."""
    intercept, slope = logistic(log_odds[:, None], actual, np.array([0.0, 1.0]), prior * np.array([0.02, 2.0]))
    return float(intercept), float(slope)


def _probability(log_odds: Numbers) -> Numbers:
    return cast("Numbers", expit(log_odds))


def _logged(nearness: Numbers) -> Numbers:
    return np.log(np.maximum(nearness, 0) + LEAST_NEAR)


def _rank(records: pd.DataFrame, probability: Numbers) -> npt.NDArray[np.int64]:
    """Place of each record in its listener's month, 1 the likeliest; equals in their order."""
    by = [c for c in ("listener", "month") if c in records.columns]
    ranked = pd.DataFrame({"p": probability, **{c: records[c].astype(str).to_numpy() for c in by}})
    group = ranked.groupby(by, dropna=False)["p"] if by else ranked["p"]
    return np.asarray(group.rank(method="first", ascending=False).astype(np.int64))
