"""A home that is ready to be asked: its tracks, what was heard, and scores of all tracks for a history or a track."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tonearm.errors import UnknownName
from tonearm.lake import open_lake
from tonearm.recommend import catalogue
from tonearm.recommend.explain import Reason, reasons
from tonearm.recommend.model import in_use
from tonearm.recommend.signals import Signals, scaled

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Interactions
    from tonearm.settings import Settings

    Numbers = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]


TOGETHER, LIFT = 2, 2.0
"""Sessions in which a track was heard together with an artist, and how many times as many as by chance, from which on
the two go together."""
LISTENS = 3
"""Listens by anybody from which on a track that no catalogue lists is taken to be there."""


@dataclass(frozen=True)
class Home:
    """Scores and reasons over the ``items`` of a home, by the recommender in use or its baselines.

    A *history* is an array (items,) of how often each track was heard, 0 for never: :meth:`history` of a listener, a
    sum of those for a household, or ones at the places of liked tracks.
    """

    items: pd.DataFrame
    """One row for each track, by track_id (see :func:`tonearm.recommend.catalogue.items`). Its index is the *place*."""
    heard: pd.DataFrame
    """One row for each listener and track that was heard (see :func:`tonearm.recommend.catalogue.histories`)."""
    weights: Mapping[str, Numbers]
    """How much each signal counts: ``song`` for what goes with a track, ``listener`` for what is new to a listener."""
    served_by: Mapping[str, str]
    """``model`` or ``baseline``, for ``song`` and ``listener``."""
    version: int | None = None
    """Of the recommender in the registry; None where it was never trained."""
    read_sessions: Callable[[], Interactions] | None = None
    """Makes everybody's sessions by the ``items``, which few requests need; None where they were not read."""

    @cached_property
    def signals(self) -> Signals:
        """What the scores are made of."""
        return Signals.of(self.items)

    @cached_property
    def sessions(self) -> Interactions | None:
        """Everybody's sessions by the ``items``."""
        return self.read_sessions() if self.read_sessions else None

    @property
    def listeners(self) -> list[str]:
        """Everybody who has heard anything."""
        return sorted(self.heard.listener.unique())

    @cached_property
    def is_offered(self) -> Flags:
        """(items,) whether a track may be recommended to anybody: a catalogue lists it, or it was heard LISTENS times.

        What was heard less is often a title that somebody mistyped, or that belongs to another artist.
        """
        listens = self.heard.groupby("track_id").listens.sum().reindex(self.items.track_id).to_numpy()
        return np.asarray(self.items.is_listed.to_numpy(bool) | (np.nan_to_num(listens) >= LISTENS))

    def places(self, track_ids: Any) -> npt.NDArray[np.int64]:
        """The places of tracks; raises UnknownName where one is none of the home's."""
        ids, wanted = self.items.track_id.to_numpy(), np.atleast_1d(np.asarray(track_ids, dtype=np.int64))
        found = np.searchsorted(ids, wanted).clip(max=max(len(ids) - 1, 0))
        unknown = wanted[ids[found] != wanted] if len(ids) else wanted
        if len(unknown):
            raise UnknownName("track", str(unknown[0]), [], hint="`tonearm recommend song NAME` takes a name, too")
        return found

    def history(self, listener: str) -> Numbers:
        """(items,) the listener's history, in which old listens count less (``recent`` of ``heard``).

        Raises UnknownName, with the closest names.
        """
        own = self._own(listener)
        found = np.zeros(len(self.items))
        found[catalogue.places(self.items, own.track_id)] = own.recent.to_numpy()
        return found

    def listens(self, listener: str) -> npt.NDArray[np.int64]:
        """(items,) how often the listener heard each; raises UnknownName."""
        own = self._own(listener)
        found = np.zeros(len(self.items), dtype=np.int64)
        found[catalogue.places(self.items, own.track_id)] = own.listens.to_numpy()
        return found

    def has_heard(self, listener: str) -> Flags:
        """(items,) whether the listener heard the track or another version of the song; raises UnknownName."""
        songs = self.items.song_id
        return np.asarray(songs.isin(songs[self.listens(listener) > 0]))

    def scores(self, history: Numbers, target: str = "listener") -> Numbers:
        """(items,) how well each suits somebody with this history; higher is better, what was heard included."""
        return scaled(self.signals.of_history(history)) @ self.weights[target]

    def similar(self, place: int) -> Numbers:
        """(items,) how well each goes with the track at ``place``; its own score means nothing."""
        return self.scores(*self.around(place))

    def similar_to(self, features: Mapping[str, Any]) -> Numbers:
        """(items,) how well each goes with a track outside the home, by its features, ``genre`` and ``year``."""
        return scaled(self.signals.of_features(features)) @ self.weights["song"]

    def explain(self, history: Numbers, place: int, target: str = "listener") -> list[Reason]:
        """What the score of the item at ``place`` is the sum of, for a history."""
        return reasons(self.signals, self.weights[target], history, place)

    def explain_similar(self, seed: int, place: int) -> list[Reason]:
        """The same for how well the item at ``place`` goes with that at ``seed``."""
        history, target = self.around(seed)
        return self.explain(history, place, target)

    def companions(self, place: int) -> Numbers | None:
        """(items,) in how many sessions each was heard with the artist of the track at ``place``, 0 where by chance.

        None where a catalogue lists the artist, which tells more, and where nothing was heard with it.
        """
        is_own = (self.items.artist_id == self.items.artist_id.iloc[place]).to_numpy()
        if self.sessions is None or (is_own & self.items.is_listed).any():
            return None
        counts = self.sessions.counts
        with_artist = np.asarray(counts[:, np.flatnonzero(is_own)].sum(axis=1)).ravel() > 0
        together = np.asarray(counts[with_artist].sum(axis=0), dtype=float).ravel()
        by_chance = np.asarray(counts.sum(axis=0)).ravel() * with_artist.mean()
        found = np.where(is_own | (together < TOGETHER) | (together < LIFT * by_chance), 0.0, together)
        return found if found.any() else None

    def around(self, place: int) -> tuple[Numbers, str]:
        """The history that stands for the track at ``place``, and whose weights suit it.

        ``song`` for the track alone, ``listener`` for the track with its companions.
        """
        companions = self.companions(place)
        found = np.zeros(len(self.items)) if companions is None else companions
        found[place] = 1.0
        return found, "song" if companions is None else "listener"

    def _own(self, listener: str) -> pd.DataFrame:
        own = self.heard[self.heard.listener == listener]
        if own.empty:
            raise UnknownName("listener", listener, self.listeners, hint="`tonearm listeners` lists them")
        return own


def open_home(settings: Settings) -> Home:
    """The home of ``settings`` as its lake is now, with the recommender in use; nothing is learned.

    A home without tables has no items. Raises ModelDamaged where the recommender's files are not what they were.
    """
    tables = catalogue.read(open_lake(settings.lake))
    weights, version = in_use(settings)
    served = version.serves if version else ()
    by = {name: "model" if name in served else "baseline" for name in weights}
    number = version.version if version else None
    items = catalogue.items(tables)
    sessions = partial(catalogue.of_sessions, tables, items)
    return Home(items, catalogue.histories(tables), weights, by, number, sessions)
