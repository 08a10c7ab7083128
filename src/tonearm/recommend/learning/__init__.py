"""How much each signal counts: learned from playlists that were held out, and from what listeners heard later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tonearm.models.logistic import logistic

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

PULL = 1.0
"""How strongly weights are drawn to where they start: as by about as many rows."""


def weighed(x: Numbers, is_right: Flags, towards: Numbers, counts: Numbers | None = None) -> Numbers:
    """(NAMES,) weights of the signals ``x`` (rows, NAMES) by logistic regression, drawn ``towards`` given ones.

    None is negative, so that each reason speaks for a track: a signal that would be is left out.
    """
    kept = np.arange(x.shape[1])
    while True:
        pull = np.r_[0.0, np.full(len(kept), PULL)]
        found = logistic(x[:, kept], is_right.astype(float), np.r_[0.0, towards[kept]], pull, counts)[1:]
        if (found >= 0).all():
            weights = np.zeros(x.shape[1])
            weights[kept] = found
            return weights
        kept = kept[found >= 0]
