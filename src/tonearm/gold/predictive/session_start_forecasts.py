"""In which of the coming hours a session will start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.columns import DAY_NAMES
from tonearm.gold.predictive.scores import PROVENANCE, of_hours
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table

HORIZONS = ("day_ahead", "hour_ahead")


@table(grain=("listener", "horizon", "predicted_for_at"))
def session_start_forecasts(model_scores: Table, listener_clock: Table) -> Table:
    """How likely you are to start listening in each of the coming hours.

    One row per listener, horizon and hour: the coming 24 hours predicted a day ahead (``day_ahead``), and the next hour
    with everything heard so far (``hour_ahead``). A session starts after half an hour of silence. ``probability_pct``
    comes from the model or, if ``served_by`` says so, from the baseline, which is always in ``baseline_pct``: the
    best so far of a constant rate and three frequencies of the hour, weighted towards recent days. Empty until
    ``tonearm train``.
    """
    horizons = [
        of_hours(model_scores, f"session_start_{horizon}", listener_clock).mutate(horizon=ibis.literal(horizon))
        for horizon in HORIZONS
    ]
    hours = horizons[0].union(horizons[1])
    return hours.select(
        *("listener", "horizon", "predicted_for_at", "predicted_for_local", "day_of_week"),
        hours.day_of_week.cases(*enumerate(DAY_NAMES)).name("day_name"),
        "hour_of_day",
        probability_pct=100.0 * hours.score,
        baseline_pct=100.0 * hours.baseline_score,
        **{name: name for name in PROVENANCE},
    )
