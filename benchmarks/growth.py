"""How the cost of every table grows: the sizes of ``scale.py --sizes``, each built in one process, table by table.

Every table has a line with its rows, files and compressed bytes, wall seconds, the CPU seconds of the process and of
those that shared its second step, and the highest memory of all of them while the table was made. CPU seconds are what
is compared between sizes: unlike wall seconds they depend little on what else the machine does. Lines are kept as soon
as they are known, and a measurement that was interrupted goes on with the tables that have none yet.

    python benchmarks/growth.py HOME figures.jsonl                             # one size
    python benchmarks/growth.py HOME figures.jsonl --tables listens sessions
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psutil

from homes import make
from measure import measure, note, tonearm
from tonearm.building.execute import build
from tonearm.engine.duckdb import engine
from tonearm.lake import Lake, open_lake
from tonearm.settings import load_settings
from tonearm.table import tables

SAMPLED_EVERY_S = 0.1
_RESET_PEAK = "5"
"""What resets a process's high-water mark when written to its ``clear_refs`` (Linux)."""
MEASURED = tuple(name for name, table in tables().items() if table.family != "predictive")
"""Predictive tables are made from scores, of which an untrained home has none."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("figures", type=Path, help="file that a JSON line is added to for every table")
    parser.add_argument("--anew", action="store_true", help="build tables without a line as if they had never been")
    parser.add_argument("--tables", nargs="*", default=MEASURED, help="which; all but the predictive ones by default")
    options = parser.parse_args()
    measure_build(options.home, options.figures, options.tables, options.anew)


def measure_build(home: Path, figures: Path, names: Iterable[str], anew: bool) -> None:
    """Build those of the tables ``names`` that have no line in ``figures`` and add their lines."""
    settings = load_settings(home, {})
    lake = open_lake(settings.lake)
    known = {line["table"] for line in lines(figures)}
    wanted = set(names) - known
    if not wanted:
        return
    if anew:
        for name in wanted:
            shutil.rmtree(settings.home / "lake" / name, ignore_errors=True)
    with _Watch() as watch, figures.open("a", encoding="utf-8") as file:
        begun: list[tuple[str, Taken]] = []

        def progress(name: str, _done: int, _all: int) -> None:
            """Called before each table and after the last one."""
            now = watch.taken()
            for table, before in begun:
                if table in wanted and lake.has(table):
                    file.write(json.dumps({"table": table, **_stored(lake, table), **now.since(before)}) + "\n")
                    file.flush()
            begun[:] = [(name, now)]
            watch.reset_peak()

        before = watch.taken()
        report = build(settings, wanted, progress, lake=lake)
        whole = watch.taken().since(before)
        file.write(json.dumps({"table": "(whole)", **whole, "built": len(report.changed)}) + "\n")
    for table in report.failed:
        raise SystemExit(f"{table.name}: {table.problem}")


def lines(figures: Path) -> list[dict[str, Any]]:
    """The lines of a file of figures; none where there is no file."""
    return [json.loads(line) for line in figures.read_text().splitlines()] if figures.exists() else []


def _stored(lake: Lake, name: str) -> dict[str, int]:
    actions = lake.delta(name).get_add_actions(flatten=True)
    sizes = actions.column("size_bytes").to_pylist()
    return {"rows": lake.rows(name), "files": len(sizes), "bytes": sum(sizes)}


@dataclass(frozen=True)
class Taken:
    """What this process and its children took up to a moment."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    """Highest memory of all since it was reset, in millions of bytes."""

    def since(self, before: Taken) -> dict[str, float]:
        """What was taken since ``before``."""
        seconds, cpu_s = self.wall_s - before.wall_s, self.cpu_s - before.cpu_s
        return {"seconds": round(seconds, 3), "cpu_s": round(cpu_s, 3), "peak_mb": round(self.peak_mb)}


class _Watch:
    """Samples the memory of this process and of those that it starts."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._peak = 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def taken(self) -> Taken:
        """What was taken until now."""
        kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ended = [resource.getrusage(kind) for kind in kinds]
        cpu_s = sum(one.ru_utime + one.ru_stime for one in ended)
        cpu_s += sum(sum(times) for times in self._of_children(lambda one: one.cpu_times()[:4]))
        return Taken(perf_counter(), cpu_s, max(self._peak, _high_water()) / 1e6)

    def reset_peak(self) -> None:
        """Forget the highest memory so far."""
        Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
        self._peak = 0

    def _of_children(self, what: Any) -> Iterator[Any]:
        for child in self._process.children(recursive=True):
            try:
                yield what(child)
            except psutil.Error:
                continue

    def _sample(self) -> None:
        while not self._ends.wait(SAMPLED_EVERY_S):
            resident = sum(self._of_children(lambda one: one.memory_info().rss))
            self._peak = max(self._peak, resident + self._process.memory_info().rss)


def _high_water() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024


NEW = 100
"""Listens of an increment."""
WHOSE = "listener 0060"
"""Who has them, a listener near the mean at every size: shares are drawn in order."""


