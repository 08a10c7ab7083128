"""Why a track is recommended: what its score is the sum of, and the same in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tonearm.recommend.signals import NAMES, STILL, Signals, scaled

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

ALIKE = ("energy", "acousticness", "danceability", "valence", "instrumentalness", "tempo", "year")
"""Features that are named as similar, those that a listener can hear best first."""
_CLOSE = 0.35
"""Standard deviations within which two tracks are called similar in a feature."""


class Reason(NamedTuple):
    """One thing that speaks for a track."""

    signal: str
    """Which of the signals."""
    place: int | None
    """The item of the history that it comes from, most of it; None for what does not depend on the history."""
    amount: float
    """How much it adds to the score; the amounts of all reasons are the score."""


def reasons(signals: Signals, weights: Numbers, history: Numbers, place: int) -> list[Reason]:
    """What the score of an item is the sum of, largest first: one reason for each signal and item of the history.

    A signal adds what it weighs; of that each track of the history has the share that it has in the signal.
    """
    raw = signals.of_history(history)
    added = scaled(raw)[place] * weights
    found = []
    for name, amount in zip(NAMES, added.tolist(), strict=True):
        if amount and name in STILL:
            found.append(Reason(name, None, amount))
        elif amount:
            parts = signals.parts(name, history, place)
            places = np.flatnonzero(parts)
            shares = parts[places] / parts[places].sum()
            found += [Reason(name, int(p), float(amount * s)) for p, s in zip(places, shares, strict=True)]
    return sorted(found, key=lambda one: -one.amount)
