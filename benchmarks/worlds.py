"""Listening histories in which a certain effect is absent, made from those of a home so that all else stays.

A world is one listener's history with something exchanged at random. What depends on what in real listening
remains: sessions in a row, months of one taste, albums, playlists, how many tracks of an artist are known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from tonearm.columns import FEATURES, MEASURED, PARTS_OF_DAY, arrow_schema
from tonearm.silver.listening_with_features import LISTEN_COLUMNS, SATURDAY

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Places = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24
MONDAY = date(1970, 1, 5).toordinal() - date(1970, 1, 1).toordinal()
LEAST_TRACKS = 3
"""Known tracks of an artist whose features are given to another: one alone would make a whole discography alike."""
VALENCE, DANCEABILITY = FEATURES.index("valence"), FEATURES.index("danceability")


@dataclass(frozen=True)
class History:
    """One listener's listens in the order heard; times are local, in microseconds."""

    rows: pa.Table
    at: Places
    session_at: Places
    date: Places
    """Days since 1970."""
    track: Places
    artist: Places
    sound: Numbers
    """A column per feature; NaN where it was not measured."""

    @property
    def is_known(self) -> Flags:
        """Whether a listen has measured features."""
        return ~np.isnan(self.sound).all(axis=1)

    @property
    def session(self) -> Places:
        """Number of each listen's session, in the order of their starts."""
        return np.unique(self.session_at, return_inverse=True)[1].reshape(-1)

    @property
    def hour(self) -> Places:
        """Local hour of each listen."""
        return self.at // HOUR_US % 24

    def take(self, order: Places, **changed: Places | Numbers) -> History:
        """What was heard in another order, at the same instants."""
        moved = replace(
            self,
            rows=self.rows.take(pa.array(order)),
            track=self.track[order],
            artist=self.artist[order],
            sound=self.sound[order],
        )
        return replace(moved, **changed)


World = Callable[[History, np.random.Generator], History]


def histories(home: Path) -> list[History]:
    """Each listener's history in the home, without names."""
    rows = DeltaTable(str(home / "lake" / "listening_with_features")).to_pyarrow_table(columns=list(LISTEN_COLUMNS))
    rows = rows.sort_by([(c, "ascending") for c in ("listener", "session_started_at", "started_at", "listen_id")])
    listeners = rows["listener"].unique().sort().to_pylist()
    return [_history(rows.filter(pc.equal(rows["listener"], name))) for name in listeners]


def _history(rows: pa.Table) -> History:
    known = pc.is_in(rows["feature_source"], pa.array(MEASURED)).combine_chunks()
    columns = [pc.if_else(known, rows[f].combine_chunks(), None) for f in FEATURES]
    offset = _micros(rows["started_at_local"]) - _micros(rows["started_at"])
    session, first = np.unique(_micros(rows["session_started_at"]), return_inverse=True)
    starts = np.searchsorted(first.reshape(-1), np.arange(len(session)))
    return History(
        rows=rows,
        at=_micros(rows["started_at_local"]),
        session_at=(session + offset[starts])[first.reshape(-1)],
        date=rows["local_date"].combine_chunks().cast(pa.int32()).to_numpy().astype(np.int64),
        track=rows["track_id"].to_numpy(),
        artist=rows["artist_id"].to_numpy(),
        sound=np.stack([c.to_numpy(zero_copy_only=False).astype(float) for c in columns], axis=1),
    )


def _micros(values: pa.ChunkedArray) -> Places:
    return values.combine_chunks().cast(pa.int64()).to_numpy()


