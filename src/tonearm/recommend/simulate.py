"""Simulated listeners whose true taste is known, so that a recommender can be measured against the best possible one.

They also stand in for the listener × song matrix of a home with one listener. They exist in memory only, and the ids
of all of them begin with :data:`SIMULATED`, so that nobody's statistics contain them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from tonearm.errors import NotEnoughData
from tonearm.models.model import SEED
from tonearm.recommend.interactions import Interactions

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Ids, Rows

    Floats = npt.NDArray[np.float32]

SIMULATED = "(simulated)"
"""Beginning of the id of every simulated listener, playlist and item."""
CLUSTERS = (
    *("acoustic", "ambient", "blues", "classical", "country", "electronic"),
    *("folk", "hip-hop", "jazz", "metal", "pop", "rock"),
)
"""Names of the taste clusters of a world that has no catalogue."""
OCCASIONS = ("Morning", "Late night", "Rainy day", "Running", "Kitchen", "Road trip", "Focus", "Sunday")
_EXPOSURE = 0.5
"""Power of the popularity with which a slate is drawn: listeners meet well-known songs more often."""
_FOCUS, _SPREAD = 3.6, 1.8
"""Sums of the Dirichlet parameters of a listener's taste and of what an item is besides its main cluster."""
_MAIN_SHARE = 0.7
_TAGGED_RIGHT = 0.8
"""Share of the items whose genre is that of their main cluster."""
_LAST_SHARE = 0.2
"""Share of a listener's sessions that are held out, the last ones."""
_PLAYLIST_MOOD = 6.0
_PLAYLIST_CHOICES = 30
_BLOCK = 8_192
_TINY = np.float32(1e-30)
"""Keeps the logarithm finite."""


@dataclass(frozen=True)
class Habits:
    """How simulated listeners choose. Weights are in units of the Gumbel noise of a choice."""

    sessions: int = 30
    choices: int = 8
    """Listens of a session."""
    slate: int = 20
    """Items that a listener chooses from at a time."""
    taste: float = 8.0
    """Weight of the taste. With 0 all choices are random, and only the slates favour some items."""
    mood: float = 2.0
    """Weight of a session's mood, one of the clusters of the listener's taste."""
    playlists: int = 2
    """Playlists that each listener makes."""
    unbiased: int = 20
    """Choices from slates in which every item is as likely."""


@dataclass(frozen=True)
class World:
    """What is true of the simulated listeners and items and what no recommender sees."""

    tastes: Floats
    """(listeners, clusters) shares."""
    membership: Floats
    """(items, clusters) shares."""
    popularity: Floats
    """(items,) shares."""
    names: tuple[str, ...]
    """Of the clusters."""

    def utilities(self, rows: Rows | None = None) -> Floats:
        """(n, items) how much the listeners of ``rows``, by default all, truly like every item: the oracle's scores."""
        utilities: Floats = (self.tastes if rows is None else self.tastes[rows]) @ self.membership.T
        return utilities


class Sessions(NamedTuple):
    """Listens in the order in which they happened, each listener's together."""

    listener: Rows
    """(listens,) row of the listener."""
    session: Rows
    """(listens,) number of the session, counted from 0 for each listener."""
    item: Rows
    """(listens,) column of the item."""


@dataclass(frozen=True)
class Simulated:
    """Simulated listening, in part held out, and the truth about it."""

    known: Interactions
    """Listens of all sessions but each listener's last ones."""
    logged: sp.csr_matrix
    """(listeners, items) 1 for what was first heard in the last sessions, from slates that favour popular items."""
    unbiased: sp.csr_matrix
    """(listeners, items) 1 for unheard items chosen from slates in which every item is as likely."""
    sessions: Sessions
    playlists: Interactions
    """A row for each playlist, whose ids are names."""
    world: World


def simulate(
    listeners: int = 1_200,
    items: int = 2_000,
    habits: Habits | None = None,
    seed: int = SEED,
    clusters: int = len(CLUSTERS),
) -> Simulated:
    """Listeners and playlists of a world of its own: Zipf popularity, Dirichlet tastes, choices with Gumbel noise.

    Items are in random order: neighbouring columns have nothing in common. Their features are genres, most of them
    right. Model: slates and discrete choice as in Chaney et al., RecSys 2018, doi:10.1145/3240323.3240370.
    """
    rng = np.random.default_rng(seed)
    names = tuple(CLUSTERS[k] if k < len(CLUSTERS) else f"genre {k}" for k in range(clusters))
    main = rng.integers(0, clusters, items)
    popularity = rng.permutation(1 / np.arange(1, items + 1)).astype(np.float32)
    world = World(
        _tastes(listeners, np.bincount(main, minlength=clusters), rng),
        _membership(main, clusters, rng),
        popularity / popularity.sum(),
        names,
    )
    tagged = np.where(rng.random(items) < _TAGGED_RIGHT, main, rng.integers(0, clusters, items))
    features = sp.csr_matrix((np.ones(items, np.float32), (np.arange(items), tagged)), (items, clusters))
    ids = np.array([f"{SIMULATED} song {number}" for number in range(items)])
    return _lived(world, ids, features, habits or Habits(), rng)


