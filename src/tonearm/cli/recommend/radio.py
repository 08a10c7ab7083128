"""``tonearm recommend radio``."""

from __future__ import annotations

from itertools import islice

import click

from tonearm.cli.command import Context, command
from tonearm.cli.recommend.asking import Asked, Wishes, asking
from tonearm.errors import UsageError


@command(
    epilog="""\b
Examples:
  tonearm recommend radio "air - la femme d'argent" -k 100
  tonearm recommend radio --listener ada --format m3u > radio.m3u8
  tonearm recommend radio creep --seen "tlc - creep" --format spotify
"""
)
@click.argument("track", required=False)
@click.option("--listener", help="Play for this listener; with a TRACK, leave out what they hid or disliked.")
@click.option("--unheard", is_flag=True, help="Only what --listener has not heard.")
@asking
def radio(context: Context, wishes: Wishes, track: str | None, listener: str | None, unheard: bool) -> None:
    """Tracks without repeats that go with a TRACK or suit a listener; no artist twice within 20 tracks.

    To go on, name what was played with --seen.
    """
    from dataclasses import replace

    from tonearm.cli.recommend.shown import show
    from tonearm.recommend.answers import answering

    if track is None and listener is None:
        raise UsageError("what should the radio play? name a track, or a listener with --listener")
    if unheard and listener is None:
        raise UsageError("unheard by whom? name the listener with --listener")
    asked = Asked(context)
    name = None if listener is None else asked.listener(listener)
    request = asked.request(wishes, unheard=unheard)
    if track is not None:
        heard, never = (None, None) if name is None else asked.known_and_refused(name)
        place = asked.track(track)
        first = answering.for_track(asked.home, place, request, heard, never)
        playing = answering.radio(lambda r: answering.for_track(asked.home, place, r, heard, never), request)
    else:
        assert name is not None
        given = asked.feedback(name)
        first = answering.for_listener(asked.home, name, request, given, asked.now)
        playing = answering.radio(lambda r: answering.for_listener(asked.home, name, r, given, asked.now), request)
    tracks = tuple(replace(one, position=n) for n, one in enumerate(islice(playing, request.k), 1))
    relaxed = tuple(dict.fromkeys(name for one in tracks for name in one.misses))
    fewer = "" if len(tracks) == request.k else f"only {len(tracks)} tracks are left that were not seen"
    show(
        context, replace(first, title=f"as a radio {first.title}", tracks=tracks, relaxed=relaxed, fewer=fewer), wishes
    )
