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
  tonearm listens --repeats
"""
)
@click.option("--listener", help="Only this listener's.")
@click.option("--merge-explain", is_flag=True, help="Show which records were merged, and why.")
@click.option("--repeats", is_flag=True, help="Show which records are repeats: the same play, sent again at once.")
@click.option("--limit", type=ROWS, default=30, show_default=True, help="How many rows at most.")
def listens(context: Context, listener: str | None, merge_explain: bool, repeats: bool, limit: int) -> None:
    """List the latest listens, or show which records were merged into one listen.

    Nothing that is merged is lost: undoing an import takes its records out again, and with the setting
    `merge_repeats` off every repeat is a listen.
    """
    from tonearm.engine.rows import dicts
    from tonearm.read.show import merges, show

    if merge_explain or repeats:
        rows = merges(context.settings, listener, limit, only_repeats=repeats)
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
        context.say(_nothing(merge_explain, repeats))
    else:
        print_rows(context, rows)


def _nothing(merge_explain: bool, repeats: bool) -> str:
    if repeats:
        return "no record repeats another of the same source"
    return "no record was merged with another" if merge_explain else f"no listens yet; {NOTHING_YET}"
