"""Items predicted from the features of what a listener heard, by ridge regression: who likes doom hears these.

Unlike the cosine of features it learns from listeners which features matter, and for which items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tonearm.errors import NotEnoughData
from tonearm.models.model import SEED
from tonearm.recommend.collaborative.ease import main_directions
from tonearm.recommend.collaborative.item_weights import weighted
from tonearm.recommend.collaborative.neighbours import unit_rows
from tonearm.recommend.part import Contribution

if TYPE_CHECKING:
    import numpy.typing as npt
    import scipy.sparse as sp

    from tonearm.recommend.interactions import Interactions, Rows
    from tonearm.recommend.part import Arrays, Scores

    Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Taste:
    """A regression from the mean of the features heard, brought to length 1, to every item."""

    name: str = "taste"
    penalty: float = 1.5
    rank: int = 400
    """Singular vectors that stand for all features."""
    plays: float = 1.0
    """Power by which an item that was played more often in a history weighs more."""

    def fit(self, known: Interactions, seed: int = SEED) -> FittedTaste:
        """Solve the regression. NotEnoughData where items have no features."""
        if known.features is None or not known.features.nnz:
            raise NotEnoughData(self.name, "are none", "features of the items")
        items = main_directions(unit_rows(known.features.astype("float32")), self.rank, seed).T
        tastes = _tastes(weighted(known.counts, self.plays), items)
        gram = tastes.T @ tastes
        gram[np.diag_indices(len(gram))] += self.penalty
        weights = np.linalg.solve(gram, np.asarray((known.heard().T @ tastes).T)).astype("float32")
        return FittedTaste(items, weights, self.plays)

    def restore(self, arrays: Arrays) -> FittedTaste:
        """The regression again."""
        return FittedTaste(arrays["items"], arrays["weights"], self.plays)


@dataclass(frozen=True)
class FittedTaste:
    """(items, directions) of the features, and (directions, items) what each direction speaks for."""

    items: Matrix
    weights: Matrix
    plays: float

    def scores(self, histories: sp.csr_matrix) -> Scores:
        """(n, items) predictions from what each history's features are on average."""
        scores: Scores = _tastes(weighted(histories, self.plays), self.items) @ self.weights
        return scores

    def similar(self, items: Rows) -> Scores:
        """(n, items) predictions for someone who heard nothing but each of ``items``."""
        similar: Scores = _unit(self.items[items]) @ self.weights
        return similar

    def contributions(self, history: sp.csr_matrix, item: int) -> list[Contribution]:
        """What the features of each item heard add, largest first."""
        heard = weighted(history, self.plays)
        parts = heard.data[:, None] * self.items[heard.indices]
        length = max(float(np.linalg.norm(parts.sum(axis=0))), 1e-12)
        amounts = parts @ self.weights[:, item] / length
        order = np.argsort(-amounts, kind="stable")
        return [Contribution("item", int(heard.indices[i]), float(amounts[i])) for i in order]

    def arrays(self) -> Arrays:
        """Both matrices."""
        return {"items": self.items, "weights": self.weights}


def _tastes(histories: sp.csr_matrix, items: Matrix) -> Matrix:
    return _unit(np.asarray(histories @ items))


def _unit(rows: Matrix) -> Matrix:
    unit: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit
