"""Mood: a track's valence and energy with 90 % intervals, and the probability of each of the five moods."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from xgboost import XGBRegressor

from tonearm.errors import ModelDamaged
from tonearm.models import catalogue
from tonearm.models.completion import Completion
from tonearm.models.crossfit import (
    QUANTILES,
    CrossFit,
    CrossSpread,
    Errors,
    Spread,
    a_few_each,
    below,
    boosted,
    cross_fit,
    once,
)
from tonearm.models.evaluate import grouped
from tonearm.models.model import SCORE_COLUMNS, SEED, Decision, HeldOut
from tonearm.silver.moods import MIDDLE, NEUTRAL_WITHIN

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt

    Labels = npt.NDArray[Any]
    Values = npt.NDArray[np.float64]

TARGETS = ("valence", "energy")
MOODS = ("Happy_Energetic", "Happy_Calm", "Sad_Energetic", "Sad_Calm", "Neutral")
COMPANY = ("company_valence", "company_energy", "company_tracks")
"""Mean valence and energy, as deviations, of other artists' tracks in the same playlists, and how many these are."""
CORE = ("danceability", "acousticness", "instrumentalness", "tempo")
"""Heard in the sound itself, and known wherever features are; the others come and go with the source."""
LEAVES_OUT = {"valence": ("valence",), "energy": ("valence", "energy")}
"""What is left out of a track's inputs when the target is predicted; valence comes after energy."""
USEFUL = (*CORE, "energy", "loudness")
"""Of these ``fewest_inputs`` have to be known: else an estimate is little better than the mean, and none is given."""
MOST_OF_ARTIST = 2
"""Tracks of an artist among those."""
FEWEST_OWN = 50
FILE = "mood.json"
KNOWN: tuple[tuple[str, ...], ...] = ((), (*CORE, "energy"), ("danceability", "acousticness", "energy"))
"""What is known of the sound where tracks are held out: all, what most measurements of a listener's own tracks have,
and what the poorest have."""
_LESSER = ("loudness", "speechiness", "liveness", *catalogue.OTHER_SOUND)
GROUPS = (_LESSER, catalogue.LISTING, catalogue.NAMES, COMPANY)
"""Inputs that a record has or lacks together."""
_ROUNDING = 1e-9
NAMED_BY = 0.5
"""A mood is named where its probability, divided by its frequency to this power, is the highest: else the rare moods
would hardly ever be named. The square root stands between the likeliest (0) and the most above its frequency (1)."""


