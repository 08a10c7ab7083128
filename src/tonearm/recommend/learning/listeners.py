"""What is new to a listener, learned from what listeners heard first in a later part of their history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from tonearm.models.logistic import logistic
from tonearm.models.model import HeldOut
from tonearm.recommend.catalogue import faded
from tonearm.recommend.learning import PULL, weighed
from tonearm.recommend.signals import BASELINES, NAMES, Signals, counting, scaled

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Rows

    Numbers = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

START = counting(artists=2.1, artist=5.5, sound=1.8, genre=0.7, popularity=0.5)
"""Where weights start, and stay with little history: those for songs, learned from a catalogue of 25,793 tracks."""
EVERY = 5
"""Of the tracks of artists that were not found, each one in so many is learned from and counts so often."""


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


def learn_listener(asked: Sequence[Sequence[Question]], towards: Numbers = START) -> Numbers:
    """(NAMES,) weights for what is new to a listener: of later parts of each history, drawn ``towards`` others.

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


def predicted(
    rows: pd.DataFrame, heard: Heard, shares: Sequence[float] = ORIGINS
) -> Iterator[tuple[str, Question, Numbers]]:
    """For each listener and window of the ``shares``: the question, and weights learned from what was before it.

    Learned is from what anybody heard before the window began.
    """
    signals, is_listed = Signals.of(rows), rows.is_listed.to_numpy()
    for name, own in heard.by_listener():
        for before, after in own.windows(shares):
            known = heard.part(heard.at_d < after.at_d.min())
            weights = learn_listener(questions(signals, is_listed, known))
            yield name, question(signals, is_listed, before, after), weights


def rank_new(rows: pd.DataFrame, heard: Heard) -> list[HeldOut]:
    """Of each artist of the catalogue that a listener heard first in a tenth of the history: the gain of its place.

    1 / log2(1 + place) among all artists of the catalogue that had not been heard: NDCG with one right answer. Nothing
    where nobody found an artist.
    """
    found = [
        (name, *gain_of_artists(one, one.values @ weights), gain_of_artists(one, one.values @ BASELINES["listener"])[1])
        for name, one, weights in predicted(rows, heard)
    ]
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
