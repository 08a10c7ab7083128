"""How much each signal counts: learned from playlists that were held out, and from what listeners heard later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from tonearm.models.evaluate import grouped
from tonearm.models.logistic import logistic
from tonearm.models.model import SEED, HeldOut
from tonearm.recommend.catalogue import faded, of_playlists
from tonearm.recommend.interactions import Interactions
from tonearm.recommend.signals import NAMES, Signals, scaled

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Rows

    Numbers = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

TARGETS = ("song", "listener")


def _counting(**weights: float) -> Numbers:
    return np.array([weights.get(name, 0.0) for name in NAMES])


BASELINES: Mapping[str, Numbers] = {
    "song": _counting(artist=5.0, sound=1.0, genre=1.0),
    "listener": _counting(genre=1.0, lists=1.0),
}
"""What has to be beaten. For a song its content alone: the artist's other tracks, then those alike in sound and genre.
For a listener what is popular in the genres of the history; both were the best of several such rules."""

FOLDS = 5
DEPTH = 100
"""Places of a list that its NDCG looks at."""
ALIKE = 0.2
"""Share of the smaller playlist from which on two are versions of one, and are held out together."""
QUERIES, NEGATIVES = 40, 100
"""Held-out playlists of a fold that weights are learned from, and tracks of other playlists beside each."""
EVERY = 5
"""Of the tracks of artists that were not found, each one in so many is learned from and counts so often."""
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


SONG = _counting(artists=2.1, artist=5.5, sound=1.8, genre=0.7, popularity=0.5)
"""What was learned of the playlists of a catalogue of 25,793 tracks: the start for a listener with a short history."""


def learn_song(rows: pd.DataFrame, seed: int = SEED) -> Numbers:
    """(NAMES,) weights for what goes with a track, from all playlists, each out of its fold."""
    return _of_folds([_rows_of(fold, rows, seed) for fold in folds(rows, seed)])


def _of_folds(parts: Sequence[tuple[Numbers, Flags]]) -> Numbers:
    x, is_right = (np.concatenate(side) for side in zip(*parts, strict=True))
    return weighed(x, is_right, np.zeros(len(NAMES)))


def _rows_of(fold: Fold, rows: pd.DataFrame, seed: int) -> tuple[Numbers, Flags]:
    """The signals of the tracks of each held-out playlist and of some others, and which is which."""
    rng = np.random.default_rng(seed)
    listed = np.flatnonzero(rows.is_listed)
    found, is_right = [], []
    for first, others in fold.queries[:QUERIES]:
        some = np.setdiff1d(rng.choice(listed, NEGATIVES), [first, *others])
        found.append(_asked(fold.signals, first)[np.r_[others, some]])
        is_right.append(np.r_[np.ones(len(others), bool), np.zeros(len(some), bool)])
    return np.concatenate(found), np.concatenate(is_right)


def _asked(signals: Signals, place: int) -> Numbers:
    history = np.zeros(len(signals.artist))
    history[place] = 1.0
    return scaled(signals.of_history(history))


def rank_songs(rows: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
    """NDCG of the rest of each held-out playlist after one of its tracks, by weights learned from the other folds."""
    parts = folds(rows, seed)
    learned = [_rows_of(fold, rows, seed) for fold in parts]
    is_listed = rows.is_listed.to_numpy()
    own: list[float] = []
    other: list[float] = []
    for k, fold in enumerate(parts):
        weights = _of_folds(learned[:k] + learned[k + 1 :])
        for first, others in fold.queries:
            values = _asked(fold.signals, first)
            may = is_listed & (np.arange(len(rows)) != first)
            own.append(ndcg(np.where(may, values @ weights, -np.inf), others))
            other.append(ndcg(np.where(may, values @ BASELINES["song"], -np.inf), others))
    group = np.concatenate([fold.groups for fold in parts]).astype(str)
    protocol = f"the rest of a playlist after one track, {FOLDS} folds of playlists, first {DEPTH}"
    return [HeldOut("song", protocol, "rank", np.ones(len(own)), np.array(own), np.array(other), group)]


def ndcg(scores: Numbers, right: Rows, depth: int = DEPTH) -> float:
    """Normalised discounted cumulative gain of the first places (Järvelin and Kekäläinen 2002)."""
    first = np.argpartition(-scores, min(depth, len(scores) - 1))[:depth]
    first = first[np.lexsort((first, -scores[first]))]
    gains = 1 / np.log2(np.arange(2, depth + 2))
    return float(gains[: len(first)] @ np.isin(first, right) / gains[: len(right)].sum())


@dataclass(frozen=True)
class Heard:
    """What was heard when: one entry for each listen, by listener and time."""

    listener: npt.NDArray[np.object_]
    place: Rows
    """Of the track, -1 where it is none of the items."""
    at_d: Numbers
    """Days since 1970."""

    @classmethod
    def of(cls, listens: pd.DataFrame, rows: pd.DataFrame) -> Heard:
        """Of listens (listener, heard_at, track_id), and the places of their tracks in ``rows``."""
        age = pd.to_datetime(listens.heard_at, utc=True) - pd.Timestamp(0, tz="UTC")
        place = pd.Index(rows.track_id).get_indexer(listens.track_id)
        return cls(listens.listener.to_numpy(object), place.astype(np.int64), (age / pd.Timedelta(days=1)).to_numpy())

    def part(self, chosen: Flags) -> Heard:
        """Some of the listens."""
        return Heard(self.listener[chosen], self.place[chosen], self.at_d[chosen])

    def by_listener(self) -> Iterator[tuple[str, Heard]]:
        """Each listener's listens."""
        for name in sorted(set(self.listener.tolist())):
            yield str(name), self.part(self.listener == name)

    def windows(self, shares: Sequence[float]) -> Iterator[tuple[Heard, Heard]]:
        """Of one listener: the listens before a share of the history, and those from it to the next share."""
        number = np.arange(len(self.at_d))
        for begin, end in pairwise(round(share * len(self.at_d)) for share in shares):
            if 0 < begin < end:
                yield self.part(number < begin), self.part((number >= begin) & (number < end))

    def history(self, items: int) -> Numbers:
        """(items,) how often each was heard, old listens counting less."""
        known = self.place >= 0
        counting = faded(self.at_d.max() - self.at_d[known])
        return np.bincount(self.place[known], counting, items).astype(float)

    def has(self, items: int) -> Flags:
        """(items,) whether each was heard."""
        found = np.zeros(items, dtype=bool)
        found[self.place[self.place >= 0]] = True
        return found


