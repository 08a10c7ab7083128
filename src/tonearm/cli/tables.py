"""``tonearm build``, ``tonearm tables`` and ``tonearm show``."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from tonearm.bronze import HISTORY
from tonearm.cli.command import NOTHING_YET, ROWS, Context, command, is_terminal, plain, progress, width, with_options
from tonearm.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.building.execute import BuildReport
    from tonearm.read.history import Version

_PROSE_CHARS, _BETWEEN = 32, 3
_CODE_CHARS = 8


@command(
    epilog="""\b
Examples:
  tonearm build
  tonearm build sessions temporal_trends
  tonearm build --engine spark
  tonearm build --engine spark --master spark://127.0.0.1:7077
"""
)
@click.argument("names", nargs=-1, metavar="[TABLE]…")
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), help="Engine to use; duckdb unless set otherwise.")
@click.option("--master", help="Where Spark runs; this machine unless set otherwise.")
def build(context: Context, names: tuple[str, ...], engine: str | None, master: str | None) -> None:
    """Bring the tables up to date: all of them, or those named and what they need."""
    chosen = {"engine": engine, "spark_master": master}
    context.settings = replace(context.settings, **{k: v for k, v in chosen.items() if v})
    if master and context.settings.engine != "spark":
        raise UsageError("--master applies to Spark only; add --engine spark")
    report = build_with_progress(context, names)
    failed = len(report.failed)
    context.counts = {"tables_changed": len(report.changed) - failed, "tables_failed": failed}
    if context.as_json:
        context.answer({"seconds": report.seconds, "tables": report.tables})
    else:
        show_build(context, report)
    if report.failed:
        sys.exit(4)


def build_with_progress(context: Context, names: tuple[str, ...] = ()) -> BuildReport:
    """Build, with a progress display on a terminal."""
    from tonearm.building.execute import build as run_build

    with progress(context) as shown:
        task = shown.add_task("building", count="") if shown else None

        def show_progress(name: str, done: int, total: int) -> None:
            if shown and task is not None:
                shown.update(task, description=name, completed=done, total=total, count=f"{done} of {total} tables")

        return run_build(context.settings, names, progress=show_progress, waiting=context.note)


def show_build(context: Context, report: BuildReport) -> None:
    """Print what a build did to each table."""
    rows = [(t.name, t.action, t.rows, f"{t.seconds:.2f}") for t in report.tables]
    context.grid("", ("table", "", "rows", "s"), rows, "llrr")
    for table in report.failed:
        context.say(f"! {table.name} {table.action}, its old version is kept: {table.problem}")
    context.say(f"{len(report.tables)} tables in {report.seconds:.1f} s")
    if report.tables and not any(t.rows for t in report.tables):
        context.say(f"they are empty: {NOTHING_YET}")


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  tonearm tables
  tonearm tables --graph
  tonearm tables --graph sessions
  tonearm tables --graph --format mermaid > tables.mmd
  tonearm tables history sessions
""",
)
@click.option(
    "--graph",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[TABLE]",
    help="Show the graph of tables and their inputs, or what TABLE is made from and used for.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid"]),
    default="text",
    show_default=True,
    help="How to draw the graph: for reading, or for mermaid.js.",
)
@with_options
def tables(context: Context, graph: str | None, form: str) -> None:
    """List every table that a build makes: its content, grain, number of rows and when it was built."""
    if click.get_current_context().invoked_subcommand:
        return
    if graph is None:
        _list(context)
    else:
        _draw(context, graph or None, form)


def _draw(context: Context, name: str | None, form: str) -> None:
    from tonearm.read.lineage import lineage, listed, mermaid, tree

    graph = lineage(name)
    if context.as_json:
        context.answer(graph)
    elif form == "mermaid":
        context.document(mermaid(graph) + "\n")
    elif name:
        context.document(tree(graph, name) + "\n")
    else:
        context.grid("", ("table", "made from"), listed(graph))


