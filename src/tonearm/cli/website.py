"""``tonearm export site``, ``tonearm export schema`` and ``tonearm publish site``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tonearm.cli.command import Context, command
from tonearm.errors import TonearmError, UsageError

if TYPE_CHECKING:
    from tonearm.documents.dashboard.shape import DashboardData
    from tonearm.documents.export import Exported
    from tonearm.documents.parts import Ask

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _what_is_shown(wanted: _Command) -> _Command:
    """The options by which a listener decides what a website shows."""
    for option in (
        click.option("--title", default="", help="Whose page it is, as it reads there; else it names nobody."),
        click.option("--without", multiple=True, metavar="PART", help="A usual part to leave out; may be repeated."),
        click.option("--include", multiple=True, metavar="PART", help="A part to show, too; may be repeated."),
        click.option("--listener", help="Whose page; may be omitted if there is only one listener."),
    ):
        wanted = option(wanted)
    return wanted


@command(
    name="site",
    epilog="""\b
Examples:
  tonearm export site --listener ada --preview
  tonearm export site --listener ada --output public
  tonearm export site --listener ada --include recent --include predictions --title Ada -o public
""",
)
@_what_is_shown
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--preview", is_flag=True, help="List every part, whether it would go out, and a sample; write nothing.")
def site(
    context: Context,
    listener: str | None,
    include: tuple[str, ...],
    without: tuple[str, ...],
    title: str,
    output: Path | None,
    preview: bool,
) -> None:
    """Write a listener's page for a website of one's own, with dashboard_data.json and its JSON Schema.

    It works from any static host and from a folder, and asks no server. It shows the whole history and whole years:
    home, charts, insights, genre_profiles, mood_clusters and metrics. What is about single days, the last weeks or
    what comes next is shown only if you include it: days, recent, predictions, session_actual, drift, artists,
    rewind. It has no sources, no files, no tokens and nobody else's data. --preview shows all of this. The folder is
    written whole or not at all.
    """
    from tonearm.documents.export import write

    if output is None and not preview:
        raise UsageError("where to? name a folder with --output, or look first with --preview")
    if preview:
        _show_preview(context, listener, include, without)
        return
    assert output is not None
    made = _made(context, listener, include, without, title)
    _show(context, made, output, "written" if write(made, output) else "unchanged")


@command(
    name="site",
    epilog="""\b
Examples:
  tonearm publish site ~/website --listener ada --folder listening
  tonearm publish site git@github.com:ada/website.git --listener ada --include predictions
  WEBSITE_REPO_PAT=… tonearm publish site https://github.com/ada/website.git --listener ada
""",
)
@click.argument("website")
@_what_is_shown
@click.option("--folder", type=click.Path(path_type=Path), default="tonearm", help="Folder within the website.")
def publish_site(
    context: Context,
    website: str,
    listener: str | None,
    include: tuple[str, ...],
    without: tuple[str, ...],
    title: str,
    folder: Path,
) -> None:
    """Bring a listener's page in a website's git repository up to date, if anything changed.

    WEBSITE is a clone on this machine, or the address of a repository, which is then cloned to a temporary folder. The
    page becomes one folder of it, is committed, and pushed if the branch has a remote; nothing else is touched. Parts
    are chosen as in `tonearm export site`, whose --preview shows them.

    To an address of https git shows the token in WEBSITE_REPO_PAT; to one of ssh it goes with your ssh settings, or
    with the deploy key that GIT_SSH_COMMAND names.
    """
    from tonearm.documents.publish import cloned, sync

    made = _made(context, listener, include, without, title)
    with cloned(website) as clone:
        done = sync(made, clone, folder)
    _show(context, made, website if str(clone) != website else done.folder, done.did)


@command(name="schema", epilog="\b\nExample:\n  tonearm export schema > dashboard_data.schema.json")
def schema(context: Context) -> None:
    """Print the JSON Schema (2020-12) of dashboard_data.json, which `tonearm export site` writes beside it."""
    from tonearm.documents.export import schema_text

    context.document(schema_text())


def _made(
    context: Context, listener: str | None, include: tuple[str, ...], without: tuple[str, ...], title: str
) -> Exported:
    from tonearm.documents.export import export
    from tonearm.documents.parts import chosen

    parts = chosen(include, without)
    ask, data = _answers(context, listener)
    return export(ask, data, parts, title)


def _answers(context: Context, listener: str | None) -> tuple[Ask, DashboardData]:
    """Documents as the API answers them, which nobody has to serve, and the fields of dashboard_data.json."""
    import httpx

    from tonearm.api.app import create_app
    from tonearm.api.client import InProcess
    from tonearm.documents.dashboard import dashboard_data

    with context.open_store() as store:
        whose = store.only_listener(listener).name
    http = httpx.Client(base_url="http://127.0.0.1", transport=InProcess(create_app(context.settings)))

    def ask(name: str, query: Mapping[str, str]) -> Any:
        answer = http.get(f"/documents/{name}", params={"listener": whose, **query})
        if answer.status_code == 404:
            return None
        if answer.is_error:
            raise TonearmError(f"{name}: {answer.json().get('detail', answer.reason_phrase)}")
        return answer.json()

    return ask, dashboard_data(context.settings, whose)


def _show_preview(context: Context, listener: str | None, include: tuple[str, ...], without: tuple[str, ...]) -> None:
    from tonearm.documents.export import preview
    from tonearm.documents.parts import PARTS, chosen

    parts = chosen(include, without)
    found = list(preview(*_answers(context, listener), parts))
    if context.as_json:
        context.answer([{"part": name, "goes_out": is_out, "sample": sample} for name, is_out, sample in found])
        return
    rows = [
        (name, "yes" if is_out else "no", f"{PARTS[name].about}\n{sample or 'nothing yet'}")
        for name, is_out, sample in found
    ]
    context.grid("", ("part", "goes out", "what it shows, with a sample"), rows)
    context.say("nothing was written; `--include PART` shows a part, `--without PART` leaves one out")


def _show(context: Context, made: Exported, where: Path | str, did: str) -> None:
    sizes = {name: len(content) for name, content in sorted(made.files.items())}
    if context.as_json:
        about = {"folder": str(where), "did": did, "bytes": made.bytes, "places": made.places}
        context.answer({**about, "withheld": made.withheld, "files": sizes})
        return
    of_site = sum(size for name, size in sizes.items() if name.startswith("site/"))
    context.say(f"{where}: {did}, {len(sizes):,} files, {made.bytes / 1e6:,.2f} MB")
    context.say(f"addresses: {', '.join(f'{count:,} of {name}' for name, count in made.places.items())}")
    for name, size in sizes.items():
        if not name.startswith("site/"):
            context.say(f"  {name}: {size / 1e3:,.1f} kB")
    context.say(f"  site/: {of_site / 1e3:,.1f} kB, the same for everybody")
    if made.withheld:
        context.say(f"kept back: {', '.join(made.withheld)}")
    if isinstance(where, Path):
        context.say(f"next: open {where / 'index.html'}")
