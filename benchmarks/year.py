"""A year of runs every six hours, each with a few new listens: does the home stay small, quick to open, and readable?

Simulated, not found: some eight listens per run out of 2,400 tracks of 300 artists, after a history of ``--before``
listens. Time passes by the ages that commits and files are given (``tests/lake/aging.py``), and by the clock that
keeping is called with. Models are left out: what they write is kept as briefly as every other computed table.

    python benchmarks/year.py --runs 1460 --replay
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace
from tests.lake.aging import Aging, size

from measure import TONEARM, finish, measure, note
from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.ingest.judging import rules
from tonearm.ingest.ledger import LEDGER, next_run
from tonearm.lake import open_lake
from tonearm.read.history import history
from tonearm.read.show import show
from tonearm.run import Run
from tonearm.run.keeping import PROMISED, keep_small
from tonearm.run.record import RUNS, record
from tonearm.settings import Settings, load_settings
from tonearm.table import tables

EVERY = timedelta(hours=6)
LISTENS = 8
LENGTH = timedelta(minutes=4)
ARTISTS, TRACKS = 300, 8
OPENINGS = 7
BRONZE = "listening_history_bronze"
SHOWN_EVERY = 20


def listens(rng: random.Random, begin: datetime, count: int) -> Iterator[str]:
    """Lines of a Last.fm file: ``count`` listens one after another."""
    for number in range(count):
        artist = min(int(rng.paretovariate(0.7)), ARTISTS)
        at = begin + number * LENGTH
        yield f"Artist {artist},Album {artist},Track {artist} {rng.randrange(TRACKS)},{at:%d %b %Y %H:%M}"


def before(rng: random.Random, end: datetime, count: int) -> Iterator[str]:
    """Lines of the years before: as many listens in every six hours as afterwards."""
    parts = count // LISTENS
    for part in range(parts, 0, -1):
        yield from listens(rng, end - part * EVERY, LISTENS)


def main() -> None:
    """Simulate, print a line now and then, and in the end what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1460)
    parser.add_argument("--before", type=int, default=20_000)
    parser.add_argument("--days", type=float, default=90.0, help="The promise, in days.")
    parser.add_argument("--minutes", type=float, default=1e9, help="Begin no further run after these.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--replay", action="store_true", help="Write what a build writes without computing it.")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        finish(simulated(Path(folder), asked), asked.json)


def simulated(folder: Path, asked: argparse.Namespace) -> dict[str, object]:
    """What became of the home after so many runs, and of one built at once from the same files."""
    rng, days, runs = random.Random(asked.seed), asked.days, asked.runs
    until = time.monotonic() + 60 * asked.minutes
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    began = now - runs * EVERY
    settings = replace(load_settings(folder / "home", environ={}), time_travel_days=days)
    file = folder / "lastfm.csv"
    every = list(before(rng, began, asked.before))
    file.write_text("\n".join(every) + "\n", encoding="utf-8")
    import_paths(settings, [file], "me", "UTC")
    record(settings, Run(started_at=began, ended_at=began, built=build(settings)))
    age, sizes = Aging(settings.lake), []
    age(began)
    for number in range(runs):
        at = began + number * EVERY
        new = list(listens(rng, at, LISTENS))
        every += new
        file.write_text("\n".join(new) + "\n", encoding="utf-8")
        one_run(settings, file, at, age, asked.replay)
        sizes.append(size(settings.lake))
        if time.monotonic() > until:
            runs, now = number + 1, at
            break
        if number % SHOWN_EVERY == 0:
            facts = sum(size(f"{settings.lake}/{name}") for name in PROMISED)
            note(f"run {number}: {sizes[-1] / 1e6:.1f} MB, of it {facts / 1e6:.2f} MB promised")
    fresh = load_settings(folder / "fresh", environ={})
    file.write_text("\n".join(every) + "\n", encoding="utf-8")
    import_paths(fresh, [file], "me", "UTC")
    build(fresh)
    lake_mb, fresh_mb = sizes[-1] / 1e6, size(fresh.lake) / 1e6
    opened = opening_s(settings, fresh)
    return {
        "runs": runs,
        "listens": len(every),
        "promise_days": days,
        "mb": round(lake_mb, 1),
        "largest_mb": round(max(sizes) / 1e6, 1),
        "mb_at_half": round(sizes[runs // 2] / 1e6, 1),
        "fresh_mb": round(fresh_mb, 1),
        "times_the_disk": round(lake_mb / fresh_mb, 2),
        "show_s": round(opened[0], 3),
        "fresh_show_s": round(opened[1], 3),
        "times_the_opening": round(opened[0] / opened[1], 2),
        "promised_read": promised(settings, began, now, days),
    }


def one_run(settings: Settings, file: Path, at: datetime, age: Aging, is_replayed: bool) -> None:
    """Import, build, keep small and record, at ``at``; replayed, the build writes what is there once more."""
    if is_replayed:
        replay(settings, at)
    else:
        import_paths(settings, [file], "me")
        built = build(settings)
        assert not built.failed, built.failed
        record(settings, Run(started_at=at, ended_at=at, built=built))
    age(at)
    keep_small(settings, at)
    age(at)


def replay(settings: Settings, at: datetime) -> None:
    """Commit what a run commits, without computing it: new rows where rows are added, the newest part of windowed
    tables, other tables as a whole."""
    lake = open_lake(settings.lake)
    for name in (BRONZE, LEDGER, RUNS):
        rows = lake.dataset(name).head(LISTENS if name == BRONZE else 1)
        run = rows.schema.get_field_index("run")
        if run >= 0:
            rows = rows.set_column(run, "run", pa.repeat(next_run(lake), rows.num_rows))
        lake.append(name, rows, {"run": 0, "rules": rules(BRONZE)})
        if name != LEDGER:
            lake.compact(name)
    for name, table in tables().items():
        note, rows = lake.note(name), lake.dataset(name)
        if table.grows or not lake.rows(name):
            lake.remark(name, note)
        elif table.windowed:
            since = f"{pc.max(rows.to_table(columns=[table.time])[table.time]).as_py() - EVERY:%Y-%m-%dT%H:%M:%SZ}"
            new = rows.to_table(filter=pc.field(table.time) >= pc.scalar(datetime.fromisoformat(since)))
            lake.replace(name, new, note, where=f"{table.time} >= '{since}'")
        else:
            lake.replace(name, rows.to_table(), note)


def opening_s(*homes: Settings) -> list[float]:
    """Seconds that ``tonearm show`` takes in each home, the median of several, in turns."""
    commands = [[TONEARM, "--home", one.home, "show", "temporal_trends", "--limit", "1"] for one in homes]
    taken = [[measure(command).seconds for command in commands] for _ in range(OPENINGS)]
    return [statistics.median(times) for times in zip(*taken, strict=True)]


def promised(settings: Settings, began: datetime, now: datetime, days: float) -> dict[str, int]:
    """How many promised versions could be read, with the rows that there were then; raises where one cannot."""
    lake, read = open_lake(settings.lake), 0
    since = max(now - timedelta(days), began)
    for version in history(lake, BRONZE):
        if version.at >= since:
            assert lake.dataset(BRONZE, version.version).count_rows() == version.rows
            read += 1
    middle = since + (now - since) / 2
    assert show(settings, BRONZE, as_of=middle.isoformat()).num_rows
    assert show(settings, "listens", as_of=middle.isoformat()).num_rows
    return {"bronze": read, "computed anew": 1}


if __name__ == "__main__":
    main()