@tables.command(
    name="history",
    epilog="""\b
Examples:
  tonearm tables history
  tonearm tables history sessions --limit 5
""",
)
@click.argument("name", required=False, metavar="[TABLE]")
@click.option(
    "--limit", type=click.IntRange(1, ROWS.max), default=20, show_default=True, help="How many versions at most."
)
@with_options
def history_of(context: Context, name: str | None, limit: int) -> None:
    """List a table's versions, or the newest changes of all tables: when, by what, and how many rows changed.

    `tonearm show TABLE --as-of VERSION` shows the rows of a version.
    """
    from tonearm.lake import open_lake
    from tonearm.read.history import changes, history

    lake = open_lake(context.settings.lake)
    versions = history(lake, name, limit) if name else changes(lake, limit)
    if context.as_json:
        context.answer(versions)
    elif not versions:
        context.say(f"{name or 'nothing'} was never written; {NOTHING_YET}")
    else:
        columns = ("table", "version", "at (UTC)", "", "added", "removed", "rows", "import", "code")
        shown = slice(1 if name else 0, None)
        context.grid(name or "", columns[shown], [_cells(v)[shown] for v in versions], "lrllrrrrl"[shown])


def _cells(v: Version) -> tuple[Any, ...]:
    at, code = f"{v.at:%Y-%m-%d %H:%M}", (v.code or "–")[:_CODE_CHARS]
    return v.table, v.version, at, v.done, v.added, v.removed, v.rows, v.run, code


def _list(context: Context) -> None:
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
    context.grid("", ("table", "rows", "built", "content"), grid, "lrll")
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
  tonearm show sessions --as-of 2026-01-01
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
@click.option("--limit", type=ROWS, default=None, help="How many rows at most; 50 in a table unless set.")
@click.option(
    "--as-of",
    metavar="WHEN",
    help="The table at the end of a day (UTC), at an instant, or in a version of `tonearm tables history`.",
)
@click.option(
    "--raw",
    is_flag=True,
    help="In CSV, texts as they are. Otherwise an apostrophe precedes those that a spreadsheet takes for formulas.",
)
def show(
    context: Context,
    name: str,
    listener: str | None,
    rule: str,
    form: str,
    limit: int | None,
    as_of: str | None,
    raw: bool,
) -> None:
    """Show a table's rows, optionally under another listen rule or as of a day; nothing is stored."""
    from tonearm.read.show import show as rows_of

    form = "json" if context.as_json else form
    limit = 50 if form == "table" and limit is None else limit
    shown = rows_of(context.settings, name, listener, rule, limit=limit, as_of=as_of)
    _print(context, shown, form, raw)


def _print(context: Context, rows: pa.Table, form: str, raw: bool) -> None:
    if form == "csv":
        from tonearm.read.as_csv import as_csv

        context.document(as_csv(rows, safe=not raw).decode())
    elif form == "parquet":
        import pyarrow.parquet

        if is_terminal():
            raise UsageError("Parquet cannot be shown on a terminal; write it to a file: … > rows.parquet")
        written = io.BytesIO()
        pyarrow.parquet.write_table(rows, written)
        context.data(written.getvalue())
    elif form == "json":
        from tonearm.engine.rows import dicts

        context.answer(dicts(rows))
    elif not rows.num_rows:
        context.say(f"no rows; if you expected some: {NOTHING_YET}, then `tonearm build`")
    else:
        print_rows(context, rows)


def print_rows(context: Context, rows: pa.Table) -> None:
    """Print the columns that fit the terminal, hashes last, and name the others."""
    from tonearm.engine.rows import dicts

    is_hash = {c: c.endswith("_id") and str(rows.schema.field(c).type) == "int64" for c in rows.column_names}
    rows = rows.select(sorted(rows.column_names, key=lambda c: is_hash[c]))
    values = [[str(v) if is_hash[c] else v for c, v in row.items()] for row in dicts(rows)]
    numbers = "".join("r" if str(t) in ("int64", "double") else "l" for t in rows.schema.types)
    shown = _fitting(rows.column_names, [[plain(v) for v in row] for row in values])
    context.grid("", rows.column_names[:shown], [row[:shown] for row in values], numbers)
    if rest := rows.column_names[shown:]:
        context.note(f"no room for {', '.join(rest)}; --format csv has every column")


def _fitting(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many columns from the left fit the terminal, at least one; long prose may wrap."""
    left = width() - 1
    for i, column in enumerate(columns):
        left -= min(max(len(column), *(len(row[i]) for row in rows)), _PROSE_CHARS) + _BETWEEN
        if left < 0:
            return max(i, 1)
    return len(columns)
