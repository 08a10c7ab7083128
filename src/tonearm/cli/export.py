"""``tonearm export``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonearm.cli.command import Context, command, with_options
from tonearm.errors import TonearmError, UsageError

if TYPE_CHECKING:
    from tonearm.documents.export import Ask, Exported
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


@command(
    name="site",
    epilog="""\b
Examples:
  tonearm export site --listener ada --output public
  tonearm export site --listener ada --pages home,charts --preview
  tonearm export site --listener ada --sync ~/website --output listening
""",
)
@click.option("--listener", help="Whose page; may be omitted if there is only one listener.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to write; with --sync, one within it.")
@click.option(
    "--pages", default=None, metavar="NAME,…", help="Of home, charts, artists, insights, rewind; else but rewind."
)
@click.option("--sync", "clone", type=click.Path(path_type=Path), help="Clone of a website: commit there, and push.")
@click.option("--preview", is_flag=True, help="List what would be written, and write nothing.")
def site(
    context: Context,
    listener: str | None,
    output: Path | None,
    pages: str | None,
    clone: Path | None,
    preview: bool,
) -> None:
    """Write a listener's page for a website of one's own, with dashboard_data.json.

    It works from any static host and from a folder, and asks no server. It has no sources, no files, no tokens and
    nobody else's data; what it shows is public where you put it, so look at --preview first. The folder is written
    whole or not at all.

    With --sync it becomes a folder (--output, else tonearm) of a git clone, is committed if anything changed, and
    pushed if the branch has a remote; nothing else in the clone is touched. WEBSITE_REPO_PAT is shown to a remote of
    https if it is set.
    """
    from tonearm.documents import publish
    from tonearm.documents.export import USUAL, export, write

    if output is None and clone is None and not preview:
        raise UsageError("where to? name a folder with --output, or a website's clone with --sync")
    names = [name.strip() for name in pages.split(",") if name.strip()] if pages else list(USUAL)
    with context.open_store() as store:
        whose = store.only_listener(listener).name
    made = export(whose, _asking(context, whose), names, _dashboard(context, whose))
    if preview:
        _show_site(context, made, None, None)
        return
    if clone is not None:
        done = publish.sync(made, clone, output or Path("tonearm"))
        _show_site(context, made, done.folder, done.did)
        return
    assert output is not None
    _show_site(context, made, output, "written" if write(made, output) else "unchanged")


def _asking(context: Context, listener: str) -> Ask:
    """Documents as the API answers them, which nobody has to serve."""
    import httpx

    from tonearm.api.app import create_app
    from tonearm.api.client import InProcess

    http = httpx.Client(base_url="http://127.0.0.1", transport=InProcess(create_app(context.settings)))

    def ask(name: str, query: Mapping[str, str]) -> Any:
        answer = http.get(f"/documents/{name}", params={"listener": listener, **query})
        if answer.status_code == 404:
            return None
        if answer.is_error:
            raise TonearmError(f"{name}: {answer.json().get('detail', answer.reason_phrase)}")
        return answer.json()

    return ask


def _dashboard(context: Context, listener: str) -> dict[str, Any]:
    from tonearm.documents.dashboard import FILE, dashboard_data

    return {FILE: dashboard_data(context.settings, listener)}


def _show_site(context: Context, made: Exported, folder: Path | None, did: str | None) -> None:
    sizes = {name: len(content) for name, content in sorted(made.files.items())}
    if context.as_json:
        context.answer(
            {
                "listener": made.listener,
                "folder": folder and str(folder),
                "did": did or "preview",
                "bytes": made.bytes,
                "places": made.places,
                "files": sizes,
            }
        )
        return
    of_site = sum(size for name, size in sizes.items() if name.startswith("site/"))
    context.say(f"{folder or 'preview'}: {did or 'nothing written'}, {len(sizes):,} files, {made.bytes / 1e6:,.2f} MB")
    context.say(f"addresses: {', '.join(f'{count:,} of {name}' for name, count in made.places.items())}")
    for name, size in sizes.items():
        if not name.startswith("site/"):
            context.say(f"  {name}: {size / 1e3:,.1f} kB")
    context.say(f"  site/: {of_site / 1e3:,.1f} kB, the same for everybody")
    if folder:
        context.say(f"next: open {folder / 'index.html'}")


export.add_command(listens)
export.add_command(site)
