"""Items that are described alike: cosine between what a listener heard and every item, over the items' features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tonearm.errors import NotEnoughData
from tonearm.models.model import SEED
from tonearm.recommend.collaborative.item_weights import SPARSE, weighted
from tonearm.recommend.collaborative.neighbours import unit_rows
from tonearm.recommend.part import Contribution

if TYPE_CHECKING:
    from tonearm.recommend.interactions import Interactions, Rows
    from tonearm.recommend.part import Arrays, Scores


@dataclass(frozen=True)
class Features:
    """Cosine over the features of the interactions, whatever they are: tags, genres, sound."""

    name: str = "features"
    plays: float = 0.0
    """Power by which an item that was played more often in a history weighs more."""

    def fit(self, known: Interactions, seed: int = SEED) -> FittedFeatures:
        """Bring every item's features to length 1. NotEnoughData where items have none."""
        if known.features is None or not known.features.nnz:
            raise NotEnoughData(self.name, "are none", "features of the items")
        return FittedFeatures(unit_rows(known.features.astype("float32")), self.plays)

    def restore(self, arrays: Arrays) -> FittedFeatures:
        """The features again."""
        shape = len(arrays["indptr"]) - 1, int(arrays["n_features"][0])
        return FittedFeatures(sp.csr_matrix(tuple(arrays[name] for name in SPARSE), shape), self.plays)


@dataclass(frozen=True)
class FittedFeatures:
    """(items, features) of length 1."""

    features: sp.csr_matrix
    plays: float

    def scores(self, histories: sp.csr_matrix) -> Scores:
        """(n, items) cosine with the mean of what was heard."""
        return np.asarray((self._taste(histories) @ self.features.T).toarray(), dtype="float32")

    def similar(self, items: Rows) -> Scores:
        """(n, items) cosine with each of ``items``."""
        return np.asarray((self.features[items] @ self.features.T).toarray(), dtype="float32")

    def contributions(self, history: sp.csr_matrix, item: int) -> list[Contribution]:
        """The features that the item shares with what was heard, largest first."""
        shared = sp.csr_matrix(self._taste(history).multiply(self.features[item]))
        order = np.argsort(-shared.data, kind="stable")
        return [Contribution("feature", int(shared.indices[i]), float(shared.data[i])) for i in order]

    def arrays(self) -> Arrays:
        """The three arrays of the sparse matrix, and how many features there are."""
        return {name: getattr(self.features, name) for name in SPARSE} | {
            "n_features": np.array([self.features.shape[1]])
        }

    def _taste(self, histories: sp.csr_matrix) -> sp.csr_matrix:
        return unit_rows(sp.csr_matrix(weighted(histories, self.plays) @ self.features))
