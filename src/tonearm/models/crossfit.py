"""Models learned without a fifth of the artists each, so that every track can be predicted by one that never saw it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tonearm.models.catalogue import CATEGORIES
from tonearm.models.evaluate import grouped, guard

if TYPE_CHECKING:
    import numpy.typing as npt

    Labels = npt.NDArray[Any]
    Values = npt.NDArray[np.float64]

FOLDS = 5
TRUSTED = (
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)
"""All that a saved model may contain beyond what skops trusts by itself."""


def boosted(kind: Any, columns: Sequence[str], seed: int, **settings: Any) -> Any:
    """Boosted trees over ``columns``; ``kind`` is XGBoost's regression or classification, and each tree sees a part."""
    fixed = {"subsample": 0.8, "colsample_bytree": 0.5, "tree_method": "hist", "n_jobs": 1}
    return with_categories(kind(**fixed, **settings, random_state=seed), columns)


def with_categories(estimator: Any, columns: Sequence[str], is_linear: bool = False) -> Any:
    """A pipeline of ``estimator`` over a branch of numbers and one of categories; what it never saw is ignored.

    Trees take missing numbers as they are. What is linear or cannot, gets them filled with the median and scaled.
    """
    filled = Pipeline(
        [("fill", SimpleImputer(strategy="median", keep_empty_features=True)), ("scale", StandardScaler())]
    )
    one_hot = OneHotEncoder(handle_unknown="ignore", min_frequency=20, sparse_output=False, dtype=np.float32)
    branches = [
        ("numbers", filled if is_linear else "passthrough", [c for c in columns if c not in CATEGORIES]),
        ("categories", one_hot, list(CATEGORIES)),
    ]
    return Pipeline([("inputs", ColumnTransformer(branches)), ("model", estimator)])


def line_of_words(column: str, penalty: float) -> Any:
    """A pipeline of a ridge regression on the words of a column of text, but for words of fewer than three rows."""
    words = TfidfVectorizer(min_df=3, sublinear_tf=True, dtype=np.float32)
    return Pipeline([("words", ColumnTransformer([("words", words, column)])), ("line", Ridge(penalty))])


@dataclass(frozen=True)
class CrossFit:
    """One fitted model per fold of artists, and the artists that it was learned from."""

    models: tuple[Any, ...]
    artists: frozenset[str]
    seed: int

    def predict(self, inputs: pd.DataFrame, artist: Labels) -> Values:
        """For each row, the prediction of the model without its artist; for artists that none saw, the mean of all."""
        is_seen = np.array([name in self.artists for name in artist], dtype=bool)
        fold = np.where(is_seen, grouped(artist, len(self.models), self.seed), -1) if len(artist) else np.zeros(0)
        predicted: Values | None = None
        for number, model in enumerate(self.models):
            for rows, share in ((fold == number, 1.0), (fold == -1, 1 / len(self.models))):
                if rows.any():
                    answer = _answer(model, inputs[rows])
                    predicted = np.zeros((len(inputs), *answer.shape[1:])) if predicted is None else predicted
                    predicted[rows] += share * answer
        return np.zeros(len(inputs)) if predicted is None else predicted

    def save(self, folder: Path, name: str) -> None:
        """Write the models, with skops, and the artists, as JSON."""
        for number, model in enumerate(self.models):
            skops.io.dump(model, folder / f"{name}_{number}.skops")
        learned = {"seed": self.seed, "folds": len(self.models), "artists": sorted(self.artists)}
        (folder / f"{name}_folds.json").write_text(json.dumps(learned))

    @staticmethod
    def load(folder: Path, name: str) -> CrossFit:
        """What :meth:`save` wrote."""
        learned = json.loads((folder / f"{name}_folds.json").read_text())
        files = [folder / f"{name}_{number}.skops" for number in range(learned["folds"])]
        models = tuple(skops.io.load(file, trusted=list(TRUSTED)) for file in files)
        return CrossFit(models, frozenset(learned["artists"]), learned["seed"])


def _answer(model: Any, inputs: pd.DataFrame) -> Values:
    """Probability of the label, or the numbers predicted."""
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(inputs)[:, 1], dtype=float)
    return np.asarray(model.predict(inputs), dtype=float)


def cross_fit(artist: Labels, learn: Callable[[Labels], Any], seed: int, folds: int = FOLDS) -> CrossFit:
    """What ``learn`` makes of all artists but those of each fold; it gets a mask of the rows."""
    fold, names = grouped(artist, folds, seed), pd.DataFrame({"artist": artist})
    for number in range(folds):
        guard(names[fold != number], names[fold == number], ["artist"])
    models = tuple(learn(fold != number) for number in range(folds))
    return CrossFit(models, frozenset(artist.astype(str).tolist()), seed)


