"""The choice among scored tracks: filters, relaxed in a stated order, then variety, novelty and the day's order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from tonearm.errors import UsageError
from tonearm.models.model import SEED
from tonearm.recommend.answers.request import RELAXED_FIRST, Request, check, masks, same_song

if TYPE_CHECKING:
    import numpy.typing as npt
    import scipy.sparse as sp

    from tonearm.recommend.answers.request import Mask

    Numbers = npt.NDArray[np.float64]
    Vectors: TypeAlias = Numbers | sp.csr_matrix
    Rows = npt.NDArray[np.int64]

LARGEST_POOL = 3_000
"""Candidates that the dials choose from at most: each is compared with each that was taken."""
POOL, POOL_PER_TRACK = 200, 10
"""Best candidates that the dials choose from, at least, and for each track asked for: what is further down does not
suit, however new or different it is."""
WIDER = 2
"""By how many pools it is larger with full novelty: most of the best are by artists that are known already."""
ROTATION = 0.15
"""How far the order of a day may move a track, as a share of the pool: at most 30 places of 200. On two histories
5 to 7 of 20 tracks then change from day to day."""
_UNKNOWN_POPULARITY = 0.5


@dataclass(frozen=True)
class Choice:
    """The tracks chosen, best first, and what had to give way."""

    rows: Rows
    """(n,) positions in the items, n ≤ k."""
    misses: tuple[tuple[str, ...], ...]
    """(n,) for each track the relaxed filters that it does not meet."""
    relaxed: tuple[str, ...] = ()
    """Filters that were relaxed, in this order; a track that misses none of them comes first."""
    fewer: str = ""
    """Why there are fewer tracks than were asked for; empty if there are as many."""


@dataclass
class _Taken:
    """What was chosen so far."""

    rows: list[int] = field(default_factory=list)
    misses: list[tuple[str, ...]] = field(default_factory=list)


def choose(
    scores: Numbers,
    items: pd.DataFrame,
    request: Request,
    *,
    heard: Mask | None = None,
    excluded: Mask | None = None,
    vectors: Vectors | None = None,
) -> Choice:
    """The best ``request.k`` items by ``scores`` (items,), higher is better; not a number for never.

    ``heard`` and ``excluded`` (items,) are what the listener knows and what must not appear, in any version of the
    song. ``vectors`` (items, d) of length 1 say how alike two items are; without them ``diversity`` has no effect.
    The same arguments give the same answer. Raises UsageError and UnknownName as :func:`check` and :func:`masks` do,
    and UsageError where nothing meets filters that must not be relaxed.
    """
    check(request)
    heard = np.zeros(len(items), bool) if heard is None else heard
    filters = masks(request, items, heard)
    may_relax = tuple(name for name in RELAXED_FIRST if name in filters) if request.is_relaxed else ()
    firm = {name: mask for name, mask in filters.items() if name not in may_relax}
    if firm and len(items) and not np.logical_and.reduce([*firm.values()]).any():
        raise UsageError(f"no track meets all of {', '.join(firm)}; leave one of them out")
    eligible = np.isfinite(scores) & ~same_song(items, _never(items, request, excluded))
    eligible = np.logical_and.reduce([eligible, *firm.values()])
    taken = _Taken()
    relaxed: tuple[str, ...] = ()
    for relaxed in (may_relax[:n] for n in range(len(may_relax) + 1)):
        allowed = np.logical_and.reduce([eligible, *(filters[name] for name in may_relax if name not in relaxed)])
        _take(taken, _pool(allowed, scores, items, request, taken.rows), items, request, heard, vectors)
        taken.misses += [tuple(n for n in relaxed if not filters[n][row]) for row in taken.rows[len(taken.misses) :]]
        if len(taken.rows) == request.k:
            break
    return Choice(np.array(taken.rows, np.int64), tuple(taken.misses), relaxed, _fewer(request, len(taken.rows)))


def meeting(items: pd.DataFrame, request: Request, heard: Mask | None = None, excluded: Mask | None = None) -> Mask:
    """(items,) which of them meet all filters of the request and may appear; raises what :func:`masks` raises."""
    filters = masks(request, items, np.zeros(len(items), bool) if heard is None else heard)
    met: Mask = np.logical_and.reduce([~same_song(items, _never(items, request, excluded)), *filters.values()])
    return met


def _never(items: pd.DataFrame, request: Request, excluded: Mask | None) -> Mask:
    named: Mask = items["track_id"].isin([*request.liked, *request.disliked, *request.seen]).to_numpy()
    return named if excluded is None else named | excluded


def _pool(allowed: Mask, scores: Numbers, items: pd.DataFrame, request: Request, taken: list[int]) -> Rows:
    """The best allowed items, best first: one version of each song, and no more of an artist than may still come."""
    rows: Rows = np.flatnonzero(allowed)
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    # What was taken stands before the rest, so that it counts against the song and the artist.
    rows = np.concatenate([np.array(taken, np.int64), rows[~np.isin(rows, taken)]])
    rows = rows[~pd.Series(_ids(items["song_id"], rows)).duplicated().to_numpy()]
    artists = pd.Series(_ids(items["artist_id"], rows))
    rows = rows[artists.groupby(artists).cumcount().to_numpy() < request.per_artist]
    size = max(POOL, POOL_PER_TRACK * request.k) * (1 + WIDER * request.novelty)
    return rows[len(taken) : len(taken) + max(min(round(size), LARGEST_POOL), request.k)]


def _ids(column: pd.Series[int], rows: Rows) -> npt.NDArray[np.int64]:
    """Numbers that agree where the ids do; an item without an id agrees with none."""
    codes = pd.factorize(column.iloc[rows])[0]
    return np.where(codes < 0, -1 - np.arange(len(rows)), codes)


def _take(
    taken: _Taken, pool: Rows, items: pd.DataFrame, request: Request, heard: Mask, vectors: Vectors | None
) -> None:
    """Add the pool's best to what was taken, up to ``request.k``."""
    worth = _worth(pool, items, request, heard)
    count = min(request.k - len(taken.rows), len(pool))
    if vectors is None or not request.diversity:
        best = np.argsort(-worth, kind="stable")[:count]
    else:
        best = _unlike(worth, dense(vectors[pool]), dense(vectors[taken.rows]), count, request.diversity)
    taken.rows += pool[best].tolist()