@dataclass(frozen=True)
class Mood:
    """Valence and energy of a track from its other features; the fields are the model's settings."""

    trees: int = 350
    depth: int = 7
    rate: float = 0.05
    bare_share: float = 0.5
    """Share of tracks that are learned once more with half of what is known left out; half of these, of the sound."""
    fewest_inputs: int = 2
    """Of ``USEFUL``, what must be known of a track for anything to be said of it."""
    calibrated_on: int = 1500
    """Most tracks from which errors are learned for each set of inputs that may be known."""
    train_on_spotify_api: bool = False

    name = "mood"
    registered = "mood"
    summary = "Valence and energy of a track with 90 % intervals, and the probability of each of five moods."
    has_threshold = False
    inputs = (*catalogue.TABLES, "listens")
    baseline = "ridge regression on the known sound, the known energy"
    decides = (Decision("valence", "r2"), Decision("energy", "r2"), Decision("mood", "log_loss"))
    belongs = tuple((name, "mood") for name in (*MOODS, "mood named"))
    limits = (
        "From fewer than two of danceability, acousticness, instrumentalness, tempo, energy and loudness nothing is "
        "said.",
        "Valence is what Spotify's own model heard in the sound, not what a listener feels.",
        "More than half of what sets tracks apart in valence is not in their other features: use the interval.",
        "Learned from a catalogue of six genres; of tracks unlike these (classical, jazz, field recordings) it errs "
        "more than the intervals say.",
        "Where energy is known the mood is that of the known energy; else both are estimated as if apart.",
    )

    def examples(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """One row per distinct track with measured valence and energy; raises NotEnoughData."""
        rows = catalogue.measured(tables, self.train_on_spotify_api)
        if len(rows):
            rows = rows[rows[list(TARGETS)].notna().all(axis=1)].reset_index(drop=True)
        return catalogue.enough(rows, self.name)

    def held_out(self, examples: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """Each catalogue track by models that saw none of its artist; then the owner's by the catalogue alone."""
        is_own = (examples.source == "real").to_numpy()
        listed = examples[~is_own].reset_index(drop=True)
        held = []
        if len(listed) >= catalogue.FEWEST_TRACKS:
            held += self._grouped(listed, "grouped by artist, 5 folds", seed)
        if is_own.sum() >= FEWEST_OWN and len(listed) >= catalogue.FEWEST_TRACKS:
            held += self.cross_source(listed, examples[is_own].reset_index(drop=True), seed)
        return held or self._grouped(examples, "grouped by artist, 5 folds", seed)

    def _grouped(self, examples: pd.DataFrame, protocol: str, seed: int) -> list[HeldOut]:
        """With all that a catalogue knows, and with what other sources have."""
        fitted = self.fit(examples, seed)
        artist = examples.artist.to_numpy()
        fold = grouped(artist, seed=seed)
        outside = self.evidence(self.company_outside(examples, seed))
        errors = self.errors(examples, outside, fitted.folds, seed)
        spreads = {t: CrossSpread.of(errors[t]) for t in TARGETS}
        held = []
        for known in KNOWN:
            seen = only(outside, known) if known else outside
            predicted = {t: fitted.folds[t].predict(of_target(seen, t), artist) for t in TARGETS}
            around = {t: spreads[t].around(predicted[t], known_of(seen, t), fold) for t in TARGETS}
            simple = {t: np.zeros((len(examples), QUANTILES)) for t in TARGETS}
            for number in np.unique(fold):
                line, own = Line.of(outside[fold != number]), fold == number
                for target in TARGETS:
                    simple[target][own] = line.around(seen[own], target)
            name = f"{protocol}, {len(known)} features and the names known" if known else protocol
            held += _held(examples, name, predicted, around, simple, self._frequencies(examples, fold))
        return held

    def _frequencies(self, examples: pd.DataFrame, fold: Labels) -> Values:
        """(n, 5) how frequent each mood is among the artists of the other folds."""
        happens = np.eye(len(MOODS))[moods(examples.valence.to_numpy(float), examples.energy.to_numpy(float))]
        found = np.zeros(happens.shape)
        for number in np.unique(fold):
            found[fold == number] = happens[fold != number].mean(axis=0)
        return found

    def cross_source(self, listed: pd.DataFrame, own: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """The ``own`` tracks as predicted by what was learned from ``listed`` tracks of other artists."""
        apart = listed[~listed.artist.isin(own.artist)].reset_index(drop=True)
        fitted = self.fit(apart, seed)
        seen = self.evidence(own)
        predicted = {t: fitted.folds[t].predict(of_target(seen, t), own.artist.to_numpy()) for t in TARGETS}
        around = {t: fitted.spreads[t].around(predicted[t], known_of(seen, t)) for t in TARGETS}
        simple = {t: fitted.line.around(seen, t) for t in TARGETS}
        frequencies = np.tile([fitted.usual[name] for name in MOODS], (len(own), 1))
        protocol = "measured for the owner, learned from the catalogue without these artists"
        return _held(own, protocol, predicted, around, simple, frequencies)

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedMood:
        """One model per target and fold of artists, and how far each was off on the artists it did not see."""
        return once(self, examples, seed, lambda: self._fit(examples, seed))  # type: ignore[no-any-return]

    def _fit(self, examples: pd.DataFrame, seed: int) -> FittedMood:
        artist = examples.artist.to_numpy()
        is_bare = np.random.default_rng(seed).random(len(examples)) < self.bare_share
        actual = {t: examples[t].to_numpy(float) for t in TARGETS}
        outside = self.evidence(self.company_outside(examples, seed))
        inputs = outside.drop(columns=list(COMPANY))

        def learn(own: Labels) -> dict[str, Any]:
            evidence = inputs[own].join(_company(examples, own)[own])
            rows = pd.concat([evidence, self._bare(evidence[is_bare[own]], seed)])
            again = own & is_bare
            return {t: self._learned(of_target(rows, t), np.r_[y[own], y[again]], seed) for t, y in actual.items()}

        learned = cross_fit(artist, learn, seed)
        folds = {t: replace(learned, models=tuple(one[t] for one in learned.models)) for t in TARGETS}
        spreads = {t: errors.spread() for t, errors in self.errors(examples, outside, folds, seed).items()}
        frequencies = np.bincount(moods(actual["valence"], actual["energy"]), minlength=len(MOODS)) / len(examples)
        usual = dict(zip(MOODS, frequencies.tolist(), strict=True))
        return FittedMood(self, folds, spreads, Line.of(outside), usual)

    def _bare(self, evidence: pd.DataFrame, seed: int) -> pd.DataFrame:
        """``evidence`` as tracks are known elsewhere: without whole groups of inputs, every other one also without
        some of the sound.
        """
        bare = catalogue.blanked(evidence, GROUPS, seed)
        is_deaf = np.arange(len(bare)) % 2 == 0
        deaf = catalogue.blanked(bare[is_deaf], [(c,) for c in USEFUL], seed + 1)
        return pd.concat([bare[~is_deaf], deaf]).sort_index(kind="stable")

    def errors(
        self, examples: pd.DataFrame, outside: pd.DataFrame, folds: Mapping[str, CrossFit], seed: int
    ) -> dict[str, Errors]:
        """Predictions of tracks by models that saw none of their artist, for every set of inputs that may be known."""
        artist = examples.artist.to_numpy()
        fold = grouped(artist, seed=seed)
        found = {}
        for target in TARGETS:
            ways = [outside, outside.assign(**{c: catalogue.blank(c) for c in COMPANY})]
            for number, known in enumerate(_sets(target, self.fewest_inputs)):
                rows = np.flatnonzero(a_few_each(artist, MOST_OF_ARTIST, seed + number))
                rows = np.random.default_rng(seed + number).permutation(rows)[: self.calibrated_on]
                ways.append(only(outside.iloc[rows], known))
            every = pd.concat(ways)
            row = every.index.to_numpy()
            predicted = folds[target].predict(of_target(every, target), artist[row])
            actual = examples[target].to_numpy(float)[row]
            found[target] = Errors(predicted, actual, known_of(every, target), fold[row])
        return found

    def company_outside(self, examples: pd.DataFrame, seed: int) -> pd.DataFrame:
        """``examples`` with the company that each track has among the artists of other folds."""
        fold = grouped(examples.artist.to_numpy(), seed=seed)
        parts = [_company(examples, fold != number)[fold == number] for number in sorted(set(fold.tolist()))]
        return examples.join(pd.concat(parts))

    def evidence(self, records: pd.DataFrame) -> pd.DataFrame:
        """What is known of the records."""
        inputs = catalogue.inputs(records)
        for column in COMPANY:
            inputs[column] = catalogue.numbers(records, column).astype("float32")
        inputs["company_tracks"] = inputs.company_tracks.fillna(0.0)
        return inputs

    def _learned(self, rows: pd.DataFrame, actual: Values, seed: int) -> Any:
        settings = {"n_estimators": self.trees, "max_depth": self.depth, "learning_rate": self.rate}
        trees = boosted(XGBRegressor, rows.columns, seed, **settings, min_child_weight=5, max_bin=128)
        return trees.fit(rows, actual)

    def load(self, folder: Path) -> FittedMood:
        """What was saved in ``folder``; raises ModelDamaged."""
        try:
            learned = json.loads((folder / FILE).read_text(encoding="utf-8"))
            return FittedMood(
                Mood(**learned["settings"]),
                {t: CrossFit.load(folder, t) for t in TARGETS},
                {t: Spread.from_json(learned["spreads"][t]) for t in TARGETS},
                Line.from_json(learned["line"]),
                learned["usual"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelDamaged(f"{folder} of model {self.name} cannot be read; train the model again") from error


@dataclass(frozen=True)
class FittedMood:
    """A mood model that has learned."""

    settings: Mood
    folds: Mapping[str, CrossFit]
    spreads: Mapping[str, Spread]
    line: Line
    """The baseline."""
    usual: Mapping[str, float]
    """How frequent each mood is."""

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """Valence and energy with ``_low`` and ``_high`` (90 %), the ``mood`` named and each mood's probability.

        The moods' probabilities follow from the interval of valence and, where it is not known, of energy. Null where
        fewer than two features are known that say something about it.
        """
        artist = catalogue.artists(records)
        evidence = self.settings.evidence(records)
        around = {}
        predicted = {}
        for target in TARGETS:
            predicted[target] = self.folds[target].predict(of_target(evidence, target), artist)
            around[target] = self.spreads[target].around(predicted[target], known_of(evidence, target))
        return self._answers(records, evidence, predicted, around, has_intervals=True)

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The same by a ridge regression on the features that are known; without intervals."""
        evidence = self.settings.evidence(records)
        around = {t: self.line.around(evidence, t) for t in TARGETS}
        predicted = {t: self.line.estimate(evidence, t) for t in TARGETS}
        return self._answers(records, evidence, predicted, around, has_intervals=False)

    def _answers(
        self,
        records: pd.DataFrame,
        evidence: pd.DataFrame,
        predicted: Mapping[str, Values],
        around: Mapping[str, Values],
        has_intervals: bool,
    ) -> pd.DataFrame:
        found: dict[str, Any] = {}
        is_told = {t: is_useful(evidence, t, self.settings.fewest_inputs) for t in TARGETS}
        for target in TARGETS:
            found[target] = np.where(is_told[target], predicted[target].clip(0, 1), np.nan)
            for end, place in (("low", 5), ("high", 95)):
                limit = around[target][:, place].clip(0, 1) if has_intervals else np.nan
                found[f"{target}_{end}"] = np.where(is_told[target], limit, np.nan)
        known = catalogue.numbers(records, "energy").to_numpy()
        chances = probabilities(around["valence"].clip(0, 1), around["energy"].clip(0, 1), known)
        is_named = is_told["valence"] & (is_told["energy"] | ~np.isnan(known))
        best = named(chances, np.array([self.usual[name] for name in MOODS])).argmax(axis=1)
        found["mood"] = pd.Series(np.array(MOODS, dtype=object)[best], index=records.index).where(is_named, None)
        found |= {name: np.where(is_named, chances[:, j], np.nan) for j, name in enumerate(MOODS)}
        return pd.DataFrame(found, index=records.index)

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """Valence, energy and each mood's probability of every track that was heard and is known well enough."""
        rows = catalogue.heard(tables, as_of)
        rows = rows[rows[list(CORE)].notna().sum(axis=1) >= self.settings.fewest_inputs].reset_index(drop=True)
        if rows.empty:
            return pd.DataFrame(columns=list(SCORE_COLUMNS))
        listed = catalogue.measured(tables, is_spotify_api_allowed=True)
        company = _company(listed, listed[list(TARGETS)].notna().all(axis=1).to_numpy())
        company = company.set_axis(listed.track_id)[~listed.track_id.duplicated().to_numpy()]
        found, simple = self.predict(rows.join(company, on="track_id")), self.baseline(rows)
        is_known = rows[list(TARGETS)].notna().all(axis=1).to_numpy()
        mood = np.where(is_known, moods(rows.valence.to_numpy(), rows.energy.to_numpy()), -1)
        parts = []
        for quantity in (*TARGETS, *MOODS):
            part = pd.DataFrame({"subject_id": rows.track_id, "quantity": quantity, "score": found[quantity]})
            if quantity in TARGETS:
                part = part.assign(low=found[f"{quantity}_low"], high=found[f"{quantity}_high"], actual=rows[quantity])
            else:
                part["actual"] = np.where(is_known, (mood == MOODS.index(quantity)) * 1.0, np.nan)
            parts.append(part.assign(subject="track", baseline_score=simple[quantity]))
        return pd.concat(parts, ignore_index=True).reindex(columns=list(SCORE_COLUMNS))

    def save(self, folder: Path) -> None:
        """Write settings and spreads as JSON, and the pipelines with skops."""
        for target, folds in self.folds.items():
            folds.save(folder, target)
        learned = {
            "settings": dataclasses.asdict(self.settings),
            "spreads": {t: dataclasses.asdict(s) for t, s in self.spreads.items()},
            "line": self.line.to_json(),
            "usual": self.usual,
        }
        (folder / FILE).write_text(json.dumps(learned), encoding="utf-8")


def moods(valence: Values, energy: Values) -> Labels:
    """Number of each track's mood in ``MOODS``, by the rule of the tables."""
    is_neutral = np.maximum(abs(valence - MIDDLE), abs(energy - MIDDLE)) <= NEUTRAL_WITHIN + _ROUNDING
    quadrant = np.where(valence >= MIDDLE, 0, 2) + np.where(energy >= MIDDLE, 0, 1)
    return np.where(is_neutral, MOODS.index("Neutral"), quadrant)


def probabilities(valence: Values, energy: Values, known_energy: Values) -> Values:
    """(n, 5) of each mood, from the quantiles of valence and of energy, or the energy itself where it is known."""
    happy = _parts(valence, np.full(len(valence), np.nan))
    energetic = _parts(energy, known_energy)
    middle = (happy[:, 1] + happy[:, 2]) * (energetic[:, 1] + energetic[:, 2])
    found = np.zeros((len(valence), len(MOODS)))
    found[:, -1] = middle
    for number in range(4):
        v, e = (slice(2, 4) if number < 2 else slice(0, 2)), (slice(2, 4) if number % 2 == 0 else slice(0, 2))
        near = happy[:, 2 if number < 2 else 1] * energetic[:, 2 if number % 2 == 0 else 1]
        found[:, number] = happy[:, v].sum(axis=1) * energetic[:, e].sum(axis=1) - near
    return np.asarray(found.clip(0, 1) / found.clip(0, 1).sum(axis=1, keepdims=True))


def named(chances: Values, frequencies: Values) -> Values:
    """(n, 5) weights of the moods, of which the highest is named: for choosing a name, and not probabilities."""
    weights = chances / np.maximum(frequencies, 1e-3) ** NAMED_BY
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _parts(quantiles: Values, known: Values) -> Values:
    """(n, 4) probabilities of: below the middle's lower end, up to the middle, up to its upper end, above."""
    limits = (MIDDLE - NEUTRAL_WITHIN - _ROUNDING, MIDDLE, MIDDLE + NEUTRAL_WITHIN + _ROUNDING)
    under = np.column_stack([below(quantiles, limit) for limit in limits])
    certain = np.column_stack([(known < limit) * 1.0 for limit in limits])
    under = np.where(np.isnan(known)[:, None], under, certain)
    return np.diff(np.column_stack([np.zeros(len(under)), under, np.ones(len(under))]), axis=1)


def _company(examples: pd.DataFrame, known: Labels) -> pd.DataFrame:
    """The columns ``COMPANY`` of each row, from the ``known`` rows of other artists."""
    values = examples[list(TARGETS)].to_numpy(float)
    row, of = catalogue.memberships(examples.playlist_ids)
    found = catalogue.company(row, of, examples.artist.to_numpy(), values - values[known].mean(axis=0), known)
    return pd.DataFrame(found, index=examples.index, columns=list(COMPANY))


def of_target(evidence: pd.DataFrame, target: str) -> pd.DataFrame:
    """What may be looked at when ``target`` is predicted."""
    return evidence.drop(columns=list(LEAVES_OUT[target]))


def useful(target: str) -> tuple[str, ...]:
    """The inputs of ``USEFUL`` that the target is not."""
    return tuple(c for c in USEFUL if c not in LEAVES_OUT[target])


def is_useful(evidence: pd.DataFrame, target: str, fewest: int) -> Labels:
    """Whether so many of the useful inputs are known that the mood can be predicted."""
    return np.asarray(evidence[list(useful(target))].notna().sum(axis=1) >= fewest)


def _sets(target: str, fewest: int) -> list[tuple[str, ...]]:
    """Every set of useful inputs from which a mood can be predicted."""
    names = useful(target)
    return [known for size in range(fewest, len(names) + 1) for known in combinations(names, size)]


def only(evidence: pd.DataFrame, known: Sequence[str]) -> pd.DataFrame:
    """``evidence`` when of the sound these alone are known, and beside it the names."""
    kept = (*known, *catalogue.NAMES)
    return evidence.assign(**{c: catalogue.blank(c) for c in evidence.columns if c not in kept})


def known_of(evidence: pd.DataFrame, target: str) -> Labels:
    """Which useful inputs a record has, on which its error depends, and whether it comes from a catalogue."""
    names = useful(target)
    flags = evidence[list(names)].notna().to_numpy()
    code = flags @ (2 ** np.arange(len(names)))
    is_listed = flags.all(axis=1) & (evidence.genre != "").to_numpy()
    words = [" ".join(n for k, n in enumerate(names) if number >> k & 1) for number in range(2 ** len(names))]
    return np.where(is_listed, "listed", np.array(words, dtype=object)[code])


_SOUND = (*TARGETS, *CORE, *_LESSER)


@dataclass(frozen=True)
class Line:
    """The baseline: valence and energy by a ridge regression on whatever else is known of the sound."""

    completion: Completion
    off: Mapping[str, tuple[float, ...]]
    """Quantiles of how far it is off."""

    @staticmethod
    def of(evidence: pd.DataFrame) -> Line:
        """Learned from what is known of tracks."""
        line = Line(Completion.of(evidence[list(_SOUND)].to_numpy(float)), {})
        at = np.linspace(0, 1, QUANTILES)
        off = {t: np.quantile(evidence[t] - line.estimate(evidence, t), at) for t in TARGETS}
        return replace(line, off={t: tuple(found.tolist()) for t, found in off.items()})

    def estimate(self, evidence: pd.DataFrame, target: str) -> Values:
        """The target's conditional mean, given what may be looked at; the mean of all where nothing is known."""
        hidden = evidence[list(_SOUND)].assign(**dict.fromkeys(LEAVES_OUT[target], np.nan))
        place = _SOUND.index(target)
        standard = self.completion.standard(hidden.to_numpy(float))[:, place]
        return np.asarray((self.completion.mean[place] + self.completion.scale[place] * standard).clip(0, 1))

    def around(self, evidence: pd.DataFrame, target: str) -> Values:
        """(n, 101) quantiles of what the target may be; the 51st is about the estimate."""
        return np.asarray(self.estimate(evidence, target)[:, None] + np.array(self.off[target]))

    def to_json(self) -> dict[str, Any]:
        """What :meth:`from_json` reads."""
        parts = (self.completion.mean, self.completion.scale, self.completion.correlation)
        return {"completion": [part.tolist() for part in parts], "off": self.off}

    @staticmethod
    def from_json(found: Mapping[str, Any]) -> Line:
        """What :meth:`to_json` wrote."""
        return Line(
            Completion(*(np.asarray(part) for part in found["completion"])),
            {t: tuple(off) for t, off in found["off"].items()},
        )


def _held(
    rows: pd.DataFrame,
    protocol: str,
    predicted: Mapping[str, Values],
    around: Mapping[str, Values],
    simple: Mapping[str, Values],
    frequencies: Values,
) -> list[HeldOut]:
    """The predictions of the two targets and, with the energy known, of the moods; ``simple`` is the baseline's."""
    artist = rows.artist.to_numpy()
    held = [
        HeldOut(
            *(t, protocol, "regression", rows[t].to_numpy(float), predicted[t].clip(0, 1)),
            *(simple[t].mean(axis=1).clip(0, 1), artist),
            low=around[t][:, 5].clip(0, 1),
            high=around[t][:, 95].clip(0, 1),
        )
        for t in TARGETS
    ]
    energy = rows.energy.to_numpy(float)
    actual = moods(rows.valence.to_numpy(float), energy)
    chances, simply = (probabilities(q["valence"].clip(0, 1), q["energy"].clip(0, 1), energy) for q in (around, simple))
    names = tuple(named(each, frequencies) for each in (chances, simply))
    return [
        *held,
        HeldOut("mood", protocol, "classes", actual, chances, simply, artist, classes=MOODS),
        HeldOut("mood named", protocol, "classes", actual, names[0], names[1], artist, classes=MOODS),
    ]
