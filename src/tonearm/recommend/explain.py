"""Why a track is recommended: what its score is the sum of, and the same in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tonearm.recommend.content import SOUND
from tonearm.recommend.signals import LISTS, NAMES, STILL, Signals, scaled

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Numbers = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]

NAMED = 2
"""Artists, or features, that one reason names."""
_AUDIBLE = ("energy", "acousticness", "danceability", "valence", "instrumentalness", "tempo")
"""Features by which tracks are called alike; of loudness and speechiness few listeners would speak."""


class Reason(NamedTuple):
    """One thing that speaks for a track."""

    signal: str
    """Which of the signals."""
    place: int | None
    """The item of the history that it comes from; None for what does not depend on the history."""
    amount: float
    """How much it adds to the score; the amounts of all reasons are the score."""


def reasons(signals: Signals, weights: Numbers, history: Numbers, place: int) -> list[Reason]:
    """What the score of an item is the sum of, largest first: one reason for each signal and item of the history.

    A signal adds what it weighs; of that each track of the history has the share that it has in the signal.
    """
    added = _values(signals, history.tobytes())[place] * weights
    found = []
    for name, amount in zip(NAMES, added.tolist(), strict=True):
        if amount and name in STILL:
            found.append(Reason(name, None, amount))
        elif amount:
            parts = signals.parts(name, history, place)
            places = np.flatnonzero(parts)
            amounts = amount * parts[places] / parts[places].sum()
            # That an artist is on the same playlists as itself says no more than that it was heard.
            is_own = (signals.artist[places] == signals.artist[place]) & (name == "artists")
            names = np.where(is_own, "artist", name).tolist()
            found += [Reason(*one) for one in zip(names, places.tolist(), amounts.tolist(), strict=True)]
    return sorted(found, key=lambda one: -one.amount)


@lru_cache(maxsize=2)
def _values(signals: Signals, history: bytes) -> Numbers:
    """The signals on their common scale; kept, because many tracks are explained for one history."""
    return scaled(signals.of_history(np.frombuffer(history)))


def in_words(
    signals: Signals, items: pd.DataFrame, place: int, why: Iterable[Reason], listens: Counts | None = None
) -> list[tuple[str, float]]:
    """The reasons for the item at ``place``, one of each kind, largest first: what it is, and how much it adds.

    ``listens`` (items,) are the listener's, None where the history is a choice of tracks.
    """
    by_signal: dict[str, list[Reason]] = {}
    for one in why:
        by_signal.setdefault(one.signal, []).append(one)
    words = _Words(signals, items, place, listens)
    found = [(getattr(words, name)(own), sum(one.amount for one in own)) for name, own in by_signal.items()]
    return sorted(found, key=lambda one: -one[1])


class _Words:
    """Each signal's reasons in words, by a method of its name."""

    def __init__(self, signals: Signals, items: pd.DataFrame, place: int, listens: Counts | None) -> None:
        self.signals, self.items, self.place, self.listens = signals, items, place, listens
        self.name = items.artist_name.iloc[place]

    def playlists(self, why: list[Reason]) -> str:
        """``on 2 playlists with Creep (heard 12 times)``."""
        return " and ".join(self._of_track(one) for one in why[:NAMED])

    def _of_track(self, one: Reason) -> str:
        assert one.place is not None
        shared = self.signals.playlists.shared(self.place, one.place)
        of_track = None if self.listens is None else int(self.listens[one.place])
        return f"on {_number(shared, 'playlist')} with {self.items.track_name.iloc[one.place]}{_heard(of_track)}"

    def artists(self, why: list[Reason]) -> str:
        """``Muse shares 9 playlists with Radiohead (heard 412 times) and 2 playlists with Blur (heard once)``."""
        amounts = self._by_artist(why)
        first = sorted(amounts, key=lambda artist: -amounts[artist])[:NAMED]
        return f"{self.name} shares {' and '.join(self._of_artist(artist) for artist in first)}"

    def _by_artist(self, why: list[Reason]) -> Mapping[int, float]:
        places = np.array([one.place for one in why])
        totals = np.bincount(self.signals.artist[places], [one.amount for one in why])
        return {int(artist): float(totals[artist]) for artist in np.flatnonzero(totals)}

    def _of_artist(self, artist: int) -> str:
        own = self.signals.artist == artist
        name = self.items.artist_name.iloc[int(np.flatnonzero(own)[0])]
        shared = self.signals.artists.shared(artist, int(self.signals.artist[self.place]))
        times = None if self.listens is None else int(self.listens[own].sum())
        return f"{_number(shared, 'playlist')} with {name}{_heard(times)}"

    def artist(self, why: list[Reason]) -> str:
        """``Radiohead was heard 412 times``."""
        own = self.signals.artist == self.signals.artist[self.place]
        times = 0 if self.listens is None else int(self.listens[own].sum())
        return f"{self.name} was heard {_times(times)}" if times else f"also by {self.name}"

    def sound(self, why: list[Reason]) -> str:
        """``energy and acousticness like what was heard``."""
        if why[0].place is None:
            return "sounds like that"
        return f"{self._alike(why)} like {self._heard_or(why)}"

    def _alike(self, why: list[Reason]) -> str:
        """The features that add most to the likeness."""
        vectors = self.signals.sound.vectors
        weights = np.array([one.amount for one in why])
        middle = weights @ vectors[[one.place for one in why]].toarray()
        added = dict(zip(SOUND, middle * vectors[self.place].toarray().ravel(), strict=True))
        return " and ".join(sorted(_AUDIBLE, key=lambda name: -added[name])[:NAMED])

    def genre(self, why: list[Reason]) -> str:
        """``indie poptimism, like what was heard``."""
        known = [self.items[column].iloc[self.place] for column in ("subgenre", "genre")]
        what = next((one for one in known if isinstance(one, str)), f"{self.name}'s genre")
        return f"{what}, like {self._heard_or(why)}"

    def _heard_or(self, why: list[Reason]) -> str:
        """What was heard, or the one track that is asked about."""
        if why[0].place is None:
            return "that"
        return "what was heard" if len(why) > 1 else str(self.items.track_name.iloc[why[0].place])

    def popularity(self, why: list[Reason]) -> str:
        """``popular: 84 of 100``."""
        return f"popular: {self.items.popularity.iloc[self.place]:.0f} of 100"

    def lists(self, why: list[Reason]) -> str:
        """``Muse is on the catalogue's playlists 31 times``."""
        return f"{self.name} is on the catalogue's playlists {_times(int(self.signals.still[self.place, LISTS]))}"


def _heard(times: int | None) -> str:
    return f" (heard {_times(times)})" if times else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
