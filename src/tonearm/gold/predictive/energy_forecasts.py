"""The energy of what will be heard in each hour of the coming week."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.columns import DAY_NAMES
from tonearm.gold.predictive.scores import PROVENANCE, of_hours
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table


@table(grain=("listener", "predicted_for_at"))
def energy_forecasts(model_scores: Table, listener_clock: Table) -> Table:
    """How energetic your music will be in each hour of the coming week, if you listen then.

    One row per listener and hour, from ``as_of_at``; for a history that has ended, from its end. ``expected_energy``
    comes with a 90 % interval, which should contain the mean energy of nine in ten hours. ``baseline_energy`` is the
    listener's mean so far or the mean of that hour of the day, shrunk towards it, whichever erred less in the weeks
    before; ``served_by`` shows whether ``expected_energy`` comes from the model or from the baseline, which is served
    with an interval of its own if the model did not beat it. Only measured features (real or catalogue) are
    used for training. Empty until ``tonearm train``, and for listeners with too few measured listens.
    """
    hours = of_hours(model_scores, "energy", listener_clock)
    return hours.select(
        *("listener", "predicted_for_at", "predicted_for_local", "day_of_week"),
        hours.day_of_week.cases(*enumerate(DAY_NAMES)).name("day_name"),
        "hour_of_day",
        expected_energy="score",
        expected_energy_low="score_low",
        expected_energy_high="score_high",
        baseline_energy="baseline_score",
        **{name: name for name in PROVENANCE},
    )