ORIGINS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of a history from which its next tenth is predicted."""
INNER = (0.4, 0.6, 0.8, 1.0)
"""Shares of what is known, from which weights are learned."""
_NEW = tuple(name for name in NAMES if name != "artist")
CHOICES = (_NEW, tuple(name for name in _NEW if name not in ("sound", "genre")))
"""Signals of artists who were never heard: with what they sound like, or by their company and popularity alone."""
_FIXED = 1e9
"""Pull under which a weight stays."""


class Question(NamedTuple):
    """What a listener heard for the first time after a moment, of the catalogue's tracks that were not heard before."""

    values: Numbers
    """(rows, NAMES) signals of those tracks."""
    artist: Rows
    is_new: Flags
    """(rows,) whether nothing by the artist was heard before."""
    finds_artist: Flags
    """(rows,) whether anything by the artist was heard after."""
    finds_track: Flags
    """(rows,) whether the track was."""


def question(signals: Signals, is_listed: Flags, before: Heard, after: Heard) -> Question:
    """What came after, to be predicted from what was before."""
    items = len(is_listed)
    was_heard, is_later = before.has(items), after.has(items)
    knows, finds = (np.isin(signals.artist, signals.artist[flags]) for flags in (was_heard, is_later))
    rows = np.flatnonzero(is_listed & ~was_heard)
    values = scaled(signals.of_history(before.history(items)))[rows]
    return Question(values, signals.artist[rows], ~knows[rows], finds[rows], is_later[rows])


def questions(signals: Signals, is_listed: Flags, heard: Heard) -> list[list[Question]]:
    """Of each listener, in the order of time."""
    return [[question(signals, is_listed, *window) for window in own.windows(INNER)] for _, own in heard.by_listener()]


def learn_listener(asked: Sequence[Sequence[Question]], towards: Numbers) -> Numbers:
    """(NAMES,) weights for what is new to a listener: of later parts of each history, drawn ``towards`` the song's.

    Which signals of new artists count is chosen on the last question of each listener, by the others.
    """
    every = [one for own in asked for one in own]
    if not any(one.finds_artist[one.is_new].any() for one in every):
        return towards
    earlier, last = ([one for own in asked for one in own[part]] for part in (slice(-1), slice(-1, None)))
    chosen = max(CHOICES, key=lambda names: mean_gain(last, _of_new(earlier or last, names, towards)))
    return _with_known(every, _of_new(every, chosen, towards))


