"""What comes next in a session: groups of similar tracks, and the chance of each for the next track."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from tonearm.columns import FEATURES
from tonearm.errors import NotEnoughData
from tonearm.gold.cognitive.mood_state_clusters import unique_names
from tonearm.models.evaluate import log_losses
from tonearm.models.listeners import (
    by_listener,
    column,
    load_listeners,
    measured,
    names,
    now_of,
    save_listeners,
    serves,
)
from tonearm.models.model import SEED, Decision, HeldOut
from tonearm.models.next_mood.clues import CLUES, Heard, Past, clues

if TYPE_CHECKING:
    from tonearm.models.listeners import Ints, Numbers, Words

TARGET = "next_mood"
CLUSTERED = ("energy", "valence", "danceability", "acousticness", "instrumentalness")
"""What the groups are made by; tempo and loudness say more of the recording than of the mood."""
SHUFFLES = 10
STARTS, STARTS_TO_CHOOSE = 40, 3
"""Of k-means: with 10, groups of a hundred listens still changed with the seed."""
AS_DISTINCT = 0.02
"""Silhouettes so near are taken as equal, and the fewest groups as the best."""
MOST_TRACKS = 400
"""Tracks by which the number of groups is chosen: the silhouette grows with their square."""
GROWTH = 1.05
"""Weights are learned anew each time there is so much more to learn from."""


@dataclass(frozen=True)
class NextMood:
    """Clues blended by weights learned from the listener's own past; groups are frozen before the first prediction."""

    fewest_listens: int = 150
    fewest_sessions: int = 20
    most_listens: int = 20_000
    """The newest that are learned from."""
    groups: tuple[int, ...] = (3, 4, 5)
    """Numbers of groups tried; two would say little more than loud and quiet."""
    warm_up: float = 0.15
    """Share of the sessions that only makes the groups; more, where they have fewer than ``warm_up_tracks``."""
    warm_up_tracks: int = 40
    fewest_predicted: int = 30
    """Listens after the warm-up that follow another one in their session."""
    start_weight: float = 0.15
    """Of each clue before anything is learned: together a little more than one whole clue."""
    ridge: float = 20.0
    """Pull towards ``start_weight``: of 5, 20 and 80, chosen on two other histories; all were within 1 %."""

    name = "next_mood"
    registered = "next_mood"
    summary = "Groups of similar tracks, and the chance of each for the next track of a session."
    has_threshold = False
    inputs = ("listening_with_features",)
    baseline = "the listener's own shares of the groups, or equal ones where these did better so far"
    decides = (Decision(TARGET, "log_loss"),)
    belongs = ()
    limits = (
        "Knows only tracks with measured features; between two of them, others may have been heard.",
        "The groups are ends of scales as often as kinds of their own, and differ from listener to listener.",
        "Predicts the next track of a session that goes on, not how the next session begins.",
    )

    def examples(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """The measured listens of listeners with enough of them, oldest first."""
        listens = measured(tables["listening_with_features"], as_of).dropna(subset=list(CLUSTERED))
        listens = listens.groupby("listener").tail(self.most_listens)
        of_each = dict(by_listener(listens))
        enough = [own for own in of_each.values() if self._is_enough(own)]
        if not enough:
            most = max(of_each.values(), key=len, default=listens)
            raise NotEnoughData(
                self.name,
                f"are {len(most)} in {most['session_started_at'].nunique()} sessions",
                f"{self.fewest_listens} measured listens in {self.fewest_sessions} sessions with more than one,"
                " of one listener",
            )
        wanted = ["listener", "at", "started_at", "session_started_at", "hour_of_day", "track_id", "artist_id"]
        found = pd.concat(enough, ignore_index=True)
        return found.assign(at=found["started_at"])[[*wanted, *CLUSTERED]]

    def _is_enough(self, listens: pd.DataFrame) -> bool:
        session = _session(listens)
        if len(listens) < self.fewest_listens or session[-1] + 1 < self.fewest_sessions:
            return False
        predicted = (session >= self._warm_sessions(listens)) & (_place(session) > 0)
        return bool(predicted.sum() >= self.fewest_predicted)

    def held_out(self, examples: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        """Each session predicted by what was learned from those before it; groups made from the first ones alone."""
        of_each = dict(by_listener(examples))
        first = {name: _session(own) < self._warm_sessions(own) for name, own in of_each.items()}
        count = how_many([own[first[name]] for name, own in of_each.items()], self.groups, seed)
        parts = []
        for name, own in of_each.items():
            moods = Moods.found(own[first[name]], count, seed)
            heard = as_heard(own, moods)
            predicted, baseline = self.rolled(heard, count, self._warm_sessions(own))
            scored = ~first[name] & ~heard.is_first
            block = np.array([f"{name} {session}" for session in heard.session[scored]])
            listener = np.repeat(name, len(block))
            parts.append((heard.mood[scored], predicted[scored], baseline[scored], block, listener))
        actual, predicted, baseline, block, listener = (np.concatenate(values) for values in zip(*parts, strict=True))
        classes = tuple(f"group {number}" for number in range(1, count + 1))
        protocol = f"session by session, groups frozen before, {count} groups"
        return [HeldOut(TARGET, protocol, "classes", actual, predicted, baseline, block, listener, classes=classes)]

    def _warm_sessions(self, listens: pd.DataFrame) -> int:
        """How many sessions make the groups before anything is predicted."""
        session = _session(listens)
        tracks = np.cumsum(~listens["track_id"].duplicated().to_numpy())
        with_enough = session[np.searchsorted(tracks, min(self.warm_up_tracks, tracks[-1]))] + 1
        return max(round(self.warm_up * (int(session[-1]) + 1)), int(with_enough))

    def rolled(self, heard: Heard, count: int, first: int) -> tuple[Numbers, Numbers]:
        """Chances from the session ``first`` on, by the model and by the baseline, known before the session."""
        past = Past.nothing(count)
        evidence, shares = clues(heard, past)
        predicted = np.full((len(heard.mood), count), 1 / count)
        weights = np.full(len(CLUES), self.start_weight)
        for begin, end in pairwise(_refits(heard.session, first)):
            before = np.flatnonzero((heard.session < begin) & ~heard.is_first)
            weights = self._learned(evidence[before], shares[before], heard.mood[before], weights)
            rows = (heard.session >= begin) & (heard.session < end)
            predicted[rows] = blended(evidence[rows], shares[rows], weights)
        return predicted, _usual_before_session(heard, count)

    def _learned(self, evidence: Numbers, shares: Numbers, actual: Ints, begin: Numbers) -> Numbers:
        """Weights of the clues, none below zero: a multinomial logistic regression drawn to ``start_weight``."""
        happened = np.eye(shares.shape[1])[actual]

        def loss(weights: Numbers) -> tuple[float, Numbers]:
            predicted = blended(evidence, shares, weights)
            apart = weights - self.start_weight
            value = (
                -np.log(np.maximum((predicted * happened).sum(axis=1), 1e-12)).sum() + self.ridge / 2 * apart @ apart
            )
            return float(value), np.einsum("nek,nk->e", evidence, predicted - happened) + self.ridge * apart

        found = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(begin))
        return np.asarray(found.x)

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedNextMood:
        """Each listener's groups, weights of the clues, and counts; whether the model was better than the shares."""
        of_each = dict(by_listener(examples))
        count = how_many(list(of_each.values()), self.groups, seed)
        return FittedNextMood({name: self._fitted(own, count, seed) for name, own in of_each.items()})

    def _fitted(self, listens: pd.DataFrame, count: int, seed: int) -> dict[str, Any]:
        moods = Moods.found(listens, count, seed)
        heard = as_heard(listens, moods)
        evidence, shares = clues(heard, Past.nothing(count))
        inside = ~heard.is_first
        weights = self._learned(
            evidence[inside], shares[inside], heard.mood[inside], np.full(len(CLUES), self.start_weight)
        )
        predicted, baseline = self.rolled(heard, count, self._warm_sessions(listens))
        scored = inside & (heard.session >= self._warm_sessions(listens))
        lost, usual = (log_losses(heard.mood[scored], p[scored]) for p in (predicted, baseline))
        return {
            "serves": serves(lost, usual, heard.session[scored], seed),
            "is_even": bool(_lost_to_even(heard, _shares_before_session(heard, count)).sum() > 0),
            "moods": moods.as_json(),
            "weights": weights.tolist(),
            "past": Past.of(heard, count).as_json(),
        }

    def load(self, folder: Path) -> FittedNextMood:
        """What :meth:`FittedNextMood.save` wrote."""
        return FittedNextMood(load_listeners(folder, self.name))


@dataclass(frozen=True)
class Moods:
    """A listener's groups of tracks: where they lie, and what they are called."""

    middle: Numbers
    spread: Numbers
    """(features,) of the listens the groups were made from; their centroids are in these units."""
    centroids: Numbers
    """(groups, features), the most heard group first."""
    width: float
    """Squared distance within which a track may as well be of the next group."""
    labels: tuple[str, ...]

    @classmethod
    def found(cls, listens: pd.DataFrame, count: int, seed: int) -> Moods:
        """``count`` groups by k-means."""
        values = listens[list(CLUSTERED)].to_numpy(float)
        middle, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
        scaled = (values - middle) / spread
        fitted = _k_means(scaled, count, seed)
        order = np.argsort(-np.bincount(fitted.labels_, minlength=count), kind="stable")
        centroids = np.asarray(fitted.cluster_centers_)[order]
        width = 2 * float(fitted.inertia_) / scaled.size
        labels = unique_names(centroids, [FEATURES.index(feature) for feature in CLUSTERED])
        return cls(middle, spread, centroids, max(width, 1e-6), tuple(labels))

    def near(self, values: Numbers) -> Numbers:
        """How much each track is of each group, adding up to one; NaN where a feature is missing."""
        scaled = (values - self.middle) / self.spread
        apart = ((scaled[:, None] - self.centroids) ** 2).sum(axis=2)
        closeness = np.exp(-(apart - apart.min(axis=1, keepdims=True)) / (2 * self.width))
        return np.asarray(closeness / closeness.sum(axis=1, keepdims=True))

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and words."""
        arrays = {name: getattr(self, name).tolist() for name in ("middle", "spread", "centroids")}
        return {**arrays, "width": self.width, "labels": list(self.labels)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Moods:
        """What :meth:`as_json` gave."""
        middle, spread, centroids = (np.array(found[name], dtype=float) for name in ("middle", "spread", "centroids"))
        return cls(middle, spread, centroids, float(found["width"]), tuple(found["labels"]))


@dataclass(frozen=True)
class FittedNextMood:
    """Groups, weights and counts of each listener."""

    listeners: dict[str, dict[str, Any]]

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """For each record, the group of the track that comes after it and the chance of each group.

        Records are listens in their order, with ``listener`` and any of ``session_started_at``, ``hour_of_day``,
        ``track_id``, ``artist_id`` and the features; those of one listener and session follow one another. One
        without features counts only for its hour. Null for a listener who is not known.
        """
        listener = names(records, "listener")
        count = max((len(own["weights"]) and len(own["moods"]["labels"]) for own in self.listeners.values()), default=0)
        predicted = np.full((len(records), count), np.nan)
        label, served_by = (np.full(len(records), None, dtype=object) for _ in range(2))
        for name, own in self.listeners.items():
            rows = np.flatnonzero(listener == name)
            if len(rows):
                moods = Moods.from_json(own["moods"])
                predicted[rows] = _after_each(_brought(records.iloc[rows], moods), own)
                label[rows] = np.array(moods.labels, dtype=object)[predicted[rows].argmax(axis=1)]
                served_by[rows] = own["serves"]
        chances = {f"probability_{number + 1}": predicted[:, number] for number in range(count)}
        return pd.DataFrame({"next_mood": label, **chances, "served_by": served_by})

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        """The same by the shares of the groups so far."""
        usual = {name: {**own, "serves": "baseline"} for name, own in self.listeners.items()}
        return FittedNextMood(usual).predict(records)

    def assign(self, listens: pd.DataFrame) -> pd.DataFrame:
        """The number (from 1) and label of each listen's group; null without features or a known listener."""
        listener = names(listens, "listener")
        number, label = np.full(len(listens), np.nan), np.full(len(listens), None, dtype=object)
        values = np.stack([column(listens, feature) for feature in CLUSTERED], axis=1)
        for name, own in self.listeners.items():
            rows = np.flatnonzero((listener == name) & ~np.isnan(values).any(axis=1))
            if len(rows):
                moods = Moods.from_json(own["moods"])
                group = moods.near(values[rows]).argmax(axis=1)
                number[rows], label[rows] = group + 1, np.array(moods.labels, dtype=object)[group]
        return pd.DataFrame({"mood_group": number, "mood_label": label}, index=listens.index)

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        """The chance of each group for the next track, should each listener's last session go on."""
        # Carrying all forty columns through a thousand listeners would take longer than the clues.
        listens = tables["listening_with_features"].reindex(columns=[*NEEDED, *CLUSTERED])
        listens = measured(listens, as_of).dropna(subset=list(CLUSTERED))
        listens = listens.groupby("listener").tail(MOST_REPLAYED)
        known = [self._next(name, own, as_of) for name, own in by_listener(listens) if name in self.listeners]
        return pd.concat(known, ignore_index=True) if known else pd.DataFrame({"listener": []})

    def _next(self, name: str, listens: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
        own, at = self.listeners[name], now_of(listens["started_at"].max(), as_of)
        moods = Moods.from_json(own["moods"])
        heard = as_heard(listens, moods).with_one_more()
        evidence, shares = clues(heard, Past.nothing(len(moods.labels)))
        predicted, usual = _served(evidence[-1:], shares[-1:], own)[0], _usual(shares[-1:], own)[0]
        rows = {"quantity": moods.labels, "score": predicted, "baseline_score": usual, "served_by": own["serves"]}
        return pd.DataFrame(rows).assign(listener=name, subject="next_track", subject_id=None, at=at)

    def save(self, folder: Path) -> None:
        """Write JSON into ``folder``."""
        save_listeners(folder, self.listeners)


NEEDED = (
    *("listener", "listen_id", "started_at", "session_started_at", "hour_of_day", "track_id", "artist_id"),
    "feature_source",
)
"""Columns of listens that predicting needs beside the features."""
MOST_REPLAYED = 5_000
"""Newest listens from which the clues are counted anew when scoring: what is older adds little and takes time."""


def _served(evidence: Numbers, shares: Numbers, own: Mapping[str, Any]) -> Numbers:
    """Chances that the listener is given: the model's, or the baseline's."""
    return blended(evidence, shares, np.array(own["weights"])) if own["serves"] == "model" else _usual(shares, own)


def _usual(shares: Numbers, own: Mapping[str, Any]) -> Numbers:
    """The baseline's chances."""
    return np.full(shares.shape, 1 / shares.shape[1]) if own["is_even"] else shares


def _after_each(heard: Heard, own: Mapping[str, Any]) -> Numbers:
    """Chances for the track after each record, which may be the last of its session."""
    predicted = []
    for begin, end in pairwise([*np.flatnonzero(heard.is_first), len(heard.mood)]):
        part = heard.part(slice(begin, end)).with_one_more()
        evidence, shares = clues(part, Past.from_json(own["past"]))
        predicted.append(_served(evidence[1:], shares[1:], own))
    return np.concatenate(predicted)


def blended(evidence: Numbers, shares: Numbers, weights: Numbers) -> Numbers:
    """Chances of the groups: their shares, times what each clue says to the power of its weight."""
    odds = np.log(shares) + np.einsum("nek,e->nk", evidence, weights)
    chance = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def how_many(listens: Sequence[pd.DataFrame], groups: tuple[int, ...], seed: int) -> int:
    """The fewest groups that are as distinct as any: by how far their silhouette is above that of shuffled tracks,
    on average over listeners."""
    if len(groups) == 1:
        return groups[0]
    gains = np.mean([[_gain(own, count, seed) for count in groups] for own in listens], axis=0)
    return min(count for count, gain in zip(groups, gains, strict=True) if gain >= gains.max() - AS_DISTINCT)


def _gain(listens: pd.DataFrame, count: int, seed: int) -> float:
    tracks = listens.drop_duplicates("track_id").sort_values("track_id").head(MOST_TRACKS)
    values = tracks[list(CLUSTERED)].to_numpy(float)
    if len(values) <= 2 * count:
        return 0.0
    scaled = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-6)
    rng = np.random.default_rng(seed)
    shuffled = [np.stack([rng.permutation(feature) for feature in scaled.T], axis=1) for _ in range(SHUFFLES)]
    chance = [_silhouette(one, count, seed) for one in shuffled]
    return _silhouette(scaled, count, seed) - float(np.mean(chance))


def _silhouette(scaled: Numbers, count: int, seed: int) -> float:
    group = _k_means(scaled, count, seed, STARTS_TO_CHOOSE).labels_
    return float(silhouette_score(scaled, group)) if len(set(group)) > 1 else 0.0


def _k_means(scaled: Numbers, count: int, seed: int, starts: int = STARTS) -> Any:
    # Several threads add up in another order each time.
    with threadpool_limits(1):
        return KMeans(count, n_init=starts, random_state=seed).fit(scaled)


def _session(listens: pd.DataFrame) -> Ints:
    """Number of each listen's session, from 0, in order of time."""
    return np.asarray(pd.factorize(listens["session_started_at"])[0], dtype=np.int64)


def _place(session: Ints) -> Ints:
    """Place of each listen in its session, from 0."""
    return np.arange(len(session)) - np.searchsorted(session, session)


def as_heard(listens: pd.DataFrame, moods: Moods) -> Heard:
    """One listener's listens, oldest first, as the clues are counted from them."""
    near = moods.near(listens[list(CLUSTERED)].to_numpy(float))
    hours = np.asarray((listens["started_at"] - listens["started_at"].iloc[0]).dt.total_seconds(), dtype=float) / 3600
    track, artist = (np.asarray(pd.factorize(listens[name])[0], dtype=np.int64) for name in ("track_id", "artist_id"))
    hour_of_day = listens["hour_of_day"].to_numpy(np.int64)
    return Heard(_session(listens), hours, hour_of_day, track, artist, near.argmax(axis=1), near)


def _brought(records: pd.DataFrame, moods: Moods) -> Heard:
    """Records that somebody brings: what they lack is not counted."""
    near = moods.near(np.stack([column(records, feature) for feature in CLUSTERED], axis=1))
    is_known = np.asarray(~np.isnan(near).any(axis=1))
    session = np.asarray(pd.factorize(names(records, "session_started_at"))[0], dtype=np.int64)
    hour = column(records, "hour_of_day")
    hour_of_day = np.where((hour >= 0) & (hour < 24), hour, -1).astype(np.int64)
    track, artist = (_codes(names(records, name)) for name in ("track_id", "artist_id"))
    mood = np.where(is_known, np.nan_to_num(near).argmax(axis=1), -1)
    near = np.where(is_known[:, None], near, 0.0)
    return Heard(session, np.zeros(len(records)), hour_of_day, track, artist, mood, near)


def _codes(words: Words) -> Ints:
    """A number for each word; those that are not known differ from one another."""
    codes = pd.factorize(words)[0].astype(np.int64)
    return np.asarray(np.where(words == "", len(words) + np.arange(len(words)), codes), dtype=np.int64)


def _refits(session: Ints, first: int) -> list[int]:
    """Sessions before which weights are learned anew, and the one after the last."""
    begins = np.searchsorted(session, np.arange(int(session[-1]) + 2))
    found = [first]
    for number in range(first + 1, int(session[-1]) + 1):
        if begins[number] >= begins[found[-1]] * GROWTH:
            found.append(number)
    return [*found, int(session[-1]) + 1]


def _usual_before_session(heard: Heard, count: int) -> Numbers:
    """The baseline: shares of the groups, or the same chance for each, whichever did better in the sessions before."""
    shares = _shares_before_session(heard, count)
    total = np.r_[0.0, np.cumsum(_lost_to_even(heard, shares))]
    is_even = total[np.searchsorted(heard.session, heard.session)] > 0
    return np.where(is_even[:, None], 1 / count, shares)


def _lost_to_even(heard: Heard, shares: Numbers) -> Numbers:
    """By how much the shares' loss was above that of equal chances, for each listen that follows another one."""
    apart = log_losses(heard.mood, shares) - np.log(shares.shape[1])
    return np.where(heard.is_first, 0.0, apart)


def _shares_before_session(heard: Heard, count: int) -> Numbers:
    """Shares of the groups among all listens before the session."""
    happened = np.eye(count)[heard.mood]
    total = np.concatenate([np.zeros((1, count)), np.cumsum(happened, axis=0)]) + 1
    before = total[np.searchsorted(heard.session, heard.session)]
    return np.asarray(before / before.sum(axis=1, keepdims=True))
