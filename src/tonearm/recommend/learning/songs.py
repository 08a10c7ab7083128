"""What goes with a song, learned from playlists: the others of a playlist by one of its tracks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from tonearm.models.evaluate import grouped
from tonearm.models.model import SEED, HeldOut
from tonearm.recommend.catalogue import of_playlists
from tonearm.recommend.evaluate import metrics
from tonearm.recommend.learning import weighed
from tonearm.recommend.signals import BASELINES, NAMES, Signals, scaled

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Interactions, Rows

    Numbers = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

FOLDS = 5
DEPTH = 100
"""Places of a list that its NDCG looks at."""
ALIKE = 0.2
"""Share of the smaller playlist from which on two are versions of one, and are held out together."""
QUERIES, NEGATIVES = 40, 100
"""Held-out playlists of a fold that weights are learned from, and tracks of other playlists beside each."""


class Fold(NamedTuple):
    """Signals that know nothing of some playlists, and the queries that these pose."""

    signals: Signals
    queries: list[tuple[int, Rows]]
    """The place of a track, and those of the others of its playlist."""
    groups: Rows
    """Of each query, playlists that have much in common have the same."""


def folds(rows: pd.DataFrame, seed: int) -> list[Fold]:
    """The playlists of ``rows`` in FOLDS parts; each poses a query by one of its tracks, drawn at random.

    A genre that is known from the playlists held out alone is unknown, since catalogues take it from the playlist.
    """
    lists = of_playlists(rows)
    group = versions(lists)
    fold = grouped(group.astype(str), FOLDS, seed)
    rng = np.random.default_rng(seed)
    found = []
    for k in range(FOLDS):
        own = [
            lists.counts.indices[lists.counts.indptr[p] : lists.counts.indptr[p + 1]] for p in np.flatnonzero(fold == k)
        ]
        asked = [rng.permutation(tracks) for tracks in own]
        others = lists.of_listeners(np.flatnonzero(fold != k))
        signals = Signals.of(without_genres(rows, lists, others), others)
        is_query = np.array([len(tracks) > 1 for tracks in asked], dtype=bool)
        queries = [(int(tracks[0]), tracks[1:].astype(np.int64)) for tracks in asked if len(tracks) > 1]
        found.append(Fold(signals, queries, group[fold == k][is_query]))
    return found


def versions(lists: Interactions) -> Rows:
    """(playlists,) a number that playlists share of which one has at least a share ALIKE of the other's tracks."""
    shared = (lists.counts @ lists.counts.T).tocoo()
    size = shared.diagonal()
    much = shared.data >= ALIKE * np.minimum(size[shared.row], size[shared.col])
    edges = sp.csr_matrix((np.ones(much.sum()), (shared.row[much], shared.col[much])), shared.shape)
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)


def without_genres(rows: pd.DataFrame, lists: Interactions, known: Interactions) -> pd.DataFrame:
    """``rows`` with the genres that the ``known`` playlists show: the most frequent one of a track's playlists.

    The genre of a playlist is the most frequent one of its tracks. A track that was in no playlist at all keeps its
    own.
    """
    was_listed, is_known = (np.asarray(m.counts.sum(axis=0)).ravel() > 0 for m in (lists, known))
    hidden = rows.copy(deep=False)
    for column in ("genre", "subgenre"):
        code, names = pd.factorize(rows[column])
        own = np.flatnonzero(code >= 0)
        of_track = sp.csr_matrix((np.ones(len(own)), (own, code[own])), (len(rows), max(len(names), 1)))
        of_list = np.asarray((known.counts @ of_track).argmax(axis=1)).ravel()
        member = sp.csr_matrix(
            (np.ones(len(of_list)), (np.arange(len(of_list)), of_list)), (len(of_list), max(len(names), 1))
        )
        seen = np.asarray((known.counts.T @ member).argmax(axis=1)).ravel()
        shown = pd.Series(names.astype(object)).reindex(seen).set_axis(rows.index).where(is_known, None)
        hidden[column] = shown.where(was_listed, rows[column].astype(object))
    return hidden


