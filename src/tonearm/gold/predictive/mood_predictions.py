"""How positive music sounds: predictions for the coming hours, and for listens whose track was not in training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.gold.measures import with_measured_features
from tonearm.gold.predictive.scores import PROVENANCE, of_hours, of_tracks
from tonearm.silver.first_n import first_n
from tonearm.silver.instants import epoch_s
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table

LATEST = 1_000
"""Listens of each listener whose prediction is compared with the measured value."""
HOUR_S = 3600
_VALUES = ("expected_valence", "expected_valence_low", "expected_valence_high", "baseline_valence", "actual_valence")
_COLUMNS = ("listener", "slot", "slot_id", "predicted_for_at", *_VALUES, *PROVENANCE)


@table(grain=("listener", "slot", "slot_id"))
def mood_predictions(model_scores: Table, listening_with_features: Table, listener_clock: Table) -> Table:
    """How positive your music is predicted to sound: each hour of the coming week, and your latest listens as a check.

    One row per listener and slot. A ``slot`` of kind ``coming_hour`` is an hour of the coming week
    (``energy_forecast``: what will be heard, if anything); one of kind ``listen`` is one of the latest 1,000 listens of
    tracks that the model ``mood`` scored without training on anything by their artist, so that ``actual_valence``, if
    measured, is a fair test. ``expected_valence`` comes with a 90 % interval. ``baseline_valence`` is the baseline to
    beat: the listener's mean or that of the hour, or a ridge regression on the other measured features. ``served_by``
    shows whether the model or the baseline is served. Empty until ``tonearm train``.
    """
    hours = of_hours(model_scores, "valence", listener_clock)
    coming = hours.mutate(
        slot=ibis.literal("coming_hour"),
        slot_id=(epoch_s(hours.predicted_for_at) / HOUR_S).floor().cast("int64"),
        expected_valence=hours.score,
        expected_valence_low=hours.score_low,
        expected_valence_high=hours.score_high,
        baseline_valence=hours.baseline_score,
        actual_valence=hours.actual,
    )
    return coming.select(*_COLUMNS).union(_latest_listens(model_scores, listening_with_features).select(*_COLUMNS))


def _latest_listens(model_scores: Table, listening_with_features: Table) -> Table:
    listens = with_measured_features(listening_with_features, ("valence",))
    listens = listens.select("listener", "listen_id", "started_at", "track_id", actual_valence="valence")
    rows = listens.inner_join(of_tracks(model_scores, "mood", ("valence",)), "track_id")
    rows = first_n(rows, "listener", (rows.started_at.desc(), rows.listen_id), LATEST)
    return rows.mutate(
        slot=ibis.literal("listen"),
        slot_id=rows.listen_id,
        predicted_for_at=rows.started_at,
        expected_valence=rows.valence,
        expected_valence_low=rows.score_low,
        expected_valence_high=rows.score_high,
        baseline_valence=rows.baseline_score,
    )
