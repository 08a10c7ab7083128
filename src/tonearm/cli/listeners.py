"""``tonearm listeners``."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, with_options
from tonearm.errors import Conflict, TonearmError, UnknownName, UsageError

if TYPE_CHECKING:
    from tonearm.store import Listener, Store


class _OrList(click.Group):
    """Takes what is none of its commands for the arguments of ``list``, such as a listener's name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, args if args[:1] and args[0] in own else ["list", *args])


@click.group(
    cls=_OrList,
    epilog="""\b
Examples:
  tonearm listeners
  tonearm listeners add ben --timezone Europe/Berlin
  tonearm listeners ada --timezone Asia/Kolkata --from 2024-05-01
  tonearm listeners scrobble-password ada
  tonearm listeners cards ada --public
""",
)
@with_options
def listeners(_context: Context) -> None:
    """List the listeners, add one, set where they live, make their scrobble password, show their cards."""


@listeners.command(
    "list",
    epilog="""\b
Examples:
  tonearm listeners
  tonearm listeners ada --timezone Asia/Kolkata --from 2024-05-01
""",
)
@click.argument("name", required=False)
@click.option("--timezone", "zone", help="IANA time zone the listener lives in.")
@click.option(
    "--from",
    "since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="First day of the zone; else always.",
)
@with_options
def list_(context: Context, name: str | None, zone: str | None, since: datetime | None) -> None:
    """List the listeners and their time zones, or set a listener's zone, from a day on or for always.

    The word `list` may be left out. A move does not rewrite the past: listens before the day keep the zone they had.
    """
    if zone and not name:
        raise UsageError("whose time zone is that? name the listener: tonearm listeners NAME --timezone ZONE")
    if since and not zone:
        raise UsageError("--from needs the zone that applies from that day on: --timezone ZONE")
    found = _moved(context, name, zone, since.date() if since else None) if name and zone else _known(context, name)
    _show(context, found)
    if name and zone:
        context.say("next: `tonearm build` updates the local times")


@listeners.command(
    epilog="""\b
Examples:
  tonearm listeners add ben --timezone Europe/Berlin
"""
)
@click.argument("name")
@click.option("--timezone", "zone", help="IANA time zone the listener lives in; else this machine's.")
@with_options
def add(context: Context, name: str, zone: str | None) -> None:
    """Add a listener, for whom clients can then submit listens."""
    with context.open_store() as store:
        found = _added(store, name, zone)
    _show(context, [found])
    context.say("next: `tonearm tokens create` lets a program submit listens, `tonearm import` brings in a history")


@listeners.command(
    "scrobble-password",
    epilog="""\b
Examples:
  tonearm listeners scrobble-password ada
""",
)
@click.argument("name")
@with_options
def scrobble_password(context: Context, name: str) -> None:
    """Make a new scrobble password, and show it this once.

    Players that speak Last.fm's or AudioScrobbler's protocol need it. It can submit and read the listens of this
    listener and nothing else. The one before it stops working.
    """
    from tonearm.store.audit import note
    from tonearm.store.scrobble_passwords import create_password

    with context.open_store() as store:
        who = store.listener(name).name
        password = create_password(store, who)
        note(store, "command line", "create scrobble password", who)
    if context.as_json:
        context.answer({"listener": who, "password": password})
        return
    context.say(password)
    context.note(f"the scrobble password of {who}; it is not shown again")


@listeners.command(
    epilog="""\b
Examples:
  tonearm listeners cards ada
  tonearm listeners cards ada --public
  tonearm listeners cards ada --private
  tonearm listeners cards ada --output website/cards
""",
)
@click.argument("name")
@click.option("--public/--private", "is_public", default=None, help="Show them to everybody, or only with a token.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder to write them to as they are now, as SVG."
)
@with_options
def cards(context: Context, name: str, is_public: bool | None, output: Path | None) -> None:
    """Where a listener's cards are, and who may see them.

    Cards are small pictures for READMEs, forums and websites: what plays, the week, what was played most. They need a
    token until they are made public. What is public then is these cards and the grids at /1/art, and nothing else.
    Where tonearm cannot be reached from outside, --output writes them as files for a website or a repository.
    """
    from tonearm.pictures.cards import paths
    from tonearm.store.audit import note
    from tonearm.store.showing import are_cards_public, show_cards

    with context.open_store() as store:
        who = store.listener(name).name
        if is_public is not None:
            show_cards(store, who, is_public)
            note(store, "command line", "show cards" if is_public else "hide cards", who)
        shown = are_cards_public(store, who)
    if output is not None:
        _write(context, paths(who), output)
    if context.as_json:
        context.answer({"listener": who, "is_public": shown, "cards": paths(who)})
        return
    for path in paths(who):
        context.say(path)
    context.note(f"the cards of {who} {'are public' if shown else 'need a token; --public shows them to everybody'}")


def _write(context: Context, cards: list[str], folder: Path) -> None:
    """Each card as a file, as the API draws it, which nobody has to serve."""
    import httpx

    from tonearm.api.app import create_app
    from tonearm.api.client import InProcess

    http = httpx.Client(base_url="http://127.0.0.1", transport=InProcess(create_app(context.settings)))
    drawn = {}
    for path in cards:
        answer = http.get(path)
        if answer.is_error:
            raise TonearmError(answer.json().get("detail", answer.reason_phrase))
        drawn[path.rpartition("/")[2]] = answer.content
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in drawn.items():
        (folder / name).write_bytes(content)
    context.note(f"{len(drawn)} cards are in {folder}")


def _added(store: Store, name: str, zone: str | None) -> Listener:
    """The new listener, or the one that is there if they live in ``zone``; raises Conflict if they do not."""
    from tonearm.store.zones import find_zone

    wanted = find_zone(zone) if zone else None
    try:
        known = store.listener(name)
    except UnknownName:
        return store.ensure_listener(name, wanted)
    if wanted and wanted != known.zone:
        raise Conflict(
            f"{known.name} lives in {known.zone}; `tonearm listeners {known.name} --timezone {wanted}` moves them"
        )
    return known


def _show(context: Context, found: list[Listener]) -> None:
    from tonearm.store import ALWAYS

    if context.as_json:
        context.answer([{"name": one.name, "zones": [[str(d), z] for d, z in one.zones]} for one in found])
    elif not found:
        context.say(
            "no listeners yet; `tonearm import PATH --listener NAME` adds one, and `tonearm listeners add NAME`"
        )
    else:
        rows = [(one.name, ", ".join(z if d == ALWAYS else f"{z} from {d}" for d, z in one.zones)) for one in found]
        context.grid("", ("listener", "time zones"), rows)


def _known(context: Context, name: str | None) -> list[Listener]:
    """All listeners, or the one named; does not create a home."""
    with context.open_store() as store:
        return [store.listener(name)] if name else store.listeners()


def _moved(context: Context, name: str, zone: str, since: date | None) -> list[Listener]:
    """The named listener, in ``zone`` from that day on."""
    from tonearm.home.lock import writing
    from tonearm.store.zones import find_zone

    find_zone(zone)  # Checked first: an unknown zone must not leave a new listener behind.
    with writing(context.settings, context.note), context.open_store() as store:
        store.ensure_listener(name)
        return [store.set_zone(name, zone, since)]
