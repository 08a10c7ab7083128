"""``tonearm listeners``."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import click

from tonearm.cli.common import Context, command


@command(
    epilog="""\b
Examples:
  tonearm listeners
  tonearm listeners ada --timezone Asia/Kolkata --from 2024-05-01
"""
)
@click.argument("name", required=False)
@click.option("--timezone", "zone", help="IANA time zone the listener lives in.")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="Day of the move; without it, always.")
def listeners(context: Context, name: str | None, zone: str | None, since: datetime | None) -> None:
    """List the listeners and their time zones, or say where one lives, and from when on.

    A move does not rewrite the past: listens before the day keep the zone they had.
    """
    from tonearm.home import writing
    from tonearm.store import ALWAYS, open_store

    with writing(context.settings, context.note), closing(open_store(context.settings)) as store:
        if name and zone:
            store.ensure_listener(name)
            store.set_zone(name, zone, since.date() if since else None)
        found = store.listeners()
    if context.as_json:
        context.answer([{"name": one.name, "zones": [[str(d), z] for d, z in one.zones]} for one in found])
    elif not found:
        context.say("no listeners yet; `tonearm import PATH --listener NAME` makes one")
    else:
        rows = [(one.name, ", ".join(z if d == ALWAYS else f"{z} from {d}" for d, z in one.zones)) for one in found]
        context.grid("", ("listener", "time zones"), rows)
    if name and zone:
        context.say("next: `tonearm build` moves the local times")
