"""Popularity of a few tracks at a time, for a server: the same answers as with frames, in a tenth of the time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from tonearm.models import catalogue
from tonearm.models.catalogue import CATEGORIES, NUMBERS, NUMBERS_BROUGHT, RELEASE, recording_key
from tonearm.models.evaluate import grouped
from tonearm.silver.names import artist_key

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.models.crossfit import CrossFit
    from tonearm.models.popularity import FittedPopularity

    Numbers = npt.NDArray[np.float32]
    Values = npt.NDArray[np.float64]
    Record = Mapping[str, Any]

_MEASURED = tuple(name for name in NUMBERS_BROUGHT if name in NUMBERS)
"""Inputs that are a record's own numbers; all others follow from its names and dates."""
_AT = [NUMBERS.index(name) for name in _MEASURED]
_FROM_NAMES = NUMBERS.index(RELEASE[0])
"""From here on inputs follow from names and dates."""
_REMEMBERED = 4096
_UNSEEN = -1


class Written(NamedTuple):
    """A record's names and dates; empty or null where it has none."""

    artist_name: str
    track_name: str
    album_name: str
    release_date: str
    year: float | None

    @classmethod
    def of(cls, record: Record) -> Written:
        """Those of a record."""
        artist, title, album, released = (_text(record.get(name)) for name in cls._fields[:-1])
        return cls(artist, title, album, released, record.get("year"))


def _text(value: Any) -> str:
    # Frames have NaN in place of None.
    return "" if value is None or value != value else str(value)


class Named(NamedTuple):
    """What follows from a record's names and dates."""

    inputs: Numbers
    """(NUMBERS,) null where they say nothing."""
    of_artist: Values
    """What is known of the artist's other tracks."""
    unknown_fold: int
    known_fold: int
    """Which model saw nothing of the artist, of those without and with its other tracks; -1 where none saw it."""


class QuickPopularity:
    """The probabilities of a fitted model; what follows from names is remembered."""

    def __init__(self, fitted: FittedPopularity) -> None:
        """Nothing is learned or read."""
        self._fitted = fitted
        self._unknown, self._known = _Folds(fitted.unknown), _Folds(fitted.known)
        self._kept: dict[Written, Named] = {}

    def probability(self, records: Sequence[Record]) -> Values:
        """(n,) that each track is popular; a record's numbers are numbers and its texts texts, or missing."""
        named = self._named([Written.of(record) for record in records])
        inputs = np.stack([_inputs(record, of.inputs) for record, of in zip(records, named, strict=True)])
        genres = [tuple(str(record.get(name) or "") for name in CATEGORIES) for record in records]
        of_artist = np.stack([of.of_artist for of in named])
        is_known = of_artist[:, -1] > 0
        found = np.zeros(len(records))
        for folds, rows, fold in (
            (self._unknown, ~is_known, [of.unknown_fold for of in named]),
            (self._known, is_known, [of.known_fold for of in named]),
        ):
            own = np.flatnonzero(rows)
            if len(own):
                more = [inputs[own], of_artist[own].astype(np.float32)] if folds is self._known else [inputs[own]]
                found[own] = folds.probability(np.hstack(more), [genres[n] for n in own.tolist()], np.array(fold)[own])
        return found

    def baseline(self, records: Sequence[Record]) -> Values:
        """(n,) the same by the rate of the genre and year."""
        written = [(str(one.get("genre") or ""), str(one.get("release_date") or "")[:4]) for one in records]
        rates = self._fitted.rates
        return np.array([rates.get(f"{g} {y}", rates.get(g, rates[""])) for g, y in written], dtype=float)

    def _named(self, written: Sequence[Written]) -> list[Named]:
        new = [one for one in dict.fromkeys(written) if one not in self._kept]
        kept = self._kept
        if new:
            # A copy, so that threads that read the other one are not disturbed.
            kept = self._kept if len(self._kept) + len(new) <= _REMEMBERED else {}
            kept = {**{one: self._kept[one] for one in written if one in self._kept}, **kept, **self._anew(new)}
            self._kept = kept
        return [kept[one] for one in written]

    def _anew(self, written: Sequence[Written]) -> dict[Written, Named]:
        artist = np.array([artist_key(one.artist_name) for one in written], dtype=object)
        recording = [recording_key(key, one.track_name) for key, one in zip(artist, written, strict=True)]
        of_artist = self._fitted.evidence_of_keys(artist, recording)
        folds = (_folds(self._fitted.unknown, artist), _folds(self._fitted.known, artist))
        rows = zip(map(_of_names, written), of_artist, *(each.tolist() for each in folds), strict=True)
        return {one: Named(*row) for one, row in zip(written, rows, strict=True)}


def _of_names(written: Written) -> Numbers:
    inputs = np.full(len(NUMBERS), np.nan, np.float32)
    inputs[_FROM_NAMES:] = [
        *catalogue.release_inputs(written.release_date, np.nan if written.year is None else written.year),
        *catalogue.name_inputs(written.track_name, written.album_name, written.artist_name),
    ]
    return inputs


def _folds(folds: CrossFit, artist: npt.NDArray[Any]) -> npt.NDArray[Any]:
    is_seen = np.array([name in folds.artists for name in artist], dtype=bool)
    return np.where(is_seen, grouped(artist, len(folds.models), folds.seed), _UNSEEN)


