"""Who heard what, and how often: what recommenders learn from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    import numpy.typing as npt

    Ids = npt.NDArray[Any]
    Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Interactions:
    """A matrix of play counts with the ids of its rows and columns.

    A row is whatever brings items together: a listener, or a playlist, whose tracks count once.
    """

    counts: sp.csr_matrix
    """(listeners, items) float32, how often each was heard; what is not stored was never heard."""
    listeners: Ids
    """(listeners,) ids, in the order of the rows."""
    items: Ids
    """(items,) ids of artists or tracks, in the order of the columns."""
    features: sp.csr_matrix | None = None
    """(items, features) float32, what describes an item: tags, genres, standardised sound. None where nothing does."""
    friends: sp.csr_matrix | None = None
    """(listeners, listeners) 1 where two are friends; None where that is not known."""

    def heard(self) -> sp.csr_matrix:
        """The matrix with 1 for whatever was heard."""
        counts = self.counts
        return sp.csr_matrix((np.ones_like(counts.data), counts.indices, counts.indptr), counts.shape)

    def of_listeners(self, rows: Rows) -> Interactions:
        """The interactions of some of the listeners, with all items."""
        friends = None if self.friends is None else self.friends[rows][:, rows]
        return replace(self, counts=self.counts[rows], listeners=self.listeners[rows], friends=friends)

    @property
    def catalogue(self) -> str:
        """Hash of the items in their order: a model fits only the catalogue that it was trained on."""
        return hashlib.sha256("\n".join(map(str, self.items.tolist())).encode()).hexdigest()