def measure_sizes(folder: Path, sizes: Sequence[int], listens_each: int, skew: float = 1) -> list[dict[str, Any]]:
    """Each size's figures: built whole, then brought up to date after an increment.

    What ``folder`` has of them is not measured again.
    """
    return [_measure_size(folder / f"{rows}", rows, rows // listens_each, skew) for rows in sizes]


def _measure_size(folder: Path, rows: int, listeners: int, skew: float) -> dict[str, Any]:
    home, whole, later = folder / "home", folder / "build.jsonl", folder / "increment.jsonl"
    if not (folder / "is_made").exists():
        note(f"generating {rows:,} listens of {listeners:,} listeners")
        shutil.rmtree(folder, ignore_errors=True)
        make(home, rows, listeners, skew=skew)
        (folder / "is_made").touch()
    note(f"building {rows:,} listens")
    measure([sys.executable, __file__, home, whole, "--anew"])
    if not any(line["table"] == "(whole)" for line in lines(later)):
        note(f"{NEW} listens more")
        _measure_increment(home, later)
    return {"rows": rows, "listeners": listeners, "build": lines(whole), "increment": lines(later)}


def _measure_increment(home: Path, figures: Path) -> None:
    """Import ``NEW`` listens into a copy of ``home`` and build it."""
    figures.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="increment-", dir=home.parent) as name:
        copy, export = Path(name) / "home", Path(name) / "new.csv"
        # Files of a lake are never changed once written, so that links will do.
        shutil.copytree(home / "lake", copy / "lake", copy_function=os.link)
        for file in home.iterdir():
            if file.is_file():
                shutil.copy(file, copy / file.name)
        _heard_again(copy, export)
        _, taken = tonearm(copy, "import", export, "--listener", WHOSE)
        line = {"table": "(import)", "seconds": taken.seconds, "cpu_s": taken.cpu_s, "peak_mb": taken.peak_mb}
        figures.write_text(json.dumps(line) + "\n" + json.dumps({"table": "(read)", **_read(home)}) + "\n")
        measure([sys.executable, __file__, copy, figures])


def _read(home: Path) -> dict[str, float]:
    """What reading all listens of one listener takes, the lake opened anew."""
    settings = load_settings(home, {})
    with _Watch() as watch, engine(settings) as session:
        watch.reset_peak()
        before = watch.taken()
        session.look_at(open_lake(settings.lake), "listening_with_features", ())
        session.table("SELECT * FROM listening_with_features WHERE listener = $1", [WHOSE])
        return watch.taken().since(before)


def _heard_again(home: Path, export: Path) -> None:
    """A Last.fm file of the listener's last tracks, heard again one after the other."""
    import pyarrow.compute as pc

    columns = ["started_at", "artist_name", "track_name", "album_name"]
    lake = open_lake(home / "lake")
    heard = lake.dataset("listening_with_features").to_table(columns=columns, filter=pc.field("listener") == WHOSE)
    last = heard.sort_by("started_at").slice(max(heard.num_rows - NEW, 0)).to_pylist()
    begin = last[-1]["started_at"] + timedelta(hours=2)
    with export.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        for place, row in enumerate(last):
            at = begin + timedelta(minutes=4 * place)
            writer.writerow((row["artist_name"], row["album_name"] or "", row["track_name"], f"{at:%d %b %Y %H:%M}"))


def exponents(rows: Sequence[int], costs: Sequence[float]) -> dict[str, float]:
    """How costs grow with rows: between neighbouring sizes and, by least squares of the logarithms, over all of them.

    1 is linear. Nothing for a single size.
    """
    if len(rows) < 2:
        return {}
    x, y = np.log(rows), np.log(costs)
    steps = np.diff(y) / np.diff(x)
    names = [f"{few / 1e6:g}M-{many / 1e6:g}M" for few, many in pairwise(rows)]
    return dict(zip(names, steps.tolist(), strict=True)) | {"overall": float(np.polyfit(x, y, 1)[0])}


def growth(sizes: Sequence[Mapping[str, Any]], part: str = "build") -> list[dict[str, Any]]:
    """A row per table with its figures at each size and the exponents of its CPU seconds, the fastest growing first."""
    figures = {size["rows"]: {line["table"]: line for line in size[part]} for size in sizes}
    names = dict.fromkeys(name for of_size in figures.values() for name in of_size)
    rows = []
    for name in names:
        known = {size: of_size[name] for size, of_size in sorted(figures.items()) if name in of_size}
        grows = exponents(list(known), [line["cpu_s"] for line in known.values()])
        rows.append({"table": name, "at": known, "exponents": grows})
    return sorted(rows, key=lambda row: -row["exponents"].get("overall", 0))


def print_growth(sizes: Sequence[Mapping[str, Any]]) -> None:
    """Print the growth of every table."""
    for part in ("build", "increment"):
        print(f"\n{part}: CPU seconds (peak MB) at each size, exponents between sizes and overall")
        for row in growth(sizes, part):
            at = "  ".join(f"{line['cpu_s']:>10,.2f} ({line['peak_mb']:>5,.0f})" for line in row["at"].values())
            grows = "  ".join(f"{value:>6.2f}" for value in row["exponents"].values())
            print(f"{row['table']:>36}  {at}   {grows}")


if __name__ == "__main__":
    main()
