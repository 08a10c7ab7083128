"""``tonearm recommend again``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, command
from tonearm.cli.playlist import FORMAT_HELP, FORMATS, write
from tonearm.errors import UsageError

if TYPE_CHECKING:
    from tonearm.recommend.playlists.named import Named


@command(
    name="again",
    epilog="""\b
Examples:
  tonearm recommend again
  tonearm recommend again --listener ada --why
  tonearm recommend again --at 2024-05-01T21:00 --minutes 45
  tonearm recommend again --format m3u --output again.m3u8
""",
)
@click.option("--listener", help="Who is listening; may be omitted if there is only one listener.")
@click.option("--at", metavar="TIME", help="When, in the listener's local time: 2024-05-01T21:00; by default now.")
@click.option("-k", "--tracks", "tracks", type=click.IntRange(1, 200), default=20, show_default=True, help="How many.")
@click.option("--minutes", type=float, help="How long in all, instead of a number of tracks.")
@click.option("--why", is_flag=True, help="Show what the score of each track is the sum of.")
@click.option("--format", "form", type=FORMATS, default="table", show_default=True, help=FORMAT_HELP)
@click.option("--output", type=click.Path(path_type=Path), help="File to write, instead of standard output.")
def again(
    context: Context,
    listener: str | None,
    at: str | None,
    tracks: int,
    minutes: float | None,
    why: bool,
    form: str,
    output: Path | None,
) -> None:
    """What to hear again now: songs you know, by memory, the session that is running and the hour of day.

    Weights are fitted to the listener's newest sessions. Of a history that ended more than a month before, the moment
    is its end. A score is how far a song stands above the average of those considered, and the sum of its parts.
    """
    from tonearm.recommend.again.now import hear_again
    from tonearm.recommend.playlists.asked import check_minutes, hidden_of

    form = "json" if context.as_json else form
    if output and form == "table":
        raise UsageError("a table cannot be written to a file; choose --format json, m3u, jspf or spotify")
    check_minutes(minutes)
    moment, is_local = _moment(at)
    found = hear_again(context.settings, listener, moment, is_local, tracks, minutes, hidden_of)
    if form == "table":
        show(context, found, why)
    else:
        write(context, found, form, output)


def _moment(text: str | None) -> tuple[datetime | None, bool]:
    """The instant that was typed, and whether it is the listener's local time."""
    if text is None:
        return None, False
    try:
        found = datetime.fromisoformat(text)
        return (found.replace(tzinfo=UTC), True) if found.tzinfo is None else (found.astimezone(UTC), False)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"'{text}' is not a time; write 2024-05-01T21:00 or 2024-05-01T21:00+02:00") from error


def show(context: Context, found: Named, why: bool) -> None:
    """The playlist as a table for reading, and what should be known about it."""
    rows = []
    for track in found.tracks:
        parts = track.get("parts")
        added = ", ".join(f"{name} {value:+.2f}" for name, value in parts.items() if value) if parts else ""
        total = f" ({track['score']:.2f} = {added})" if why and parts else ""
        rows.append((track["position"], track["artist_name"], track["track_name"], f"{track['because']}{total}"))
    if rows:
        title = f"{found.playlist}, for {found.listener}, {found.on:%Y-%m-%d}: {found.minutes:.0f} min"
        columns = ("", "artist", "track", "why")
        context.grid(title, columns, rows, "r")
    else:
        context.say(f"nothing for {found.playlist} yet")
    for note in found.notes:
        context.say(f"{note}.")
