"""How good each version of each model is on held-out data, compared with its baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table

_GRAIN = ("listener", "scope", "model", "model_version", "target", "protocol", "metric")


@table(grain=_GRAIN)
def model_performance_metrics(model_evaluations: Table, listener_clock: Table) -> Table:
    """How reliable the models are: every metric of every version with its interval, compared with a baseline's.

    One row per listener, model, version, target, protocol and metric. ``scope`` is ``everybody`` for metrics over all
    held-out rows, the same for each listener, and ``listener`` for those over the listener's own rows. ``protocol``
    says how the test data was kept separate from the training data. Intervals are 95 %, from resampling whole blocks
    (artists, sessions, days or months); ``gain`` is against the baseline on the same resamples, above 0 is better
    whatever the metric, and ``is_better`` means that its whole interval is. ``is_served`` is true for the version being
    served, ``is_deciding`` for the metric in which a version has to win to be served. Empty until ``tonearm train``.
    """
    listeners = listener_clock.select("listener").distinct()
    everybody = model_evaluations.filter(model_evaluations.listener.isnull()).drop("listener")
    everybody = listeners.cross_join(everybody).mutate(scope=ibis.literal("everybody"))
    own = model_evaluations.filter(model_evaluations.listener.notnull()).mutate(scope=ibis.literal("listener"))
    own = own.semi_join(listeners, "listener")
    columns = (*_GRAIN, *(c for c in model_evaluations.columns if c not in _GRAIN))
    return everybody.select(*columns).union(own.select(*columns))
