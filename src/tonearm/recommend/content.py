"""What tracks are like: their sound, their genre and their artist, compared by the angle between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from tonearm.columns import FEATURES, MEASURED
from tonearm.models.model import SEED
from tonearm.recommend.collaborative.neighbours import unit_rows
from tonearm.recommend.part import Contribution

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Interactions, Rows
    from tonearm.recommend.part import Arrays, Scores

    Numbers = npt.NDArray[np.float64]

SOUND = (*FEATURES, "year")
GENRE = ("genre", "subgenre")
_SKEWED = ("acousticness", "instrumentalness", "speechiness")
"""Features that lie close to 0 for most tracks: their square roots are compared."""
_EARLIEST = 1950
"""Years before count as this one, and 10 years as one step."""


@dataclass(frozen=True)
class Space:
    """How tracks become vectors: each feature in standard deviations from the catalogue's mean, each genre a column."""

    mean: Numbers
    deviation: Numbers
    """(SOUND,) of the measured tracks."""
    words: Sequence[str]
    """The genres and subgenres, as ``genre pop``."""
    sound: float = 1.0
    genre: float = 1.0
    """How much a block weighs: the length of the sound's vector is about 3, that of a genre's is 1."""

    @classmethod
    def of(cls, rows: pd.DataFrame, sound: float = 1.0, genre: float = 1.0) -> Space:
        """The space of the tracks of :func:`tonearm.recommend.catalogue.items`."""
        values = _sound(rows)
        known = values[np.isfinite(values).any(axis=1)]
        mean, deviation = np.zeros(len(SOUND)), np.ones(len(SOUND))
        if len(known) > 1:
            mean, deviation = _without_warning(np.nanmean, known), _without_warning(np.nanstd, known)
        words = sorted({word for column in GENRE for word in _words(rows, column).dropna().unique()})
        return cls(
            np.nan_to_num(mean), np.where(deviation > 0, np.nan_to_num(deviation, nan=1.0), 1.0), words, sound, genre
        )

    def vectors(self, rows: pd.DataFrame) -> sp.csr_matrix:
        """(tracks, columns) float32; a track that was not measured has the mean of its artist's, else zeros."""
        sound = _of_artist(rows, (_sound(rows) - self.mean) / self.deviation)
        genre = _of_artist(rows, self._genre(rows))
        both = np.hstack([self.sound * np.nan_to_num(sound), self.genre * np.nan_to_num(genre)])
        return sp.csr_matrix(both.astype(np.float32))

    def vector_of(self, features: Mapping[str, Any]) -> sp.csr_matrix:
        """(1, columns) of a track outside the catalogue, by what is known of it: features, ``genre``, ``year``."""
        names = (*SOUND, *GENRE)
        row = pd.DataFrame([{name: features.get(name) for name in names}]).assign(feature_source=MEASURED[0])
        return self.vectors(row.assign(artist_id=0))

    def _genre(self, rows: pd.DataFrame) -> Numbers:
        """(tracks, words) 1 for each of a track's words; missing where it has none."""
        found = np.zeros((len(rows), len(self.words)))
        for column in GENRE:
            code = pd.Index(self.words).get_indexer(_words(rows, column).astype(object))
            found[np.flatnonzero(code >= 0), code[code >= 0]] = 1.0
        found[~found.any(axis=1)] = np.nan
        return found


def _sound(rows: pd.DataFrame) -> Numbers:
    """(tracks, SOUND) measured values; the features of tracks that were not measured are missing."""
    values = rows[list(SOUND)].apply(pd.to_numeric, errors="coerce").astype("float64")
    values = values.where(rows.feature_source.isin(MEASURED), np.nan)
    values[list(_SKEWED)] = np.sqrt(values[list(_SKEWED)].clip(lower=0))
    return np.asarray(values.assign(year=values.year.clip(lower=_EARLIEST)))


def _words(rows: pd.DataFrame, column: str) -> pd.Series:
    return column + " " + rows[column].astype("str").where(rows[column].notna())


def _of_artist(rows: pd.DataFrame, values: Numbers) -> Numbers:
    """``values``, and for tracks of which nothing is known the means of their artist's others."""
    is_unknown = np.asarray(np.isnan(values).all(axis=1))
    if not is_unknown.any() or is_unknown.all():
        return values
    code = pd.factorize(rows.artist_id)[0]
    known = np.flatnonzero(~is_unknown)
    member = sp.csr_matrix((np.ones(len(known)), (code[known], np.arange(len(known)))), (code.max() + 1, len(known)))
    total, count = member @ np.nan_to_num(values[known]), member @ np.isfinite(values[known]).astype(float)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    filled = values.copy()
    filled[is_unknown] = mean[code[is_unknown]]
    return filled


def _without_warning(statistic: Any, values: Numbers) -> Numbers:
    """The ``statistic`` of each column; of a column without values it is not a number."""
    found = np.full(values.shape[1], np.nan)
    some = np.isfinite(values).any(axis=0)
    found[some] = statistic(values[:, some], axis=0)
    return found


@dataclass(frozen=True)
class Content:
    """Tracks like those that were heard: the cosine between a track and the weighted mean of the history's tracks."""

    name: str = "content"

    def fit(self, known: Interactions, seed: int = SEED) -> FittedContent:
        """Keep the ``features`` of the items; nothing is learned of who heard what."""
        assert known.features is not None, "content needs features of the items"
        return self.of(known.features)

    def of(self, features: sp.csr_matrix) -> FittedContent:
        """By the features (items, columns) alone."""
        return FittedContent(unit_rows(sp.csr_matrix(features)))

    def restore(self, arrays: Arrays) -> FittedContent:
        """From the features' matrix, in CSR."""
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        return FittedContent(sp.csr_matrix(parts, tuple(arrays["shape"])))


@dataclass(frozen=True)
class FittedContent:
    """Vectors of the items, of length 1."""

    vectors: sp.csr_matrix

    def scores(self, histories: sp.csr_matrix) -> Scores:
        """(n, items) the cosine with the mean of each history's tracks, weighted by how often they were heard."""
        return self.near(histories @ self.vectors)

    def similar(self, items: Rows) -> Scores:
        """(n, items) the cosine with each of ``items``."""
        return self.near(self.vectors[items])

    def near(self, vectors: sp.csr_matrix) -> Scores:
        """(n, items) the cosine with any ``vectors``, such as that of a track outside the catalogue."""
        return np.asarray((self.vectors @ unit_rows(vectors).toarray().T).T, dtype=np.float32)

    def contributions(self, history: sp.csr_matrix, item: int) -> list[Contribution]:
        """How much each track of the history adds to the cosine, largest first."""
        length = float(sp.linalg.norm(history @ self.vectors)) or 1.0
        added = history.multiply(self.vectors[item] @ self.vectors.T).tocoo()
        parts = [Contribution("item", int(c), float(v) / length) for c, v in zip(added.col, added.data, strict=True)]
        return sorted(parts, key=lambda one: -one.amount)

    def arrays(self) -> Arrays:
        """The matrix, in CSR."""
        v = self.vectors
        return {"data": v.data, "indices": v.indices, "indptr": v.indptr, "shape": np.array(v.shape)}
