"""The mood of a track by valence and energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from ibis.expr.types import NumericColumn, StringColumn

MIDDLE = 0.5
"""Valence from which a track is happy, and energy from which it is energetic."""
NEUTRAL_WITHIN = 0.1
"""A track with both values this close to the middle is neutral."""
# In binary, 0.6 − 0.5 is slightly more than 0.1.
_ROUNDING = 1e-9


def mood(valence: NumericColumn, energy: NumericColumn) -> StringColumn:
    """Mood category of ``valence`` and ``energy`` (0–1); null if either is null."""
    is_happy, is_energetic = valence >= MIDDLE, energy >= MIDDLE
    is_neutral = ibis.and_(*((v - MIDDLE).abs() <= NEUTRAL_WITHIN + _ROUNDING for v in (valence, energy)))
    return ibis.cases(
        (valence.isnull() | energy.isnull(), ibis.null("string")),
        (is_neutral, "Neutral"),
        (is_happy & is_energetic, "Happy_Energetic"),
        (is_happy, "Happy_Calm"),
        (is_energetic, "Sad_Energetic"),
        else_="Sad_Calm",
    )