def learn_song(rows: pd.DataFrame, seed: int = SEED) -> Numbers:
    """(NAMES,) weights for what goes with a track, from all playlists, each out of its fold."""
    return learned_from([evidence(fold, rows, seed) for fold in folds(rows, seed)])


def learned_from(parts: Sequence[tuple[Numbers, Flags]]) -> Numbers:
    """(NAMES,) weights by the evidence of several folds."""
    x, is_right = (np.concatenate(side) for side in zip(*parts, strict=True))
    return weighed(x, is_right, np.zeros(len(NAMES)))


def evidence(fold: Fold, rows: pd.DataFrame, seed: int) -> tuple[Numbers, Flags]:
    """The signals of the tracks of each held-out playlist and of some others, and which is which."""
    rng = np.random.default_rng(seed)
    listed = np.flatnonzero(rows.is_listed)
    found, is_right = [], []
    for first, others in fold.queries[:QUERIES]:
        some = np.setdiff1d(rng.choice(listed, NEGATIVES), [first, *others])
        found.append(of_track(fold.signals, first)[np.r_[others, some]])
        is_right.append(np.r_[np.ones(len(others), bool), np.zeros(len(some), bool)])
    return np.concatenate(found), np.concatenate(is_right)


def of_track(signals: Signals, place: int) -> Numbers:
    """(tracks, NAMES) signals on their common scale by the track at ``place``."""
    history = np.zeros(len(signals.artist))
    history[place] = 1.0
    return scaled(signals.of_history(history))


class Continued(NamedTuple):
    """A held-out playlist that is to be continued from one of its tracks."""

    values: Numbers
    """(tracks, NAMES) signals by that track."""
    may: Flags
    """(tracks,) what may be recommended: the catalogue's tracks but that one."""
    others: Rows
    """The places of the rest of the playlist."""
    weights: Numbers
    """(NAMES,) learned from the other folds."""
    group: int
    """Shared by playlists that have much in common."""


def continued(rows: pd.DataFrame, seed: int = SEED) -> Iterator[Continued]:
    """Every playlist, held out in its fold."""
    parts = folds(rows, seed)
    learned = [evidence(fold, rows, seed) for fold in parts]
    is_listed = rows.is_listed.to_numpy()
    for k, fold in enumerate(parts):
        weights = learned_from(learned[:k] + learned[k + 1 :])
        for (first, others), group in zip(fold.queries, fold.groups.tolist(), strict=True):
            may = is_listed & (np.arange(len(rows)) != first)
            yield Continued(of_track(fold.signals, first), may, others, weights, group)


def rank_songs(rows: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
    """NDCG of the rest of each held-out playlist after one of its tracks, by weights learned from the other folds."""
    found = [
        (one.group, *(gain(one, weights) for weights in (one.weights, BASELINES["song"])))
        for one in continued(rows, seed)
    ]
    group, own, other = (np.array(side) for side in zip(*found, strict=True))
    protocol = f"the rest of a playlist after one track, {FOLDS} folds of playlists, first {DEPTH}"
    return [HeldOut("song", protocol, "rank", np.ones(len(own)), own, other, group.astype(str))]


def gain(one: Continued, weights: Numbers) -> float:
    """NDCG of the rest of the playlist by these weights."""
    return ndcg(np.where(one.may, one.values @ weights, -np.inf), one.others)


def ndcg(scores: Numbers, right: Rows, depth: int = DEPTH) -> float:
    """Normalised discounted cumulative gain of the first places (Järvelin and Kekäläinen 2002)."""
    first = np.argpartition(-scores, min(depth, len(scores) - 1))[:depth]
    first = first[np.lexsort((first, -scores[first]))]
    return float(metrics.ndcg(np.isin(first, right)[None], np.array([len(right)]), depth)[0])
