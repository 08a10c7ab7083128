"""What speaks for a track: playlists that it shares with what was heard, its artist, sound and genre, its popularity.

Each signal is a number from 0 for each track of a home, and a sum over what was heard, so that a score that weighs them
can be explained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from tonearm.recommend.catalogue import of_playlists
from tonearm.recommend.content import SOUND, Content, FittedContent, Space

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Interactions, Rows

    Numbers = npt.NDArray[np.float64]

NAMES = ("playlists", "artists", "artist", "sound", "genre", "popularity", "lists")
"""playlists: how far a track shares playlists with those of the history; artists: how far its artist does with theirs;
artist: how much the artist was heard; sound, genre: how alike they are; popularity: the catalogue's, of the track;
lists: how often the catalogue's playlists have the artist. The last two are the same for every history."""
STILL = ("popularity", "lists")
LISTS = STILL.index("lists")
_PRIOR_LENGTH = 0.05
"""Added to the length of an item's column: what one playlist shows of a track's company is not certain."""


@dataclass(frozen=True, eq=False)
class Company:
    """How alike the playlists of items are."""

    weights: sp.csr_matrix
    """(playlists, items): the product of two columns is the cosine of their playlists; small ones weigh more."""

    @classmethod
    def of(cls, heard: sp.csr_matrix) -> Company:
        """Of a matrix (playlists, items) with 1 for what is in a playlist."""
        sizes = np.asarray(heard.sum(axis=1)).ravel()
        weighted = sp.diags(1 / np.sqrt(np.maximum(sizes, 1))) @ heard
        length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel())
        return cls(sp.csr_matrix(weighted @ sp.diags(1 / (length + _PRIOR_LENGTH))))

    def with_history(self, history: Numbers) -> Numbers:
        """(items,) likeness to each item's company in a history (items,) of weights, the item itself included."""
        return np.asarray(self.weights.T @ (self.weights @ history))

    @cached_property
    def by_item(self) -> sp.csr_matrix:
        """(items, playlists) the same by rows, of which single ones are looked up fast."""
        return self.weights.T.tocsr()

    def parts(self, history: Numbers, item: int) -> Numbers:
        """(items,) what each item of the history adds to that of ``item``."""
        return np.asarray((self.by_item @ self.by_item[item].toarray().ravel()) * history)

    def shared(self, one: int, other: int) -> int:
        """In how many playlists both items are."""
        return len(np.intersect1d(self.by_item[one].indices, self.by_item[other].indices))


@dataclass(frozen=True, eq=False)
class Signals:
    """The signals of a home's tracks, in the order of its items."""

    space: Space
    sound: FittedContent
    genre: FittedContent
    playlists: Company
    artists: Company
    artist: Rows
    """(tracks,) the column of each track's artist in ``artists``."""
    artist_ids: Rows
    """(artists,) their ids."""
    still: Numbers
    """(tracks, STILL)"""

    @classmethod
    def of(cls, rows: pd.DataFrame, lists: Interactions | None = None) -> Signals:
        """Of the ``rows`` of :func:`tonearm.recommend.catalogue.items`, with their playlists or other ``lists``."""
        heard = (of_playlists(rows) if lists is None else lists).heard()
        artist, ids = pd.factorize(rows.artist_id)
        one = np.ones(len(rows), np.float32)
        of_artists = heard @ sp.csr_matrix((one, (np.arange(len(rows)), artist)), (len(rows), len(ids)))
        listed = np.asarray(of_artists.sum(axis=0)).ravel()[artist]
        space = Space.of(rows)
        sound, genre = map(Content().of, halves(space.vectors(rows)))
        return cls(
            *(space, sound, genre),
            Company.of(heard),
            Company.of(of_artists.sign().tocsr()),
            artist.astype(np.int64),
            np.asarray(ids),
            np.column_stack([rows.popularity.fillna(0.0) / 100, listed]),
        )

    @cached_property
    def vectors(self) -> sp.csr_matrix:
        """(tracks, d) of length 1 at most: half sound, half genre, by which variety is measured."""
        return sp.hstack([self.sound.vectors, self.genre.vectors]).tocsr() / np.sqrt(2)

    def of_history(self, history: Numbers) -> Numbers:
        """(tracks, NAMES) signals for a history (tracks,): how often each track was heard, 0 for never.

        Of tracks and of artists the logarithm of one and the number counts.
        """
        liking = np.log1p(history)
        row = sp.csr_matrix(liking.astype(np.float32))
        alike = [row @ part.vectors for part in (self.sound, self.genre)]
        return self._joined(self.playlists.with_history(liking), np.log1p(self._by_artist(history)), *alike)

    def of_features(self, features: Mapping[str, Any]) -> Numbers:
        """(tracks, NAMES) signals for a track outside the home, by its features, ``genre``, ``year`` and ``artist_id``.

        No playlist is known to have it, but its artist may be known.
        """
        vector = self.space.vector_of(features)
        by_artist = np.zeros(len(self.artist_ids))
        by_artist[self.artist_ids == features.get("artist_id")] = np.log1p(1.0)
        return self._joined(np.zeros(len(self.artist)), by_artist, *halves(vector))

    def _joined(self, playlists: Numbers, by_artist: Numbers, *alike: sp.csr_matrix) -> Numbers:
        near = [part.near(v)[0] for part, v in zip((self.sound, self.genre), alike, strict=True)]
        of_artist = (self.artists.with_history(by_artist)[self.artist], by_artist[self.artist])
        return np.column_stack([playlists, *of_artist, *np.maximum(near, 0.0), self.still])

    def _by_artist(self, history: Numbers) -> Numbers:
        """(artists,) how often each was heard."""
        return np.bincount(self.artist, history, len(self.artist_ids)).astype(float)

    def parts(self, name: str, history: Numbers, place: int) -> Numbers:
        """(tracks,) what each track of the history adds to a signal of the track at ``place``, up to a factor."""
        own, liking = self.artist[place], np.log1p(history)
        if name == "playlists":
            return self.playlists.parts(liking, place)
        if name == "artist":
            return np.where(self.artist == own, history, 0.0)
        if name == "artists":
            by_artist = self._by_artist(history)
            of_artists = self.artists.parts(np.log1p(by_artist), own) / np.where(by_artist > 0, by_artist, 1.0)
            return np.asarray(of_artists[self.artist] * history)
        part = self.sound if name == "sound" else self.genre
        return np.asarray(part.similar(np.array([place]))[0] * liking)


def halves(vectors: sp.csr_matrix) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """The columns of the sound and those of the genres."""
    columns = vectors.tocsc()
    return columns[:, : len(SOUND)].tocsr(), columns[:, len(SOUND) :].tocsr()


def scaled(signals: Numbers) -> Numbers:
    """Signals on a common scale: ``log(1 + s / m)``, with m the mean of those above 0; 0 stays 0."""
    count = np.maximum((signals > 0).sum(axis=0), 1)
    mean = signals.sum(axis=0) / count
    return np.log1p(signals / np.where(mean > 0, mean, 1.0))


TARGETS = ("song", "listener")


def counting(**weights: float) -> Numbers:
    """(NAMES,) weights of the signals named; 0 for the others."""
    return np.array([weights.get(name, 0.0) for name in NAMES])


BASELINES: Mapping[str, Numbers] = {
    "song": counting(artist=5.0, sound=1.0, genre=1.0),
    "listener": counting(genre=1.0, lists=1.0),
}
"""What has to be beaten. For a song its content alone: the artist's other tracks, then those alike in sound and genre.
For a listener what is popular in the genres of the history; both were the best of several such rules."""