def catalogue(home: Path) -> list[Numbers]:
    """The measured features of each artist's tracks in the home's catalogue, artists with several tracks alone."""
    columns = ["artist_id", "feature_source", *FEATURES]
    tracks = DeltaTable(str(home / "lake" / "tracks")).to_pyarrow_table(columns=columns)
    tracks = tracks.filter(pc.is_in(tracks["feature_source"], pa.array(MEASURED))).sort_by("artist_id")
    sound = np.stack([tracks[f].to_numpy() for f in FEATURES], axis=1)
    _, starts = np.unique(tracks["artist_id"].to_numpy(), return_index=True)
    return [of_artist for of_artist in np.split(sound, starts[1:]) if len(of_artist) >= LEAST_TRACKS]


def everything_known(artists: list[Numbers]) -> World:
    """A world in which every artist sounds like some artist of the catalogue, and every track is known."""

    def make(history: History, rng: np.random.Generator) -> History:
        _, of_track, of_artist = _tracks(history)
        given = rng.integers(0, len(artists), int(of_artist.max()) + 1)
        place = _place_in(of_artist) + rng.integers(0, 1000, len(given))[of_artist]
        sizes = np.array([len(a) for a in artists])
        starts = np.cumsum(sizes) - sizes
        chosen = given[of_artist]
        sound = np.concatenate(artists)[starts[chosen] + place % sizes[chosen]]
        return replace(history, sound=sound[of_track])

    return make


def _tracks(history: History) -> tuple[Places, Places, Places]:
    """The tracks heard, the track of each listen, and the artist of each track, all numbered from 0."""
    track, first, of_track = np.unique(history.track, return_index=True, return_inverse=True)
    of_artist = np.unique(history.artist[first], return_inverse=True)[1].reshape(-1)
    return track, of_track.reshape(-1), of_artist


def _place_in(group: Places) -> Places:
    """Place of each member in its group, from 0."""
    order = np.argsort(group, kind="stable")
    found = np.empty(len(group), dtype=np.int64)
    found[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])
    return found


