"""How the cost of some tables grows on Spark: a group-by, sessions, a second step, and the listens of all sources.

Each home (of ``homes.py``, with every table built by DuckDB) is copied by links, and Spark, ``local[2]``, builds these
tables anew. Figures are those of ``growth.py``: wall seconds, CPU seconds and memory of the process, its
JVM and its Python workers. Another table is built before, which warms Spark up and is not shown.

    python benchmarks/spark_growth.py FOLDER HOME HOME…       # from the smallest home to the largest
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import Any

from growth import exponents, lines, measure_build
from measure import finish, note
from tonearm.lake import open_lake

WARMS_UP = "audio_feature_distributions"
MEASURED = ("temporal_trends", "sessions", "feature_correlations", "listens")
"""A group-by, sums over sessions, a second step in Python, and windows over every record."""
TOGETHER = ((WARMS_UP, *MEASURED[:3]), MEASURED[3:])
"""Tables that one build makes: whatever is made from ``listens`` would be made anew after it."""
SETTINGS = 'engine = "spark"\nspark_master = "local[2]"\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where to work; figures stay there")
    parser.add_argument("homes", type=Path, nargs="+")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = dict(_measured(home, options.folder) for home in options.homes)
    finish({name: _row(name, figures) for name in MEASURED}, options.json)


def _measured(home: Path, folder: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """The home's listens, and the figures of each table; what ``folder`` has of them is not measured again."""
    rows = open_lake(home / "lake").rows("listens")
    file, copy = folder / f"{rows}.jsonl", folder / "copy"
    for names in TOGETHER:
        note(f"{rows:,} listens: {', '.join(names)}")
        _copy(home, copy)
        measure_build(copy, file, names, anew=True)
    return rows, {line["table"]: line for line in lines(file)}


def _copy(home: Path, copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    # Files of a lake are never changed once written, so that links will do.
    shutil.copytree(home / "lake", copy / "lake", copy_function=os.link)
    for path in home.iterdir():
        if path.is_file():
            shutil.copy(path, copy / path.name)
    (copy / "tonearm.toml").write_text(SETTINGS)


def _row(name: str, figures: dict[int, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    found = {rows: of_size[name] for rows, of_size in figures.items()}
    grows = exponents(list(found), [line["cpu_s"] for line in found.values()])
    return {f"{rows / 1e6:g}M": line for rows, line in found.items()} | {"exponents": grows}


if __name__ == "__main__":
    main()
