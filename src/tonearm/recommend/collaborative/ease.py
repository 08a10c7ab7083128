"""Each item predicted from all others by one ridge regression in closed form, with the diagonal held at zero.

EASE (Steck 2019), with dropout as a penalty that grows with an item's listeners (Steck 2020), the weight of listeners
and the popularity of items normalised (Park et al. 2025), and the items' features as further listeners (Jeunen 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from tonearm.errors import UsageError
from tonearm.models.model import SEED
from tonearm.recommend.collaborative.item_weights import ItemWeights
from tonearm.recommend.collaborative.neighbours import unit_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Interactions
    from tonearm.recommend.part import Arrays

    Matrix = npt.NDArray[np.float32]

MOST_ITEMS = 20_000
"""The weights of more items fill more than 1.6 GB."""
_RANK = 200
"""Singular vectors that stand for all features: the rest hardly changes the weights, but the time of fitting."""


@dataclass(frozen=True)
class Ease:
    """A regression over items; see the module for its sources."""

    name: str = "ease"
    penalty: float = 20.0
    dropout: float = 0.8
    """Share of a history that is thought away while learning, which penalises items by their listeners."""
    listener_power: float = 0.5
    """A listener of n items weighs n to the power of minus twice this."""
    popularity_power: float = 0.05
    """An item of n listeners is recommended n to the power of minus this, and speaks for others by the inverse."""
    feature_weight: float = 4.0
    """Of the items' features beside the listeners; 0 leaves them out."""
    plays: float = 1.0
    """Power by which an item that was played more often in a history weighs more."""

    def fit(self, known: Interactions, seed: int = SEED) -> ItemWeights:
        """The regression's weights. UsageError for more than 20,000 items."""
        if known.counts.shape[1] > MOST_ITEMS:
            raise UsageError(f"ease holds at most {MOST_ITEMS:,} items, and there are {known.counts.shape[1]:,}")
        heard = self._normalised(known)
        features = self._features(known, seed)
        energy = np.asarray(heard.multiply(heard).sum(axis=0)).ravel() + (features**2).sum(axis=0)
        ridge = (self.penalty + self.dropout / (1 - self.dropout) * energy).astype("float32")
        inverse = inverted(heard, features, ridge)
        weights = inverse / -np.diag(inverse)
        np.fill_diagonal(weights, 0)
        listeners = np.maximum(np.bincount(known.counts.indices, minlength=len(weights)), 1) ** self.popularity_power
        return ItemWeights((weights * (listeners[:, None] / listeners)).astype("float32"), self.plays)

    def restore(self, arrays: Arrays) -> ItemWeights:
        """The weights again."""
        return ItemWeights.restored(arrays, self.plays)

    def _normalised(self, known: Interactions) -> sp.csr_matrix:
        """What was heard, by listeners whose weights have a mean of one."""
        lengths = np.maximum(np.diff(known.counts.indptr), 1.0)
        weights = lengths**-self.listener_power * np.mean(lengths**self.listener_power)
        return sp.csr_matrix(sp.diags(weights.astype("float32")) @ known.heard())

    def _features(self, known: Interactions, seed: int) -> Matrix:
        """(up to 200, items) what the features amount to."""
        n_items = known.counts.shape[1]
        if known.features is None or not self.feature_weight:
            return np.zeros((0, n_items), "float32")
        return self.feature_weight * main_directions(unit_rows(known.features), _RANK, seed)


def main_directions(features: sp.csr_matrix, rank: int, seed: int) -> Matrix:
    """(at most ``rank``, items) such that products of its columns are near those of the features' rows."""
    from sklearn.utils.extmath import randomized_svd

    rank = min(rank, *features.shape)
    left, values, _ = randomized_svd(features, rank, n_iter=3, random_state=seed)
    return np.asarray((left * values).T, dtype="float32")


def inverted(heard: sp.csr_matrix, features: Matrix, ridge: npt.NDArray[np.float32]) -> Matrix:
    """The inverse of heardᵀ heard + featuresᵀ features + ridge on the diagonal, (items, items).

    With fewer listeners than items a matrix of the listeners' size is inverted instead (Woodbury).
    """
    if heard.shape[0] < heard.shape[1]:
        inverse = _by_listeners(heard, ridge)
    else:
        gram = (heard.T @ heard).toarray()
        gram[np.diag_indices(len(gram))] += ridge
        inverse = _of_definite(gram)
    if len(features):
        reached = features @ inverse
        inverse -= reached.T @ (_of_definite(reached @ features.T + np.eye(len(features))) @ reached)
    return inverse


def _by_listeners(heard: sp.csr_matrix, ridge: npt.NDArray[np.float32]) -> Matrix:
    scaled = sp.csr_matrix(heard @ sp.diags(1 / ridge))
    inner = _of_definite((scaled @ heard.T).toarray() + np.eye(heard.shape[0]))
    inverse: Matrix = -np.asarray(scaled.T @ (scaled.T @ inner).T, dtype="float32")
    inverse[np.diag_indices(len(inverse))] += 1 / ridge
    return inverse


def _of_definite(matrix: npt.NDArray[Any]) -> Matrix:
    """The inverse of a positive definite matrix by Cholesky, a third of the work of a general one."""
    from scipy.linalg import lapack

    factor, _ = lapack.spotrf(np.asfortranarray(matrix, dtype="float32"), lower=1)
    lower, _ = lapack.spotri(factor, lower=1)
    inverse: Matrix = np.tril(lower) + np.tril(lower, -1).T
    return inverse
