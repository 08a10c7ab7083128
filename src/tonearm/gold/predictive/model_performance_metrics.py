"""How good each version of each model is on what it was not trained on, beside its baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table

_GRAIN = ("listener", "scope", "model", "model_version", "target", "protocol", "metric")


@table(grain=_GRAIN)
def model_performance_metrics(model_evaluations: Table, listener_clock: Table) -> Table:
    """Whether to believe the models: every metric of every version with its interval, beside a baseline's.

    One row per listener, model, version, target, protocol and metric. A ``scope`` of ``everybody`` is over all rows
    that were held out, and the same for each listener; ``listener`` is over the listener's own. ``protocol`` says
    how what a model is tested on was kept from it. Intervals are 95 % and by drawing whole blocks anew (artists,
    sessions, days or months); ``gain`` is against the baseline on the same draws, above 0 better whatever the
    metric, and ``is_better`` where all of its interval is. ``is_served`` is true of the version that answers now,
    ``is_deciding`` of the metric by which a version had to win to be served. Empty until ``tonearm train``.
    """
    listeners = listener_clock.select("listener").distinct()
    everybody = model_evaluations.filter(model_evaluations.listener.isnull()).drop("listener")
    everybody = listeners.cross_join(everybody).mutate(scope=ibis.literal("everybody"))
    own = model_evaluations.filter(model_evaluations.listener.notnull()).mutate(scope=ibis.literal("listener"))
    own = own.semi_join(listeners, "listener")
    columns = (*_GRAIN, *(c for c in model_evaluations.columns if c not in _GRAIN))
    return everybody.select(*columns).union(own.select(*columns))