def simulate_over(
    items: Ids,
    features: sp.csr_matrix,
    genres: Ids,
    popularity: npt.NDArray[Any] | None = None,
    listeners: int = 1_200,
    habits: Habits | None = None,
    seed: int = SEED,
) -> Simulated:
    """Listeners and playlists over a catalogue, whose clusters are found by k-means of the items' ``features``.

    ``genres`` (items,) name the clusters, each after the one that is most frequent in it; ``popularity`` (items,) is
    not negative, and without it all are as popular. Both may be null; an item's popularity then counts as 0. Raises
    NotEnoughData for fewer items than clusters.
    """
    count = len(CLUSTERS)
    if len(items) < count:
        raise NotEnoughData("a simulation", f"are {len(items)}", f"{count} items in the catalogue")
    rng = np.random.default_rng(seed)
    membership = _clustered(features, count, seed)
    main = membership.argmax(axis=1)
    weight = np.ones(len(items)) if popularity is None else np.nan_to_num(np.asarray(popularity, float))
    # An item of popularity 0 can still be met.
    weight = weight + max(weight.mean(), 1) / 100
    world = World(
        _tastes(listeners, np.bincount(main, minlength=count), rng),
        membership,
        (weight / weight.sum()).astype(np.float32),
        tuple(_most_frequent(genres[main == k]) for k in range(count)),
    )
    return _lived(world, items, features, habits or Habits(), rng)


def is_simulated(listener: str) -> bool:
    """Whether the id is that of a simulated listener or playlist."""
    return listener.startswith(SIMULATED)


