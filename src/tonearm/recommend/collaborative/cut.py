"""Histories cut in two at random: what is known of a listener, and what is to be found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Rows


def cut(
    counts: sp.csr_matrix, kept: npt.NDArray[np.integer], random: np.random.Generator
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """``kept`` random entries of each row, and the others."""
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    shuffled = np.lexsort((random.random(counts.nnz), rows))
    place = np.empty(counts.nnz, dtype=np.int64)
    place[shuffled] = np.arange(counts.nnz) - counts.indptr[rows]
    is_kept = place < kept[rows]
    return _entries(counts, rows, is_kept), _entries(counts, rows, ~is_kept)


def _entries(counts: sp.csr_matrix, rows: Rows, which: npt.NDArray[np.bool_]) -> sp.csr_matrix:
    return sp.csr_matrix((counts.data[which], (rows[which], counts.indices[which])), counts.shape)
