"""``tonearm store``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, with_options

if TYPE_CHECKING:
    from tonearm.store.state import State


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  tonearm store
  tonearm store upgrade
  tonearm store copy --to postgresql://ada@localhost/tonearm
""",
)
@with_options
def store(context: Context) -> None:
    """Show where the store is and what it holds: listeners, tokens, submissions, playlists, schedules.

    It is SQLite in the home, or PostgreSQL where the setting `database_url` names one.
    """
    from tonearm.store.state import state

    if click.get_current_context().invoked_subcommand is None:
        _show(context, state(context.settings))


@store.command(
    epilog="""\b
Examples:
  tonearm store upgrade
"""
)
@with_options
def upgrade(context: Context) -> None:
    """Make the store, or bring its schema up to date; any other command does so, too, where it is needed."""
    from tonearm.store.state import upgrade as bring_up_to_date

    _show(context, bring_up_to_date(context.settings))


@store.command(
    epilog="""\b
Examples:
  tonearm store copy --to postgresql://ada@localhost/tonearm
  tonearm store copy --to sqlite
"""
)
@click.option(
    "--to", "target", required=True, metavar="URL", help="PostgreSQL's address, or sqlite for the home's file."
)
@with_options
def copy(context: Context, target: str) -> None:
    """Copy the store into another database, which must be empty; stop `tonearm serve` and `tonearm up` first.

    The old one stays as it is. The setting `database_url` then names the new one.
    """
    from tonearm.store.copying import copy_store

    copied = copy_store(context.settings, target)
    if context.as_json:
        context.answer(copied)
        return
    context.say(f"{copied.rows:,} rows copied from {copied.source} to {copied.target}")
    context.say("next: set database_url to that address, in tonearm.toml or as TONEARM_DATABASE_URL")


def _show(context: Context, found: State) -> None:
    if context.as_json:
        context.answer(found)
    elif found.revision is None:
        context.say(f"{found.where} is not made yet; the first import makes it, and `tonearm store upgrade`")
    else:
        is_newest = "" if found.revision == found.newest else "; `tonearm store upgrade` brings it up to date"
        context.say(f"{found.where}, revision {found.revision}{is_newest}")
        rows = [(name, count) for name, count in found.rows.items() if count]
        if rows:
            context.grid("", ("table", "rows"), rows, "lr")
        if found.waiting_since:
            since = f"{found.waiting_since:%Y-%m-%d %H:%M} UTC"
            context.say(f"{found.waiting:,} submissions wait since {since}; `tonearm run` brings them into the lake")
