"""The recommender as a model: how much each signal counts, learned from playlists and from what was heard when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tonearm.columns import FEATURES
from tonearm.errors import ModelDamaged, NotEnoughData
from tonearm.models import find, is_installed
from tonearm.models.model import SCORE_COLUMNS, SEED, Decision, HeldOut
from tonearm.recommend import artefact, catalogue
from tonearm.recommend.signals import BASELINES, NAMES, TARGETS, Signals, scaled

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.models.lifecycle.registry import Version
    from tonearm.settings import Settings

    Numbers = npt.NDArray[np.float64]

FEWEST_TRACKS, FEWEST_PLAYLISTS = 200, 20
"""That something can be learned from."""
WRITTEN = 100
"""Tracks that are written to ``model_scores`` for each listener."""
_TEXTS = ("artist_name", "track_name", "genre", "subgenre", "feature_source", "playlist_ids")
_NUMBERS = (*FEATURES, "year", "popularity")
_IDS = ("track_id", "artist_id")
_LISTED = (*_IDS, *_TEXTS, *_NUMBERS)


@dataclass(frozen=True)
class Recommender:
    """Weighs what speaks for a track: for what goes with a song, and for what is new to a listener."""

    name = "recommender"
    registered = "recommender"
    summary = "Which tracks go with a song, and which artists a listener does not know yet and will hear."
    has_threshold = False
    inputs = tuple(catalogue.TABLES)
    baseline = (
        "for a song the artist's others, then sound and genre; for a listener what is popular in the genres heard"
    )
    decides = tuple(Decision(target, "ndcg") for target in TARGETS)
    belongs = ()
    limits = (
        "It recommends what a catalogue lists or was heard thrice; an artist on no playlist by sound and genre alone.",
        "It learns from the playlists of one catalogue, which others made for others.",
        "It is measured by what listeners found by themselves, as nobody was shown what it recommends.",
        "The first hundred places are better than the baseline's; the first ten are not shown to be.",
        "That a listen counts half after 180 days was chosen on the histories it is measured on; 90 to 365 do as well.",
    )

    def examples(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """The listens before ``as_of``, then the tracks of the catalogue, in one frame; raises NotEnoughData.

        A listen has ``listener``, ``heard_at``, ``track_id`` and ``artist_id``; a track of the catalogue what is known
        of it, and neither of the first two.
        """
        rows = catalogue.items(tables)
        listed = rows[rows.is_listed][list(_LISTED)]
        playlists = len(catalogue.of_playlists(listed.reset_index(drop=True)).listeners)
        if len(listed) < FEWEST_TRACKS or playlists < FEWEST_PLAYLISTS:
            needs = f"a catalogue of {FEWEST_TRACKS} tracks in {FEWEST_PLAYLISTS} playlists"
            raise NotEnoughData(self.name, f"are {len(listed):,} tracks in {playlists:,}", needs)
        listens = tables["listening_with_features"]
        listens = listens[listens.started_at < pd.Timestamp(as_of)].rename(columns={"started_at": "heard_at"})
        listens = listens[["listener", "heard_at", "track_id"]].merge(rows[["track_id", "artist_id"]], on="track_id")
        listens = listens.sort_values(["listener", "heard_at", "track_id"])
        return pd.concat([listens, listed], ignore_index=True)

    def held_out(self, examples: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """The rest of held-out playlists after one of their tracks; later new artists of each listener."""
        from tonearm.recommend.learning import listeners, songs

        rows, listens = parts_of(examples)
        of_songs = songs.rank_songs(rows[rows.is_listed].reset_index(drop=True), seed)
        return [*of_songs, *listeners.rank_new(rows, listeners.Heard.of(listens, rows))]

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedRecommender:
        """The weights, learned out of fold from all playlists, and from all of every history."""
        # What only training needs takes half a second to load, and who asks for a song would wait for it.
        from tonearm.recommend.learning import listeners, songs

        rows, listens = parts_of(examples)
        heard = listeners.Heard.of(listens, rows)
        asked = listeners.questions(Signals.of(rows), rows.is_listed.to_numpy(), heard)
        weights = {
            "song": songs.learn_song(rows[rows.is_listed].reset_index(drop=True), seed),
            "listener": listeners.learn_listener(asked),
        }
        return FittedRecommender(weights, rows[rows.is_listed].reset_index(drop=True))

    def load(self, folder: Path) -> FittedRecommender:
        """What was saved in ``folder``; raises ModelDamaged."""
        arrays, about = artefact.load(folder)
        try:
            columns = {name: np.asarray(arrays[name]) for name in (*_IDS, *_NUMBERS)} | about["texts"]
            weights = {target: np.asarray(arrays[f"weights_{target}"]) for target in TARGETS}
            return FittedRecommender(weights, pd.DataFrame(columns).assign(is_listed=True))
        except (KeyError, ValueError, TypeError) as error:
            raise ModelDamaged(f"{folder} of model {self.name} cannot be read; train the model again") from error


def parts_of(examples: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The catalogue's tracks with those that were heard of its artists, by id, and the listens.

    Of other artists there is nothing to learn; of their listens only the time counts.
    """
    is_listen = examples.listener.notna()
    listens = examples[is_listen]
    listed = examples[~is_listen][list(_LISTED)].assign(is_listed=True)
    is_other = listens.artist_id.isin(listed.artist_id) & ~listens.track_id.isin(listed.track_id)
    others = listens[is_other][list(_IDS)].drop_duplicates("track_id").assign(is_listed=False)
    rows = pd.concat([listed, others], ignore_index=True).sort_values("track_id", ignore_index=True)
    return rows, listens


