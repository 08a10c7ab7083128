"""Factors of listeners and items by alternating least squares (Hu, Koren and Volinsky 2008), with `implicit`.

Features join as listeners of the items that have them, and give an item that nobody heard its factors. Only the items'
factors are kept: a history's own follow from the normal equations, so that a stranger and someone who was learned from
are served alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tonearm.models.model import SEED
from tonearm.recommend.collaborative.ease import main_directions
from tonearm.recommend.collaborative.item_weights import weighted
from tonearm.recommend.collaborative.neighbours import unit_rows
from tonearm.recommend.part import Contribution

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Interactions, Rows
    from tonearm.recommend.part import Arrays, Scores

    Factors = npt.NDArray[np.float32]

_DIRECTIONS = 400
"""Singular vectors that stand for all features in the regression to factors."""
_HISTORIES_AT_ONCE = 128
"""So many matrices of factors × factors are solved together; 128 of 128 × 128 fill 8 MB."""


@dataclass(frozen=True)
class Als:
    """Weighted matrix factorisation; ``regularization`` and ``alpha`` belong together and are tuned together."""

    name: str = "als"
    factors: int = 64
    regularization: float = 75.0
    alpha: float = 20.0
    """How much more what was heard weighs than what was not."""
    iterations: int = 15
    feature_weight: float = 0.0
    """Of an item's features beside its listeners; 0 leaves them out."""
    plays: float = 0.0
    """Power by which an item that was played more often weighs more."""
    feature_penalty: float = 1.6
    """Of the regression from features to factors, in mean squared lengths of an item's features."""

    def fit(self, known: Interactions, seed: int = SEED) -> FittedAls:
        """Factorise on one thread of BLAS, whose own threads slow `implicit` down."""
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        model = AlternatingLeastSquares(
            factors=self.factors,
            regularization=self.regularization,
            alpha=self.alpha,
            iterations=self.iterations,
            random_state=seed,
            num_threads=1,
        )
        with threadpool_limits(1, "blas"):
            model.fit(self._confidences(known), show_progress=False)
        factors = np.asarray(model.item_factors, dtype="float32")
        unheard = np.bincount(known.counts.indices, minlength=len(factors)) == 0
        if known.features is not None and unheard.any():
            factors[unheard] = self._from_features(known.features, factors, ~unheard, seed)[unheard]
        return self._fitted(factors)

    def restore(self, arrays: Arrays) -> FittedAls:
        """The factors again."""
        return self._fitted(arrays["items"])

    def _fitted(self, items: Factors) -> FittedAls:
        return FittedAls(items, self.regularization, self.alpha, self.plays)

    def _from_features(
        self, features: sp.csr_matrix, factors: Factors, heard: npt.NDArray[np.bool_], seed: int
    ) -> Factors:
        """(items, factors) predicted by ridge regression on the items that were heard.

        Features are not brought to length 1: that an item has many tells that it is well known.
        """
        directions = main_directions(features, _DIRECTIONS, seed).T
        own = directions[heard]
        gram = own.T @ own
        gram[np.diag_indices(len(gram))] += self.feature_penalty * max(float(np.mean(np.sum(own**2, axis=1))), 1e-9)
        predicted: Factors = directions @ np.linalg.solve(gram, own.T @ factors[heard])
        return predicted

    def _confidences(self, known: Interactions) -> sp.csr_matrix:
        heard = weighted(known.counts, self.plays)
        if known.features is None or not self.feature_weight:
            return heard
        described = unit_rows(known.features).T * self.feature_weight
        return sp.csr_matrix(sp.vstack([heard, described], format="csr", dtype="float32"))


@dataclass(frozen=True)
class FittedAls:
    """(items, factors), and what a history is solved with."""

    items: Factors
    regularization: float
    alpha: float
    plays: float

    @cached_property
    def _gram(self) -> Factors:
        gram: Factors = self.items.T @ self.items
        gram[np.diag_indices(len(gram))] += self.regularization
        return gram

    def factors(self, histories: sp.csr_matrix) -> Factors:
        """(n, factors) that explain each history best; zeros for a history of nothing."""
        confidences = weighted(histories, self.plays) * self.alpha
        chunks = [
            self._solved(confidences[first : first + _HISTORIES_AT_ONCE])
            for first in range(0, histories.shape[0], _HISTORIES_AT_ONCE)
        ]
        return np.concatenate([np.zeros((0, self.items.shape[1]), "float32"), *chunks])

    def scores(self, histories: sp.csr_matrix) -> Scores:
        """(n, items) products of the factors."""
        scores: Scores = self.factors(histories) @ self.items.T
        return scores

    def similar(self, items: Rows) -> Scores:
        """(n, items) cosines of the factors."""
        unit = self.items / np.maximum(np.linalg.norm(self.items, axis=1, keepdims=True), 1e-9)
        similar: Scores = unit[items] @ unit.T
        return similar

    def contributions(self, history: sp.csr_matrix, item: int) -> list[Contribution]:
        """What each item heard adds (Hu et al. 2008, section 5), largest first."""
        confidences = weighted(history, self.plays) * self.alpha
        towards = np.linalg.solve(self._equations(confidences)[0], self.items[item])
        amounts = confidences.data * (self.items[confidences.indices] @ towards)
        order = np.argsort(-amounts, kind="stable")
        return [Contribution("item", int(confidences.indices[i]), float(amounts[i])) for i in order]

    def arrays(self) -> Arrays:
        """The items' factors; the listeners' are not kept."""
        return {"items": self.items}

    def _solved(self, confidences: sp.csr_matrix) -> Factors:
        wanted = np.asarray(confidences @ self.items)[:, :, None]
        solved: Factors = np.linalg.solve(self._equations(confidences), wanted)[:, :, 0].astype("float32")
        return solved

    def _equations(self, confidences: sp.csr_matrix) -> Factors:
        """(n, factors, factors) left sides: what is not heard has confidence 1, what is heard its own."""
        lengths = np.diff(confidences.indptr)
        padded = np.arange(lengths.max(initial=0)) < lengths[:, None]
        surplus, columns = np.zeros(padded.shape, "float32"), np.zeros(padded.shape, dtype=np.int64)
        surplus[padded], columns[padded] = confidences.data - 1, confidences.indices
        heard = self.items[columns]
        equations: Factors = self._gram + np.swapaxes(heard * surplus[:, :, None], 1, 2) @ heard
        return equations
