"""Which artists will become core artists within two months."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.gold.predictive.scores import PROVENANCE
from tonearm.silver.first_n import first_n
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table

LISTED = 50


@table(grain=("listener", "rank"))
def artist_breakouts(model_scores: Table, artist_months: Table) -> Table:
    """Which artists are about to become core artists of yours, with at least 20 listens or 1 % of a month's.

    One row per listener and rank, the 50 most probable of the recently heard artists that are not core artists yet.
    ``probability_pct`` is the probability that it happens in one of the two months from ``predicted_for_at``; a
    listener has few core artists, so even the first are seldom above 50 %. ``baseline_pct`` is the prediction of the
    simple rule that the model has to beat, and ``served_by`` which of the two is served. ``listens`` and
    ``months_heard`` count the artist's history so far. Empty until ``tonearm train``.
    """
    own = model_scores.filter((model_scores.model == "breakout") & (model_scores.subject == "artist"))
    so_far = artist_months.group_by("listener", "artist_id").agg(
        artist_name=artist_months.artist_name.max(),
        listens=artist_months.listens.sum(),
        months_heard=artist_months.count(),
        first_heard_month=artist_months.first_heard_month.min(),
    )
    rows = own.inner_join(so_far, ["listener", (own.subject_id, so_far.artist_id)])
    rows = first_n(rows, "listener", (rows.score.desc(), rows.artist_id), LISTED)
    return rows.mutate(rank=rows.place + 1).select(
        *("listener", "rank", "artist_id", "artist_name", "predicted_for_at"),
        probability_pct=100.0 * rows.score,
        baseline_pct=100.0 * rows.baseline_score,
        **{name: name for name in ("listens", "months_heard", "first_heard_month", *PROVENANCE)},
    )
