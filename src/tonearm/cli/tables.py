"""``tonearm build``, ``tonearm tables`` and ``tonearm show``."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tonearm.cli.common import Context, command, progress

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.run import BuildReport


@command()
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


@command()
def tables(context: Context) -> None:
    """List every table: what it holds, its grain, how many rows, when it was built."""
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
    grid = [(r["name"], r["family"] or r["layer"], r["rows"], _day(r["built_at"]), r["description"]) for r in rows]
    context.grid("", ("table", "family", "rows", "built (UTC)", "what it holds"), grid, "llrll")


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "never"


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

        pyarrow.parquet.write_table(rows, sys.stdout.buffer)
    elif form == "json":
        context.answer(rows.to_pylist())
    elif not rows.num_rows:
        context.say("no rows")
    else:
        values = [list(row.values()) for row in rows.to_pylist()]
        numbers = "".join("r" if str(t) in ("int64", "double") else "l" for t in rows.schema.types)
        context.grid("", rows.column_names, values, numbers)
