"""Measures shared by several gold tables, so that they are counted the same way everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import ibis

from tonearm.columns import FEATURE_SOURCES, FEATURES, MEASURED

if TYPE_CHECKING:
    import ibis.expr.types as ir


def heard(listens: ir.Table) -> dict[str, ir.Value]:
    """Number of listens, minutes heard (null if no listen has a time), and how many have a known listening time."""
    return {
        "listens": listens.count(),
        "minutes": listens.listened_s.sum() / 60.0,
        "timed_listens": listens.listened_s.count(),
    }


def numbered(listeners: ir.Table) -> ir.Table:
    """``listeners``, a row each, with a number (``who``) that stands for the name.

    Millions of rows are sorted and joined by a number several times as fast as by a name.
    """
    return listeners.mutate(who=ibis.row_number().over(ibis.window(order_by="listener")).cast("int64"))


def with_measured_features(
    listens: ir.Table, features: Iterable[str] = FEATURES, sources: Sequence[str] = MEASURED
) -> ir.Table:
    """The same rows with ``has_measured``, and ``features`` null where they come from none of the ``sources``."""
    marked = listens.mutate(has_measured=listens.feature_source.isin(sources).fill_null(False))
    return marked.mutate({f: marked.has_measured.ifelse(marked[f], None) for f in features})


FEWEST_LISTENS = 5
"""Below so many a mean says more about the tracks than about the hour, the month or the genre."""


def feature_means(sums: Mapping[str, ir.NumericValue], counts: Mapping[str, ir.IntegerValue]) -> dict[str, ir.Value]:
    """``mean_<feature>`` from each feature's sum and number of listens, null for fewer than FEWEST_LISTENS."""
    return {
        f"mean_{f}": (counts[f] >= FEWEST_LISTENS).ifelse(total / counts[f].cast("float64").nullif(0.0), None)
        for f, total in sums.items()
    }


def source_counts(listens: ir.Table) -> dict[str, ir.Value]:
    """How many rows have features from each source, as ``<source>_listens``."""
    return {f"{s}_listens": listens.count(where=listens.feature_source == s) for s in FEATURE_SOURCES}


def source_shares(counted: ir.Table) -> dict[str, ir.Value]:
    """The counts of :func:`source_counts` as shares of ``listens``, as ``<source>_share_pct``."""
    return {f"{s}_share_pct": percent(counted[f"{s}_listens"], counted.listens) for s in FEATURE_SOURCES}


def percent(part: ir.NumericValue, whole: ir.NumericValue) -> ir.FloatingValue:
    """``part`` of ``whole`` in percent; null when ``whole`` is 0."""
    # Spark divides integers into decimals, and by zero into an exception.
    return 100.0 * part.cast("float64") / whole.cast("float64").nullif(0.0)


def total(counts: ir.IntegerValue) -> ir.IntegerScalar:
    """Sum of counts, as int64; exact up to 2^53."""
    # DuckDB sums integers into 128 bits, and Ibis leaves out a cast to the type it takes the sum to have.
    return counts.cast("float64").sum().cast("int64")


def first_day_of(period: Literal["day", "week", "month", "year"], date: ir.DateValue) -> ir.DateValue:
    """``date`` itself, or the first day of the ISO week, the month or the year that it is in."""
    if period == "day":
        return date
    if period == "week":
        # Truncating a date makes a timestamp of it on DuckDB, which Ibis still takes for a date.
        return date.cast("timestamp").truncate("W").date()
    return ibis.date(date.year(), date.month() if period == "month" else 1, 1)
