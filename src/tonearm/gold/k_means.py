"""k-means for many small samples at once, and how good and how alike groupings are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

STARTS = 4
MOST_STEPS = 300
SETTLED = 1e-4
"""Sum of squared movements, in standard deviations, below which centres count as found: they move by .01 at most."""
SEED = 1


def k_means(points: Numbers, k: int, weights: Numbers | None = None) -> tuple[Ints, Numbers]:
    """Groups from 0 to k − 1 for the rows of each matrix of ``points``, and the scatter (inertia) they leave.

    Lloyd's algorithm for all the matrices at once: for a few hundred rows most of a call of scikit-learn, which has
    the same options, is preparation. Of ``STARTS`` starts each the one with the least scatter is taken. ``weights``
    has a row per matrix, how often each of its rows counts; one that counts nothing belongs to the nearest group.
    """
    import numpy as np

    weights = np.ones(points.shape[:2]) if weights is None else weights
    points, weights = np.repeat(points, STARTS, axis=0), np.repeat(weights, STARTS, axis=0)
    squares = (points**2).sum(axis=2)
    centres = _first_centres(points, squares, weights, k)
    going = np.arange(len(points))
    for _ in range(MOST_STEPS):
        moved = _moved(centres[going], points[going], weights[going])
        is_settled = ((moved - centres[going]) ** 2).sum(axis=(1, 2)) <= SETTLED
        centres[going] = moved
        going = going[~is_settled]
        if not len(going):
            break
    apart = _apart(centres, points)
    inertia = (weights * (apart.min(axis=1) + squares)).sum(axis=1).reshape(-1, STARTS)
    best = np.arange(len(inertia)) * STARTS + inertia.argmin(axis=1)
    return apart[best].argmin(axis=1), inertia.min(axis=1)


def _moved(centres: Numbers, points: Numbers, weights: Numbers) -> Numbers:
    """The means of the points that are nearest to each centre; a centre without any stays where it is."""
    import numpy as np

    apart = _apart(centres, points)
    member = (apart == apart.min(axis=1, keepdims=True)) * weights[:, None]
    size = member.sum(axis=2, keepdims=True)
    return np.where(size > 0, member @ points / np.maximum(size, 1), centres)


def _first_centres(points: Numbers, squares: Numbers, weights: Numbers, k: int) -> Numbers:
    """Rows to start from, drawn by their squared distance from those drawn before (Arthur, Vassilvitskii 2007)."""
    import numpy as np

    rng, each = np.random.default_rng((SEED, k)), np.arange(len(points))
    centres = np.empty((len(points), k, points.shape[2]))
    nearest, chance = np.full(weights.shape, np.inf), weights
    for place in range(k):
        reached = chance.cumsum(axis=1)
        drawn = (reached < rng.random((len(points), 1)) * reached[:, -1:]).sum(axis=1)
        centres[:, place] = points[each, drawn]
        nearest = np.minimum(nearest, _apart(centres[:, place : place + 1], points)[:, 0] + squares)
        chance = np.maximum(nearest, 0) * weights
    return centres


def _apart(centres: Numbers, points: Numbers) -> Numbers:
    """Squared distance less that of the point from 0, for each matrix: a row per centre, a column per point."""
    return (centres**2).sum(axis=2)[:, :, None] - 2 * centres @ points.transpose(0, 2, 1)


def distances(points: Numbers) -> Numbers:
    """Euclidean distance of each pair of rows."""
    import numpy as np

    squares = (points * points).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0)))


def silhouette(apart: Numbers, groups: Ints, k: int) -> float:
    """Mean silhouette (Rousseeuw 1987) of ``groups`` numbered 0 to k − 1, from pairwise distances."""
    import numpy as np

    rows = np.arange(len(groups))
    member = np.zeros((len(groups), k))
    member[rows, groups] = 1.0
    size = member.sum(axis=0)
    to_group = apart @ member
    own = to_group[rows, groups] / np.maximum(size[groups] - 1, 1)
    to_group /= np.maximum(size, 1)
    to_group[:, size == 0] = np.inf
    to_group[rows, groups] = np.inf
    other = to_group.min(axis=1)
    widest = np.maximum(own, other)
    is_told = (size[groups] > 1) & (widest > 0) & np.isfinite(other)
    return float(np.where(is_told, (other - own) / np.where(is_told, widest, 1.0), 0.0).mean())


def rand_indices(groups: Ints, others: Ints, k: int) -> Numbers:
    """Adjusted Rand index (Hubert and Arabie 1985) of ``groups`` with each row of ``others``, all from 0 to k − 1."""
    import numpy as np

    def pairs(counts: Numbers) -> Numbers:
        return counts * (counts - 1) / 2

    shared = (others[:, None] == np.arange(k)[:, None]).astype(float) @ (groups[:, None] == np.arange(k))
    own, other = (pairs(shared.sum(axis=axis)).sum(axis=1) for axis in (1, 2))
    expected = own * other / math.comb(len(groups), 2)
    most = (own + other) / 2
    # Where both are one group, or each row is a group, they are the same.
    differ = most > expected
    agreed = pairs(shared).sum(axis=(1, 2)) - expected
    return np.where(differ, agreed / np.where(differ, most - expected, 1), 1)
