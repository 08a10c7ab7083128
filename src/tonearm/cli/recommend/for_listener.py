"""``tonearm recommend for``."""

from __future__ import annotations

from datetime import datetime

import click

from tonearm.cli.command import Context, command
from tonearm.cli.recommend.asking import Asked, Wishes, asking
from tonearm.errors import UsageError


@command(
    name="for",
    epilog="""\b
Examples:
  tonearm recommend for ada
  tonearm recommend for ada --why --genre jazz --year -1970
  tonearm recommend for ada --new-artists
  tonearm recommend for ada --novelty 0.8 --not-artist queen
  tonearm recommend for --like "can - vitamin c" --like "neu! - hallogallo"
  tonearm recommend for ada --heard --format spotify > next.txt
""",
)
@click.argument("listener", required=False)
@click.option("--like", "liked", multiple=True, metavar="TRACK", help="Recommend from this track, too; repeatable.")
@click.option("--dislike", "disliked", multiple=True, metavar="TRACK", help="Stay away from this track; repeatable.")
@click.option("--heard", is_flag=True, help="Also tracks that the listener has heard.")
@click.option("--new-artists", is_flag=True, help="Only artists of whom the listener has heard nothing.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="The order of this day, not today's.")
@asking
def for_listener(
    context: Context,
    wishes: Wishes,
    listener: str | None,
    liked: tuple[str, ...],
    disliked: tuple[str, ...],
    heard: bool,
    new_artists: bool,
    day: datetime | None,
) -> None:
    """What a LISTENER may want to hear next, or whoever likes the tracks of --like.

    Likes, dislikes and skips count (tonearm recommend feedback). Near-equal tracks change places from day to day.
    """
    from tonearm.cli.recommend.shown import show
    from tonearm.recommend.answers.answering import for_listener as ask
    from tonearm.recommend.answers.answering import for_tracks

    if listener is None and not liked:
        raise UsageError("for whom? name a listener, or tracks with --like")
    asked = Asked(context)
    of_day = (day or datetime.now()).date()
    request = asked.request(
        wishes,
        of_day,
        unheard=listener is not None and not heard,
        new_artists=new_artists,
        liked=asked.tracks(liked),
        disliked=asked.tracks(disliked),
    )
    if listener is None:
        show(context, for_tracks(asked.home, request), wishes)
    else:
        name = asked.listener(listener)
        show(context, ask(asked.home, name, request, asked.feedback(name), asked.now), wishes)
