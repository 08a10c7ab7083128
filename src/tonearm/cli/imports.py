"""``tonearm import`` and ``tonearm imports``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonearm.cli.command import NOTHING_YET, ROWS, Context, command, progress, with_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tonearm.ingest.ledger import FileReport, ImportReport

_FILES_SHOWN, _SILENT_SHOWN, _READINGS_SHOWN, _MANY = 40, 5, 5, 3


@command(
    name="import",
    epilog="""\b
Examples:
  tonearm import ~/Downloads/my_spotify_data.zip --listener ada --timezone Europe/Berlin
  tonearm import lastfm.csv listenbrainz_ada_1700000000.zip
  tonearm import exports/ --dry-run
  tonearm import plays.csv --local --columns artist=1,track=2,date=3
""",
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--listener", help="Whose listens these are; needed once there are several listeners.")
@click.option("--timezone", "zone", help="The listener's IANA time zone, e.g. Europe/Berlin.")
@click.option("--as", "kind", default="", help="Kind of the files, if it is not recognised by their content.")
@click.option("--columns", help="Which column is what, by name or number: artist=1,track=2,album=3,date=4.")
@click.option("--local", is_flag=True, help="Dates without a zone are local time, not UTC.")
@click.option("--day-first/--month-first", "is_day_first", default=None, help="How 03/04/2020 is meant.")
@click.option("--encoding", default="", help="Code page of text that is not UTF-8, e.g. cp1251.")
@click.option("--dry-run", is_flag=True, help="Report what would be imported, and keep nothing.")
def import_(
    context: Context,
    paths: tuple[Path, ...],
    listener: str | None,
    zone: str | None,
    kind: str,
    columns: str | None,
    local: bool,
    is_day_first: bool | None,
    encoding: str,
    dry_run: bool,
) -> None:
    """Import listening history from files, folders and zips, every play once.

    The kind of each file is recognised by its content: Spotify account data and extended history, Last.fm CSV, JSON
    and XML of any tool, ListenBrainz, Apple Music, YouTube Music, Deezer, Tidal, Maloja, Koito, Navidrome, Your
    Spotify, Pano Scrobbler, Scrubbler, Universal Scrobbler, Libre.fm, IFTTT, Rockbox, any CSV of plays, and track
    catalogues. The report says how each was read; `docs/sources.md` says where to get them.
    """
    from tonearm.ingest.imports import import_paths
    from tonearm.ingest.ledger import totals
    from tonearm.sources.files import hints_of

    hints = hints_of(columns, local, is_day_first, encoding)
    with progress(context) as shown:
        task = shown.add_task("reading", total=None, count="") if shown else None

        def show_progress(name: str, rows: int) -> None:
            if shown and task is not None:
                shown.update(task, description=name, count=f"{rows:,} rows")

        report = import_paths(
            context.settings, paths, listener, zone, kind, dry_run, show_progress, context.note, hints
        )
    context.counts = {"run": report.run, **totals([report])}
    if context.as_json:
        context.answer(report)
    else:
        show_report(context, report, dry_run)
    if is_unreadable(report.files):
        sys.exit(3)


def is_unreadable(files: Sequence[FileReport]) -> bool:
    """Whether no file could be read, or no row of one of them."""
    return bool(files) and (all(f.problem for f in files) or any(_all_rejected(f) for f in files))


def _all_rejected(file: FileReport) -> bool:
    return 0 < file.read == file.rejected


def show_report(context: Context, report: ImportReport, dry_run: bool = False, builds: bool = False) -> None:
    """Print the outcome of each file and the totals; with ``builds`` the tables are built next without being asked."""
    files = [f for f in report.files if f.read or f.problem]
    silent = [f for f in report.files if not f.read and not f.problem]
    lines = _lines(files)
    rows = lines[:_FILES_SHOWN]
    if len(files) > 1:
        rows.append(("all files", "", report.read, report.kept, report.duplicates, report.rejected))
    title = "Dry run, nothing kept" if dry_run else f"Import {report.run}"
    title += f" for {report.listener}" if report.listener else ""
    if rows:
        context.grid(title, ("file", "kind", "read", "kept", "duplicates", "rejected"), rows, "llrrrr")
    if len(lines) > _FILES_SHOWN:
        context.say(f"… and {len(lines) - _FILES_SHOWN} more lines; --json has every file")
    _notes(context, files)
    if silent:
        names = ", ".join(f.name for f in silent[:_SILENT_SHOWN])
        more = f" and {len(silent) - _SILENT_SHOWN} more" if len(silent) > _SILENT_SHOWN else ""
        context.say(f"without listens: {names}{more}")
    if not report.files:
        context.say("no files found")
    elif not dry_run and report.kept and not builds:
        context.say("next: `tonearm run` builds the tables and predicts; `tonearm build` only builds")
    if report.rejected and not dry_run:
        context.say(f"`tonearm imports show {report.run} --rejected` lists the rejected rows and why")


def _lines(files: list[FileReport]) -> list[tuple[str, str | None, int, int, int, int]]:
    """A line per file, or per kind of files in a large archive or folder; a file with a problem has its own."""
    groups: dict[tuple[str, ...], list[FileReport]] = {}
    for file in files:
        whole = file.name.partition("/")[0]
        groups.setdefault((file.name, "!") if file.problem else (whole, file.kind or ""), []).append(file)
    lines = []
    for (whole, _), members in groups.items():
        for part in [members] if len(members) >= _MANY else [[one] for one in members]:
            name = f"{whole} ({len(part)} files)" if len(part) > 1 else part[0].name
            counts = [sum(getattr(f, c) for f in part) for c in ("read", "kept", "duplicates", "rejected")]
            lines.append((name, part[0].kind, *counts))
    return lines


def _notes(context: Context, files: list[FileReport]) -> None:
    from tonearm.ingest.ends import ENDS

    for file in files:
        if file.problem:
            context.say(f"  ! {file.name}: {file.problem}")
        if _all_rejected(file):
            context.say(f"  ! {file.name}: all of its rows were rejected ({file.read:,}), so nothing of it is kept")
    readings = list(dict.fromkeys((f.kind, f.reading) for f in files if f.reading and not f.problem))
    # What differs from the kind's usual reading first.
    readings.sort(key=lambda shown: ENDS not in str(shown[1]))
    for kind, reading in readings[:_READINGS_SHOWN]:
        context.say(f"  {kind}: {reading}")
    podcasts, audiobooks = sum(f.podcasts for f in files), sum(f.audiobooks for f in files)
    if podcasts or audiobooks:
        context.say(f"of the kept rows {podcasts:,} are podcast episodes and {audiobooks:,} audiobook chapters")


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  tonearm imports
  tonearm imports show 3 --rejected
  tonearm imports undo 3
""",
)
@with_options
def imports(context: Context) -> None:
    """List the imports, show their rows, undo one."""
    from tonearm.ingest.ledger import imports as every

    if click.get_current_context().invoked_subcommand:
        return
    reports = every(context.settings)
    if context.as_json:
        context.answer(reports)
        return
    if not reports:
        context.say(f"nothing imported yet; {NOTHING_YET}")
        return
    rows = [
        (str(r.run), r.listener, f"{r.started_at:%Y-%m-%d %H:%M}", len(r.files), r.read, r.kept, r.duplicates,
         r.rejected, _state(r))
        for r in reports
    ]  # fmt: skip
    columns = ("run", "listener", "at (UTC)", "files", "read", "kept", "duplicates", "rejected", "state")
    context.grid("", columns, rows, "rllrrrrrl")


