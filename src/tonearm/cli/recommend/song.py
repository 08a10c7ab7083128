"""``tonearm recommend song``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tonearm.cli.command import Context, command
from tonearm.cli.recommend.asking import Asked, Wishes, asking
from tonearm.errors import UsageError

if TYPE_CHECKING:
    from tonearm.recommend.home import Home


@command(
    epilog="""\b
Examples:
  tonearm recommend song "radiohead - creep"
  tonearm recommend song creep --why -k 10
  tonearm recommend song spotify:track:70LcF31zb1H0PyJoS1Sx1r --year 1990-1999
  tonearm recommend song --sound energy=0.9 --sound tempo=150 --genre edm
  tonearm recommend song "nirvana - lithium" --format m3u --output like.m3u8
"""
)
@click.argument("track", required=False)
@click.option(
    "--sound",
    "sounds",
    multiple=True,
    metavar="FEATURE=VALUE",
    help="A feature of a track not listed; repeatable.",
)
@click.option("--listener", help="Whose feedback counts; nothing they hid or disliked is shown.")
@click.option("--unheard", is_flag=True, help="Only what --listener has not heard.")
@asking
def song(
    context: Context, wishes: Wishes, track: str | None, sounds: tuple[str, ...], listener: str | None, unheard: bool
) -> None:
    """What goes with a TRACK, named by its id, Spotify id or URI, "artist - title", or title.

    A track that is not there can be described by what it sounds like: energy, valence, danceability, acousticness,
    instrumentalness and speechiness from 0 to 1, loudness in dB, tempo in bpm, year, genre.
    """
    from tonearm.cli.recommend.shown import show
    from tonearm.recommend.answers.answering import for_sound, for_track

    if (track is None) == (not sounds):
        raise UsageError("which track? name one, or describe it with --sound")
    if unheard and listener is None:
        raise UsageError("unheard by whom? name the listener with --listener")
    asked = Asked(context)
    request = asked.request(wishes, unheard=unheard)
    heard, never = (None, None) if listener is None else asked.known_and_refused(asked.listener(listener))
    if track is None:
        show(context, for_sound(asked.home, _features(asked.home, sounds), request, heard, never), wishes)
    else:
        show(context, for_track(asked.home, asked.track(track), request, heard, never), wishes)


def _features(home: Home, sounds: tuple[str, ...]) -> dict[str, float | str]:
    """The features as numbers, and genres as they are; UsageError for one that there is not."""
    from tonearm.recommend.answers.answering import sound

    parted = [_parted(text) for text in sounds]
    names = [name for name, _ in parted]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{twice} is given twice; give it once")
    return sound(home, dict(parted))


def _parted(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--sound is FEATURE=VALUE, such as energy=0.8, and not {text}")
    return name.strip().casefold(), value.strip()
