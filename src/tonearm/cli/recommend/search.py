"""``tonearm recommend search``."""

from __future__ import annotations

import click

from tonearm.cli.command import Context, command


@command(
    epilog="""\b
Examples:
  tonearm recommend search "bohemian rapsody"
  tonearm recommend search --artist beyonce
"""
)
@click.argument("text", nargs=-1, required=True)
@click.option("--artist", is_flag=True, help="Search artists instead of tracks.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many at most.")
def search(context: Context, text: tuple[str, ...], artist: bool, limit: int) -> None:
    """Find tracks or artists by name, typing errors included: the best match first, then the most heard."""
    from tonearm.cli.recommend.asking import Asked

    asked = Asked(context)
    words = " ".join(text)
    found = asked.names.artists(words, limit) if artist else asked.names.songs(words, limit)
    if context.as_json:
        context.answer(found)
    elif not found:
        context.say(f"nothing is called anything like {words}")
    else:
        rows = [[one.artist_name, one.track_name, one.listens, str(one.id)] for one in found]
        columns = ["artist", "track", "listens", "id"]
        if artist:
            columns, rows = ["artist", "listens", "id"], [[row[0], *row[2:]] for row in rows]
        context.grid("", columns, rows, "lr" if artist else "llr")
