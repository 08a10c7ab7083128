"""Builds the gold tables of a home with many listeners, beside their floors and, if asked, beside Spark.

The home is generated (``homes.py``). DuckDB builds everything in a fresh process, then the gold tables alone once
more; these are the times that are compared. A table's *floor* is the bare engine doing the scans, sorts and
group-bys that the table asks for, on the same files (``gold_floor.py``). Spark, ``local[2]`` on this machine, builds
the gold tables of a copy of the home. Times of tables are from the build's own report and end with the table written
and checked; what a process needs to start, the JVM among it, is counted apart.

With ``--sizes`` it measures instead how every table's cost grows from one size to the next (``growth.py``).

    python benchmarks/scale.py --rows 1000000 --listeners 1000 --spark --json
    python benchmarks/scale.py --sizes 1000000 5000000 20000000 --folder FOLDER --json
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from growth import measure_sizes, print_growth
from homes import make
from measure import Measured, finish, measure, note, tonearm
from tonearm.table import tables

GOLD = tuple(name for name, table in tables().items() if table.layer == "gold" and table.family != "predictive")
"""Predictive tables are made from scores, of which an untrained home has none."""
SPARK_MASTER = "local[2]"
FLOOR_MB = 2048
"""Memory of the floor's engine: the most that tonearm gives its own, however few the rows."""


@dataclass(frozen=True)
class Built:
    """What a build took as a whole, and each of its tables."""

    taken: Measured
    tables: dict[str, dict[str, Any]]

    @property
    def tables_s(self) -> float:
        """Seconds of the gold tables together."""
        return float(sum(self.tables[name]["seconds"] for name in GOLD))

    @property
    def around_s(self) -> float:
        """Seconds of all else: starting, and seeing that the other tables are up to date."""
        return self.taken.seconds - self.tables_s


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--listeners", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spark", action="store_true", help="build with Spark, too; needs `make spark`")
    parser.add_argument("--no-floor", action="store_true", help="leave the bare engine out")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    parser.add_argument("--home", type=Path, help="a home that homes.py made, in place of generating one")
    parser.add_argument("--sizes", type=int, nargs="+", help="listens of each home whose growth is measured")
    parser.add_argument("--listens-each", type=int, default=1_000, help="with --sizes: mean listens of a listener")
    parser.add_argument("--skew", type=float, default=1, help="with --sizes: so many times the mean for one listener")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.sizes:
        if not options.folder:
            parser.error("--sizes needs --folder, where the homes and what is known of them stay")
        sizes = measure_sizes(options.folder, options.sizes, options.listens_each, options.skew)
        print(json.dumps({"sizes": sizes})) if options.json else print_growth(sizes)
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as name:
        home = options.home or Path(name) / "home"
        if not options.home:
            note(f"generating {options.rows:,} listens of {options.listeners:,} listeners")
            make(home, options.rows, options.listeners, seed=options.seed)
        note("building everything")
        whole = _build(home)
        note("building the gold tables alone")
        ours = _gold(home)
        floors = {} if options.no_floor else _floors(home)
        figures = {"rows": options.rows, "listeners": options.listeners}
        if options.spark:
            # It takes longest; what is known until then is told already.
            _report(figures | _figures(whole, ours, floors, None), as_json=False)
        spark = _spark(home) if options.spark else None
    _report(figures | _figures(whole, ours, floors, spark), options.json)


def _build(home: Path, *arguments: str) -> Built:
    report, taken = tonearm(home, "build", *arguments)
    return Built(taken, {table["name"]: table for table in report["tables"]})


def _gold(home: Path, *arguments: str) -> Built:
    """Build the gold tables as if they had never been."""
    for name in GOLD:
        shutil.rmtree(home / "lake" / name, ignore_errors=True)
    return _build(home, *arguments)


def _floors(home: Path) -> dict[str, float]:
    """Seconds of each table's floor, and ``peak_mb``."""
    note("the bare engine")
    script = Path(__file__).with_name("gold_floor.py")
    taken = measure([sys.executable, script, home / "lake", "--memory-mb", str(FLOOR_MB)])
    floors = [json.loads(line) for line in taken.output.splitlines()]
    return {one["table"]: one["floor_s"] for one in floors} | {"peak_mb": taken.peak_mb}


def _spark(home: Path) -> Built:
    """Build the gold tables of a copy of ``home`` with Spark."""
    note("building the gold tables with Spark")
    with tempfile.TemporaryDirectory(prefix="spark-", dir=home.parent) as name:
        copy = Path(name)
        # Files of a lake are never changed once written, so that links will do.
        but_gold = shutil.ignore_patterns(*GOLD)
        shutil.copytree(home / "lake", copy / "lake", copy_function=os.link, ignore=but_gold)
        for file in home.iterdir():
            if file.is_file():
                shutil.copy(file, copy / file.name)
        return _gold(copy, "--engine", "spark", "--master", SPARK_MASTER)


def _figures(whole: Built, ours: Built, floors: dict[str, float], spark: Built | None) -> dict[str, Any]:
    rows = [_row(name, ours, floors, spark) for name in GOLD]
    figures: dict[str, Any] = {
        "build_s": whole.taken.seconds,
        "build_peak_mb": whole.taken.peak_mb,
        "gold_s": ours.tables_s,
        "gold_around_s": ours.around_s,
        "gold_peak_mb": ours.taken.peak_mb,
    }
    if floors:
        compared = [row for row in rows if "floor_s" in row]
        figures["floor_s"] = sum(row["floor_s"] for row in compared)
        figures["floor_peak_mb"] = floors["peak_mb"]
        figures["ours_to_floor"] = sum(row["ours_s"] for row in compared) / figures["floor_s"]
        figures["worst_to_floor"] = max(row["ours_to_floor"] for row in compared)
    if spark:
        figures["spark_s"] = spark.tables_s
        figures["spark_around_s"] = spark.around_s
        figures["spark_peak_mb"] = spark.taken.peak_mb
        figures["spark_to_ours"] = spark.tables_s / ours.tables_s
    return figures | {"tables": rows}


def _row(name: str, ours: Built, floors: dict[str, float], spark: Built | None) -> dict[str, Any]:
    seconds = ours.tables[name]["seconds"]
    row = {"table": name, "rows": ours.tables[name]["rows"], "ours_s": seconds}
    if name in floors:
        row |= {"floor_s": floors[name], "ours_to_floor": seconds / floors[name]}
    if spark:
        spark_s = spark.tables[name]["seconds"]
        row |= {"spark_s": spark_s, "spark_to_ours": spark_s / seconds}
    return row


def _report(figures: dict[str, Any], as_json: bool) -> None:
    if not as_json:
        columns = list(dict.fromkeys(column for row in figures["tables"] for column in row))
        print(" ".join(f"{column:>{35 if column == 'table' else 13}}" for column in columns))
        for row in figures["tables"]:
            print(" ".join(_cell(row.get(column, "-"), column) for column in columns))
        figures = {name: value for name, value in figures.items() if name != "tables"}
    finish(figures, as_json)


def _cell(value: Any, column: str) -> str:
    if isinstance(value, str):
        return f"{value:>{35 if column == 'table' else 13}}"
    return f"{value:>13,.2f}" if isinstance(value, float) else f"{value:>13,}"


if __name__ == "__main__":
    main()
