"""The predicted mood of each listen, with the probability of every mood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.columns import MEASURED, MOODS
from tonearm.gold.predictive.scores import PROVENANCE, of_tracks
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table


@table(grain=("listener", "listen_id"))
def mood_classifications(model_scores: Table, listening_with_features: Table) -> Table:
    """The predicted mood of each listen, with the probability of every mood and the measured one.

    One row per listen of a track that the model ``mood`` could score. ``predicted_mood`` is the most probable mood (the
    first in the usual order if several are); ``probability_pct`` is its probability and ``<mood>_pct`` that of each
    mood. ``actual_mood`` is from measured valence and energy, null if the track's features were not measured. No track
    by the same artist was used to train the model that scores a track. ``served_by`` is ``baseline`` if the model did
    not beat the frequencies of the moods. Empty until ``tonearm train``.
    """
    scored = of_tracks(model_scores, "mood", MOODS)
    scored = scored.filter(ibis.and_(*(scored[mood].notnull() for mood in MOODS)))
    best = ibis.greatest(*(scored[mood] for mood in MOODS))
    scored = scored.mutate(
        predicted_mood=ibis.cases(*((scored[mood] >= best, mood) for mood in MOODS)),
        probability_pct=100.0 * best,
        **{f"{mood.lower()}_pct": 100.0 * scored[mood] for mood in MOODS},
    )
    listens = listening_with_features.select(
        "listener", "listen_id", "started_at", "track_id", "mood", "feature_source"
    )
    is_measured = listens.feature_source.isin(MEASURED).fill_null(False)
    listens = listens.mutate(actual_mood=is_measured.ifelse(listens.mood, None)).drop("mood", "feature_source")
    rows = listens.inner_join(scored, "track_id")
    return rows.select(
        *("listener", "listen_id", "started_at", "track_id", "predicted_mood", "probability_pct"),
        *(f"{mood.lower()}_pct" for mood in MOODS),
        "actual_mood",
        *PROVENANCE,
    )
