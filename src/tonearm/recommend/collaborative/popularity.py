"""What most listeners heard, for everybody the same: the floor of every comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tonearm.models.model import SEED
from tonearm.recommend.part import Contribution

if TYPE_CHECKING:
    import numpy.typing as npt
    import scipy.sparse as sp

    from tonearm.recommend.interactions import Interactions, Rows
    from tonearm.recommend.part import Arrays, Scores


@dataclass(frozen=True)
class Popularity:
    """The number of listeners of each item."""

    name: str = "popularity"

    def fit(self, known: Interactions, seed: int = SEED) -> FittedPopularity:
        """Count the listeners."""
        return FittedPopularity(np.bincount(known.counts.indices, minlength=known.counts.shape[1]).astype("float32"))

    def restore(self, arrays: Arrays) -> FittedPopularity:
        """The counts again."""
        return FittedPopularity(arrays["listeners"])


@dataclass(frozen=True)
class FittedPopularity:
    """(items,) listeners of each item."""

    listeners: npt.NDArray[np.float32]

    def scores(self, histories: sp.csr_matrix) -> Scores:
        """The same row for everybody who heard anything."""
        return np.outer(np.diff(histories.indptr) > 0, self.listeners).astype("float32")

    def similar(self, items: Rows) -> Scores:
        """The same row for each item."""
        return np.tile(self.listeners, (len(items), 1))

    def contributions(self, history: sp.csr_matrix, item: int) -> list[Contribution]:
        """The item itself, for it is popular whatever was heard."""
        return [Contribution("item", item, float(self.listeners[item]))] if history.nnz else []

    def arrays(self) -> Arrays:
        """The counts."""
        return {"listeners": self.listeners}
