"""The same commands by two checkouts of tonearm, in turns: what a change costs or saves in time and memory.

python benchmarks/two_versions.py --before OTHER/src --history lastfm.csv --catalogue songs.csv --train
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

HERE = Path(__file__).parents[1] / "src"
READS = (
    *(["show", "temporal_trends", "--limit", "5"], ["show", "listens", "--limit", "5"], ["listens", "--limit", "5"]),
    *(["imports"], ["tables"], ["listeners"], ["doctor"]),
)
Measure = tuple[float, float, float]
"""Seconds by the clock, seconds of CPU, megabytes at the highest."""


def measured(source: Path, home: Path, arguments: list[str]) -> Measure:
    """One command of the tonearm in ``source``; fails if it does."""
    command = [sys.executable, "-m", "tonearm", "--home", str(home), *arguments]
    began = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(source)}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def fifty(path: Path, month: str) -> Path:
    """Fifty new listens of ``month``, as a Last.fm file."""
    rows = (f"Can,Tago Mago,Song {i % 7},{1 + i % 28:02} {month} 2026 {10 + i // 28}:{i:02}\n" for i in range(50))
    path.write_text("".join(rows))
    return path


def steps(history: Path, catalogue: Path, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """What each command is called, and its arguments."""
    yield "--help", ["--help"]
    yield "import a history", ["import", str(history), "--listener", "a", "--timezone", "UTC"]
    yield "import a catalogue", ["import", str(catalogue)]
    yield "build everything", ["build"]
    yield "build, nothing to do", ["build"]
    yield from ((" ".join(arguments), arguments) for arguments in READS)
    yield "import fifty listens", ["import", str(fifty(folder / "october.csv", "Oct")), "--listener", "a"]
    yield "build after them", ["build"]


def main() -> None:
    """Measure and print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True, help="src of the other checkout")
    parser.add_argument("--history", type=Path, required=True, help="a Last.fm file")
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--train", action="store_true", help="also train, and run with fifty new listens")
    asked = parser.parse_args()
    sources = {"before": asked.before.absolute(), "after": HERE}
    found: dict[str, dict[str, list[Measure]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def both(what: str, arguments: list[str], turn: int) -> None:
            for which in sorted(sources, reverse=bool(turn % 2)):
                measure = measured(sources[which], folder / which, arguments)
                found.setdefault(what, {}).setdefault(which, []).append(measure)

        for turn in range(asked.rounds):
            for which in sources:
                shutil.rmtree(folder / which, ignore_errors=True)
            for what, arguments in steps(asked.history, asked.catalogue, folder):
                both(what, arguments, turn)
        if asked.train:
            both("train", ["train"], 0)
            for which in sources:
                (folder / which / "inbox" / "a").mkdir()
                fifty(folder / which / "inbox" / "a" / "november.csv", "Nov")
            both("run with fifty listens", ["run"], 0)
            both("run, nothing new", ["run"], 0)
    print("| command | before: s, CPU s, MB | after | ratio of s | of CPU |\n|---|---|---|---|---|")
    for what, of in found.items():
        before, after = (tuple(median(m[i] for m in of[which]) for i in range(3)) for which in ("before", "after"))
        cells = (f"{m[0]:.2f}, {m[1]:.2f}, {m[2]:.0f}" for m in (before, after))
        print(f"| {what} | {' | '.join(cells)} | {after[0] / before[0]:.2f} | {after[1] / before[1]:.2f} |")


if __name__ == "__main__":
    main()