def _of_new(asked: Sequence[Question], names: Sequence[str], towards: Numbers) -> Numbers:
    """Weights that tell which new artists are found; an artist counts once, however many tracks the catalogue has."""
    parts = [_sample(one) for one in asked]
    x, finds, counts = (np.concatenate(side) for side in zip(*parts, strict=True))
    is_meant = np.isin(NAMES, names)
    return weighed(x * is_meant, finds, np.where(is_meant, towards, 0.0), counts)


def _sample(asked: Question) -> tuple[Numbers, Flags, Numbers]:
    """Signals, whether the artist was found, and how much it counts, of the tracks of new artists or some of them."""
    rows = np.flatnonzero(asked.is_new)
    rows = rows[asked.finds_artist[rows] | (np.arange(len(rows)) % EVERY == 0)]
    tracks = np.bincount(asked.artist[asked.is_new])[asked.artist[rows]]
    finds = asked.finds_artist[rows]
    return asked.values[rows], finds, np.where(finds, 1, EVERY) / tracks


def _with_known(asked: Sequence[Question], weights: Numbers) -> Numbers:
    """``weights`` with that of an artist who was heard: by which tracks of such and of new artists were heard next."""
    x, finds = (np.concatenate([getattr(one, name) for one in asked]) for name in ("values", "finds_track"))
    some = finds | (np.arange(len(x)) % EVERY == 0)
    both = np.column_stack([x @ weights, x[:, NAMES.index("artist")]])[some]
    counts = np.where(finds[some], 1.0, EVERY)
    pull = np.array([0.0, _FIXED, PULL])
    found = logistic(both, finds[some].astype(float), np.array([0.0, 1.0, 0.0]), pull, counts)[2]
    return np.where(np.equal(NAMES, "artist"), max(found, 0.0), weights)


def mean_gain(asked: Sequence[Question], weights: Numbers) -> float:
    """The mean gain of the places of all artists that were found; 0 where none was."""
    gains = np.concatenate([gain_of_artists(one, one.values @ weights)[1] for one in asked])
    return float(gains.mean()) if len(gains) else 0.0


def rank_new(rows: pd.DataFrame, heard: Heard, towards: Numbers) -> list[HeldOut]:
    """Of each artist of the catalogue that a listener heard first in a tenth of the history: the gain of its place.

    1 / log2(1 + place) among all artists of the catalogue that had not been heard: NDCG with one right answer. The
    weights are learned from what anybody heard before that tenth began. Nothing where nobody found an artist.
    """
    signals, is_listed = Signals.of(rows), rows.is_listed.to_numpy()
    found: list[tuple[str, Rows, Numbers, Numbers]] = []
    for name, own in heard.by_listener():
        for before, after in own.windows(ORIGINS):
            known = heard.part(heard.at_d < after.at_d.min())
            weights = learn_listener(questions(signals, is_listed, known), towards)
            asked = question(signals, is_listed, before, after)
            artists, gains = gain_of_artists(asked, asked.values @ weights)
            found.append((name, artists, gains, gain_of_artists(asked, asked.values @ BASELINES["listener"])[1]))
    if not any(len(artists) for _, artists, _, _ in found):
        return []
    names, artists_of, *gains_of = zip(*found, strict=True)
    artist, own_gain, other = (np.concatenate(side) for side in (artists_of, *gains_of))
    listener = np.repeat(np.array(names, dtype=object), [len(some) for some in artists_of])
    protocol = "artists first heard in a tenth of the history, from the half on, among all not heard before it"
    return [HeldOut("listener", protocol, "rank", np.ones(len(artist)), own_gain, other, artist.astype(str), listener)]


def gain_of_artists(asked: Question, scores: Numbers) -> tuple[Rows, Numbers]:
    """The new artists that were heard, and 1 / log2(1 + place) of each by its best track."""
    place = places_of_artists(asked, scores)
    artists = np.unique(asked.artist[asked.is_new & asked.finds_artist])
    return artists, 1 / np.log2(1 + place[artists])


def places_of_artists(asked: Question, scores: Numbers) -> Numbers:
    """(artists,) the place of each new artist by its best track, from 1; equals share their mean place."""
    best = np.full(int(asked.artist.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(best, asked.artist[asked.is_new], scores[asked.is_new])
    order = np.sort(-best)
    return np.asarray((np.searchsorted(order, -best, "left") + np.searchsorted(order, -best, "right") + 1) / 2)
