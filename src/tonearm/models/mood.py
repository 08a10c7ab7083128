"""Mood: a track's valence and energy with 90 % intervals, and the probability of each of the five moods."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from xgboost import XGBRegressor

from tonearm.errors import ModelDamaged
from tonearm.models import catalogue
from tonearm.models.crossfit import CrossFit, Spread, below, boosted, cross_fit, once, without_own_fold
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
FEWEST_OWN = 50
FILE = "mood.json"
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
    """Share of tracks that are learned once more with half of what is known left out."""
    fewest_inputs: int = 2
    """Of ``CORE``, what must be known of a track for its mood to be written to the lake."""
    train_on_spotify_api: bool = False

    name = "mood"
    registered = "mood"
    summary = "Valence and energy of a track with 90 % intervals, and the probability of each of five moods."
    is_about_tracks = True
    has_threshold = False
    inputs = (*catalogue.TABLES, "listens")
    baseline = "mean of the training tracks, frequency of the moods"
    decides = (Decision("valence", "r2"), Decision("energy", "r2"), Decision("mood", "log_loss"))
    belongs = tuple((name, "mood") for name in (*MOODS, "mood named"))
    limits = (
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
        fitted = self.fit(examples, seed)
        artist = examples.artist.to_numpy()
        fold = grouped(artist, seed=seed)
        seen = self.evidence(self._company_outside(examples, seed))
        predicted = {t: fitted.folds[t].predict(of_target(seen, t), artist) for t in TARGETS}
        around = {t: without_own_fold(predicted[t], examples[t].to_numpy(), fold, known_of(seen)) for t in TARGETS}
        means = {t: np.zeros(len(examples)) for t in TARGETS}
        frequencies = np.zeros((len(examples), len(MOODS)))
        actual = moods(examples.valence.to_numpy(), examples.energy.to_numpy())
        for number in np.unique(fold):
            rest, own = fold != number, fold == number
            for target in TARGETS:
                means[target][own] = examples[target][rest].mean()
            frequencies[own] = np.bincount(actual[rest], minlength=len(MOODS)) / rest.sum()
        return _held(examples, protocol, predicted, around, means, frequencies)

    def cross_source(self, listed: pd.DataFrame, own: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """The ``own`` tracks as predicted by what was learned from ``listed`` tracks of other artists."""
        apart = listed[~listed.artist.isin(own.artist)].reset_index(drop=True)
        fitted = self.fit(apart, seed)
        seen = self.evidence(own)
        predicted = {t: fitted.folds[t].predict(of_target(seen, t), own.artist.to_numpy()) for t in TARGETS}
        around = {t: fitted.spreads[t].around(predicted[t], known_of(seen)) for t in TARGETS}
        means = {t: np.full(len(own), apart[t].mean()) for t in TARGETS}
        actual = moods(apart.valence.to_numpy(), apart.energy.to_numpy())
        frequencies = np.tile(np.bincount(actual, minlength=len(MOODS)) / len(apart), (len(own), 1))
        protocol = "measured for the owner, learned from the catalogue without these artists"
        return _held(own, protocol, predicted, around, means, frequencies)

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedMood:
        """One model per target and fold of artists, and how far each was off on the artists it did not see."""
        return once(self, examples, seed, lambda: self._fit(examples, seed))  # type: ignore[no-any-return]

    def _fit(self, examples: pd.DataFrame, seed: int) -> FittedMood:
        artist = examples.artist.to_numpy()
        is_bare = np.random.default_rng(seed).random(len(examples)) < self.bare_share
        actual = {t: examples[t].to_numpy(float) for t in TARGETS}
        outside = self.evidence(self._company_outside(examples, seed))
        inputs = outside.drop(columns=list(COMPANY))

        def learn(own: Labels) -> dict[str, Any]:
            evidence = inputs[own].join(_company(examples, own)[own])
            rows = pd.concat([evidence, catalogue.blanked(evidence[is_bare[own]], GROUPS, seed)])
            again = own & is_bare
            return {t: self._learned(of_target(rows, t), np.r_[y[own], y[again]], seed) for t, y in actual.items()}

        learned = cross_fit(artist, learn, seed)
        folds = {t: replace(learned, models=tuple(one[t] for one in learned.models)) for t in TARGETS}
        hidden = {c: catalogue.blank(c) for c in (*_LESSER, *catalogue.LISTING, *COMPANY)}
        both = pd.concat([outside, outside.assign(**hidden)], ignore_index=True)
        spreads = {}
        for target in TARGETS:
            predicted = folds[target].predict(of_target(both, target), np.tile(artist, 2))
            spreads[target] = Spread.of(predicted, np.tile(actual[target], 2), known_of(both))
        frequencies = np.bincount(moods(examples.valence.to_numpy(), examples.energy.to_numpy()), minlength=5)
        baseline = {t: float(examples[t].mean()) for t in TARGETS}
        baseline |= dict(zip(MOODS, (frequencies / len(examples)).tolist(), strict=True))
        return FittedMood(self, folds, spreads, baseline)

    def _company_outside(self, examples: pd.DataFrame, seed: int) -> pd.DataFrame:
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
                learned["baseline"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelDamaged(f"{folder} of model {self.name} cannot be read; train the model again") from error


@dataclass(frozen=True)
class FittedMood:
    """A mood model that has learned."""

    settings: Mood
    folds: Mapping[str, CrossFit]
    spreads: Mapping[str, Spread]
    usual: Mapping[str, float]
    """The baseline: mean of each target and frequency of each mood."""

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """Valence and energy with ``_low`` and ``_high`` (90 %), the ``mood`` named and each mood's probability.

        The moods' probabilities follow from the interval of valence and, where it is not known, of energy.
        """
        artist = catalogue.artists(records)
        found: dict[str, Values] = {}
        around: dict[str, Values] = {}
        evidence = self.settings.evidence(records)
        for target in TARGETS:
            predicted = self.folds[target].predict(of_target(evidence, target), artist)
            around[target] = self.spreads[target].around(predicted, known_of(evidence)).clip(0, 1)
            found[target] = predicted.clip(0, 1)
            found[f"{target}_low"], found[f"{target}_high"] = around[target][:, 5], around[target][:, 95]
        known = catalogue.numbers(records, "energy").to_numpy()
        chances = probabilities(around["valence"], around["energy"], known)
        shown = pd.DataFrame(found, index=records.index)
        frequencies = np.array([self.usual[name] for name in MOODS])
        shown["mood"] = np.array(MOODS)[named(chances, frequencies).argmax(axis=1)]
        return shown.assign(**{name: chances[:, j] for j, name in enumerate(MOODS)})

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """Means, the most frequent mood and the frequency of each; without intervals."""
        found: dict[str, Any] = {}
        for target in TARGETS:
            found |= {target: self.usual[target], f"{target}_low": np.nan, f"{target}_high": np.nan}
        found["mood"] = max(MOODS, key=lambda name: self.usual[name])
        return pd.DataFrame(found | {name: self.usual[name] for name in MOODS}, index=records.index)

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """Valence, energy and each mood's probability of every track that was heard and is known well enough."""
        rows = catalogue.heard(tables, as_of)
        rows = rows[rows[list(CORE)].notna().sum(axis=1) >= self.settings.fewest_inputs].reset_index(drop=True)
        if rows.empty:
            return pd.DataFrame(columns=list(SCORE_COLUMNS))
        listed = catalogue.measured(tables, is_spotify_api_allowed=True)
        company = _company(listed, listed[list(TARGETS)].notna().all(axis=1).to_numpy())
        company = company.set_axis(listed.track_id)[~listed.track_id.duplicated().to_numpy()]
        found = self.predict(rows.join(company, on="track_id"))
        is_known = rows[list(TARGETS)].notna().all(axis=1).to_numpy()
        mood = np.where(is_known, moods(rows.valence.to_numpy(), rows.energy.to_numpy()), -1)
        parts = []
        for quantity in (*TARGETS, *MOODS):
            part = pd.DataFrame({"subject_id": rows.track_id, "quantity": quantity, "score": found[quantity]})
            if quantity in TARGETS:
                part = part.assign(low=found[f"{quantity}_low"], high=found[f"{quantity}_high"], actual=rows[quantity])
            else:
                part["actual"] = np.where(is_known, (mood == MOODS.index(quantity)) * 1.0, np.nan)
            parts.append(part.assign(subject="track", baseline_score=self.usual[quantity]))
        return pd.concat(parts, ignore_index=True).reindex(columns=list(SCORE_COLUMNS))

    def save(self, folder: Path) -> None:
        """Write settings and spreads as JSON, and the pipelines with skops."""
        for target, folds in self.folds.items():
            folds.save(folder, target)
        learned = {
            "settings": dataclasses.asdict(self.settings),
            "spreads": {t: dataclasses.asdict(s) for t, s in self.spreads.items()},
            "baseline": self.usual,
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


def known_of(evidence: pd.DataFrame) -> Labels:
    """Whether a record has what goes beyond the core, on which its error depends: loudness stands for the rest."""
    return np.where(evidence.loudness.notna(), "all", "core")


def _held(
    rows: pd.DataFrame,
    protocol: str,
    predicted: Mapping[str, Values],
    around: Mapping[str, Values],
    means: Mapping[str, Values],
    frequencies: Values,
) -> list[HeldOut]:
    """The predictions of the two targets and, with the energy known, of the moods."""
    artist = rows.artist.to_numpy()
    held = [
        HeldOut(
            *(t, protocol, "regression", rows[t].to_numpy(float), predicted[t].clip(0, 1), means[t], artist),
            low=around[t][:, 5].clip(0, 1),
            high=around[t][:, 95].clip(0, 1),
        )
        for t in TARGETS
    ]
    energy = rows.energy.to_numpy(float)
    chances = probabilities(around["valence"].clip(0, 1), around["energy"].clip(0, 1), energy)
    actual = moods(rows.valence.to_numpy(float), energy)
    names = named(chances, frequencies)
    return [
        *held,
        HeldOut("mood", protocol, "classes", actual, chances, frequencies, artist, classes=MOODS),
        HeldOut("mood named", protocol, "classes", actual, names, frequencies, artist, classes=MOODS),
    ]
