"""``tonearm recommend feedback``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, command
from tonearm.errors import UsageError

if TYPE_CHECKING:
    from tonearm.cli.recommend.asking import Asked


@command(
    epilog="""\b
Examples:
  tonearm recommend feedback
  tonearm recommend feedback like "can - vitamin c"
  tonearm recommend feedback skip creep --listener ada
  tonearm recommend feedback hide --artist nickelback
  tonearm recommend feedback undo "can - vitamin c"
"""
)
@click.argument("kind", type=click.Choice(["like", "dislike", "skip", "hide", "undo"]), required=False)
@click.argument("name", required=False)
@click.option("--artist", is_flag=True, help="NAME is an artist; an artist can be hidden.")
@click.option("--listener", help="Whose feedback; may be omitted if there is only one listener.")
def feedback(context: Context, kind: str | None, name: str | None, artist: bool, listener: str | None) -> None:
    """Say what you think of a track: it changes what is recommended next. Without a KIND, list what was given.

    Liked tracks count as heard often. What is like a disliked track moves down, and like a skipped one for some weeks.
    Hidden tracks and artists never come. A new opinion replaces the one before; undo takes all on a NAME back.
    """
    from tonearm.cli.recommend.asking import Asked

    asked = Asked(context)
    who = asked.only_listener(listener)
    if kind is None:
        _list(context, asked, who)
        return
    if name is None:
        raise UsageError(f"{kind} what? name a track, or an artist with --artist")
    _change(context, asked, who, kind, name, artist)


def _change(context: Context, asked: Asked, who: str, kind: str, name: str, artist: bool) -> None:
    from tonearm.store.feedback import KINDS, Feedback, give_feedback, take_back

    found = asked.names.artist(name) if artist else asked.names.track(name)
    with context.open_store() as store:
        if kind == "undo":
            gone = take_back(store, who, found.kind, found.id)
            if not gone:
                raise UsageError(f"{who} has given no feedback on {found.label}")
            context.say(f"{found.label}: {gone} taken back")
        else:
            given = next(one for one in KINDS if one == kind)
            give_feedback(store, who, Feedback(given, found.kind, found.id, found.label, asked.now))
            context.say(f"{found.label}: {kind}, for {who}")
    if context.as_json:
        context.answer({"listener": who, "feedback": kind, "subject": found})


def _list(context: Context, asked: Asked, who: str) -> None:
    given = asked.feedback(who)
    if context.as_json:
        context.answer(given)
    elif not given:
        context.say(f"no feedback of {who} yet; `tonearm recommend feedback like TRACK` gives some")
    else:
        rows = [(one.kind, one.name, f"{one.given_at:%Y-%m-%d}") for one in given]
        context.grid(f"Feedback of {who}", ("", "on", "given"), rows)
