"""Simulates a listener: sessions by time of day, favourite artists that change over the years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from tonearm.demo.world import GENRES, World

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

YEARS = 4
DAYS = 365 * YEARS + 1
MONTHS = 12 * YEARS
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Peak:
    """A time of day at which sessions cluster."""

    hour: float
    width_h: float
    weight: float


@dataclass(frozen=True)
class Burst:
    """An unusual event: one additional session of a given length."""

    days_before_end: int
    hour: int
    listens: int
    is_loop: bool = False
    """Whether it repeats one track."""


@dataclass(frozen=True)
class Habits:
    """Parameters of one listener."""

    taste: dict[str, float]
    """Weights of the favourite genres; the others share the remaining weight."""
    weekdays: tuple[Peak, ...]
    weekends: tuple[Peak, ...]
    sessions_per_day: float
    skip_share: float
    podcast_share: float = 0.0
    bursts: tuple[Burst, ...] = ()
    listens_per_session: float = 9.0
    wandering: float = 0.2
    """Share of the listens outside the session's genre."""
    moving_on: float = 0.7
    """Chance that the next listen is of another artist."""
    choosiness: float = 1.1
    """Spread of the liking of artists: standard deviation of its logarithm."""
    mainstream: float = 1.0
    """Weight of the artists' general popularity; 0 means none."""
    favourites_stay: float = 2.3
    """Logarithm of the months until a favourite has faded."""
    lingering: float = 0.03
    """Share of the liking that never fades."""
    unevenness: float = 0.0
    """Variation between days: coefficient of variation of a day's activity."""


