"""``tonearm sync``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, command, progress
from tonearm.errors import ExtraMissing, HomeBusy, TonearmError

if TYPE_CHECKING:
    from rich.progress import Progress

    from tonearm.ingest.ledger import ImportReport
    from tonearm.pulls import Pulled
    from tonearm.pulls.reccobeats import Fetched
    from tonearm.store import Store
    from tonearm.store.connections import Connection


@command(
    epilog="""\b
Examples:
  tonearm sync
  tonearm sync --listener ada --service lastfm
  tonearm sync --features

\b
Exit codes:
  0   everything that is new is here
  5   another tonearm is syncing the same connection
  10  a service refuses until its owner changes something
  11  a service does not answer, or asks to wait; what came before is kept
"""
)
@click.option("--listener", help="Only this listener's connections.")
@click.option(
    "--service", type=click.Choice(["spotify", "lastfm", "listenbrainz"]), help="Only connections to this service."
)
@click.option("--features", is_flag=True, help="Fetch measured audio features of heard tracks from ReccoBeats, too.")
@click.option("--again", is_flag=True, help="Pull whole histories again; what is here is recognised.")
def sync(context: Context, listener: str | None, service: str | None, features: bool, again: bool) -> None:
    """Pull what is new from the connected services, and move it to bronze.

    What goes wrong with one service does not stop the others, and what was fetched before is kept: repeat the command
    to go on. A service that asked to be left alone is not asked before it allows it.
    """
    from tonearm.ingest.ledger import totals
    from tonearm.ingest.submissions import import_submissions
    from tonearm.store.connections import connections, start_again

    with context.open_store() as store:
        found = connections(store, listener, service)
        if again:
            found = [start_again(store, one) for one in found]
        with progress(context) as shown:
            pulled = [_pull(context, store, one, shown) for one in found]
        reports = import_submissions(context.settings, store, context.note)
        fetched = _fetch(context, store) if features else None
    problems = sum(one.problem is not None for one in pulled)
    context.counts = {"connections": len(pulled), "problems": problems, **totals(reports)}
    if context.as_json:
        context.answer({"pulled": pulled, "imports": reports, "features": fetched})
    else:
        _show(context, pulled, reports, fetched)
    codes = {one.exit_code for one in pulled} | ({fetched.exit_code} if fetched else set())
    if codes - {0}:
        sys.exit(min(codes - {0}))


def _pull(context: Context, store: Store, one: Connection, shown: Progress | None) -> Pulled:
    from tonearm.ingest.submissions import import_submissions
    from tonearm.pulls import sync_once

    task = shown.add_task(f"{one.kind} of {one.listener}", total=None, count="") if shown else None

    def report(_: Connection, listens: int, doing: str) -> None:
        if shown and task is not None:
            shown.update(task, count=f"{listens:,} listens; {doing}")

    try:
        return sync_once(
            context.settings,
            store,
            one,
            datetime.now(UTC),
            progress=report,
            settle=lambda: import_submissions(context.settings, store),
        )
    except (HomeBusy, ExtraMissing) as error:
        return _not_asked(one, error)


def _not_asked(one: Connection, error: TonearmError) -> Pulled:
    from tonearm.pulls import Pulled

    return Pulled(
        *(one.listener, one.kind, one.account), problem=str(error), exit_code=error.exit_code, was_asked=False
    )


def _fetch(context: Context, store: Store) -> Fetched:
    from tonearm.pulls.reccobeats import fetch_features

    with progress(context) as shown:
        task = shown.add_task("audio features", total=None, count="") if shown else None

        def report(done: int, of: int) -> None:
            if shown and task is not None:
                shown.update(task, completed=done, total=of, count=f"{done:,} of {of:,} tracks")

        return fetch_features(context.settings, store, datetime.now(UTC), progress=report, waiting=context.note)


def _show(context: Context, pulled: list[Pulled], reports: list[ImportReport], fetched: Fetched | None) -> None:
    from tonearm.ingest.ledger import totals

    if not pulled:
        context.say("no connections to pull from; `tonearm connect` makes one")
    for one in pulled:
        context.say(f"{one.kind} of {one.listener} ({one.account}): {_outcome(one)}")
        if one.hole:
            context.say(f"  ! {one.hole}")
    read, kept, duplicates, rejected = totals(reports).values()
    if read:
        context.say(f"to bronze: {read:,} read, {kept:,} kept, {duplicates:,} duplicates, {rejected:,} rejected")
    if fetched:
        context.say(
            f"audio features: asked for {fetched.asked:,} tracks, {fetched.found:,} measured, "
            f"{fetched.asked - fetched.found:,} not known to ReccoBeats"
        )
        if fetched.problem:
            context.say(f"  ! {fetched.problem}; {fetched.left:,} tracks are left for the next time")
    if kept or (fetched and fetched.found):
        context.say("next: `tonearm run` builds the tables and predicts")


def _outcome(one: Pulled) -> str:
    came = f"{one.listens:,} new listens" if one.was_asked else "not asked"
    until = f"; asked again from {one.retry_at:%Y-%m-%d %H:%M} UTC on" if one.retry_at else ""
    return f"{came}; {one.problem}{until}" if one.problem else came
