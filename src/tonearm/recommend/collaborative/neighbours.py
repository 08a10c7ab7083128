"""Items that the same listeners hear: nearest neighbours by cosine (Sarwar et al. 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tonearm.models.model import SEED
from tonearm.recommend.collaborative.item_weights import ItemWeights

if TYPE_CHECKING:
    from tonearm.recommend.interactions import Interactions
    from tonearm.recommend.part import Arrays

_ROWS_AT_ONCE = 2048


@dataclass(frozen=True)
class Neighbours:
    """Cosine of the items' listeners, of the nearest only."""

    name: str = "neighbours"
    nearest: int = 1000
    """Neighbours that are kept of each item."""
    rarity: float = 0.0
    """Power of the listeners' inverse frequency (TF-IDF): 1 counts someone who hears little for more."""
    plays: float = 0.0
    """Power by which an item that was played more often in a history weighs more."""

    def fit(self, known: Interactions, seed: int = SEED) -> ItemWeights:
        """Cosines of the columns."""
        heard = known.heard()
        rare = np.log1p(heard.shape[1] / np.maximum(np.diff(heard.indptr), 1)) ** self.rarity
        columns = unit_rows(sp.csr_matrix((sp.diags(rare.astype("float32")) @ heard).T))
        return ItemWeights(nearest_rows(columns, self.nearest), self.plays)

    def restore(self, arrays: Arrays) -> ItemWeights:
        """The cosines again."""
        return ItemWeights.restored(arrays, self.plays)


def unit_rows(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """The matrix with rows of length 1; a row of nothing stays."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags((1 / np.where(lengths > 0, lengths, 1)).astype("float32")) @ matrix)


def nearest_rows(rows: sp.csr_matrix, nearest: int) -> sp.csr_matrix:
    """(n, n) products of each two rows, without a row's own, of the ``nearest`` rows of each."""
    chunks = [
        _largest(_without_own(rows[first : first + _ROWS_AT_ONCE] @ rows.T, first), nearest)
        for first in range(0, rows.shape[0], _ROWS_AT_ONCE)
    ]
    return sp.csr_matrix(sp.vstack(chunks, format="csr"))


def _without_own(products: sp.csr_matrix, first: int) -> sp.csr_matrix:
    products = sp.csr_matrix(products)
    own = np.repeat(np.arange(products.shape[0]), np.diff(products.indptr)) + first == products.indices
    products.data[own] = 0
    products.eliminate_zeros()
    return products


def _largest(matrix: sp.csr_matrix, n: int) -> sp.csr_matrix:
    """The ``n`` largest entries of each row."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((-matrix.data, rows))
    kept = np.sort(order[np.arange(matrix.nnz) - matrix.indptr[rows] < n])
    return sp.csr_matrix((matrix.data[kept], (rows[kept], matrix.indices[kept])), matrix.shape)
