"""How the music a listener hears is spread over each audio feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.columns import FEATURE_SOURCES, FEATURES
from tonearm.gold.measures import percent, total, with_measured_features
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir

PERCENTILES = {"p05": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95}


@table(grain=("listener", "feature", "weighted_by"))
def audio_feature_distributions(listening_with_features: ir.Table) -> ir.Table:
    """What your music is like: the spread of each audio feature, by listens and by tracks.

    One row per listener, feature and weighting: ``listens`` counts a track as often as it was heard,
    ``tracks`` counts it once. Only measured features (real and catalogue) count, ``n`` of them; a listener or
    a feature without any has no row. ``<source>_share_pct`` says what share of all the listener's listens (or
    tracks) has features from which source.

    A percentile p is the smallest value for which at least p % of the listens (or tracks) are as small, so
    it is always a value that was heard. ``stddev`` is the sample's, null when n is 1.
    """
    tracks = _tracks(listening_with_features)
    spread = _spread(_with_cumulative_weight(_weighted_values(tracks)))
    return spread.inner_join(_shares(tracks), ["listener", "weighted_by"]).select(
        "listener",
        "feature",
        "weighted_by",
        "n",
        "mean",
        "stddev",
        "min",
        *PERCENTILES,
        "max",
        *(f"{s}_share_pct" for s in FEATURE_SOURCES),
    )


def _tracks(listening_with_features: ir.Table) -> ir.Table:
    """Each listener's tracks with their listens, source and measured features."""
    listens = with_measured_features(listening_with_features)
    return listens.group_by("listener", "track_id").agg(
        listens=listens.count(),
        feature_source=listens.feature_source.max(),
        **{f: listens[f].max() for f in FEATURES},
    )


def _weighted_values(tracks: ir.Table) -> ir.Table:
    """How often each value of each feature counts under each weighting."""
    import ibis

    features = ibis.array([ibis.struct({"feature": f, "value": tracks[f]}) for f in FEATURES])
    each = tracks.select("listener", "listens", one=features.unnest()).unpack("one")
    each = each.filter(each.value.notnull())
    # Measured values have three or four digits, so that many tracks share one.
    values = each.group_by("listener", "feature", "value").agg(listens=total(each.listens), tracks=each.count())
    weights = ibis.array([ibis.struct({"weighted_by": w, "weight": values[w]}) for w in ("listens", "tracks")])
    return values.select("listener", "feature", "value", one=weights.unnest()).unpack("one")


def _with_cumulative_weight(values: ir.Table) -> ir.Table:
    """Adds the weight up to and with each value, and the whole row's n and mean."""
    import ibis

    row = ("listener", "feature", "weighted_by")
    whole = values.group_by(*row).agg(
        n=total(values.weight),
        mean=(values.value * values.weight).sum() / values.weight.cast("float64").sum(),
    )
    up_to_here = ibis.cumulative_window(group_by=row, order_by="value")
    counted = values.mutate(cumulative=values.weight.sum().over(up_to_here))
    return counted.inner_join(whole, row)


def _spread(values: ir.Table) -> ir.Table:
    squares = (values.weight * (values.value - values["mean"]) ** 2).sum()
    return values.group_by("listener", "feature", "weighted_by", "n", "mean").agg(
        stddev=(squares / (values.n.max() - 1).cast("float64").nullif(0.0)).sqrt(),
        min=values.value.min(),
        max=values.value.max(),
        # In whole numbers, so that no rounding moves a percentile to its neighbour.
        **{p: values.value.min(where=100 * values.cumulative >= k * values.n) for p, k in PERCENTILES.items()},
    )


def _shares(tracks: ir.Table) -> ir.Table:
    """Share of each feature source in all of a listener's listens, and in all of the tracks."""
    import ibis

    weights = ibis.array(
        [
            ibis.struct({"weighted_by": "listens", "weight": tracks.listens}),
            ibis.struct({"weighted_by": "tracks", "weight": ibis.literal(1, "int64")}),
        ]
    )
    each = tracks.select("listener", "feature_source", one=weights.unnest()).unpack("one")
    return each.group_by("listener", "weighted_by").agg(
        {
            f"{s}_share_pct": percent(each.weight.sum(where=each.feature_source == s).fill_null(0), each.weight.sum())
            for s in FEATURE_SOURCES
        }
    )
