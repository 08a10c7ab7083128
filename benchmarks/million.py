"""Imports and builds a generated history, then 100 listens more, beside the bare engine doing the same work.

The floor is DuckDB in this run, on columns already in its memory: it keeps each record once, joins the
catalogue, cuts sessions, computes the five descriptive tables with their distinct counts and quantiles, and
writes the joined listens to one Parquet file. tonearm's times are whole commands, from start to exit.

    python benchmarks/million.py --rows 1000000 --json
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from generate import generate_catalogue, generate_extended, generate_later
from measure import Measured, finish, measure, note, tonearm

LATER_LISTENS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--listeners", type=int, default=1, help="how many listeners share the rows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-floor", action="store_true", help="leave the bare engine out")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=options.folder) as name:
        folder = Path(name)
        note(f"generating {options.rows:,} rows")
        files = generate_extended(folder / "history.zip", options.rows, options.listeners, options.seed)
        generate_catalogue(folder / "dataset.csv", options.seed)
        generate_later(folder / "Streaming_History_Audio_later.json", LATER_LISTENS, options.seed)
        figures = _first(folder, files)
        figures |= _later(folder, figures)
        if not options.no_floor:
            figures |= _floor(folder, figures)
    finish({"rows": options.rows, "listeners": options.listeners} | figures, options.json)


def _first(folder: Path, files: list[Path]) -> dict[str, Any]:
    home = folder / "home"
    imports: list[Measured] = []
    read = kept = duplicates = 0
    for number, file in enumerate(files):
        note(f"importing {file.name}")
        paths = [file, folder / "dataset.csv"] if number == 0 else [file]
        report, taken = tonearm(home, "import", *paths, *_listener(number))
        imports.append(taken)
        listens = [one for one in report["files"] if one["kind"] == "spotify_extended"]
        read += sum(one["read"] for one in listens)
        kept += sum(one["kept"] for one in listens)
        duplicates += sum(one["duplicates"] for one in listens)
    note("building")
    _, built = tonearm(home, "build")
    import_s = sum(one.seconds for one in imports)
    return {
        "read": read,
        "kept": kept,
        "duplicates": duplicates,
        "import_s": import_s,
        "build_s": built.seconds,
        "import_and_build_s": import_s + built.seconds,
        "import_peak_mb": max(one.peak_mb for one in imports),
        "build_peak_mb": built.peak_mb,
    }


def _later(folder: Path, first: dict[str, Any]) -> dict[str, Any]:
    note(f"adding {LATER_LISTENS} listens")
    home = folder / "home"
    path = folder / "Streaming_History_Audio_later.json"
    report, imported = tonearm(home, "import", path, *_listener(0))
    _, built = tonearm(home, "build")
    taken = imported.seconds + built.seconds
    return {
        "later_kept": report["kept"],
        "later_import_s": imported.seconds,
        "later_build_s": built.seconds,
        "later_to_first_build": taken / first["build_s"],
        "later_to_first_import_and_build": taken / first["import_and_build_s"],
        "later_peak_mb": max(imported.peak_mb, built.peak_mb),
    }


def _floor(folder: Path, first: dict[str, Any]) -> dict[str, Any]:
    """The bare engine, each time in a process of its own, so that its memory is its own; the median of three."""
    note("the bare engine")
    script = Path(__file__).with_name("floor.py")
    command = [sys.executable, script, folder / "home" / "lake", folder / "floor.parquet"]
    taken = [measure(command) for _ in range(3)]
    floor_s = statistics.median(json.loads(one.output.splitlines()[-1])["seconds"] for one in taken)
    return {
        "floor_s": floor_s,
        "floor_peak_mb": max(one.peak_mb for one in taken),
        "ours_to_floor": first["import_and_build_s"] / floor_s,
        "build_to_floor": first["build_s"] / floor_s,
    }


def _listener(number: int) -> tuple[str, ...]:
    return ("--listener", f"listener {number + 1}", "--timezone", "Europe/Berlin")


if __name__ == "__main__":
    main()
