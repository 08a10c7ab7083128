"""``tonearm recommend``: what to hear next, one file for each of its commands."""

from __future__ import annotations

import click

from tonearm.cli.command import Context, with_options
from tonearm.cli.recommend.again import again
from tonearm.cli.recommend.blend import blend
from tonearm.cli.recommend.evaluate import evaluate
from tonearm.cli.recommend.feedback import feedback
from tonearm.cli.recommend.for_listener import for_listener
from tonearm.cli.recommend.playlist import playlist
from tonearm.cli.recommend.radio import radio
from tonearm.cli.recommend.search import search
from tonearm.cli.recommend.song import song


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  tonearm recommend                            what the only listener may want to hear next
  tonearm recommend song "radiohead - creep"   what goes with a track
  tonearm recommend for ada --why              what ada may want to hear next
  tonearm recommend again                      what to hear again now
  tonearm recommend playlist weekly-jams       a playlist of this week
  tonearm recommend blend ada ben              one fair list for both
  tonearm recommend radio --listener ada       tracks without repeats
  tonearm recommend search rapsody             find a track by a misspelt name
  tonearm recommend feedback like "can - mushroom"
  tonearm recommend evaluate --path hetrec2011-lastfm-2k --protocol strong
""",
)
@with_options
def recommend(context: Context) -> None:
    """Recommend what to hear next: for a track, a listener or a mood, each with its reasons."""
    called = click.get_current_context()
    if called.invoked_subcommand:
        return
    from tonearm.cli.recommend.asking import Asked

    home = str(context.settings.home)
    called.invoke(for_listener, home=home, as_json=context.as_json, listener=Asked(context).only_listener(None))


for one in (song, for_listener, again, playlist, blend, radio, search, feedback, evaluate):
    recommend.add_command(one)