def _inputs(record: Record, of_names: Numbers) -> Numbers:
    found = of_names.copy()
    found[_AT] = [np.nan if (value := record.get(name)) is None else value for name in _MEASURED]
    if record.get("duration_s") is None and (length_ms := record.get("duration_ms")) is not None:
        found[NUMBERS.index("duration_s")] = length_ms / 1000
    return found


class _Folds:
    """The models of a :class:`CrossFit`, asked with arrays."""

    def __init__(self, folds: CrossFit) -> None:
        self._models = [_Pipeline(one) for one in folds.models]

    def probability(self, numbers: Numbers, genres: Sequence[tuple[str, ...]], fold: npt.NDArray[Any]) -> Values:
        found = np.zeros(len(numbers))
        for number, model in enumerate(self._models):
            own = np.flatnonzero((fold == number) | (fold == _UNSEEN))
            if len(own):
                share = np.where(fold[own] == _UNSEEN, 1 / len(self._models), 1.0)
                found[own] += share * model.probability(numbers[own], [genres[n] for n in own.tolist()])
        return found


class _Pipeline:
    """A fitted pipeline of :func:`tonearm.models.crossfit.with_categories`, asked with arrays."""

    def __init__(self, pipeline: Any) -> None:
        (_, self._numbers, _), (_, self._encoder, _) = pipeline.named_steps["inputs"].transformers_[:2]
        self._model = pipeline.named_steps["model"]
        # Trees take numbers as they are; what is linear has them filled and scaled.
        self._is_raw = not hasattr(self._numbers, "named_steps")
        self._trees = _Trees.of(self._model.get_booster()) if hasattr(self._model, "get_booster") else None
        self._columns: Callable[[tuple[str, ...]], Numbers] = lru_cache(_REMEMBERED)(self._columns_anew)

    def probability(self, numbers: Numbers, genres: Sequence[tuple[str, ...]]) -> Values:
        """(n,) of the label."""
        filled = numbers if self._is_raw else self._filled(numbers)
        rows: Values = np.hstack([filled, np.stack([self._columns(one) for one in genres])])
        if self._trees is not None:
            return self._trees.probability(rows)
        return np.asarray(self._model.predict_proba(rows)[:, 1], dtype=float)

    def _filled(self, numbers: Numbers) -> Values:
        names = list(self._numbers.feature_names_in_)
        return np.asarray(self._numbers.transform(pd.DataFrame(numbers, columns=names)), dtype=float)

    def _columns_anew(self, genres: tuple[str, ...]) -> Numbers:
        found: Numbers = np.asarray(self._encoder.transform(pd.DataFrame([genres], columns=list(CATEGORIES))))[0]
        return found


@dataclass(frozen=True)
class _Trees:
    """Boosted trees as arrays of nodes: XGBoost itself takes a millisecond to begin, however little it is asked."""

    roots: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    """Of a node; of one that is taken where the feature is missing, to the left, in the first copy of the features."""
    limit: Numbers
    """Below it, to the left."""
    children: npt.NDArray[np.int64]
    """Right and left of node 0, right and left of node 1, and so on; a leaf is its own."""
    value: Numbers
    depth: int
    begin: float
    """Log odds before the first tree."""

    @classmethod
    def of(cls, booster: Any) -> _Trees:
        """Read from XGBoost's own format (https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html)."""
        learner = json.loads(booster.save_raw("json"))["learner"]
        trees = learner["gradient_booster"]["model"]["trees"]
        sizes = [len(tree["left_children"]) for tree in trees]
        roots = np.cumsum([0, *sizes[:-1]])
        left, right, feature, is_left, limit = (
            np.concatenate([np.asarray(tree[name]) for tree in trees])
            for name in ("left_children", "right_children", "split_indices", "default_left", "split_conditions")
        )
        begins, own, is_leaf = np.repeat(roots, sizes), np.arange(len(left)), left < 0
        sides = [np.where(is_leaf, own, side + begins) for side in (right, left)]
        share = float(str(learner["learner_model_param"]["base_score"]).strip("[]"))
        return cls(
            roots=roots,
            feature=np.where(is_left == 1, feature, feature + int(learner["learner_model_param"]["num_feature"])),
            limit=limit.astype(np.float32),
            children=np.stack(sides, axis=1).ravel(),
            value=np.where(is_leaf, limit, 0).astype(np.float32),
            depth=_depth(roots, sides),
            begin=float(np.log(share / (1 - share))),
        )

    def probability(self, rows: Values) -> Values:
        """(n,) by the sum of what each tree's leaf adds to the log odds."""
        missing = np.isnan(rows)
        both = np.hstack([np.where(missing, side, rows) for side in (-np.inf, np.inf)]).astype(np.float32)
        flat, begins = both.ravel(), (np.arange(len(rows)) * both.shape[1])[:, None]
        at = np.tile(self.roots, (len(rows), 1))
        for _ in range(self.depth):
            goes_left = flat.take(begins + self.feature.take(at)) < self.limit.take(at)
            at = self.children.take(2 * at + goes_left)
        odds = self.begin + self.value.take(at).sum(axis=1, dtype=float)
        return np.asarray(1 / (1 + np.exp(-odds)))


def _depth(roots: npt.NDArray[np.int64], sides: Sequence[npt.NDArray[np.int64]]) -> int:
    """Steps from a root to the farthest leaf."""
    depth, level = 0, roots
    while len(level := level[sides[0][level] != level]):
        depth, level = depth + 1, np.concatenate([side[level] for side in sides])
    return depth
