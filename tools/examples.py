"""Rows of the simulated household as examples for the tables' pages."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.bronze import SCHEMAS
from tonearm.demo import fill_home
from tonearm.lake import open_lake
from tonearm.read.show import show
from tonearm.run import run_once
from tonearm.settings import Settings, load_settings
from tonearm.table import tables

SEED, END = 1, date(2026, 1, 1)
"""Which household, so that its examples are the same every time but for the last digits of numbers."""
EMPTY = "Empty in the simulated household of `tonearm demo`."

_ROWS, _CHARS, _LONGEST = 5, 110, 200
_PROSE = 40
"""Texts longer than this are sentences, which wrap; the others share a line of ``_CHARS``."""
_DIGITS = 3
_CLOCK_OF_TODAY = ("imported_at", "import_started_at", "import_ended_at", "undone_at")
_SAYS_LITTLE = ("listener", "year", "raw", "file", "extra", "timed_listens", *_CLOCK_OF_TODAY)
_SAYS_MOST = (
    *("started_at_local", "artist_name", "track_name", "mood"),
    *("week_difference", "difference", "month_deviation_valence", "lift", "effect", "p_corrected"),
    *("verdict", "verdict_valence", "strength"),
)
_FEWEST = 3

Example = tuple[Sequence[str], list[list[str]]]
"""Names of columns, and their values as they are written."""


def demo_examples() -> dict[str, str]:
    """The example of every table's page, from a household that is made for it and thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(Path(folder) / "home", {})
        fill_home(settings, SEED, END)
        run_once(settings)
        return dict(examples(settings))


def examples(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each table's name and some of its rows as Markdown, of the first listener where rows are of listeners."""
    for name in (*SCHEMAS, *tables()):
        rows = show(settings, name)
        if "listener" in rows.column_names and rows.num_rows:
            first = rows["listener"][0]
            rows = rows.filter(_equals(rows["listener"], first))
        yield name, markdown(rows, open_lake(settings.lake).note(name).get("grain", ())) if rows.num_rows else EMPTY


def _equals(column: pa.ChunkedArray, value: pa.Scalar) -> pa.ChunkedArray:
    return pc.equal(column, value)


def markdown(rows: pa.Table, grain: Sequence[str]) -> str:
    """A sentence and a grid of a few ``rows`` and those columns that there is room for, the ``grain`` first."""
    columns, values = example(rows, grain)
    whose = f" of {rows['listener'][0]}" if "listener" in rows.column_names else ""
    others = rows.num_columns - len(columns)
    rest = f"; {others} more column{'s' if others > 1 else ''}" if others else ""
    said = f"{len(values)} of {rows.num_rows:,} rows{whose} in the simulated household of `tonearm demo`{rest}."
    lines = [columns, ["---"] * len(columns), *values]
    return f"{said}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def example(rows: pa.Table, grain: Sequence[str]) -> Example:
    """A few rows, spread over all, in the columns that say something and fit."""
    spread = [round(i * (rows.num_rows - 1) / (_ROWS - 1)) for i in range(_ROWS)]
    some = rows.take(sorted(set(spread)))
    written = {name: [_short(value) for value in some[name].to_pylist()] for name in some.column_names}
    shown = _fitting(written, _telling(some, [*grain, *_SAYS_MOST, *rows.column_names]))
    return shown, [[written[c][i] for c in shown] for i in range(some.num_rows)]


def _telling(rows: pa.Table, columns: Sequence[str]) -> list[str]:
    """Those of ``columns`` that say something to a reader; hashes only where hardly anything else is there."""
    there = [c for c in dict.fromkeys(columns) if c in rows.column_names and c not in _SAYS_LITTLE]
    filled = [c for c in there if rows[c].null_count < rows.num_rows]
    hashes = [c for c in filled if c.endswith("_id") and str(rows.schema.field(c).type) == "int64"]
    plain = [c for c in filled if c not in hashes]
    return plain if len(plain) >= _FEWEST else plain + hashes


def _fitting(written: Mapping[str, Sequence[str]], columns: Sequence[str]) -> list[str]:
    """Columns that share a line, in their order, and last the one with the most different sentences."""
    wide = {c: max(len(value) for value in written[c]) for c in columns}
    left = _CHARS
    shown: list[str] = []
    for column, chars in wide.items():
        needed = max(chars, len(column)) + 3
        if chars <= _PROSE and needed <= left:
            shown.append(column)
            left -= needed
    prose = [c for c, chars in wide.items() if chars > _PROSE]
    return shown + sorted(prose, key=lambda c: -len(set(written[c])))[:1]


def _short(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 10**_DIGITS else f"{value:.{_DIGITS}g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = str(value).replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
