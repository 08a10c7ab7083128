"""Scores of the models by subject, for the predictive tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tonearm.silver.instants import utc

if TYPE_CHECKING:
    from ibis.expr.types import Table

PROVENANCE = ("model", "model_version", "served_by", "as_of_at")
"""Which version made the prediction, whether it or its baseline is served, and as of when."""


def of_tracks(model_scores: Table, model: str, quantities: Sequence[str]) -> Table:
    """One row for each track that ``model`` scored: a column for each quantity, and of the first its interval."""
    own = model_scores.filter((model_scores.model == model) & (model_scores.subject == "track"))
    first = own.quantity == quantities[0]
    return own.group_by(track_id="subject_id").agg(
        **{name: own[name].max() for name in PROVENANCE},
        **{q: own.score.max(where=own.quantity == q) for q in quantities},
        score_low=own.score_low.max(where=first),
        score_high=own.score_high.max(where=first),
        baseline_score=own.baseline_score.max(where=first),
    )


def of_hours(model_scores: Table, quantity: str, listener_clock: Table) -> Table:
    """The hours for which ``quantity`` is predicted, by the listener's clock."""
    own = model_scores.filter((model_scores.subject == "hour") & (model_scores.quantity == quantity))
    spans = listener_clock.select("listener", "from_at", "until_at", "utc_offset_s")
    is_within = (own.predicted_for_at >= spans.from_at, own.predicted_for_at < spans.until_at)
    rows = own.inner_join(spans, ["listener", *is_within])
    local = (utc(rows.predicted_for_at) + rows.utc_offset_s.as_interval("s")).cast("timestamp(6)")
    rows = rows.mutate(predicted_for_local=local)
    return rows.mutate(
        day_of_week=rows.predicted_for_local.day_of_week.index().cast("int64"),
        hour_of_day=rows.predicted_for_local.hour().cast("int64"),
    )
