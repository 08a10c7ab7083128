"""Simulated listeners to compare a listener with, where a home has too few of its own.

``python -m tools.population`` writes the traits of 200 of them beside the table that compares.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from tonearm.columns import arrow_schema
from tonearm.demo.habits import Habits, Heard, Peak, simulate
from tonearm.demo.world import GENRES, World, make_world
from tonearm.engine.duckdb import Engine
from tonearm.gold.cognitive import behavioral_segments
from tonearm.gold.cognitive.listener_traits import TRAITS, listener_traits

LISTENERS = 200
SEED = 1
END = date(2026, 1, 1)
ARTISTS = 12_000
"""Enough for the explorers to find something new."""
TOGETHER = 20
"""Listeners whose tables are computed at once: what is in memory is bounded by it."""
LISTEN_COLUMNS = ("listener", "listen_id", "track_id", "artist_id", "local_date", "hour_of_day")
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000


def main() -> None:
    """Write the population to where :mod:`tonearm.gold.cognitive.behavioral_segments` reads it."""
    path = Path(behavioral_segments.__file__).with_name("demo_population.json")
    path.write_text(json.dumps(population(LISTENERS, SEED), indent=1) + "\n", encoding="utf-8")


def population(listeners: int, seed: int, artists: int = ARTISTS) -> dict[str, object]:
    """The sorted traits of simulated ``listeners`` in a world of so many ``artists``, and how they were made."""
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(listeners + 1)]
    world = make_world(streams[0], artists)
    values: dict[str, list[float]] = {trait: [] for trait in TRAITS}
    for begin in range(0, listeners, TOGETHER):
        part = streams[1 + begin : 1 + begin + TOGETHER]
        histories = [_history(world, begin + i, rng) for i, rng in enumerate(part)]
        for trait, found in _traits(histories).items():
            values[trait] += found
    return {
        "made_by": "python -m tools.population",
        "what": f"traits of {listeners} simulated listeners, seed {seed}; nobody's real listening",
        "traits": {trait: sorted(round(value, 3) for value in found) for trait, found in values.items()},
    }


def any_habits(rng: np.random.Generator) -> Habits:
    """Habits of a listener about whom nothing is known."""
    liked = rng.choice(list(GENRES), int(rng.integers(1, 9)), replace=False)
    weekdays, weekends = (_peaks(rng, rng.uniform(7, 23.5)) for _ in range(2))
    return Habits(
        taste={str(genre): float(rng.uniform(1, 6)) for genre in liked},
        weekdays=weekdays,
        weekends=weekends,
        sessions_per_day=float(rng.lognormal(0.4, 0.5)),
        skip_share=0.0,
        listens_per_session=float(rng.lognormal(2.0, 0.4)),
        wandering=float(rng.beta(1.5, 4)),
        moving_on=float(rng.beta(4, 2)),
        choosiness=float(rng.uniform(0.2, 2.5)),
        mainstream=float(rng.uniform(0, 1)),
        favourites_stay=float(rng.normal(0.8, 1.2)),
        lingering=float(rng.lognormal(-6.0, 1.5)),
        unevenness=float(rng.lognormal(-0.2, 0.5)),
    )


def _peaks(rng: np.random.Generator, favourite: float) -> tuple[Peak, ...]:
    others = rng.uniform(6, 24, 2).tolist()
    return tuple(
        Peak(hour % 24, float(rng.uniform(0.8, 2.5)), weight)
        for hour, weight in zip((favourite, *others), (2.0, 1.0, 0.5), strict=True)
    )


def _history(world: World, number: int, rng: np.random.Generator) -> pa.Table:
    """A simulated history with the columns that the traits are made from."""
    heard = simulate(world, any_habits(rng), "UTC", END, rng)
    return _as_listens(world, heard, f"listener {number:03}", rng)


def _as_listens(world: World, heard: Heard, listener: str, rng: np.random.Generator) -> pa.Table:
    columns = {
        "listener": [listener] * len(heard),
        "listen_id": rng.permutation(len(heard)),
        "track_id": heard.track,
        "artist_id": world.track_artist[heard.track],
        "local_date": pa.array((heard.started_ms // _DAY_MS).astype("int32")).cast(pa.date32()),
        "hour_of_day": heard.started_ms % _DAY_MS // _HOUR_MS,
    }
    return pa.table([columns[name] for name in LISTEN_COLUMNS], schema=arrow_schema(LISTEN_COLUMNS))


def _traits(histories: list[pa.Table]) -> dict[str, list[float]]:
    """What the table's own code makes of the histories."""
    engine = Engine(duckdb.connect())
    engine.register("listens", pa.concat_tables(histories))
    rows = engine.dicts(engine.compiled(listener_traits, "listens"))
    return {trait: [row[trait] for row in rows if row[trait] is not None] for trait in TRAITS}


if __name__ == "__main__":
    main()
