"""A home that is ready to be asked: its tracks, what was heard, and scores of all tracks for a history or a track."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
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

    from tonearm.settings import Settings

    Numbers = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]


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

    @cached_property
    def signals(self) -> Signals:
        """What the scores are made of."""
        return Signals.of(self.items)

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

    def scores(self, history: Numbers) -> Numbers:
        """(items,) how well each suits somebody with this history; higher is better, what was heard included."""
        return scaled(self.signals.of_history(history)) @ self.weights["listener"]

    def similar(self, place: int) -> Numbers:
        """(items,) how well each goes with the track at ``place``; its own score means nothing."""
        return scaled(self.signals.of_history(self._alone(place))) @ self.weights["song"]

    def similar_to(self, features: Mapping[str, Any]) -> Numbers:
        """(items,) how well each goes with a track outside the home, by its features, ``genre`` and ``year``."""
        return scaled(self.signals.of_features(features)) @ self.weights["song"]

    def explain(self, history: Numbers, place: int) -> list[Reason]:
        """What the score of the item at ``place`` is the sum of, for a history."""
        return reasons(self.signals, self.weights["listener"], history, place)

    def explain_similar(self, seed: int, place: int) -> list[Reason]:
        """The same for how well the item at ``place`` goes with that at ``seed``."""
        return reasons(self.signals, self.weights["song"], self._alone(seed), place)

    def _alone(self, place: int) -> Numbers:
        found = np.zeros(len(self.items))
        found[place] = 1.0
        return found

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
    return Home(catalogue.items(tables), catalogue.histories(tables), weights, by, number)
