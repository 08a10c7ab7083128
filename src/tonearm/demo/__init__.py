"""A simulated household, as export files like those its members would have downloaded.

Three listeners, four years, and a catalogue that contains about three fifths of what they hear, so that
every table and page has content. All names are invented, and every listener's name contains ``(demo)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tonearm.demo.exports import (
    scrobbled,
    write_lastfm_headerless,
    write_lastfm_quoted,
    write_listenbrainz,
    write_spotify_extended,
)
from tonearm.demo.habits import Burst, Habits, Heard, Peak, simulate
from tonearm.demo.world import World, make_world, write_catalogue
from tonearm.errors import UsageError

if TYPE_CHECKING:
    from tonearm.ingest.ledger import ImportReport
    from tonearm.settings import Settings


@dataclass(frozen=True)
class DemoListener:
    """A simulated listener and the files to import for them."""

    name: str
    zone: str
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class DemoHousehold:
    """The files written by ``write_demo``."""

    listeners: tuple[DemoListener, ...]
    catalogue: Path


ADA = Habits(
    taste={"electronic": 3, "indie": 3, "jazz": 2, "ambient": 2, "techno": 2, "house": 1.5, "soul": 1},
    weekdays=(Peak(8, 1.0, 1.0), Peak(14, 2.0, 0.8), Peak(19, 2.0, 1.2), Peak(23.5, 1.0, 0.4)),
    weekends=(Peak(11, 1.8, 1.0), Peak(17, 2.5, 0.9), Peak(23, 2.0, 0.9)),
    sessions_per_day=2.3,
    skip_share=0.13,
    podcast_share=0.12,
    # One song all evening.
    bursts=(Burst(days_before_end=431, hour=21, listens=44, is_loop=True),),
)
BEN = Habits(
    taste={"hip-hop": 3, "rock": 3, "country": 2, "funk": 1.5, "soul": 1.5, "metal": 1.5, "r-n-b": 2},
    weekdays=(Peak(7, 0.8, 1.2), Peak(12.5, 1.0, 0.6), Peak(17.5, 1.2, 1.5)),
    weekends=(Peak(10, 1.5, 0.9), Peak(15, 2.5, 1.2), Peak(21, 1.5, 0.8)),
    sessions_per_day=2.3,
    skip_share=0.06,
    # A day of painting the flat.
    bursts=(Burst(days_before_end=612, hour=7, listens=230),),
)
CHIDI = Habits(
    taste={"indian": 3, "k-pop": 2, "pop": 2, "piano": 2, "classical": 2, "afrobeat": 2, "folk": 1},
    weekdays=(Peak(6.5, 1.0, 0.8), Peak(21, 1.8, 1.5), Peak(23.5, 1.0, 0.8)),
    weekends=(Peak(13, 2.5, 0.8), Peak(21, 2.0, 1.2)),
    sessions_per_day=2.1,
    skip_share=0.05,
    # A fortnight of bad sleep.
    bursts=tuple(Burst(days_before_end=250 - night, hour=3, listens=16) for night in range(14)),
)


class _Made(msgspec.Struct):
    """The demo household in a home."""

    seed: int
    end: date


def fill_home(
    settings: Settings, seed: int, end: date, waiting: Callable[[str], None] | None = None
) -> list[ImportReport]:
    """Write the household into the home's ``demo`` folder and import it, one import per listener.

    A home that already has this household keeps its own ``end``, and the imports change nothing.
    Raises UsageError for a home with other listeners or with the household of another seed.
    """
    from tonearm.ingest.imports import import_paths

    made = _agreed(settings, seed, end)
    household = write_demo(settings.home / "demo", end=made.end, seed=made.seed)
    first, *others = household.listeners
    # The catalogue belongs to no listener; it is imported with the first listener's files.
    parts = [(first, (household.catalogue, *first.paths)), *((one, one.paths) for one in others)]
    return [import_paths(settings, paths, one.name, one.zone, waiting=waiting) for one, paths in parts]


def _agreed(settings: Settings, seed: int, end: date) -> _Made:
    """The household in the home, else a new one, which is recorded there."""
    from tonearm.home import make_home
    from tonearm.store import open_store

    note = settings.home / "demo" / "household.json"
    if note.exists():
        made = msgspec.json.decode(note.read_bytes(), type=_Made)
        if made.seed != seed:
            raise UsageError(f"{settings.home} holds the demo of seed {made.seed}; name another --home")
        return made
    make_home(settings)
    store = open_store(settings)
    try:
        known = [listener.name for listener in store.listeners()]
    finally:
        store.close()
    if known:
        raise UsageError(f"{settings.home} holds listens of {', '.join(known)}; name an empty --home for the demo")
    note.parent.mkdir(exist_ok=True)
    note.write_bytes(msgspec.json.encode(_Made(seed, end)))
    return _Made(seed, end)


def write_demo(folder: Path, *, end: date, seed: int = 1) -> DemoHousehold:
    """Write the household's exports and the catalogue into ``folder``, created if needed.

    The last listens are on the day before ``end``. The same ``end`` and ``seed`` give the same bytes.
    """
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(5)]
    world = make_world(streams[0])
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = folder / "dataset.csv"
    write_catalogue(world, catalogue, streams[1])
    listeners = (
        _ada(world, folder / "ada", end, streams[2]),
        _ben(world, folder / "ben", end, streams[3]),
        _chidi(world, folder / "chidi", end, streams[4]),
    )
    return DemoHousehold(listeners, catalogue)


def _ada(world: World, folder: Path, end: date, rng: np.random.Generator) -> DemoListener:
    """Streams from Spotify and, for two years now, scrobbles the same listens to Last.fm."""
    zone = "Europe/Berlin"
    heard = simulate(world, ADA, zone, end, rng)
    folder.mkdir(exist_ok=True)
    spotify, lastfm = folder / "my_spotify_data.zip", folder / "ada-demo.csv"
    write_spotify_extended(world, heard, spotify, rng)
    write_lastfm_headerless(world, scrobbled(world, _since(heard, end - timedelta(days=730))), lastfm, rng)
    return DemoListener("Ada (demo)", zone, (spotify, lastfm))


def _ben(world: World, folder: Path, end: date, rng: np.random.Generator) -> DemoListener:
    """Keeps everything on Last.fm."""
    zone = "America/New_York"
    heard = scrobbled(world, simulate(world, BEN, zone, end, rng))
    folder.mkdir(exist_ok=True)
    path = folder / f"recenttracks-ben-demo-{_uts(end)}.csv"
    write_lastfm_quoted(world, heard, path)
    return DemoListener("Ben (demo)", zone, (path,))


def _chidi(world: World, folder: Path, end: date, rng: np.random.Generator) -> DemoListener:
    """Scrobbles to ListenBrainz."""
    zone = "Asia/Kolkata"
    heard = scrobbled(world, simulate(world, CHIDI, zone, end, rng))
    folder.mkdir(exist_ok=True)
    path = folder / f"listenbrainz_chidi-demo_{_uts(end)}.zip"
    write_listenbrainz(world, heard, path, "chidi-demo")
    return DemoListener("Chidi (demo)", zone, (path,))


def _since(heard: Heard, day: date) -> Heard:
    return heard.only(heard.started_ms >= _uts(day) * 1000)


def _uts(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