@dataclass(frozen=True)
class FittedRecommender:
    """The weights, and the catalogue's tracks, from which a record is answered."""

    weights: Mapping[str, Numbers]
    """(NAMES,) for ``song`` and for ``listener``."""
    listed: pd.DataFrame

    @cached_property
    def signals(self) -> Signals:
        """Of the catalogue's tracks."""
        return Signals.of(self.listed)

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """For each record, a track by its names or its features: the ``song`` of the catalogue that goes best with it,
        and the one by another artist for a ``listener`` of it; each as artist and title, and its ``score``."""
        return self._answers(records, self.weights)

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The same by the baselines."""
        return self._answers(records, BASELINES)

    def _answers(self, records: pd.DataFrame, weights: Mapping[str, Numbers]) -> pd.DataFrame:
        found = [self._answer(*one, weights) for one in self._asked(records)]
        return pd.DataFrame(found, index=records.index)

    def _asked(self, records: pd.DataFrame) -> Iterator[tuple[Numbers, npt.NDArray[np.bool_], Any]]:
        """Of each record the signals, whether each track is it, and the id of its artist."""
        from tonearm.models.catalogue import artists, inputs, recordings

        place = pd.Series(self.listed.index, recordings(self.listed)).groupby(level=0).first()
        artist = pd.Series(self.listed.artist_id.to_numpy(), artists(self.listed)).groupby(level=0).first()
        described = (
            inputs(records)
            .rename(columns={"released": "year"})
            .assign(recording=recordings(records), artist=artists(records))
        )
        for one in described.to_dict("records"):
            own, by = place.get(one["recording"]), artist.get(one["artist"])
            history = np.zeros(len(self.listed))
            if own is None:
                yield self.signals.of_features({**one, "artist_id": by}), history > 0, by
            else:
                history[own] = 1.0
                yield self.signals.of_history(history), history > 0, by

    def _answer(
        self, signals: Numbers, is_itself: npt.NDArray[np.bool_], artist: Any, weights: Mapping[str, Numbers]
    ) -> dict[str, Any]:
        left_out = {"song": is_itself, "listener": is_itself | (self.listed.artist_id == artist).to_numpy()}
        found: dict[str, Any] = {}
        for target in TARGETS:
            scores = np.where(left_out[target], -np.inf, scaled(signals) @ weights[target])
            first = int(scores.argmax())
            found[target] = f"{self.listed.artist_name[first]} – {self.listed.track_name[first]}"
            found[f"{target}_score"] = float(scores[first])
        return found

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """The first tracks for each listener that they have not heard, under the quantity ``listener``."""
        rows = catalogue.items(tables)
        heard = catalogue.histories(tables, as_of)
        signals = Signals.of(rows)
        parts = [self._first(signals, rows, own) for _, own in heard.groupby("listener")]
        none = pd.DataFrame(columns=list(SCORE_COLUMNS))
        return pd.concat(parts, ignore_index=True).reindex(columns=list(SCORE_COLUMNS)) if parts else none

    def _first(self, signals: Signals, rows: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
        """Of one listener; by the model and by the baseline, so that the first of both are there."""
        history = np.zeros(len(rows))
        history[catalogue.places(rows, own.track_id)] = own.recent
        values = scaled(signals.of_history(history))
        is_new = (rows.is_listed & ~rows.song_id.isin(rows.song_id[history > 0])).to_numpy()
        scores = {by: np.where(is_new, values @ w["listener"], -np.inf) for by, w in _both(self.weights)}
        first = np.unique(np.concatenate([np.argsort(-one, kind="stable")[:WRITTEN] for one in scores.values()]))
        first = first[is_new[first]]
        return pd.DataFrame(
            {
                **{"listener": own.listener.iloc[0], "subject": "track", "subject_id": rows.track_id[first]},
                **{
                    "quantity": "listener",
                    "score": scores["model"][first],
                    "baseline_score": scores["baseline"][first],
                },
            }
        )

    def save(self, folder: Path) -> None:
        """Write weights and numbers as safetensors, names as JSON."""
        numbers = {name: self.listed[name].to_numpy(np.int64) for name in _IDS}
        numbers |= {name: self.listed[name].to_numpy(np.float64) for name in _NUMBERS}
        weights = {f"weights_{target}": values for target, values in self.weights.items()}
        texts = {
            name: self.listed[name].astype(object).where(self.listed[name].notna(), None).tolist() for name in _TEXTS
        }
        artefact.save(folder, {**numbers, **weights}, {"signals": NAMES, "texts": texts})


def _both(weights: Mapping[str, Numbers]) -> tuple[tuple[str, Mapping[str, Numbers]], ...]:
    return (("model", weights), ("baseline", BASELINES))


def in_use(settings: Settings) -> tuple[Mapping[str, Numbers], Version | None]:
    """The weights for a song and for a listener by what is served, and the version in use; None if never trained.

    Raises ModelDamaged where its files are not what they were.
    """
    if not is_installed():
        return BASELINES, None
    from tonearm.models.lifecycle.registry import open_registry

    registry, model = open_registry(settings), find("recommender")
    version = registry.in_use(model.registered)
    if version is None or not version.serves:
        return BASELINES, version
    fitted = registry.load(model, version)
    assert isinstance(fitted, FittedRecommender)
    return {t: fitted.weights[t] if t in version.serves else BASELINES[t] for t in TARGETS}, version
