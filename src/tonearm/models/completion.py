"""Completes rows whose features are partly missing: each by what the others of the row make likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

RIDGE = 0.05
"""Added to the variances (of standardised features, 1 each): many features say nearly the same."""


@dataclass(frozen=True)
class Completion:
    """Standardises features; a missing one gets its conditional mean under a joint normal distribution.

    With everything missing that is the mean; with one of two twins missing, nearly the other.
    """

    mean: Matrix
    scale: Matrix
    correlation: Matrix

    @classmethod
    def of(cls, rows: Matrix) -> Completion:
        """Learned from ``rows``, NaN where something is missing."""
        known = np.isfinite(rows)
        n = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, rows, 0).sum(axis=0) / n
        centred = np.where(known, rows - mean, 0)
        scale = np.sqrt((centred**2).sum(axis=0) / n)
        # A feature that never changes carries no information; one standard deviation of it is anything.
        scale = np.where(scale > 1e-9, scale, 1.0)
        standard = centred / scale
        return cls(mean, scale, standard.T @ standard / max(len(rows), 1))

    def standard(self, rows: Matrix) -> Matrix:
        """``rows`` standardised and complete; within six standard deviations, so that nothing absurd is believed."""
        with np.errstate(invalid="ignore"):
            found = np.clip((rows - self.mean) / self.scale, -6, 6)
        found = np.where(np.isfinite(rows), found, np.nan)
        missing = np.isnan(found)
        lacking = np.flatnonzero(missing.any(axis=1))
        for rows_of in _alike(missing[lacking]):
            at, pattern = lacking[rows_of], missing[lacking[rows_of[0]]]
            found[np.ix_(at, pattern)] = self._likely(found[np.ix_(at, ~pattern)], pattern)
        return found

    def _likely(self, known: Matrix, missing: npt.NDArray[np.bool_]) -> Matrix:
        own = self.correlation[np.ix_(~missing, ~missing)] + RIDGE * np.eye(int((~missing).sum()))
        across = self.correlation[np.ix_(~missing, missing)]
        return (
            np.asarray(known @ np.linalg.solve(own, across))
            if known.shape[1]
            else np.zeros((len(known), missing.sum()))
        )


def _alike(flags: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.int64]]:
    """The rows of each pattern of flags; bits are compared as bytes, which sort many times faster than rows."""
    if not len(flags):
        return []
    bits = np.packbits(flags, axis=1)
    _, of = np.unique(bits.view(f"S{bits.shape[1]}").ravel(), return_inverse=True)
    return np.split(np.argsort(of, kind="stable"), np.cumsum(np.bincount(of))[:-1])
