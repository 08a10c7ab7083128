"""``tonearm export``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, command, with_options
from tonearm.cli.website import schema, site
from tonearm.errors import UsageError

if TYPE_CHECKING:
    from tonearm.read.exports import Report

_FORMATS = ("listenbrainz", "lastfm-csv", "maloja", "koito")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  tonearm export
  tonearm export listens --format listenbrainz --output ada.zip
  tonearm export site --listener ada --output public
""",
)
@with_options
def export(context: Context) -> None:
    """Write files that other trackers import, and tonearm too, or the page. Without a command, list their forms."""
    from tonearm.read.exports import FORMATS

    if click.get_current_context().invoked_subcommand:
        return
    if context.as_json:
        context.answer([{"format": name, "title": one.title, "ending": one.ending} for name, one in FORMATS.items()])
        return
    context.grid("", ("format", "", "file"), [(name, one.title, f".{one.ending}") for name, one in FORMATS.items()])
    context.say("next: `tonearm export listens --format FORMAT --output FILE`")


@command(
    name="listens",
    epilog="""\b
Examples:
  tonearm export listens --format listenbrainz --output ada.zip
  tonearm export listens --format lastfm-csv --listener ada --output ada.csv
  tonearm export listens --format koito --from 2024-01-01 --to 2024-12-31 -o 2024.json
""",
)
@click.option("--format", "form", type=click.Choice(_FORMATS), required=True, help="Which tracker's form of file.")
@click.option("--listener", help="Whose listens; may be omitted if there is only one listener.")
@click.option("--from", "since", type=_DAY, metavar="DAY", help="First day, UTC; else from the beginning.")
@click.option("--to", "until", type=_DAY, metavar="DAY", help="Last day, UTC; else to the end.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; else one in this folder.")
def listens(
    context: Context,
    form: str,
    listener: str | None,
    since: datetime | None,
    until: datetime | None,
    output: Path | None,
) -> None:
    """Write all of a listener's listens to one file, those included that wait for their import.

    The file is there when it is complete, or not at all.
    """
    from tonearm.read.exports import export_listens, file_name
    from tonearm.read.ranges import FIRST, LAST

    start = since.replace(tzinfo=UTC) if since else FIRST
    end = until.replace(tzinfo=UTC) + timedelta(days=1) if until else LAST
    if start >= end:
        raise UsageError("--from is a day after --to")
    with context.open_store() as store:
        whose = store.only_listener(listener).name
        path = output or Path(file_name(form, whose, datetime.now(UTC)))
        report = export_listens(context.settings, store, whose, form, path, start, end)
    if context.as_json:
        context.answer(report)
    else:
        _show(context, report)


def _show(context: Context, report: Report) -> None:
    context.say(f"{report.path}: {report.written:,} of {report.listens:,} listens of {report.listener}")
    if report.loved:
        context.say(f"{report.loved:,} loved or hated tracks")
    if report.left_out:
        context.say(
            f"{report.left_out:,} listens have no artist or title, which this form needs; listenbrainz has them"
        )
    if report.not_music:
        context.say(f"{report.not_music:,} podcasts and audiobooks are in no tracker's form and stay here")


export.add_command(listens)
export.add_command(site)
export.add_command(schema)
