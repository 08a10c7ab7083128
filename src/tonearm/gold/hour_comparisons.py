"""Comparisons of the hours of the day: each session with the others of its month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tonearm.gold.frames import codes, numbers
from tonearm.gold.measures import total
from tonearm.gold.statistics import ENOUGH_UNITS, against

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy.typing as npt
    import pyarrow as pa

    from tonearm.gold.statistics import Comparison

    Numbers = npt.NDArray[np.float64]

HOURS = 24
COUNTS = ("listens", "listens_with_features", "tracks_with_features")


def compared_in_month(units: ir.Table, *values: str) -> ir.Table:
    """The units with ``usual_…`` of each value: its mean over the other sessions of the unit's month.

    A unit is what a session brings to an hour, with ``month``, ``session_started_at`` and the ``values`` (``value``
    by default), for each listener. Null where a value is not known or no other session of the month has one. Slow
    drift and a week's craze affect both sides and so cancel out.
    """
    values = values or ("value",)
    month, session = ["listener", "month"], ["listener", "month", "session_started_at"]
    # Grouped and joined: windows would sort all units, once for each part of this.
    own = units.group_by(session).agg(
        **{f"sum_{v}": units[v].sum() for v in values}, **{f"n_{v}": units[v].count().cast("float64") for v in values}
    )
    sums = own.drop(session).columns
    whole = own.group_by(month).agg({f"month_{c}": own[c].sum() for c in sums})
    others = own.inner_join(whole, month)
    # By their number: without another session the two sums need not be equal to the last digit.
    usual = {
        f"usual_{v}": (others[f"month_sum_{v}"] - others[f"sum_{v}"])
        / (others[f"month_n_{v}"] - others[f"n_{v}"]).nullif(0.0)
        for v in values
    }
    beside = units.inner_join(others.select(*session, **usual), session).select(*units.columns, *usual)
    return beside.mutate({u: beside[v].notnull().ifelse(beside[u], None) for v, u in zip(values, usual, strict=True)})


def heard_in_hours(listens: ir.Table) -> ir.Table:
    """COUNTS of each listener's hours with a listen; ``listens`` have ``has_measured``."""
    return listens.group_by("listener", "hour_of_day").agg(
        listens=listens.count(),
        listens_with_features=listens.count(where=listens.has_measured),
        tracks_with_features=listens.track_id.nunique(where=listens.has_measured),
    )


def hour_means(units: ir.Table) -> ir.Table:
    """Per listener and hour the :func:`means` of ``value``."""
    return units.group_by("listener", "hour_of_day").agg(means(units, "value", "n"))


def means(units: ir.Table, value: str, n: str) -> dict[str, ir.Value]:
    """Number, listens and mean of the units that have a usual value, the usual mean, and the spread of the difference.

    ``n`` is the column that counts the listens behind each unit.
    """
    usual = units[f"usual_{value}"]
    return {
        "units": usual.count(),
        "n": total(usual.notnull().ifelse(units[n], 0)),
        "own_mean": units[value].mean(where=usual.notnull()),
        "usual_mean": usual.mean(),
        "stddev": (units[value] - usual).std(how="sample"),
    }


def compared(rows: pa.Table, *subject: str) -> Comparison:
    """Each hour's units against the usual, NaN where they are too few, or tracks are, or those of other hours."""
    units = np.nan_to_num(numbers(rows, "units"))
    of_listener = codes(rows, "listener", *subject)
    stddev = spread(numbers(rows, "stddev"), units, of_listener)
    elsewhere = np.bincount(of_listener, units)[of_listener] - units
    tracks = numbers(rows, "tracks_with_features")
    n = np.where(np.minimum(np.minimum(units, tracks), elsewhere) >= ENOUGH_UNITS, units, np.nan)
    # A single known track, heard every night, is not representative of the hour's music.
    found = against(numbers(rows, "own_mean") - numbers(rows, "usual_mean"), stddev, n)
    return found._replace(effect=np.where(np.isnan(n), np.nan, found.effect))


def spread(stddev: Numbers, units: Numbers, family: npt.NDArray[np.int64]) -> Numbers:
    """The hour's standard deviation, or that within all hours of the family where it is larger.

    Ten sessions that happen to have no sad track look certain on their own; the other hours correct that.
    """
    freedom = np.where(np.isnan(stddev), 0.0, units - 1)
    within = np.bincount(family, freedom * np.nan_to_num(stddev) ** 2)
    all_freedom = np.bincount(family, freedom)
    pooled = np.sqrt(within / np.where(all_freedom > 0, all_freedom, np.nan))
    return np.fmax(stddev, pooled[family])


def in_words(hour: int) -> str:
    """The hour from its beginning to its end, as 22–23 h."""
    return f"{hour}–{hour + 1} h"
