"""What one more listen costs: 50 listens into histories of different lengths, and a thousand micro-batches.

    python benchmarks/live.py --sizes 10000,100000 --batches 0
    python benchmarks/live.py --sizes 10000 --batches 1000

Each history is simulated, imported and built. Then ten batches of 50 listens, of which five in a hundred are of new
tracks, are submitted, imported and extended into the page's tables. Seconds are of the processor, so that they do not
depend on how busy the machine is; the last line compares the histories as a ratio.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from tonearm.building.execute import build
from tonearm.building.extend import extend
from tonearm.ingest.imports import import_paths
from tonearm.ingest.submissions import import_submissions
from tonearm.live.worker import PAGE_TABLES
from tonearm.settings import Settings, load_settings
from tonearm.store import Store, open_store
from tonearm.store.submissions import Submission, keep

WHO = "simulated"
START = datetime(2015, 1, 1, tzinfo=UTC)
LISTENS = 50
NEW_SHARE = 0.05


def history(path: Path, listens: int, chance: random.Random) -> None:
    """A Last.fm CSV of so many listens of a third as many tracks, four minutes apart in blocks of ten."""
    tracks = max(listens // 3, 10)
    at = START
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        for number in range(listens):
            at += timedelta(minutes=4 if number % 10 else 90)
            track = int(tracks * chance.random() ** 2)
            rows.writerow((f"Artist {track % 997}", "", f"Track {track}", f"{at:%d %b %Y %H:%M}"))


def submit(store: Store, count: int, first_at: float, chance: random.Random, tracks: int) -> None:
    """Keep so many listens, four minutes apart."""
    made = []
    for number in range(count):
        track = chance.randrange(10**9) if chance.random() < NEW_SHARE else chance.randrange(max(tracks, 1))
        names = {"artist_name": f"Artist {track % 997}", "track_name": f"Track {track}"}
        at = first_at + 240 * number
        made.append(Submission("listenbrainz", json.dumps({"listened_at": int(at), "track_metadata": names}), at))
    keep(store, WHO, made)


def one_batch(settings: Settings, store: Store) -> tuple[float, float]:
    """Seconds of the processor for the import and for the page's tables."""
    began = time.process_time()
    import_submissions(settings, store)
    imported = time.process_time()
    assert extend(settings, PAGE_TABLES)
    return imported - began, time.process_time() - imported


def measure(folder: Path, size: int, batches: int) -> float:
    """Median seconds of a batch, of ten; then so many batches of one listen, and what they leave on disk."""
    chance = random.Random(size)
    settings = load_settings(folder / str(size), environ={})
    history(folder / "history.csv", size, chance)
    import_paths(settings, [folder / "history.csv"], WHO, "UTC")
    began = time.process_time()
    build(settings, PAGE_TABLES)
    print(f"{size:>9,} listens: first build {time.process_time() - began:6.1f} s")
    store, at = open_store(settings), (START + timedelta(days=3650)).timestamp()
    took = []
    for number in range(10):
        submit(store, LISTENS, at + number * 86_400, chance, size // 3)
        took.append(one_batch(settings, store))
    imports, extends = median(a for a, _ in took), median(b for _, b in took)
    print(f"{size:>9,} listens: {LISTENS} more: import {imports:.2f} s, page's tables {extends:.2f} s (medians of 10)")
    if batches:
        micro(settings, store, batches, at + 86_400 * 30, chance)
    store.close()
    return imports + extends


def micro(settings: Settings, store: Store, batches: int, at: float, chance: random.Random) -> None:
    """Micro-batches of one listen: the time of the first and the last fifty, and the files that they leave."""
    took = []
    for number in range(batches):
        submit(store, 1, at + 240 * number, chance, 1000)
        took.append(sum(one_batch(settings, store)))
    files = [path for path in Path(settings.lake).rglob("*") if path.is_file()]
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    print(
        f"          {batches:,} micro-batches: first 50 {median(took[:50]):.2f} s, last 50 {median(took[-50:]):.2f} s, "
        f"ratio {median(took[-50:]) / median(took[:50]):.2f}; {len(files):,} files, {megabytes:,.1f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000", help="listens, comma-separated")
    parser.add_argument("--batches", type=int, default=0, help="micro-batches after the smallest history")
    asked = parser.parse_args()
    sizes = sorted(int(size) for size in asked.sizes.split(","))
    with tempfile.TemporaryDirectory() as name:
        took = [measure(Path(name), size, asked.batches if size == sizes[0] else 0) for size in sizes]
    print(f"{sizes[-1] / sizes[0]:,.0f} times the history: {took[-1] / took[0]:.2f} times the seconds of a batch")


if __name__ == "__main__":
    main()
