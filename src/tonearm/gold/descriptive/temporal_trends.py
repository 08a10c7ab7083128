"""How listening changes from day to day, week to week, month to month and year to year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import ibis

from tonearm.columns import DESCRIBED, FEATURE_SOURCES
from tonearm.gold.measures import (
    feature_means,
    first_day_of,
    heard,
    percent,
    source_counts,
    source_shares,
    total,
    with_measured_features,
)
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir

Period = Literal["day", "week", "month", "year"]

ROLLING: dict[Period, int] = {"day": 7, "week": 4, "month": 3, "year": 3}
"""How many calendar periods, this one and those before it, a rolling mean spans."""
FOLLOWED = ("valence", "energy", "tempo")
_COUNTS = ("listens", "timed_listens", "new_tracks", "new_artists", "weekend_listens", "listens_with_features")
_SOURCES = tuple(f"{s}_listens" for s in FEATURE_SOURCES)
_ROW = ("listener", "period_type")


@table(grain=("listener", "period_type", "period_start"))
def temporal_trends(listening_with_features: ir.Table) -> ir.Table:
    """How your listening changes: each day, week, month and year compared with the one before.

    One row per listener, period type (day, ISO week from Monday, month, year) and period by the listener's clock. A
    period without listens has no row, but counts as 0 listens in the rolling means and in the comparison with the
    previous period. The latest period may not be over yet.

    ``new_tracks`` and ``new_artists`` were heard for the first time in this history. A rolling mean covers
    ``rolling_periods`` calendar periods up to and including this one (7 days, 4 weeks, 3 months or 3 years), and is
    null until the history is that long. ``change_pct`` compares the listens with those of the previous calendar period,
    and is null if that had none.

    ``mean_valence``, ``mean_energy`` and ``mean_tempo`` are means over the ``n_…`` listens with measured features (real
    or catalogue) or, but for tempo, those of the artist's measured tracks (artist), and null for
    fewer than five; ``<source>_share_pct`` is the share
    of the period's listens with features from that source.
    """
    return _described(_compared(_periods(_days(_with_heard_before(listening_with_features)))))


def _with_heard_before(listening_with_features: ir.Table) -> ir.Table:
    """Adds the local date on which the same track, and the same artist, was heard before, null when never."""
    listens = with_measured_features(listening_with_features, FOLLOWED, DESCRIBED)

    # By date and not by instant: who flies west may hear Tuesday before Monday.
    def before(subject: str) -> ir.DateColumn:
        return listens.local_date.lag().over(ibis.window(group_by=("listener", subject), order_by="local_date"))

    return listens.select(
        *("listener", "local_date", "is_weekend", "listened_s", "has_measured", "feature_source", *FOLLOWED),
        track_before=before("track_id"),
        artist_before=before("artist_id"),
    )


def _days(listens: ir.Table) -> ir.Table:
    """Everything that periods add up, per day.

    A track counts once in a period: on the first day of the period on which it is heard. So the distinct
    tracks of a week are the sum over its days of those heard for the first time in their week.
    """

    def first_in(period: Period, before: ir.DateColumn) -> ir.IntegerScalar:
        is_first = before.isnull() | (before < first_day_of(period, listens.local_date))
        return listens.count(where=is_first)

    return listens.group_by("listener", "local_date").agg(
        **heard(listens),
        **{f"tracks_{p}": first_in(p, listens.track_before) for p in ROLLING},
        **{f"artists_{p}": first_in(p, listens.artist_before) for p in ROLLING},
        new_tracks=listens.count(where=listens.track_before.isnull()),
        new_artists=listens.count(where=listens.artist_before.isnull()),
        weekend_listens=listens.count(where=listens.is_weekend),
        listens_with_features=listens.count(where=listens.has_measured),
        **source_counts(listens),
        **{f"sum_{f}": listens[f].sum() for f in FOLLOWED},
        **{f"n_{f}": listens[f].count() for f in FOLLOWED},
    )


def _periods(days: ir.Table) -> ir.Table:
    """The days' sums per period, and the ``number`` of each period: one more than the period's before."""
    periods = ibis.array(
        [
            ibis.struct(
                {
                    "period_type": period,
                    "period_start": first_day_of(period, days.local_date),
                    "number": _number(period, days.local_date),
                    "tracks": days[f"tracks_{period}"],
                    "artists_heard": days[f"artists_{period}"],
                }
            )
            for period in ROLLING
        ]
    )
    each = days.mutate(period=periods.unnest()).unpack("period")
    counts = (*_COUNTS, "tracks", "artists_heard", *_SOURCES, *(f"n_{f}" for f in FOLLOWED))
    return each.group_by(*_ROW, "period_start", "number").agg(
        days_active=each.count(),
        minutes=each.minutes.sum(),
        **{c: total(each[c]) for c in counts},
        **{f"sum_{f}": each[f"sum_{f}"].sum() for f in FOLLOWED},
    )


def _number(period: Period, date: ir.DateValue) -> ir.IntegerValue:
    """Calendar periods counted through all of time, so that a gap in the numbers is a gap in the listening."""
    if period in ("day", "week"):
        days = date.delta(ibis.date(1970, 1, 5), unit="day")  # a Monday
        return (days if period == "day" else days // 7).cast("int64")
    return (date.year() if period == "year" else 12 * date.year() + date.month()).cast("int64")


def _compared(periods: ir.Table) -> ir.Table:
    """Adds the listens of the calendar period before, and the rolling means."""
    row = ibis.window(group_by=_ROW, order_by="number")
    follows = periods.number.lag().over(row) == periods.number - 1
    is_first = periods.number.lag().over(row).isnull()
    age = periods.number - periods.number.min().over(ibis.window(group_by=_ROW)) + 1
    spans = periods.period_type.cases(*ROLLING.items()).cast("int64")

    def rolling(column: str) -> ir.FloatingColumn:
        def over(span: int) -> ir.FloatingColumn:
            window = ibis.range_window(preceding=span - 1, following=0, group_by=_ROW, order_by="number")
            return periods[column].cast("float64").sum().over(window) / float(span)

        mean = periods.period_type.cases(*((p, over(span)) for p, span in ROLLING.items()))
        return ibis.ifelse(age >= spans, mean, None)

    return periods.mutate(
        listens_before=ibis.cases(
            (is_first, None), (follows, periods.listens.lag().over(row)), else_=ibis.literal(0, "int64")
        ),
        rolling_periods=spans,
        rolling_listens=rolling("listens"),
        rolling_minutes=rolling("minutes"),
        rolling_new_tracks=rolling("new_tracks"),
    )


def _described(periods: ir.Table) -> ir.Table:
    change = periods.listens - periods.listens_before
    return periods.select(
        *(*_ROW, "period_start", "days_active", "listens", "minutes", "timed_listens"),
        *("tracks", "artists_heard", "new_tracks", "new_artists", "weekend_listens"),
        percent(periods.weekend_listens, periods.listens).name("weekend_share_pct"),
        "listens_before",
        percent(change, periods.listens_before).name("change_pct"),
        *("rolling_periods", "rolling_listens", "rolling_minutes", "rolling_new_tracks"),
        "listens_with_features",
        **feature_means(*({f: periods[f"{of}_{f}"] for f in FOLLOWED} for of in ("sum", "n"))),
        **{f"n_{f}": f"n_{f}" for f in FOLLOWED},
        **source_shares(periods),
    )