@dataclass(frozen=True)
class Heard:
    """A listener's listens in order of time, one array per column."""

    started_ms: Ints
    """Milliseconds since 1970, UTC."""
    heard_ms: Ints
    track: Ints
    """Position in the world; for a podcast, the number of its episode."""
    session: Ints
    is_podcast: Flags
    is_skipped: Flags

    def __len__(self) -> int:
        """Number of listens."""
        return len(self.track)

    def only(self, rows: Flags) -> Heard:
        """The listens that ``rows`` marks."""
        return Heard(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Sessions:
    """Sessions in order of time; ``day`` and ``hour`` are in the listener's local time."""

    day: Ints
    hour: Ints
    started_ms: Ints
    listens: Ints
    is_loop: Flags
    is_podcast: Flags


def simulate(world: World, habits: Habits, zone: str, end: date, rng: np.random.Generator) -> Heard:
    """``YEARS`` years of listening up to the start of ``end`` in the listener's local time."""
    sessions = _sessions(habits, _utc_offsets(zone, end), end, rng)
    session = np.repeat(np.arange(len(sessions.day)), sessions.listens)
    is_first = np.concatenate([[True], session[1:] != session[:-1]])
    is_podcast = sessions.is_podcast[session]
    track = _tracks(world, habits, sessions, session, is_first, rng)
    track = np.where(is_podcast, np.cumsum(is_podcast), track)
    is_skipped = (rng.random(len(session)) < habits.skip_share) & ~sessions.is_loop[session]
    music_ms = world.duration_ms[np.where(is_podcast, 0, track)]
    length_ms = np.where(is_podcast, rng.integers(1_000_000, 3_000_000, len(session)), music_ms)
    heard_ms = np.where(is_skipped, rng.integers(2_000, 35_000, len(session)), length_ms)
    is_partial = ~is_skipped & (rng.random(len(session)) < 0.05)
    part_ms = (length_ms * rng.uniform(0.4, 1, len(session))).astype(np.int64)
    heard_ms = np.where(is_partial, part_ms, heard_ms)
    started_ms = _starts(sessions.started_ms, session, is_first, heard_ms + _pauses_ms(rng, len(session)))
    heard = Heard(started_ms, heard_ms, track, session, is_podcast, is_skipped)
    midnight = datetime.combine(end, time(), ZoneInfo(zone)).timestamp() * 1000
    return heard.only(started_ms + heard_ms < midnight)


def _utc_offsets(zone: str, end: date) -> Ints:
    """UTC offset in milliseconds at noon of each day."""
    first = datetime.combine(end - timedelta(days=DAYS), time(12), ZoneInfo(zone))
    offsets = ((first + timedelta(days=day)).utcoffset() or timedelta() for day in range(DAYS))
    return np.array([offset // timedelta(milliseconds=1) for offset in offsets])


def _sessions(habits: Habits, offset_ms: Ints, end: date, rng: np.random.Generator) -> Sessions:
    first = end - timedelta(days=DAYS)
    busyness = _busyness(rng)
    if habits.unevenness:
        busyness = busyness * rng.gamma(habits.unevenness**-2, habits.unevenness**2, DAYS)
    counts = rng.poisson(habits.sessions_per_day * busyness)
    ordinary = np.repeat(np.arange(DAYS), counts)
    usual = np.array([_hour_shares(habits.weekdays), _hour_shares(habits.weekends)])
    is_weekend = (ordinary + first.weekday()) % 7 >= 5
    cumulative = np.cumsum(usual, axis=1)[is_weekend.astype(int)]
    hours = (rng.random(len(ordinary))[:, None] > cumulative).sum(axis=1).clip(0, 23)

    bursts = habits.bursts
    day = np.concatenate([ordinary, [DAYS - b.days_before_end for b in bursts]]).astype(np.int64)
    hour = np.concatenate([hours, [b.hour for b in bursts]]).astype(np.int64)
    is_podcast = (rng.random(len(day)) < habits.podcast_share) & (np.arange(len(day)) < len(ordinary))
    lengths = np.where(is_podcast[: len(ordinary)], 1, rng.geometric(1 / habits.listens_per_session, len(ordinary)))
    listens = np.concatenate([lengths, [b.listens for b in bursts]]).astype(np.int64)
    is_loop = np.concatenate([np.zeros(len(ordinary), bool), np.array([b.is_loop for b in bursts], bool)])
    local_ms = day * _DAY_MS + hour * 3_600_000 + rng.integers(0, 3_600_000, len(day))
    midnight = int(datetime.combine(first, time(), UTC).timestamp()) * 1000
    started_ms = midnight + local_ms - offset_ms[day]
    order = np.argsort(started_ms, kind="stable")
    return Sessions(
        day=day[order],
        hour=hour[order],
        started_ms=started_ms[order],
        listens=listens[order],
        is_loop=is_loop[order],
        is_podcast=is_podcast[order],
    )


def _busyness(rng: np.random.Generator) -> Floats:
    """Relative amount of listening on each day: a slow drift, seasons, and two holidays a year."""
    days = np.arange(DAYS)
    drift = np.exp(np.interp(days, np.linspace(0, DAYS, MONTHS), rng.normal(0, 0.22, MONTHS)))
    busyness: Floats = drift * (1 + 0.15 * np.cos(2 * np.pi * days / 365.25))
    for start in rng.integers(0, 180, 2 * YEARS) + np.arange(2 * YEARS) * 182:
        busyness[start : start + int(rng.integers(7, 18))] *= 0.1
    return busyness


def _hour_shares(peaks: tuple[Peak, ...]) -> Floats:
    hours = np.arange(24) + 0.5
    shares: Floats = np.full(24, 0.004)
    for peak in peaks:
        away = np.minimum(np.abs(hours - peak.hour), 24 - np.abs(hours - peak.hour))
        shares = shares + peak.weight * np.exp(-0.5 * (away / peak.width_h) ** 2)
    normalised: Floats = shares / shares.sum()
    return normalised


def _tracks(
    world: World, habits: Habits, sessions: Sessions, session: Ints, is_first: Flags, rng: np.random.Generator
) -> Ints:
    """Track of each listen: a session keeps to its genre, stays with an artist for a while, may repeat a track."""
    count = len(session)
    genre = _genres(habits, sessions.hour, rng)[session]
    wandering = rng.random(count) < habits.wandering
    genre = np.where(wandering, _genres(habits, sessions.hour[session], rng), genre)
    month = (sessions.day * MONTHS // DAYS)[session]
    artist = _held(_artists(world, habits, month, genre, rng), is_first | (rng.random(count) < habits.moving_on))

    width = world.first_track[artist + 1] - world.first_track[artist]
    # A power of a uniform number favours the first tracks of an artist about as charts do.
    track = world.first_track[artist] + (width * rng.random(count) ** 2.2).astype(np.int64)
    again = (rng.random(count) < 0.02) | sessions.is_loop[session]
    return _held(track, is_first | ~again)


def _held(values: Ints, is_new: Flags) -> Ints:
    """Each value where it is new, else the last new one before it."""
    return values[np.maximum.accumulate(np.where(is_new, np.arange(len(values)), 0))]


def _genres(habits: Habits, hour: Ints, rng: np.random.Generator) -> Ints:
    """A genre for each hour: by taste, livelier in the afternoon and evening than at night."""
    taste = np.array([habits.taste.get(name, 0.12) for name in GENRES])
    energy = np.array([genre[1] for genre in GENRES.values()])
    liveliness = 2.2 * np.sin(2 * np.pi * (np.arange(24) - 11) / 24)
    weight = taste * np.exp(liveliness[:, None] * (energy - energy.mean()))
    cumulative = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
    flat = (np.arange(24)[:, None] + cumulative).ravel()
    found = np.searchsorted(flat, hour + rng.random(len(hour)), side="right") - hour * len(GENRES)
    return found.clip(0, len(GENRES) - 1)


def _artists(world: World, habits: Habits, month: Ints, genre: Ints, rng: np.random.Generator) -> Ints:
    """An artist of the genre for each listen, by what the listener likes in that month."""
    weight = _liking(world, habits, rng)
    total = weight.shape[1]
    shares = weight / weight.sum(axis=1, keepdims=True)
    reach = np.concatenate([np.zeros((MONTHS, 1)), np.cumsum(shares, axis=1)], axis=1)
    bounds = np.searchsorted(world.artist_genre, np.arange(len(GENRES) + 1))
    low, high = reach[month, bounds[genre]], reach[month, bounds[genre + 1]]
    flat = (np.arange(MONTHS)[:, None] + reach[:, 1:]).ravel()
    wanted = month + low + rng.random(len(month)) * (high - low)
    found = np.searchsorted(flat, wanted, side="right") - month * total
    kept_in_genre: Ints = np.clip(found, bounds[genre], bounds[genre + 1] - 1)
    return kept_in_genre


def _liking(world: World, habits: Habits, rng: np.random.Generator) -> Floats:
    """Liking by month and artist: artists are found one after another, most fade, a few break out late."""
    count = len(world.artists)
    affinity = world.artist_weight**habits.mainstream * rng.lognormal(0, habits.choosiness, count)
    found = np.where(rng.random(count) < 0.35, 0, rng.integers(0, MONTHS, count))
    stay = rng.lognormal(habits.favourites_stay, 0.9, count)
    age = np.arange(MONTHS)[:, None] - found
    liking = affinity * np.where(age >= 0, np.exp(-np.maximum(age, 0) / stay) + habits.lingering, 1e-7)
    for artist in rng.choice(count, 12, replace=False):
        since = np.arange(MONTHS) - int(rng.integers(MONTHS // 4, MONTHS - 3))
        surge = np.where(since >= 0, np.exp(-np.maximum(since, 0) / 10.0), 0.01)
        liking[:, artist] = affinity.max() * 0.8 * surge
    return liking


def _pauses_ms(rng: np.random.Generator, count: int) -> Ints:
    """Silence after each listen: a moment, now and then some minutes."""
    minutes_ms, moment_ms = rng.integers(60_000, 900_000, count), rng.integers(200, 2_500, count)
    return np.where(rng.random(count) < 0.03, minutes_ms, moment_ms)


def _starts(session_ms: Ints, session: Ints, is_first: Flags, step_ms: Ints) -> Ints:
    """Starts of the listens; a session that would begin during the one before begins after it."""
    before = np.cumsum(step_ms) - step_ms
    at_first = before[is_first]
    length = np.diff(np.concatenate([at_first, [before[-1] + step_ms[-1]]]))
    elapsed = np.cumsum(length) - length
    begin = elapsed + np.maximum.accumulate(session_ms - elapsed)
    started: Ints = begin[session] + before - at_first[session]
    return started
