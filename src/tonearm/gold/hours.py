"""Hours of the day beside one another: each session with the others of its month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.gold.statistics import ENOUGH_UNITS, against

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from tonearm.gold.statistics import Comparison

    Numbers = npt.NDArray[np.float64]

HOURS = 24
COUNTS = ("listens", "listens_with_features", "tracks_with_features")


def compared_in_month(units: ir.Table, *subject: str) -> ir.Table:
    """The units that have another session in their month, with the ``usual`` value: the mean of those others.

    A unit is what a session brings to an hour, with ``value``, ``month`` and ``session_started_at``, for each
    listener and ``subject``. Years of drift and a week's craze are in both sides and so in no difference.
    """
    known = units.filter(units.value.notnull())
    compared = known.mutate(usual=usual_in_month(known, *subject))
    return compared.filter(compared.usual.notnull())


def usual_in_month(units: ir.Table, *subject: str) -> ir.FloatingValue:
    """Mean ``value`` of the other sessions of each unit's month; null where there is no other."""
    import ibis

    month = ("listener", *subject, "month")
    in_month, in_session = (ibis.window(group_by=by) for by in (month, (*month, "session_started_at")))
    others = units.value.count().over(in_month) - units.value.count().over(in_session)
    others_sum = units.value.sum().over(in_month) - units.value.sum().over(in_session)
    # By their number: without another session the two sums need not be equal to the last digit.
    return others_sum / others.cast("float64").nullif(0.0)


def heard_in_hours(listens: ir.Table) -> ir.Table:
    """COUNTS of each listener's hours with a listen; ``listens`` have ``has_measured``."""
    return listens.group_by("listener", "hour_of_day").agg(
        listens=listens.count(),
        listens_with_features=listens.count(where=listens.has_measured),
        tracks_with_features=listens.track_id.nunique(where=listens.has_measured),
    )


def hour_means(units: ir.Table, *subject: str) -> ir.Table:
    """Per listener, hour and subject the units' mean, the usual mean, and the spread of their difference."""
    return units.group_by("listener", "hour_of_day", *subject).agg(
        units=units.count(),
        n=units.n.cast("float64").sum().cast("int64"),
        own_mean=units.value.mean(),
        usual_mean=units.usual.mean(),
        stddev=(units.value - units.usual).std(how="sample"),
    )


def compared(rows: pa.Table, *subject: str) -> Comparison:
    """Each hour's units against the usual, NaN where they are too few, or tracks are, or those of other hours."""
    import numpy as np

    from tonearm.gold.frames import codes, numbers

    units = np.nan_to_num(numbers(rows, "units"))
    of_listener = codes(rows, "listener", *subject)
    stddev = spread(numbers(rows, "stddev"), units, of_listener)
    elsewhere = np.bincount(of_listener, units)[of_listener] - units
    tracks = numbers(rows, "tracks_with_features")
    n = np.where(np.minimum(np.minimum(units, tracks), elsewhere) >= ENOUGH_UNITS, units, np.nan)
    # One track that is all the catalogue knows of an hour, heard every night, says nothing of the hour's music.
    found = against(numbers(rows, "own_mean") - numbers(rows, "usual_mean"), stddev, n)
    return found._replace(effect=np.where(np.isnan(n), np.nan, found.effect))


def spread(stddev: Numbers, units: Numbers, family: npt.NDArray[np.int64]) -> Numbers:
    """The hour's standard deviation, or that within all hours of the family where it is larger.

    Ten sessions that happen to have no sad track at all look certain by their own; the other hours know better.
    """
    import numpy as np

    freedom = np.where(np.isnan(stddev), 0.0, units - 1)
    within = np.bincount(family, freedom * np.nan_to_num(stddev) ** 2)
    all_freedom = np.bincount(family, freedom)
    pooled = np.sqrt(within / np.where(all_freedom > 0, all_freedom, np.nan))
    return np.fmax(stddev, pooled[family])


def in_words(hour: int) -> str:
    """The hour from its beginning to its end, as 22–23 h."""
    return f"{hour}–{hour + 1} h"
