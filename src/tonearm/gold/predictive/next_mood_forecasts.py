"""What the next track will sound like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.gold.predictive.scores import PROVENANCE
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table


@table(grain=("listener", "music_group"))
def next_mood_forecasts(model_scores: Table) -> Table:
    """What your next track will sound like, given your last session.

    One row per listener and group of sound. Groups divide the listener's own measured tracks for this forecast and stay
    fixed within a version of the model; unlike the personas of ``mood_state_clusters`` they need not stand apart.
    ``music_group`` describes what distinguishes one from the listener's other music. ``probability_pct`` is predicted
    from what was heard last, ``baseline_pct`` is how often the listener hears the group overall. ``served_by`` shows
    whether the model or the baseline is served. Empty until ``tonearm train``, and for listeners with fewer than 150
    measured listens.
    """
    own = model_scores.filter((model_scores.model == "next_mood") & (model_scores.subject == "next_track"))
    return own.select(
        "listener",
        music_group="quantity",
        predicted_for_at="predicted_for_at",
        probability_pct=100.0 * own.score,
        baseline_pct=100.0 * own.baseline_score,
        **{name: name for name in PROVENANCE},
    )
