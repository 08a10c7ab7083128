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

    One row per listen of a track that a model could score. Where the track's own sound was measured, the model is
    ``mood``: it predicts from the features other than valence and energy, by trees that saw no track of the artist, and
    ``actual_mood`` is the measured one. Where the mood is unknown, the model is ``imputation``, which estimates the
    sound from the artist, the genre and the company that the track keeps; ``actual_mood`` is null. A track of which
    only the names are known has no row.

    ``predicted_mood`` is the most probable mood (the first in the usual order if several are); ``probability_pct`` is
    its probability and ``<mood>_pct`` that of each mood. Below 80 % ``listening_with_features`` does not take an
    estimated mood for the track's. ``served_by`` is ``baseline`` if the model did not beat the frequencies of the
    moods. Empty until ``tonearm train``.
    """
    scored = _classified(model_scores)
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


def _classified(model_scores: Table) -> Table:
    """Each track's probabilities by the model that knows its sound, else by the one that estimates it."""
    by_sound, by_estimate = (of_tracks(model_scores, name, MOODS) for name in ("mood", "imputation"))
    scored = by_sound.union(by_estimate.anti_join(by_sound, "track_id"))
    scored = scored.filter(ibis.and_(*(scored[mood].notnull() for mood in MOODS)))
    best = ibis.greatest(*(scored[mood] for mood in MOODS))
    return scored.mutate(
        predicted_mood=ibis.cases(*((scored[mood] >= best, mood) for mood in MOODS)),
        probability_pct=100.0 * best,
        **{f"{mood.lower()}_pct": 100.0 * scored[mood] for mood in MOODS},
    )
