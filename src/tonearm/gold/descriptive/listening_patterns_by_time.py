"""The week as a listener hears it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.columns import DAY_NAMES, DESCRIBED, FEATURES
from tonearm.gold.measures import feature_means, heard, source_counts, source_shares, with_measured_features
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir


@table(grain=("listener", "day_of_week", "hour_of_day"))
def listening_patterns_by_time(listening_with_features: ir.Table) -> ir.Table:
    """How much you listen, and to what, in each hour of the week.

    One row per listener, day of the week and hour by the listener's clock; an hour of the week without listens has no
    row. Minutes add up the listens with a known listening time, counted in ``timed_listens``; null without any.

    ``mean_<feature>`` is the mean over the listens with measured features (real or catalogue) or those of the artist's
    measured tracks (artist), each listen counting once; ``n_<feature>`` is their number, and the mean is null if they
    are fewer than five. Estimated (imputed) and invented (synthetic) features never enter a mean;
    ``<source>_share_pct`` is the share of the row's listens with features from that source. Whether two hours differ is
    tested in ``mood_time_correlations``.
    """
    listens = with_measured_features(listening_with_features, FEATURES, DESCRIBED)
    hours = listens.group_by("listener", "day_of_week", "hour_of_day").agg(
        part_of_day=listens.part_of_day.max(),
        is_weekend=listens.is_weekend.max(),
        **heard(listens),
        tracks=listens.track_id.nunique(),
        artists_heard=listens.artist_id.nunique(),
        listens_with_features=listens.count(where=listens.has_measured),
        **feature_means({f: listens[f].sum() for f in FEATURES}, {f: listens[f].count() for f in FEATURES}),
        **{f"n_{f}": listens[f].count() for f in FEATURES},
        **source_counts(listens),
    )
    return hours.select(
        "listener",
        "day_of_week",
        hours.day_of_week.cases(*enumerate(DAY_NAMES)).name("day_name"),
        "is_weekend",
        "hour_of_day",
        "part_of_day",
        "listens",
        "minutes",
        "timed_listens",
        "tracks",
        "artists_heard",
        "listens_with_features",
        *(f"mean_{f}" for f in FEATURES),
        *(f"n_{f}" for f in FEATURES),
        **source_shares(hours),
    )