def _tastes(listeners: int, sizes: npt.NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """A taste for each listener: a few clusters, the larger ones for more listeners."""
    focus = _FOCUS * (sizes + 1) / (sizes + 1).sum()
    # Of gamma variates, since many tiny parameters make numpy's Dirichlet divide by zero.
    drawn = rng.standard_gamma(focus, (listeners, len(sizes))).astype(np.float32) + np.float32(1e-9)
    tastes: Floats = drawn / drawn.sum(axis=1, keepdims=True)
    return tastes


def _membership(main: Rows, clusters: int, rng: np.random.Generator) -> Floats:
    drawn = rng.standard_gamma(_SPREAD / clusters, (len(main), clusters)).astype(np.float32) + np.float32(1e-9)
    membership: Floats = (1 - _MAIN_SHARE) * drawn / drawn.sum(axis=1, keepdims=True)
    membership[np.arange(len(main)), main] += _MAIN_SHARE
    return membership


def _clustered(features: sp.csr_matrix, count: int, seed: int) -> Floats:
    """(items, count) shares of the clusters of k-means, by distance from their centres."""
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        distance = MiniBatchKMeans(count, random_state=seed, n_init=3).fit_transform(features)
    squared = np.square(distance)
    # The nearest centre's typical distance is the width within which clusters overlap.
    width = max(float(np.median(squared.min(axis=1))), 1e-9)
    closeness = np.exp(-(squared - squared.min(axis=1, keepdims=True)) / width)
    membership: Floats = (closeness / closeness.sum(axis=1, keepdims=True)).astype(np.float32)
    return membership


def _most_frequent(genres: Ids) -> str:
    values, counts = np.unique([one for one in genres if isinstance(one, str) and one], return_counts=True)
    return str(values[counts.argmax()]) if len(values) else "mixed"


def _lived(world: World, items: Ids, features: sp.csr_matrix, habits: Habits, rng: np.random.Generator) -> Simulated:
    """What the listeners of ``world`` hear in their sessions, put into playlists and would choose if they met all."""
    shape = len(world.tastes), len(items)
    sessions = _sessions(world, habits, rng)
    is_last = sessions.session >= round(habits.sessions * (1 - _LAST_SHARE))
    counts = _matrix(sessions.listener[~is_last], sessions.item[~is_last], shape)
    later = _once(_matrix(sessions.listener[is_last], sessions.item[is_last], shape))
    ids = np.array([f"{SIMULATED} listener {number}" for number in range(shape[0])])
    return Simulated(
        known=Interactions(counts, ids, items, features),
        logged=_without(later, counts),
        unbiased=_without(_unbiased(world, habits, rng), counts),
        sessions=sessions,
        playlists=_playlists(world, items, features, habits, rng),
        world=world,
    )


def _sessions(world: World, habits: Habits, rng: np.random.Generator) -> Sessions:
    per_listener = habits.sessions * habits.choices
    listener = np.repeat(np.arange(len(world.tastes)), per_listener)
    session = np.tile(np.repeat(np.arange(habits.sessions), habits.choices), len(world.tastes))
    mood = np.repeat(_drawn_clusters(world.tastes, habits.sessions, rng), habits.choices)
    return Sessions(listener, session, _chosen(world, habits, listener, mood, habits.mood, _EXPOSURE, rng))


def _unbiased(world: World, habits: Habits, rng: np.random.Generator) -> sp.csr_matrix:
    listener = np.repeat(np.arange(len(world.tastes)), habits.unbiased)
    chosen = _chosen(world, habits, listener, np.zeros_like(listener), 0, 0, rng)
    return _once(_matrix(listener, chosen, (len(world.tastes), len(world.membership))))


def _playlists(
    world: World, items: Ids, features: sp.csr_matrix, habits: Habits, rng: np.random.Generator
) -> Interactions:
    """Playlists of one cluster each, from slates like those of sessions."""
    maker = np.repeat(np.arange(len(world.tastes)), habits.playlists)
    cluster = _drawn_clusters(world.tastes, habits.playlists, rng)
    row = np.repeat(np.arange(len(maker)), _PLAYLIST_CHOICES)
    chosen = _chosen(world, habits, maker[row], cluster[row], _PLAYLIST_MOOD, _EXPOSURE, rng)
    occasion = rng.integers(0, len(OCCASIONS), len(maker))
    names = [
        f"{SIMULATED} {OCCASIONS[when]} {world.names[which]} {number}"
        for number, (when, which) in enumerate(zip(occasion.tolist(), cluster.tolist(), strict=True))
    ]
    counts = _once(_matrix(row, chosen, (len(maker), len(items))))
    return Interactions(counts, np.array(names, dtype=str), items, features)


def _drawn_clusters(tastes: Floats, times: int, rng: np.random.Generator) -> Rows:
    """(listeners * times,) clusters, as often as each listener likes them."""
    clusters = tastes.shape[1]
    # One sorted row for all: each listener's shares are added up from the listener's number on.
    offset = np.arange(len(tastes))[:, None]
    reach = np.cumsum(tastes, axis=1, dtype=float)
    drawn = rng.random((len(tastes), times))
    found = np.searchsorted((offset + reach / reach[:, -1:]).ravel(), (offset + drawn).ravel(), "right")
    columns: Rows = np.clip(found - np.repeat(offset[:, 0] * clusters, times), 0, clusters - 1)
    return columns


def _chosen(
    world: World,
    habits: Habits,
    listener: Rows,
    mood: Rows,
    mood_weight: float,
    exposure: float,
    rng: np.random.Generator,
) -> Rows:
    """(n,) the item of a slate that has the highest utility plus Gumbel noise: a logit choice.

    Slates are drawn by the popularity to the power of ``exposure``.
    """
    reach = np.cumsum(world.popularity.astype(float) ** exposure)
    chosen = np.empty(len(listener), np.int64)
    for first in range(0, len(listener), _BLOCK):
        some = slice(first, first + _BLOCK)
        wanted = habits.taste * world.tastes[listener[some]]
        wanted[np.arange(len(wanted)), mood[some]] += mood_weight
        slate = np.searchsorted(reach, rng.random((len(wanted), habits.slate)) * reach[-1], side="right")
        utility = np.matmul(world.membership[slate], wanted[:, :, None])[:, :, 0]
        # Less the logarithm of an exponential variate, which is Gumbel noise.
        best = (utility - np.log(rng.standard_exponential(slate.shape, np.float32) + _TINY)).argmax(axis=1)
        chosen[some] = slate[np.arange(len(slate)), best]
    return chosen


def _matrix(rows: Rows, columns: Rows, shape: tuple[int, int]) -> sp.csr_matrix:
    """How often each pair occurs."""
    matrix = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape)
    matrix.sum_duplicates()
    return matrix


def _once(matrix: sp.csr_matrix) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones_like(matrix.data), matrix.indices, matrix.indptr), matrix.shape)


def _without(matrix: sp.csr_matrix, heard: sp.csr_matrix) -> sp.csr_matrix:
    """The pairs of ``matrix`` that are not in ``heard``."""
    left = sp.csr_matrix(matrix - matrix.multiply(heard.astype(bool)))
    left.eliminate_zeros()
    return left
