"""One list for several listeners, in which everybody gets a fair share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tonearm.recommend.answers.choose import Choice, choose, meeting
from tonearm.recommend.answers.request import MOST, Request

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.answers.choose import Numbers, Rows, Vectors
    from tonearm.recommend.answers.request import Mask

MORE = 5
"""Candidates for each track of the answer, among which the fair order is found."""
SERVED = 0.5
"""A track serves those whose liking of it is at least this share of the one's who likes it most."""
_HALF = 100
"""Rank at which a track is worth half as much as the best one."""
_START = 0.1
"""What everybody has at the start, in tracks: without it nobody's first track would weigh more than another's."""


@dataclass(frozen=True)
class Blend:
    """The tracks chosen, and what they are worth to each listener."""

    choice: Choice
    likings: Numbers
    """(listeners, n) 0–1 for each track of the choice, by its rank among what meets the request."""
    satisfaction: Numbers
    """(listeners,) the sum of their likings, as a share of that of their own best list from the same candidates."""

    def serves(self, nth: int) -> Rows:
        """The listeners whose taste the track at ``nth`` of the choice serves, the one who likes it most first."""
        own = self.likings[:, nth]
        order = np.argsort(-own, kind="stable")
        found: Rows = order[(own[order] > 0) & (own[order] >= SERVED * own.max())]
        return found


def blend(
    scores: Numbers,
    items: pd.DataFrame,
    request: Request,
    *,
    heard: Mask | None = None,
    excluded: Mask | None = None,
    vectors: Vectors | None = None,
) -> Blend:
    """The fairest ``request.k`` tracks by the ``scores`` (listeners, items) of each listener.

    Scores count by their ranks, since those of two listeners have no scale in common. Candidates are the best by the
    mean and the least of the likings (least misery: Masthoff 2004). Of these each next track is the one that raises
    the product of everybody's satisfaction most (Nash welfare), which serves whoever has got least so far. ``heard``
    and ``excluded`` are what anybody has heard and what anybody refuses. Raises what :func:`choose` raises.
    """
    met = meeting(items, request, heard, excluded)
    likings = _likings(np.where(met, scores, -np.inf) if met.sum() >= request.k else scores)
    together = likings.mean(axis=0) + likings.min(axis=0)
    wide = replace(request, k=min(MOST, MORE * request.k), is_relaxed=False)
    found = None
    if met.sum() >= request.k:
        found = choose(together, items, wide, heard=heard, excluded=excluded, vectors=vectors)
    if found is None or len(found.rows) < request.k:
        found = choose(together, items, request, heard=heard, excluded=excluded, vectors=vectors)
    order = _fair(likings[:, found.rows], min(request.k, len(found.rows)))
    rows = found.rows[order]
    misses = tuple(found.misses[n] for n in order)
    fewer = found.fewer if len(rows) < request.k else ""
    own_best = np.sort(likings[:, found.rows], axis=1)[:, ::-1][:, : len(rows)].sum(axis=1)
    share = likings[:, rows].sum(axis=1) / np.where(own_best > 0, own_best, 1.0)
    return Blend(Choice(rows, misses, found.relaxed, fewer), likings[:, rows], share)


def _likings(scores: Numbers) -> Numbers:
    """(listeners, items) 1 for a listener's best item, half for the one at rank _HALF; equal for equals."""
    ranks = pd.DataFrame(np.where(np.isfinite(scores), scores, -np.inf).T).rank(ascending=False, method="min") - 1
    found: Numbers = 1 / (1 + ranks.to_numpy().T / _HALF)
    return found


def _fair(likings: Numbers, count: int) -> npt.NDArray[np.int64]:
    """Places of ``count`` tracks of (listeners, tracks), each the one by which the product of all sums grows most."""
    sums = np.full(len(likings), _START)
    is_left = np.ones(likings.shape[1], bool)
    order = np.empty(count, np.int64)
    for n in range(count):
        welfare = np.log(sums[:, None] + likings).sum(axis=0)
        order[n] = np.argmax(np.where(is_left, welfare, -np.inf))
        is_left[order[n]] = False
        sums += likings[:, order[n]]
    return order