def _worth(pool: Rows, items: pd.DataFrame, request: Request, heard: Mask) -> Numbers:
    """0–1 by place in the pool, because scores of different models have no scale in common; then novelty and day."""
    relevance = 1 - np.arange(len(pool)) / max(len(pool), 1)
    worth = (1 - request.novelty) * relevance
    if request.novelty:
        worth += request.novelty * (1 - _familiar(items, heard)[pool])
    if request.day is not None or request.seed != SEED:
        of_day = np.random.default_rng([request.seed, request.day.toordinal() if request.day else 0])
        # One number for each item of the catalogue, so that other filters do not change a track's luck.
        worth += ROTATION * of_day.random(len(items))[pool]
    return worth


def _familiar(items: pd.DataFrame, heard: Mask) -> Numbers:
    """0–1 how known an item is: by its own popularity or its artist's, whichever is higher; 1 for heard artists."""
    own = items["popularity"].astype(float)
    of_artist = own.groupby(items["artist_id"]).transform("max")
    known: Numbers = np.maximum(*(p.rank(pct=True).fillna(_UNKNOWN_POPULARITY).to_numpy() for p in (own, of_artist)))
    known[items["artist_id"].isin(items["artist_id"][heard]).to_numpy()] = 1.0
    return known


def _unlike(worth: Numbers, vectors: Numbers, before: Numbers, count: int, diversity: float) -> Rows:
    """Places of ``count`` items by maximal marginal relevance: each is worth much and unlike those before it.

    Carbonell & Goldstein 1998, https://doi.org/10.1145/290941.291025
    """
    nearest = (vectors @ before.T).max(axis=1) if len(before) else np.zeros(len(vectors))
    is_left = np.ones(len(vectors), bool)
    best = np.empty(count, np.int64)
    for n in range(count):
        best[n] = np.argmax(np.where(is_left, (1 - diversity) * worth - diversity * nearest, -np.inf))
        is_left[best[n]] = False
        nearest = np.maximum(nearest, vectors @ vectors[best[n]])
    return best


def dense(vectors: Vectors) -> Numbers:
    """The rows of a matrix, sparse or not, as an array."""
    return vectors if isinstance(vectors, np.ndarray) else np.asarray(vectors.todense())


def _fewer(request: Request, found: int) -> str:
    if found == request.k:
        return ""
    few = "no track is" if not found else f"only {found} {'track is' if found == 1 else 'tracks are'}"
    return f"{few} left with at most {request.per_artist} by one artist and no song in two versions"
