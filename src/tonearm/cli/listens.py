"""``tonearm listens``."""

from __future__ import annotations

import click

from tonearm.cli.command import NOTHING_YET, ROWS, Context, command
from tonearm.cli.tables import print_rows


@command(
    epilog="""\b
Examples:
  tonearm listens --listener ada --limit 20
  tonearm listens --merge-explain --limit 50
"""
)
@click.option("--listener", help="Only this listener's.")
@click.option("--merge-explain", is_flag=True, help="Show which records were merged, and why.")
@click.option("--limit", type=ROWS, default=30, show_default=True, help="How many rows at most.")
def listens(context: Context, listener: str | None, merge_explain: bool, limit: int) -> None:
    """List the latest listens, or show which records of several sources were merged into one listen."""
    from tonearm.engine.rows import dicts
    from tonearm.read.show import merges, show

    if merge_explain:
        rows = merges(context.settings, listener, limit)
    else:
        rows = show(context.settings, "listening_with_features", listener, limit=limit)
        if not context.as_json:
            rows = rows.select(
                [
                    "listener",
                    "started_at_local",
                    "artist_name",
                    "track_name",
                    "listened_s",
                    "source",
                    "also_seen_in",
                ]
            )
    if context.as_json:
        context.answer(dicts(rows))
    elif not rows.num_rows:
        context.say("no record was merged with another" if merge_explain else f"no listens yet; {NOTHING_YET}")
    else:
        print_rows(context, rows)
