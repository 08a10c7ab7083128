"""Aims of listening, and how well a track suits each by its audio features.

Four simple rules, the same for everyone and based on research about music and arousal; nothing is fitted to the
listener, so a fit of .7 means the same in every history. They describe the music, not its effect on the listener.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.columns import AIMS as AIMS
from tonearm.columns import PLAYLISTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

TITLES = dict(zip(AIMS, PLAYLISTS, strict=True))
"""Title of the playlist for each aim."""
NEEDS = {
    "focus": ("instrumentalness", "speechiness", "energy"),
    "relax": ("energy", "acousticness", "tempo"),
    "energise": ("energy", "danceability", "tempo"),
    "lift": ("valence", "energy"),
}
"""The features that the fit is made of."""
MUSIC = {
    "focus": "instrumental, of few words and steady",
    "relax": "calm, acoustic and slow",
    "energise": "strong, danceable and fast",
    "lift": "bright and lively",
}
"""The music that suits the aim, in words."""


def fit(aim: str, t: ir.Table) -> ir.FloatingColumn:
    """How well the music of each row suits the ``aim``, 0–1; null where a feature it needs is null.

    A weighted mean of ramps over fixed ranges, in Spotify's units:

    - *focus*: no singing (.5), few words (.2), and an energy near the middle (.3). Words distract from reading
      and remembering (Salamé & Baddeley 1989; Perham & Currie 2014), and both little and much arousal disturb.
    - *relax*: low energy (.5), acoustic (.3), slow (.2). Breath and heart follow the tempo (Bernardi, Porta &
      Sleight 2006).
    - *energise*: high energy (.5), danceable (.3), fast (.2). For exercise, loud rhythmic music of 120 bpm and
      more (Karageorghis & Priest 2012).
    - *lift*: high valence (.6) and an energy above the middle (.4): valence moves mood, tempo and energy move
      arousal (Husain, Thompson & Schellenberg 2002).

    Tempo alone may be missing, since it can neither be measured nor estimated for many tracks, and is often taken
    for half or double: such a track is judged by the rest.
    """
    return {"focus": _focus, "relax": _relax, "energise": _energise, "lift": _lift}[aim](t)


def _focus(t: ir.Table) -> ir.FloatingColumn:
    # Spotify: instrumentalness above .5 is meant to be instrumental, speechiness above .33 has spoken parts.
    wordless = 0.5 * _high(t.instrumentalness, 0.0, 0.5) + 0.2 * _low(t.speechiness, 0.05, 0.33)
    return wordless + 0.3 * _near(t.energy, 0.45, within=0.35)


def _relax(t: ir.Table) -> ir.FloatingColumn:
    calm, slow = 0.5 * _low(t.energy, 0.2, 0.7) + 0.3 * _high(t.acousticness, 0.1, 0.8), _low(t.tempo, 70.0, 130.0)
    return calm + 0.2 * slow.coalesce(calm / 0.8)


def _energise(t: ir.Table) -> ir.FloatingColumn:
    strong, fast = 0.5 * _high(t.energy, 0.4, 0.9) + 0.3 * _high(t.danceability, 0.4, 0.8), _high(t.tempo, 90.0, 140.0)
    return strong + 0.2 * fast.coalesce(strong / 0.8)


def _lift(t: ir.Table) -> ir.FloatingColumn:
    return 0.6 * _high(t.valence, 0.3, 0.9) + 0.4 * _near(t.energy, 0.7, within=0.4)


def _high(value: ir.FloatingColumn, low: float, high: float) -> ir.FloatingColumn:
    """0 up to ``low``, 1 from ``high`` on."""
    # Not least and greatest, which pass over a null on both engines.
    ramp = (value - low) / (high - low)
    return ibis.cases((ramp < 0.0, 0.0), (ramp > 1.0, 1.0), else_=ramp)


def _low(value: ir.FloatingColumn, low: float, high: float) -> ir.FloatingColumn:
    """1 up to ``low``, 0 from ``high`` on."""
    return 1.0 - _high(value, low, high)


def _near(value: ir.FloatingColumn, middle: float, within: float) -> ir.FloatingColumn:
    """1 at the ``middle``, falling to 0 at ``within`` from it."""
    return _low((value - middle).abs(), 0.0, within)
