"""``tonearm build``, ``tonearm tables`` and ``tonearm show``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import click

from tonearm.bronze import HISTORY
from tonearm.cli.command import NOTHING_YET, Context, command, plain, progress, width
from tonearm.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.run import BuildReport

_PROSE_CHARS, _BETWEEN = 32, 3


@command(
    epilog="""\b
Examples:
  tonearm build
  tonearm build sessions temporal_trends
"""
)
@click.argument("names", nargs=-1, metavar="[TABLE]…")
def build(context: Context, names: tuple[str, ...]) -> None:
    """Bring the tables up to date: all of them, or those named and what they need."""
    report = build_with_progress(context, names)
    if context.as_json:
        context.answer({"seconds": report.seconds, "tables": report.tables})
    else:
        show_build(context, report)
    if report.failed:
        sys.exit(4)


def build_with_progress(context: Context, names: tuple[str, ...] = ()) -> BuildReport:
    """Build while a person sees how far it is."""
    from tonearm.run import build as run_build

    with progress(context) as shown:
        task = shown.add_task("building", count="") if shown else None

        def tell(name: str, done: int, total: int) -> None:
            if shown and task is not None:
                shown.update(task, description=name, completed=done, total=total, count=f"{done} of {total} tables")

        return run_build(context.settings, names, progress=tell, waiting=context.note)


def show_build(context: Context, report: BuildReport) -> None:
    """Print what a build did to each table."""
    rows = [(t.name, t.action, t.rows, f"{t.seconds:.2f}") for t in report.tables]
    context.grid("", ("table", "", "rows", "s"), rows, "llrr")
    for table in report.failed:
        context.say(f"! {table.name} {table.action}, its old version is kept: {table.problem}")
    context.say(f"{len(report.tables)} tables in {report.seconds:.1f} s")
    if report.tables and not any(t.rows for t in report.tables):
        context.say(f"they are empty: {NOTHING_YET}")


@command()
def tables(context: Context) -> None:
    """List every table that a build makes: what it holds, its grain, how many rows, when it was built."""
    from tonearm.lake import open_lake
    from tonearm.table import tables as registry

    lake = open_lake(context.settings.lake)
    rows: list[dict[str, Any]] = [
        {
            "name": t.name,
            "layer": t.layer,
            "family": t.family,
            "grain": list(t.grain),
            "rows": lake.rows(t.name) if lake.has(t.name) else None,
            "built_at": lake.built_at(t.name),
            "description": t.summary,
        }
        for t in registry().values()
    ]
    if context.as_json:
        context.answer(rows)
        return
    grid: list[tuple[Any, ...]] = []
    for family, group in groupby(sorted(rows, key=itemgetter("family")), key=itemgetter("family")):
        grid.append((f"gold, {family}" if family else "silver",))
        grid += [(r["name"], r["rows"], _day(r["built_at"]), r["description"]) for r in group]
    context.grid("", ("table", "rows", "built", "what it holds"), grid, "lrll")
    if not lake.has(HISTORY):
        context.say(f"nothing is built yet: {NOTHING_YET}")
    elif not any(r["built_at"] for r in rows):
        context.say("nothing is built yet; `tonearm build` builds them")


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "never"


@command(
    epilog="""\b
Examples:
  tonearm show temporal_trends --listener ada --limit 12
  tonearm show top_tracks_by_mood --rule 30s --format csv > top.csv
  tonearm show listening_with_features --format parquet > listens.parquet
"""
)
@click.argument("name", metavar="TABLE")
@click.option("--listener", help="Only this listener's rows.")
@click.option(
    "--rule",
    default="all",
    show_default=True,
    help="Which listens count: all, 30s (heard for 30 s), lastfm (half the track or 4 minutes).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    show_default=True,
    help="A table for reading; the others for programs, on standard output.",
)
@click.option("--limit", type=click.IntRange(0), default=None, help="How many rows at most; a table shows 50.")
def show(context: Context, name: str, listener: str | None, rule: str, form: str, limit: int | None) -> None:
    """Show a table's rows, under another listen rule if you like; nothing is stored."""
    from tonearm.show import show as rows_of

    form = "json" if context.as_json else form
    shown = rows_of(context.settings, name, listener, rule, limit=50 if form == "table" and limit is None else limit)
    _print(context, shown, form)


def _print(context: Context, rows: pa.Table, form: str) -> None:
    if form == "csv":
        import pyarrow.csv

        pyarrow.csv.write_csv(rows, sys.stdout.buffer)
    elif form == "parquet":
        import pyarrow.parquet

        if sys.stdout.isatty():
            raise UsageError("Parquet is not for reading on a terminal; send it to a file: … > rows.parquet")
        pyarrow.parquet.write_table(rows, sys.stdout.buffer)
    elif form == "json":
        context.answer(rows.to_pylist())
    elif not rows.num_rows:
        context.say(f"no rows; if there should be some: {NOTHING_YET}, then `tonearm build`")
    else:
        print_rows(context, rows)


def print_rows(context: Context, rows: pa.Table) -> None:
    """Print the columns that the terminal has room for, hashes last, and name the others."""
    is_hash = {c: c.endswith("_id") and str(rows.schema.field(c).type) == "int64" for c in rows.column_names}
    rows = rows.select(sorted(rows.column_names, key=lambda c: is_hash[c]))
    values = [[str(v) if is_hash[c] else v for c, v in row.items()] for row in rows.to_pylist()]
    numbers = "".join("r" if str(t) in ("int64", "double") else "l" for t in rows.schema.types)
    shown = _fitting(rows.column_names, [[plain(v) for v in row] for row in values])
    context.grid("", rows.column_names[:shown], [row[:shown] for row in values], numbers)
    if rest := rows.column_names[shown:]:
        context.note(f"no room for {', '.join(rest)}; --format csv has every column")


def _fitting(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many columns, from the left, the terminal has room for; at least one, and long prose may wrap."""
    left = width() - 1
    for i, column in enumerate(columns):
        left -= min(max(len(column), *(len(row[i]) for row in rows)), _PROSE_CHARS) + _BETWEEN
        if left < 0:
            return max(i, 1)
    return len(columns)
