"""Popularity: whether a track is popular, by its sound, names, genre and release."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score
from xgboost import XGBClassifier

from tonearm.columns import FEATURES
from tonearm.errors import ModelDamaged, NotEnoughData
from tonearm.models import catalogue
from tonearm.models.catalogue import CATEGORIES
from tonearm.models.crossfit import CrossFit, boosted, cross_fit, once, with_categories
from tonearm.models.evaluate import grouped
from tonearm.models.model import SCORE_COLUMNS, SEED, Candidate, Decision, HeldOut
from tonearm.models.quick import QuickPopularity

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt

    Labels = npt.NDArray[Any]
    Values = npt.NDArray[np.float64]

ARTIST = ("artist_popular", "artist_popularity", "artist_tracks")
"""Of the artist's other tracks: the share that is popular and the mean popularity, shrunk, and how many there are."""
FEWEST_POPULAR = 50
FILE = "popularity.json"
GROUPS = (catalogue.SOUND, catalogue.OTHER_SOUND, catalogue.RELEASE, catalogue.NAMES, CATEGORIES)
"""Inputs that a record has or lacks together."""


@dataclass(frozen=True)
class Popularity:
    """Whether a track's popularity reaches ``popular_from``; the fields are the model's settings."""

    popular_from: int = 60
    """Popularity (0–100) from which on a track is popular; about 23 % of a catalogue are."""
    threshold: float = 0.5
    """Probability from which on a track is called popular: more likely than not."""
    train_on_spotify_api: bool = False
    candidates: tuple[str, ...] = ("logistic", "forest", "boosting")
    """Compared on artists within each training part; the best of them by average precision is fitted."""
    compared_on: int = 20_000
    """Most tracks on which candidates are compared."""
    bare_share: float = 0.3
    """Share of tracks that are learned once more with half of what is known left out."""
    trees: int = 300
    depth: int = 6
    rate: float = 0.05
    artist_shrunk_by: float = 3.0
    """Tracks that the mean of all counts as beside an artist's own."""
    genre_year_shrunk_by: float = 20.0

    name = "popularity"
    registered = "spotify_classifier"
    summary = (
        "Probability that a track is popular, from its sound, names, genre, release and its artist's other tracks."
    )
    has_threshold = True
    inputs = (*catalogue.TABLES, "listens")
    baseline = "rate of the genre and year"
    decides = (Decision("popular", "log_loss"),)
    belongs = ()
    limits = (
        "Popularity is as a catalogue had it on the day it was collected; it is not dated and moves with time.",
        "The catalogue was collected from playlists, which prefer popular tracks: rates are those of such lists. "
        "In how many playlists a track was found is therefore left out, although it is a strong sign.",
        "Of an artist who is not in the catalogue only the sound, names, genre and release are known.",
        "Popular is not the same as good, or as what a listener likes.",
    )

    def examples(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """One row per distinct track with a known popularity; raises NotEnoughData."""
        rows = catalogue.measured(tables, self.train_on_spotify_api)
        if len(rows):
            rows = rows[(rows.source == "catalogue") & rows.popularity.notna()].reset_index(drop=True)
        popular = int((rows.popularity >= self.popular_from).sum()) if len(rows) else 0
        found = (len(rows), popular, rows.artist.nunique())
        least = (catalogue.FEWEST_TRACKS, FEWEST_POPULAR, catalogue.FEWEST_ARTISTS)
        if any(n < fewest for n, fewest in zip(found, least, strict=True)):
            raise NotEnoughData(
                self.name,
                f"are {found[0]:,}, {found[1]:,} and {found[2]:,}",
                f"{least[0]} tracks of a catalogue with their popularity, {least[1]} of them popular, "
                f"by {least[2]} artists",
            )
        return rows.drop(columns="playlist_ids")

    def held_out(self, examples: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """Each track by a model that saw none of its artist; then with the artist's recordings of other folds known."""
        fitted = self.fit(examples, seed)
        actual, artist = self._labels(examples)[:, 0].astype(int), examples.artist.to_numpy()
        fold = grouped(artist, seed=seed)
        rate = np.zeros(len(examples))
        for number in np.unique(fold):
            rest, own = fold != number, fold == number
            rates = genre_year_rates(examples[rest], actual[rest], self.genre_year_shrunk_by)
            rate[own] = rate_of(examples[own], rates)
        unknown = fitted.probability(examples, no_artist(len(examples)))
        known, artist_rate = self._artist_known(examples, fitted, rate, seed)
        return [
            HeldOut("popular", "grouped by artist, 5 folds", "binary", actual, unknown, rate, artist),
            HeldOut("popular", "artist known, 5 folds of recordings", "binary", actual, known, artist_rate, artist),
        ]

    def _artist_known(
        self, examples: pd.DataFrame, fitted: FittedPopularity, rate: Values, seed: int
    ) -> tuple[Values, Values]:
        """Predictions with the artist's recordings of the other folds known; beside their rate, shrunk to ``rate``.

        The trees are those that saw none of the artist: what is known of the artist comes from the other folds only.
        """
        artist, recording = examples.artist.to_numpy(), examples.recording.to_numpy()
        labels, fold = self._labels(examples), grouped(recording, seed=seed)
        evidence, artist_rate = no_artist(len(examples)), rate.copy()
        for number in np.unique(fold):
            own = fold == number
            sums, count = catalogue.others(artist, recording, labels, ~own)
            evidence[own] = self.evidence_of_artist(sums, count, fitted.mean)[own]
            artist_rate[own] = ((sums[:, 0] + self.artist_shrunk_by * rate) / (count + self.artist_shrunk_by))[own]
        return fitted.probability(examples, evidence), artist_rate

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedPopularity:
        """One model per fold of artists, each the best candidate of its own training part."""
        return once(self, examples, seed, lambda: self._fit(examples, seed))  # type: ignore[no-any-return]

    def _fit(self, examples: pd.DataFrame, seed: int) -> FittedPopularity:
        labels, artist, recording = self._labels(examples), examples.artist.to_numpy(), examples.recording.to_numpy()
        sums, count = catalogue.others(artist, recording, labels, np.ones(len(examples), bool))
        mean = tuple(labels.mean(axis=0).tolist())
        evidence = catalogue.inputs(examples)
        known = _with_artist(evidence, self.evidence_of_artist(sums, count, mean))
        chosen: list[str] = []
        compared: list[list[Candidate]] = []

        def learn(inputs: pd.DataFrame, own: Labels, name: str) -> Any:
            bare = catalogue.blanked(inputs, GROUPS, seed)
            again = own & (np.random.default_rng(seed).random(len(own)) < self.bare_share)
            rows, popular = pd.concat([inputs[own], bare[again]]), np.r_[labels[own, 0], labels[again, 0]]
            return self.candidate(name, seed, inputs.columns).fit(rows, popular)

        def learn_best(own: Labels) -> Any:
            compared.append(self.compare(evidence[own], labels[own, 0], artist[own], seed))
            chosen.append(max(compared[-1], key=lambda one: one.metrics["average_precision"]).name)
            return learn(evidence, own, chosen[-1])

        unknown = cross_fit(artist, learn_best, seed)
        of_fold = iter(chosen)
        return FittedPopularity(
            settings=self,
            unknown=unknown,
            known=cross_fit(artist, lambda own: learn(known, own, next(of_fold)), seed),
            mean=mean,
            rates=genre_year_rates(examples, labels[:, 0], self.genre_year_shrunk_by),
            artists=_totals(artist, labels),
            listed=_totals(recording, labels),
            chosen=tuple(chosen),
            compared=tuple(compared[0]),
        )

    def candidate(self, name: str, seed: int, columns: Sequence[str]) -> Any:
        """A pipeline over these columns that is not fitted yet."""
        if name == "logistic":
            return with_categories(LogisticRegression(C=0.1, max_iter=300), columns, is_linear=True)
        if name == "forest":
            forest = RandomForestClassifier(40, min_samples_leaf=5, max_features=0.2, random_state=seed, n_jobs=1)
            return with_categories(forest, columns, is_linear=True)
        settings = {"n_estimators": self.trees, "max_depth": self.depth, "learning_rate": self.rate}
        return boosted(XGBClassifier, columns, seed, **settings, min_child_weight=5, max_bin=128)

    def compare(self, inputs: pd.DataFrame, popular: Labels, artist: Labels, seed: int) -> list[Candidate]:
        """How good each candidate is on a third of these artists, learned from the others."""
        rows = np.sort(np.random.default_rng(seed).permutation(len(popular))[: self.compared_on])
        is_test = grouped(artist[rows], folds=3, seed=seed + 1) == 0
        train, test = rows[~is_test], rows[is_test]
        found = []
        for name in self.candidates:
            learned = self.candidate(name, seed, inputs.columns).fit(inputs.iloc[train], popular[train])
            probability = learned.predict_proba(inputs.iloc[test])[:, 1]
            measured = _measured(popular[test], probability, self.threshold)
            found.append(Candidate(name, learned.named_steps["model"].get_params(), measured, learned))
        return found

    def load(self, folder: Path) -> FittedPopularity:
        """What was saved in ``folder``; raises ModelDamaged."""
        try:
            learned = json.loads((folder / FILE).read_text(encoding="utf-8"))
            settings = learned["settings"]
            return FittedPopularity(
                Popularity(**{**settings, "candidates": tuple(settings["candidates"])}),
                CrossFit.load(folder, "unknown"),
                CrossFit.load(folder, "known"),
                tuple(learned["mean"]),
                learned["rates"],
                {name: tuple(sums) for name, sums in learned["artists"].items()},
                {name: tuple(sums) for name, sums in learned["listed"].items()},
                tuple(learned["chosen"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelDamaged(f"{folder} of model {self.name} cannot be read; train the model again") from error

    def _labels(self, examples: pd.DataFrame) -> Values:
        """(n, 2) whether a track is popular, and its popularity."""
        return np.column_stack([examples.popularity >= self.popular_from, examples.popularity]).astype(float)

    def evidence_of_artist(self, sums: Values, count: Values, mean: Sequence[float]) -> Values:
        """The columns ``ARTIST``: shrunk means, null where the artist has no other track."""
        shrunk = (sums + self.artist_shrunk_by * np.array(mean)) / (count + self.artist_shrunk_by)[:, None]
        return np.column_stack([np.where(count[:, None] > 0, shrunk, np.nan), count])


@dataclass(frozen=True)
class FittedPopularity:
    """A popularity model that has learned."""

    settings: Popularity
    unknown: CrossFit
    """For tracks of artists of whom nothing else is known."""
    known: CrossFit
    """For tracks of artists with other tracks in the catalogue."""
    mean: tuple[float, ...]
    rates: Mapping[str, float]
    """The baseline: the share of popular tracks by genre and year."""
    artists: Mapping[str, tuple[float, ...]]
    """Of each artist: popular tracks, total popularity, tracks."""
    listed: Mapping[str, tuple[float, ...]]
    """Of each recording it learned from, the same: a track is no evidence of itself."""
    chosen: tuple[str, ...]
    """Which candidate each fold's model is."""
    compared: tuple[Candidate, ...] = ()
    """The candidates of the first fold, where it has just learned."""

    @property
    def genres(self) -> frozenset[str]:
        """Those it learned of."""
        return frozenset(key.rsplit(" ", 1)[0] for key in self.rates if " " in key)

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """``popular`` (0 or 1) and its ``probability``; of an artist it knows, by the artist's other tracks, too."""
        probability = self.probability(records, self.evidence_of(records))
        limit = self.settings.threshold if threshold is None else threshold
        return pd.DataFrame(
            {"popular": (probability >= limit).astype(int), "probability": probability}, index=records.index
        )

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The same by the rate of the genre and year."""
        probability = rate_of(records, self.rates)
        limit = self.settings.threshold if threshold is None else threshold
        return pd.DataFrame(
            {"popular": (probability >= limit).astype(int), "probability": probability}, index=records.index
        )

    def probability(self, records: pd.DataFrame, of_artist: Values) -> Values:
        """That each record is popular, by models that saw none of its artist, given what is known of the artist."""
        inputs, artist = catalogue.inputs(records), catalogue.artists(records)
        is_known = of_artist[:, -1] > 0
        found = np.zeros(len(records))
        found[~is_known] = self.unknown.predict(inputs[~is_known], artist[~is_known])
        found[is_known] = self.known.predict(_with_artist(inputs, of_artist)[is_known], artist[is_known])
        return found

    @cached_property
    def quick(self) -> QuickPopularity:
        """The same probabilities for a few tracks at a time."""
        return QuickPopularity(self)

    def evidence_of(self, records: pd.DataFrame) -> Values:
        """What is known from the artists' other tracks; a track of the catalogue is no evidence of itself."""
        return self.evidence_of_keys(catalogue.artists(records), catalogue.recordings(records))

    def evidence_of_keys(self, artists: Iterable[str], recordings: Iterable[str]) -> Values:
        """The same of normalised names."""
        nothing = (0.0, 0.0, 0.0)
        of_artist = [self.artists.get(name, nothing) for name in artists]
        of_itself = [self.listed.get(name, nothing) for name in recordings]
        sums = np.array(of_artist).reshape(-1, 3) - np.array(of_itself).reshape(-1, 3)
        return self.settings.evidence_of_artist(sums[:, :2], sums[:, 2], self.mean)

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """``popular`` for each track that was heard and that has features."""
        rows = catalogue.heard(tables, as_of)
        rows = rows[rows[list(FEATURES)].notna().any(axis=1)].reset_index(drop=True)
        if rows.empty:
            return pd.DataFrame(columns=list(SCORE_COLUMNS))
        actual = np.where(rows.popularity.notna(), rows.popularity >= self.settings.popular_from, np.nan)
        return pd.DataFrame(
            {
                "subject": "track",
                "subject_id": rows.track_id,
                "quantity": "popular",
                "score": self.predict(rows).probability,
                "baseline_score": rate_of(rows, self.rates),
                "actual": actual,
            }
        ).reindex(columns=list(SCORE_COLUMNS))

    def save(self, folder: Path) -> None:
        """Write settings and sums as JSON, and the pipelines with skops."""
        self.unknown.save(folder, "unknown")
        self.known.save(folder, "known")
        learned = {
            "settings": dataclasses.asdict(self.settings),
            "mean": self.mean,
            "rates": self.rates,
            "artists": self.artists,
            "listed": self.listed,
            "chosen": self.chosen,
        }
        (folder / FILE).write_text(json.dumps(learned), encoding="utf-8")


def _measured(popular: Labels, probability: Values, threshold: float) -> dict[str, float]:
    named = probability >= threshold
    return {
        "accuracy": float(accuracy_score(popular, named)),
        "f1": float(f1_score(popular, named)),
        "roc_auc": float(roc_auc_score(popular, probability)),
        "average_precision": float(average_precision_score(popular, probability)),
    }


def no_artist(rows: int) -> Values:
    """The columns ``ARTIST`` of artists of whom nothing is known."""
    return np.column_stack([np.full((rows, 2), np.nan), np.zeros(rows)])


def _with_artist(inputs: pd.DataFrame, of_artist: Values) -> pd.DataFrame:
    return inputs.assign(**{name: of_artist[:, j].astype("float32") for j, name in enumerate(ARTIST)})


def _totals(key: Labels, labels: Values) -> dict[str, tuple[float, ...]]:
    """For each key the sums of ``labels``, and how many rows it has."""
    frame = pd.DataFrame({"popular": labels[:, 0], "popularity": labels[:, 1], "tracks": 1.0})
    summed = frame.groupby(key).sum()
    return dict(zip(summed.index.tolist(), map(tuple, summed.to_numpy().tolist()), strict=True))


def genre_year_rates(examples: pd.DataFrame, popular: Labels, shrunk_by: float) -> dict[str, float]:
    """Share of popular tracks by genre and year, shrunk to the genre's, and that to the share of all."""
    rows = pd.DataFrame({"genre": catalogue.texts(examples, "genre"), "year": _year(examples), "popular": popular})
    rates = {"": float(rows.popular.mean())}
    for keys, above in ((["genre"], lambda name: ""), (["genre", "year"], lambda name: name[0])):
        for name, part in rows.groupby(keys).popular:
            total, n = float(part.sum()), len(part)
            rates[" ".join(name)] = (total + shrunk_by * rates[above(name)]) / (n + shrunk_by)
    return rates


def rate_of(records: pd.DataFrame, rates: Mapping[str, float]) -> Values:
    """The baseline's probability: of the genre and year, else of the genre, else of all."""
    genre, year = catalogue.texts(records, "genre"), _year(records)
    both = zip(genre, year, strict=True)
    return np.array([rates.get(f"{g} {y}", rates.get(g, rates[""])) for g, y in both], dtype=float)


def _year(records: pd.DataFrame) -> pd.Series:
    return catalogue.texts(records, "release_date").str[:4]
