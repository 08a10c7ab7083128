"""Counts how often a week has a highlight: in shuffled histories, where it is false, and where a change was planted.

Histories are simulated: each day may be silent, listens come in runs of one artist (an album, an evening), artists are
as unequal as in Zipf's law, and busy times come and go over weeks. Of each, weeks are tested

- with their *days* shuffled, or the *plays* dealt anew to the same instants, so that nothing about a week is special;
- with an artist *planted*: one of its usual artists, or a new one, has a share of the plays of the week.

    python benchmarks/weekly.py --json
    python benchmarks/weekly.py --home HOME     # the histories of a home instead, shuffled in the same two ways
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from tonearm.documents.weekly import COMPARED_D, stands_out

WEEK_D = 7
SHARES = (0.1, 0.15, 0.2, 0.3)
"""Of the plays of a week that the planted artist gets in place of others."""
Plays = tuple[np.ndarray, np.ndarray]
"""The day and the artist of each play."""


def main() -> None:
    from measure import finish

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, help="a home that is built; else histories are simulated")
    parser.add_argument("--weeks", type=int, default=400, help="weeks of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, Any] = {"seed": options.seed, "weeks": options.weeks}
    for name, source in (real(options.home) if options.home else simulated()).items():
        random = np.random.default_rng(options.seed)
        figures |= {f"{name}_{kind}": share for kind, share in rates(source, options.weeks, random).items()}
    finish(figures, options.json)


def rates(source: Any, weeks: int, random: np.random.Generator) -> dict[str, float]:
    """The share of weeks with a highlight: false ones by the way of shuffling, found ones by the planted share."""
    found: dict[str, list[bool]] = {}
    for _ in range(weeks):
        plays = source(random)
        for kind, shuffled in (("days", days_shuffled), ("plays", plays_shuffled)):
            found.setdefault(f"false_{kind}", []).append(highlight(shuffled(plays, random), random) is not None)
        for share in SHARES:
            planted, artist = with_planted(days_shuffled(plays, random), share, random)
            found.setdefault(f"found_{share}", []).append(highlight(planted, random) == artist)
    return {kind: round(float(np.mean(one)), 4) for kind, one in found.items()}


def simulated() -> dict[str, Any]:
    """Listeners by how much they play a day, and in how long runs of one artist."""
    listeners = {"light": (6, 2.0), "usual": (20, 4.0), "heavy": (50, 6.0), "albums": (20, 10.0)}
    return {name: lambda random, of=of: simulate(random, *of) for name, of in listeners.items()}


def simulate(random: np.random.Generator, a_day: float, run: float, artists: int = 300) -> Plays:
    """Half a year and a week of a listener."""
    popularity = 1 / np.arange(1, artists + 1)
    popularity /= popularity.sum()
    tides = np.exp(0.5 * np.repeat(random.normal(size=COMPARED_D // WEEK_D + 1), WEEK_D))
    counts = random.poisson(a_day * tides * random.gamma(2, 0.5, len(tides)) * (random.random(len(tides)) > 0.15))
    day = np.repeat(np.arange(len(tides)), counts)
    artist = np.empty(len(day), dtype=int)
    at = 0
    while at < len(day):
        until = at + random.geometric(1 / run)
        artist[at:until] = random.choice(artists, p=popularity)
        at = until
    return day, artist


def real(home: Path) -> dict[str, Any]:
    """Half years of the listeners of a home, each beginning at a day chosen by chance."""
    from tonearm.lake import open_lake
    from tonearm.settings import load_settings

    columns = ("listener", "local_date", "artist_id")
    table = open_lake(load_settings(home, {}).lake).dataset("listening_with_features").to_table(columns=list(columns))
    found = {}
    for name in sorted(set(table["listener"].to_pylist())):
        rows = table.to_pandas()
        rows = rows[rows.listener == name].dropna()
        day = rows.local_date.to_numpy("datetime64[D]").astype(int)
        artist = np.unique(rows.artist_id, return_inverse=True)[1]
        found[name] = lambda random, day=day, artist=artist: half_year(day, artist, random)
    return found


def half_year(day: np.ndarray, artist: np.ndarray, random: np.random.Generator) -> Plays:
    """The plays of a week with some, and of the days before it."""
    last = random.choice(day[day >= day.min() + COMPARED_D + WEEK_D])
    chosen = (day <= last) & (day > last - COMPARED_D - WEEK_D)
    return day[chosen] - (last - COMPARED_D - WEEK_D + 1), artist[chosen]


def days_shuffled(plays: Plays, random: np.random.Generator) -> Plays:
    day, artist = plays
    return random.permutation(COMPARED_D + WEEK_D)[day], artist


def plays_shuffled(plays: Plays, random: np.random.Generator) -> Plays:
    day, artist = plays
    return day, random.permutation(artist)


def with_planted(plays: Plays, share: float, random: np.random.Generator) -> tuple[Plays, int]:
    """An artist who, half of the time, was never heard before has so much of the last week; and who it is."""
    day, artist = plays
    planted = int(random.choice(artist)) if random.random() < 0.5 else int(artist.max()) + 1
    replaced = (day >= COMPARED_D) & (random.random(len(day)) < share)
    return (day, np.where(replaced, planted, artist)), planted


def highlight(plays: Plays, random: np.random.Generator) -> int | None:
    """The artist whom the week's card would name."""
    day, artist = plays
    counts = np.zeros((COMPARED_D + WEEK_D, int(artist.max()) + 1))
    np.add.at(counts, (day, artist), 1)
    often = np.flatnonzero(counts.sum(axis=0) >= 5)
    if not len(often) or not counts[-WEEK_D:].any():
        return None
    found = stands_out(counts[:, often], counts.sum(axis=1), WEEK_D, random)
    return None if found is None else int(often[found["column"]])


if __name__ == "__main__":
    main()
