"""What linear recommenders learn: how much each item that was heard speaks for each other one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from tonearm.recommend.part import Contribution

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Rows
    from tonearm.recommend.part import Arrays, Scores

    Matrix = npt.NDArray[Any]

SPARSE = ("data", "indices", "indptr")


def weighted(counts: sp.csr_matrix, plays: float) -> sp.csr_matrix:
    """What was heard as weights: logarithms of the play counts over the listener's mean, to the power ``plays``.

    0 weighs all that was heard the same, 1 what was heard more often the more.
    """
    if plays == 0:
        data = np.ones(counts.nnz, "float32")
    else:
        logs = np.log1p(counts.data.astype("float32"))
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        means = np.bincount(rows, logs, counts.shape[0]) / np.maximum(np.diff(counts.indptr), 1)
        data = (logs / means[rows]).astype("float32") ** plays
    return sp.csr_matrix((data, counts.indices, counts.indptr), counts.shape)


@dataclass(frozen=True)
class ItemWeights:
    """A fitted part whose score is the sum of the weights of what was heard."""

    weights: Matrix | sp.csr_matrix
    """(items heard, items recommended)"""
    plays: float = 0.0
    """The power of :func:`weighted`."""

    def scores(self, histories: sp.csr_matrix) -> Scores:
        """(n, items) sums of the weights of what each history holds."""
        return _dense(weighted(histories, self.plays) @ self.weights)

    def similar(self, items: Rows) -> Scores:
        """(n, items) the weights of each of ``items``."""
        return _dense(self.weights[items])

    def contributions(self, history: sp.csr_matrix, item: int) -> list[Contribution]:
        """The weight of each item heard, largest first."""
        heard = weighted(history, self.plays)
        amounts = heard.data * _dense(self.weights[heard.indices][:, [item]]).ravel()
        order = np.argsort(-amounts, kind="stable")
        return [Contribution("item", int(heard.indices[i]), float(amounts[i])) for i in order if amounts[i]]

    def arrays(self) -> Arrays:
        """The weights, as they are or as the three arrays of a sparse matrix."""
        if sp.issparse(self.weights):
            return {name: getattr(self.weights, name) for name in SPARSE}
        return {"weights": self.weights}

    @classmethod
    def restored(cls, arrays: Arrays, plays: float = 0.0) -> ItemWeights:
        """The part whose :meth:`arrays` these are."""
        if "weights" in arrays:
            return cls(arrays["weights"], plays)
        n = len(arrays["indptr"]) - 1
        return cls(sp.csr_matrix(tuple(arrays[name] for name in SPARSE), (n, n)), plays)


def _dense(matrix: Any) -> Scores:
    return np.asarray(matrix.toarray() if sp.issparse(matrix) else matrix, dtype="float32")