def turned_clocks(history: History, rng: np.random.Generator) -> History:
    """What was heard is moved along the sessions' clock: every session gets the start of the one k later.

    Days, weeks and months of one taste stay together, and so do times of late nights; only their coincidence is new.
    """
    session = history.session
    starts = np.unique(history.session_at)
    k = int(rng.integers(len(starts) // 20 + 1, len(starts) - len(starts) // 20))
    moved = np.roll(starts, -k)
    session_at = moved[session]
    at = session_at + (history.at - history.session_at)
    return replace(history, at=at, session_at=session_at, date=at // DAY_US)


def turned_days(history: History, rng: np.random.Generator) -> History:
    """Each day's clock is turned by a number of hours of its own, so that a day's sessions stay a day's."""
    day, of_day = np.unique(history.session_at // DAY_US, return_inverse=True)
    turn = (rng.integers(0, 24, len(day)) * HOUR_US)[of_day.reshape(-1)]
    session_at = history.session_at // DAY_US * DAY_US + (history.session_at + turn) % DAY_US
    at = session_at + (history.at - history.session_at)
    return replace(history, at=at, session_at=session_at, date=at // DAY_US)


def delayed_weeks(history: History, rng: np.random.Generator) -> History:
    """Each week comes up to six days late, and all after it too, so that a weekend is any two days in a row.

    Days stay in their order, without which nothing would be heard for the first time on the right day.
    """
    week, of_week = np.unique((history.date - MONDAY) // 7, return_inverse=True)
    late = np.cumsum(rng.integers(0, 7, len(week)))[of_week.reshape(-1)]
    shift = late * DAY_US
    return replace(history, at=history.at + shift, session_at=history.session_at + shift, date=history.date + late)


def dealt_artists(history: History, rng: np.random.Generator) -> History:
    """Each known artist's tracks get the features of another's, so that a mood says nothing about an artist's place."""
    return _dealt(history, [rng.integers(0, 2**32)] * len(FEATURES))


def dealt_features(history: History, rng: np.random.Generator) -> History:
    """Each feature is dealt to the artists by itself, so that none goes together with another."""
    return _dealt(history, list(rng.integers(0, 2**32, len(FEATURES))))


def _dealt(history: History, seeds: list[int]) -> History:
    track, of_track, of_artist = _tracks(history)
    of_listen = np.empty(len(track), dtype=np.int64)
    of_listen[of_track] = np.arange(len(of_track))
    known = np.flatnonzero(history.is_known[of_listen])
    known = known[np.argsort(of_artist[known], kind="stable")]
    sound = history.sound[of_listen]
    artist = np.unique(of_artist[known], return_inverse=True)[1].reshape(-1)
    sizes = np.bincount(artist)
    starts = np.cumsum(sizes) - sizes
    dealt = sound.copy()
    for feature, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        giver = rng.permutation(len(sizes))[artist]
        place = _place_in(artist) + rng.integers(0, 1000, len(sizes))[artist]
        dealt[known, feature] = sound[known[starts[giver] + place % sizes[giver]], feature]
    return replace(history, sound=dealt[of_track])


def shuffled_runs(history: History, rng: np.random.Generator) -> History:
    """Within each session whole runs of an artist are put in random order."""
    session = history.session
    is_new = np.ones(len(session), dtype=bool)
    is_new[1:] = (np.diff(session) != 0) | (np.diff(history.artist) != 0)
    run = np.cumsum(is_new) - 1
    return history.take(np.lexsort((np.arange(len(run)), rng.random(int(run[-1]) + 1)[run], session)))


def shuffled_tracks(history: History, rng: np.random.Generator) -> History:
    """Within each session the listens are put in random order, albums and all."""
    session = history.session
    return history.take(np.lexsort((rng.random(len(session)), session)))


def turned_sound(history: History, rng: np.random.Generator) -> History:
    """Every listen gets the features of the one k later: they follow one another as before, after other tracks."""
    k = int(rng.integers(len(history.at) // 20 + 1, len(history.at) - len(history.at) // 20))
    return replace(history, sound=np.roll(history.sound, -k, axis=0))


def only_some_known(share: float) -> World:
    """A world in which so large a share of the tracks is known, those of one artist being so together in part."""

    def make(history: History, rng: np.random.Generator) -> History:
        _, of_track, of_artist = _tracks(history)
        # Most of what decides is the artist's: a catalogue has many tracks of one and none of another.
        draw = 0.7 * rng.random(int(of_artist.max()) + 1)[of_artist] + 0.3 * rng.random(len(of_artist))
        known = draw[of_track] <= np.quantile(draw[of_track], share)
        return replace(history, sound=np.where(known[:, None], history.sound, np.nan))

    return make


def artists_stand_in(history: History, rng: np.random.Generator) -> History:
    """A track that is not known gets the mean of what its artist's known tracks sound like."""
    _, of_track, of_artist = _tracks(history)
    artist = of_artist[of_track]
    first = np.unique(of_track, return_index=True)[1]
    known = history.is_known[first]
    count = np.bincount(of_artist, known)
    sums = [np.bincount(of_artist, np.nan_to_num(history.sound[first, f])) for f in range(len(FEATURES))]
    means = np.stack(sums, axis=1) / np.where(count > 0, count, np.nan)[:, None]
    return replace(history, sound=np.where(history.is_known[:, None], history.sound, means[artist]))


def in_turn(*worlds: World) -> World:
    """One change after the other."""

    def make(history: History, rng: np.random.Generator) -> History:
        for world in worlds:
            history = world(history, rng)
        return history

    return make


def as_they_are(history: History, rng: np.random.Generator) -> History:
    """The features that the listens have."""
    return history


def listens(history: History, listener: str) -> pa.Table:
    """The history as rows of ``listening_with_features``, but for moods, which follow from the features."""
    n = len(history.at)
    hour, weekday = history.hour, (history.date - MONDAY) % 7
    known = history.is_known
    instant = pa.timestamp("us", "UTC")
    local = pa.array(history.at, pa.timestamp("us"))
    changed = {
        "listener": pa.array([listener]).take(pa.array(np.zeros(n, dtype=np.int64))),
        "listen_id": pa.array(np.arange(n)),
        "started_at": pa.array(history.at, instant),
        "ended_at": pa.array(history.at, instant),
        "started_at_local": local,
        "local_date": pa.array(history.date.astype(np.int32), pa.date32()),
        "year": pc.year(local),
        "hour_of_day": pa.array(hour),
        "day_of_week": pa.array(weekday),
        "part_of_day": pa.array(PARTS_OF_DAY).take(pa.array(hour // 6)),
        "is_weekend": pa.array(weekday >= SATURDAY),
        "session_started_at": pa.array(history.session_at, instant),
        "feature_source": pc.if_else(pa.array(known), "catalogue", None),
        **{f: pa.array(history.sound[:, k], mask=np.isnan(history.sound[:, k])) for k, f in enumerate(FEATURES)},
    }
    columns = [changed[c] if c in changed else history.rows[c] for c in LISTEN_COLUMNS]
    return pa.table(columns, names=list(LISTEN_COLUMNS)).cast(arrow_schema(LISTEN_COLUMNS))


def brighter_nights(by: float) -> World:
    """What is heard at night has so much more valence."""
    return lambda history, rng: _brighter(history, history.hour < 6, by)


def brighter_weekends(by: float) -> World:
    """What is heard on weekends has so much more valence."""
    return lambda history, rng: _brighter(history, (history.date - MONDAY) % 7 >= SATURDAY, by)


def _brighter(history: History, where: Flags, by: float) -> History:
    sound = history.sound.copy()
    sound[where, VALENCE] = np.clip(sound[where, VALENCE] + by, 0, 1)
    return replace(history, sound=sound)


def danceable_is_positive(r: float) -> World:
    """Valence goes together with danceability, track by track."""

    def make(history: History, rng: np.random.Generator) -> History:
        dance, valence = history.sound[:, DANCEABILITY], history.sound[:, VALENCE]
        if not history.is_known.any():
            return history
        z = (dance - np.nanmean(dance)) / np.nanstd(dance)
        own = valence - np.nanmean(valence)
        sound = history.sound.copy()
        sound[:, VALENCE] = np.nanmean(valence) + np.sqrt(1 - r**2) * own + r * np.nanstd(valence) * z
        return replace(history, sound=sound)

    return make


def rising_sessions(share: float) -> World:
    """In such a share of the sessions the artists come in the order of their valence."""

    def make(history: History, rng: np.random.Generator) -> History:
        session = history.session
        rises = (rng.random(int(session[-1]) + 1) < share)[session]
        of_artist = np.unique(session * (history.artist.max() + 1) + history.artist, return_inverse=True)[1].reshape(-1)
        known = ~np.isnan(history.sound[:, VALENCE])
        count = np.bincount(of_artist, known)
        mean = np.bincount(of_artist, np.nan_to_num(history.sound[:, VALENCE])) / np.where(count > 0, count, np.nan)
        place = np.arange(len(session))
        return history.take(
            np.lexsort((place, np.where(rises, np.nan_to_num(mean[of_artist], nan=0.5), place), session))
        )

    return make


def lifting_tracks(by: float, tracks: int, listens: int = 5) -> World:
    """After each of the most heard tracks what follows in the session has so much more valence."""

    def make(history: History, rng: np.random.Generator) -> History:
        _, of_track = np.unique(history.track, return_inverse=True)
        lifts = np.isin(of_track.reshape(-1), np.argsort(-np.bincount(of_track.reshape(-1)))[:tracks])
        session = history.session
        follows = np.zeros(len(session), dtype=bool)
        for k in range(1, listens + 1):
            follows[k:] |= lifts[:-k] & (session[k:] == session[:-k])
        return _brighter(history, follows & ~lifts, by)

    return make
