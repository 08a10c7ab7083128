"""``tonearm listeners``."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, command
from tonearm.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from tonearm.store import Listener


@command(
    epilog="""\b
Examples:
  tonearm listeners
  tonearm listeners ada --timezone Asia/Kolkata --from 2024-05-01
"""
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
def listeners(context: Context, name: str | None, zone: str | None, since: datetime | None) -> None:
    """List the listeners and their time zones, or set a listener's zone, from a day on or for always.

    A move does not rewrite the past: listens before the day keep the zone they had.
    """
    from tonearm.store import ALWAYS

    if zone and not name:
        raise UsageError("whose time zone is that? name the listener: tonearm listeners NAME --timezone ZONE")
    if since and not zone:
        raise UsageError("--from needs the zone that applies from that day on: --timezone ZONE")
    found = _moved(context, name, zone, since.date() if since else None) if name and zone else _known(context, name)
    if context.as_json:
        context.answer([{"name": one.name, "zones": [[str(d), z] for d, z in one.zones]} for one in found])
    elif not found:
        context.say("no listeners yet; `tonearm import PATH --listener NAME` adds one")
    else:
        rows = [(one.name, ", ".join(z if d == ALWAYS else f"{z} from {d}" for d, z in one.zones)) for one in found]
        context.grid("", ("listener", "time zones"), rows)
    if name and zone:
        context.say("next: `tonearm build` updates the local times")


def _known(context: Context, name: str | None) -> list[Listener]:
    """All listeners, or the one named; does not create a home."""
    from tonearm.store import open_store

    if not context.settings.database.exists():
        if name:
            raise UnknownName("listener", name, [], hint="importing a file with --listener adds one")
        return []
    with closing(open_store(context.settings)) as store:
        return [store.listener(name)] if name else store.listeners()


def _moved(context: Context, name: str, zone: str, since: date | None) -> list[Listener]:
    """The named listener, in ``zone`` from that day on."""
    from tonearm.home.lock import writing
    from tonearm.store import open_store
    from tonearm.store.zones import find_zone

    find_zone(zone)  # Checked first: an unknown zone must not leave a new listener behind.
    with writing(context.settings, context.note), closing(open_store(context.settings)) as store:
        store.ensure_listener(name)
        return [store.set_zone(name, zone, since)]
