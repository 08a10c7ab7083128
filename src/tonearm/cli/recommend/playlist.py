"""``tonearm recommend playlist``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import cast

import click

from tonearm.cli.command import Context, command
from tonearm.cli.playlist import FORMAT_HELP, FORMATS, write
from tonearm.cli.recommend.again import show
from tonearm.errors import UsageError

_NAMES = "weekly-jams, weekly-exploration, daily, rediscover"


@command(
    name="playlist",
    epilog="""\b
Examples:
  tonearm recommend playlist weekly-jams
  tonearm recommend playlist rediscover --listener ada --novelty hard
  tonearm recommend playlist daily --minutes 90 --format m3u --output today.m3u8
  tonearm recommend playlist --mood "happy calm" --minutes 45
  tonearm recommend playlist weekly-exploration --format jspf > exploration.jspf
""",
)
@click.argument("name", required=False)
@click.option("--listener", help="Whose playlist; may be omitted if there is only one listener.")
@click.option("--mood", help='Instead of a NAME: a mood such as "happy calm", or focus, relaxation, energy, mood lift.')
@click.option("--minutes", type=float, help="How long in all, instead of 25 tracks; an hour of a mood.")
@click.option(
    "--novelty",
    type=click.Choice(["easy", "medium", "hard"]),
    default="easy",
    show_default=True,
    help="easy: the best known; medium: less so; hard: what you hardly remember, or artists new to you.",
)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="The playlist of this day or its week.")
@click.option("--why", is_flag=True, help="Also show how the tracks were chosen.")
@click.option("--format", "form", type=FORMATS, default="table", show_default=True, help=FORMAT_HELP)
@click.option("--output", type=click.Path(path_type=Path), help="File to write, instead of standard output.")
def playlist(
    context: Context,
    name: str | None,
    listener: str | None,
    mood: str | None,
    minutes: float | None,
    novelty: str,
    day: datetime | None,
    why: bool,
    form: str,
    output: Path | None,
) -> None:
    """A playlist by NAME: weekly-jams, weekly-exploration, daily or rediscover; or one of a mood, each with reasons.

    weekly-jams: known and loved, and not heard for 60 days. weekly-exploration: never heard. daily: what is on your
    mind, without yesterday's. rediscover: loved once, and silent for a year. Every day or week has its own playlist,
    the same whenever you ask. At most two tracks by an artist, none that was hidden.
    """
    from tonearm.recommend.playlists.asked import Wish, mood_playlist, named_playlist
    from tonearm.recommend.playlists.named import RULES, Novelty

    form = "json" if context.as_json else form
    if output and form == "table":
        raise UsageError("a table cannot be written to a file; choose --format json, m3u, jspf or spotify")
    if (name is None) == (mood is None):
        raise UsageError(f"which playlist? name one of {_NAMES}, or a --mood")
    wish = Wish(novelty=cast("Novelty", novelty), minutes=minutes, on=day.date() if day else None)
    if mood is not None:
        found = mood_playlist(context.settings, mood, listener, wish)
    else:
        found = named_playlist(context.settings, name or "", listener, wish)
    if form == "table":
        show(context, found, why)
        if why:
            context.say(RULES[found.playlist] if found.playlist in RULES else RULES["mood"])
    elif form != "json" and not found.tracks:
        raise UsageError("; ".join(found.notes) or f"no track for {found.playlist}")
    else:
        write(context, found, form, output)
