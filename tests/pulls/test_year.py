"""A year of syncs four times a day, with everything that goes wrong, loses nothing and does not grow.

``TONEARM_TEST_SYNCS=1460`` runs the whole year; by default it is a week.
"""

from __future__ import annotations

import os
import random
from datetime import timedelta

import msgspec

from tests.pulls.conftest import NOW, NOW_S, Pulling
from tests.pulls.stand_ins.server import BROKEN, GARBAGE, Dropped, busy
from tests.pulls.stand_ins.spotify import SpotifyStandIn
from tonearm.ingest.submissions import import_submissions
from tonearm.lake import open_lake
from tonearm.pulls import hole_of
from tonearm.store.submissions import count_waiting

SYNCS = int(os.environ.get("TONEARM_TEST_SYNCS", "28"))
EVERY = timedelta(hours=6)
FAULTS = (BROKEN, GARBAGE, Dropped(), busy(20), busy(4 * 3600))


def test_nothing_is_lost_and_little_is_kept(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    chance = random.Random(14)
    spotify.lifetime_s = 3600
    for number in range(SYNCS):
        now = NOW + number * EVERY
        spotify.now_ms = int(now.timestamp() * 1000)
        spotify.plays += _listened(chance, spotify.now_ms)
        if chance.random() < 0.2:
            spotify.faults.extend([chance.choice(FAULTS)] * chance.choice([1, 1, 2, 5]))
        of_spotify.sync(now)
        spotify.faults.clear()
        if number % 20 == 19:
            import_submissions(of_spotify.settings, of_spotify.store)
    last = NOW + SYNCS * EVERY
    spotify.now_ms = int(last.timestamp() * 1000)
    of_spotify.sync(last)
    import_submissions(of_spotify.settings, of_spotify.store)

    history = open_lake(of_spotify.settings.lake).dataset("listening_history_bronze").to_table()
    assert history["outcome"].unique().to_pylist() == ["kept"]
    assert len(history) == len(spotify.plays)
    assert hole_of(of_spotify.connection.cursor) is None
    assert count_waiting(of_spotify.store) == 0
    assert len(msgspec.json.encode(of_spotify.connection.cursor)) < 1000
    home = of_spotify.settings.home
    kept = [path for path in home.rglob("*") if path.is_file() and "lake" not in path.parts]
    assert sum(path.stat().st_size for path in kept) < 6_000_000
    assert len(kept) < 40


def _listened(chance: random.Random, until_ms: int) -> list[tuple[int, str]]:
    """Up to 12 plays in the six hours before, so that two syncs that fail in a row still lose none of the last 50."""
    count = chance.choice([0, 0, 3, 8, 12])
    starts = sorted(chance.sample(range(until_ms - 6 * 3_600_000 + 1, until_ms), count))
    return [(ms, f"Track {(ms - NOW_S) % 400}") for ms in starts]
