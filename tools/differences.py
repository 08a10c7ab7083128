"""Where two homes of the same imports differ: ``python -m tools.differences HOME HOME``, each built by another engine.

Floats are compared as far as two builds on one engine agree.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from tonearm.engine.divergences import RELATIVE_TOLERANCE
from tonearm.engine.rows import dicts
from tonearm.lake import Lake, open_lake
from tonearm.settings import load_settings

OF_THE_RUN = ("imported_at", "import_started_at", "import_ended_at")
"""Columns that say when it was."""
Row = tuple[Any, ...]


def differences(one: Lake, other: Lake) -> dict[str, tuple[int, int]]:
    """Rows of each table, and how many of them the other has otherwise; raises ValueError for other names of tables."""
    names = one.names()
    if names != other.names():
        raise ValueError(f"other tables: {sorted({*names} ^ {*other.names()})}")
    found = {}
    for name in names:
        ours, theirs = (rows(lake, name) for lake in (one, other))
        differing = sum(not all(map(same, a, b)) for a, b in zip(ours, theirs, strict=False))
        found[name] = (len(ours), differing + abs(len(ours) - len(theirs)))
    return found


def rows(lake: Lake, name: str) -> list[Row]:
    """The table's rows, in an order that the last digits of floats hardly change."""
    found = lake.dataset(name).to_table()
    columns = [column for column in sorted(found.column_names) if column not in OF_THE_RUN]
    return sorted((tuple(row.values()) for row in dicts(found.select(columns))), key=_place)


def _place(row: Row) -> list[str]:
    exact = [repr(value) for value in row if not isinstance(value, float)]
    return exact + [f"{value:.4g}" for value in row if isinstance(value, float)]


def same(one: Any, other: Any) -> bool:
    """Whether values of two builds are equal, floats as far as two builds on one engine agree."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=RELATIVE_TOLERANCE)
    return bool(one == other)


if __name__ == "__main__":
    pair = differences(*(open_lake(load_settings(Path(home), {}).lake) for home in sys.argv[1:3]))
    sys.stdout.writelines(f"{name}: {n:,} rows, {differing:,} differ\n" for name, (n, differing) in pair.items())