def _state(report: ImportReport) -> str:
    if report.undone_at:
        return "undone"
    return "done" if report.ended_at else "interrupted: repeat it"


@imports.command(
    name="show",
    epilog="""\b
Examples:
  tonearm imports show 3
  tonearm imports show 3 --duplicates --limit 20
""",
)
@click.argument("run", type=int)
@click.option("--rejected", "outcome", flag_value="rejected", help="List the rejected rows and why.")
@click.option("--duplicates", "outcome", flag_value="duplicate", help="List the duplicates, and of which rows.")
@click.option("--limit", type=ROWS, default=None, help="How many rows at most.")
@with_options
def show_import(context: Context, run: int, outcome: str | None, limit: int | None) -> None:
    """Show one import: its files, or its rejected or duplicate rows."""
    from tonearm.engine.rows import dicts
    from tonearm.ingest.ledger import find_import, import_rows

    if outcome is None:
        report = find_import(context.settings, run)
        context.answer(report) if context.as_json else show_report(context, report)
        return
    rows = dicts(import_rows(context.settings, run, outcome, limit))  # type: ignore[arg-type]
    if context.as_json:
        context.answer(rows)
    elif not rows:
        context.say(f"import {run} has none")
    elif outcome == "rejected":
        context.grid(
            "",
            ("file", "row", "reason", "row's text"),
            [(r["file_name"], r["row"], r["reason"], r["raw"]) for r in rows],
            "lrll",
        )
    else:
        grid = [_duplicate(r) for r in rows]
        context.grid("", ("file", "row", "track", "at (UTC)", "duplicate of"), grid, "lrlll")


def _duplicate(row: dict[str, Any]) -> tuple[Any, ...]:
    track = f"{row['artist_name']} – {row['track_name']}"
    first = f"import {row['first_run']}, {row['first_file']}, row {row['first_row']}"
    at = row["reported_at"]  # Null for the tracks of a catalogue.
    return row["file_name"], row["row"], track, at and f"{at:%Y-%m-%d %H:%M:%S}", first


@imports.command(
    name="undo",
    epilog="""\b
Examples:
  tonearm imports undo 3
""",
)
@click.argument("run", type=int)
@with_options
def undo_import(context: Context, run: int) -> None:
    """Undo an import; rows that another import contained too stay."""
    from tonearm.ingest.ledger import undo

    report = undo(context.settings, run, waiting=context.note)
    if context.as_json:
        context.answer(report)
    else:
        context.say(f"import {run} is undone; `tonearm build` brings the tables up to date")
