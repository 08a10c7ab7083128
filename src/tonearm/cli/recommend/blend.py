"""``tonearm recommend blend``."""

from __future__ import annotations

from datetime import datetime

import click

from tonearm.cli.command import Context, command
from tonearm.cli.recommend.asking import Asked, Wishes, asking


@command(
    epilog="""\b
Examples:
  tonearm recommend blend ada ben
  tonearm recommend blend ada ben --heard -k 40 --format m3u --output dinner.m3u8
"""
)
@click.argument("listeners", nargs=-1, required=True)
@click.option("--heard", is_flag=True, help="Also tracks that one of them has heard.")
@asking
def blend(context: Context, wishes: Wishes, listeners: tuple[str, ...], heard: bool) -> None:
    """One list for several LISTENERS in which everybody gets a fair share, and whose taste each track serves.

    What one of them hides or dislikes is left out.
    """
    from tonearm.cli.recommend.shown import show
    from tonearm.recommend.answers.answering import for_household

    asked = Asked(context)
    names = dict.fromkeys(asked.listener(name) for name in listeners)
    request = asked.request(wishes, datetime.now().date(), unheard=not heard)
    given = {name: asked.feedback(name) for name in names}
    show(context, for_household(asked.home, given, request, asked.now), wishes)