def a_few_each(group: Labels, most: int, seed: int) -> npt.NDArray[np.bool_]:
    """A mask of at most ``most`` rows of each group, drawn at random, so that a group of many rows does not outweigh.

    Intervals are promised for the tracks of an artist not seen before, whose number says nothing of the errors.
    """
    order = np.random.default_rng(seed).permutation(len(group))
    place = pd.Series(group[order]).groupby(group[order]).cumcount().to_numpy()
    found = np.zeros(len(group), dtype=bool)
    found[order] = place < most
    return found


QUANTILES = 101
GROUPS = 10
"""Groups of equal size by what was predicted: low predictions err otherwise than high ones."""
FEWEST = 100
"""From fewer residuals the 5 % ends are too rough; the stratum's own are taken together, or all."""


@dataclass(frozen=True)
class Spread:
    """How far predictions of unseen artists were off: quantiles of the residuals, by stratum and size of prediction.

    An interval of residuals of rows that the model did not see covers as many new ones (cross-conformal
    prediction: Vovk 2015; Barber et al. 2021).
    """

    edges: Mapping[str, tuple[float, ...]]
    quantiles: Mapping[str, tuple[tuple[float, ...], ...]]

    @staticmethod
    def of(predicted: Values, actual: Values, stratum: Labels) -> Spread:
        """Learned from predictions of rows that the model did not see."""
        edges, quantiles = {}, {}
        for name in ("", *sorted(set(stratum.tolist()))):
            rows = np.ones(len(predicted), bool) if name == "" else stratum == name
            if name and rows.sum() < FEWEST:
                continue
            groups = max(1, min(GROUPS, int(rows.sum()) // FEWEST))
            cuts = np.quantile(predicted[rows], np.linspace(0, 1, groups + 1)[1:-1])
            which = np.searchsorted(cuts, predicted[rows])
            residual = (actual - predicted)[rows]
            at = np.linspace(0, 1, QUANTILES)
            parts = [residual[which == g] if (which == g).sum() >= FEWEST else residual for g in range(groups)]
            edges[name] = tuple(cuts.tolist())
            # Weibull's quantiles leave room for the row that is to come, as conformal prediction asks.
            ends = (np.quantile(part, at, method="weibull") for part in parts)
            quantiles[name] = tuple(tuple(np.round(part, 5).tolist()) for part in ends)
        return Spread(edges, quantiles)

    @staticmethod
    def from_json(found: Mapping[str, Any]) -> Spread:
        """What a spread's fields were written as."""
        quantiles = {name: tuple(map(tuple, parts)) for name, parts in found["quantiles"].items()}
        return Spread({name: tuple(cuts) for name, cuts in found["edges"].items()}, quantiles)

    def around(self, predicted: Values, stratum: Labels) -> Values:
        """(n, 101) quantiles of what may be in place of each prediction."""
        found = np.zeros((len(predicted), QUANTILES))
        for name in set(stratum.tolist()):
            rows, known = stratum == name, name if name in self.edges else ""
            which = np.searchsorted(np.array(self.edges[known]), predicted[rows])
            found[rows] = predicted[rows, None] + np.array(self.quantiles[known])[which]
        return found


def below(quantiles: Values, limit: float) -> Values:
    """Probability of less than ``limit``, by the quantiles of each row."""
    at = np.linspace(0, 1, quantiles.shape[1])
    return np.array([np.interp(limit, row, at, left=0.0, right=1.0) for row in quantiles], dtype=float)


@dataclass(frozen=True)
class Errors:
    """Predictions of rows by models that saw none of their artist, from which is learned how far these are off."""

    predicted: Values
    actual: Values
    stratum: Labels
    fold: Labels

    def spread(self, without: int = -1) -> Spread:
        """By all folds but one."""
        rows = self.fold != without
        return Spread.of(self.predicted[rows], self.actual[rows], self.stratum[rows])


@dataclass(frozen=True)
class CrossSpread:
    """What each fold's spread is by the errors of the other folds, for rows that must not have a part in it."""

    spreads: Mapping[int, Spread]

    @staticmethod
    def of(errors: Errors) -> CrossSpread:
        """One spread without each fold."""
        return CrossSpread({int(number): errors.spread(int(number)) for number in np.unique(errors.fold)})

    def around(self, predicted: Values, stratum: Labels, fold: Labels) -> Values:
        """(n, 101) quantiles of what may be in place of each prediction of a row in ``fold``."""
        found = np.zeros((len(predicted), QUANTILES))
        for number in np.unique(fold):
            own = fold == number
            found[own] = self.spreads[int(number)].around(predicted[own], stratum[own])
        return found


MOST_KEPT = 4
_kept: dict[object, Any] = {}


def once(model: object, examples: pd.DataFrame, seed: int, make: Callable[[], Any]) -> Any:
    """What ``make`` makes of these examples, made once: what is tested and what is served are the same fits."""
    content = int(pd.util.hash_pandas_object(examples, index=False).sum()) if len(examples) else 0
    key = (model, seed, len(examples), content)
    if key not in _kept:
        made = make()
        while len(_kept) >= MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = made
    return _kept[key]
