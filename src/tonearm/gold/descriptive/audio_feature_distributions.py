"""The distribution of each audio feature in the music a listener hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.columns import FEATURE_SOURCES, FEATURES
from tonearm.gold.measures import numbered, source_counts, source_shares, with_measured_features
from tonearm.table import table

if TYPE_CHECKING:
    import ibis.expr.types as ir

PERCENTILES = {"p05": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95}


@table(grain=("listener", "feature", "weighted_by"))
def audio_feature_distributions(listening_with_features: ir.Table) -> ir.Table:
    """What your music is like: the distribution of each audio feature, by listens and by tracks.

    One row per listener, feature and weighting: ``listens`` counts a track each time it was heard, ``tracks`` counts it
    once. Only measured features (real and catalogue) are used, ``n`` of them; a listener or a feature without any has
    no row. ``<source>_share_pct`` is the share of all the listener's listens (or tracks) with features from that
    source.

    A percentile p is the smallest value that at least p % of the listens (or tracks) do not exceed, so it is always a
    value that was heard. ``stddev`` is that of the sample, null when n is 1.
    """
    listens = with_measured_features(listening_with_features)
    tracks = _tracks(listens)
    spread = _spread(listens).mutate(weighted_by=ibis.literal("listens"))
    spread = spread.union(_spread(tracks).mutate(weighted_by=ibis.literal("tracks")))
    return spread.inner_join(_percentiles(tracks), ["listener", "feature", "weighted_by"]).select(
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


def _tracks(listens: ir.Table) -> ir.Table:
    """Each listener's tracks with their listens, source and measured features."""
    return listens.group_by("listener", "track_id").agg(
        listens=listens.count().cast("float64"),
        feature_source=listens.feature_source.max(),
        **{f: listens[f].max() for f in FEATURES},
    )


def _spread(rows: ir.Table) -> ir.Table:
    """What the rows of each listener, listens or tracks, have of each feature, and where it is from."""
    wide = rows.group_by("listener").agg(
        listens=rows.count(),
        **source_counts(rows),
        **{f"{part}_{f}": value for f in FEATURES for part, value in _summary(rows[f]).items()},
    )
    wide = wide.mutate(source_shares(wide))
    shares = {f"{s}_share_pct": wide[f"{s}_share_pct"] for s in FEATURE_SOURCES}
    each = [ibis.struct({"feature": f, **{part: wide[f"{part}_{f}"] for part in _summary(rows[f])}}) for f in FEATURES]
    return wide.select("listener", *shares, one=ibis.array(each).unnest()).unpack("one")


def _summary(value: ir.FloatingColumn) -> dict[str, ir.Value]:
    return {
        "n": value.count(),
        "mean": value.mean(),
        "stddev": value.std(how="sample"),
        "min": value.min(),
        "max": value.max(),
    }


def _percentiles(tracks: ir.Table) -> ir.Table:
    """The percentiles of each listener and feature, under both weightings."""
    row = ("who", "number")
    listeners = numbered(tracks.select("listener").distinct())
    values = ibis.array([ibis.struct({"number": n, "value": tracks[f]}) for n, f in enumerate(FEATURES)])
    each = tracks.mutate(one=values.unnest()).inner_join(listeners, "listener").select("who", "listens", "one")
    each = each.unpack("one")
    each = each.filter(each.value.notnull())
    whole = each.group_by(*row).agg(all_listens=each.listens.sum(), all_tracks=each.count().cast("float64"))
    up_to_here = ibis.cumulative_window(group_by=row, order_by="value")
    # Of tracks with the same value, whichever comes first: the value is what is asked for.
    counted = each.mutate(
        listens_up_to=each.listens.sum().over(up_to_here),
        tracks_up_to=each.value.count().over(up_to_here).cast("float64"),
    )
    counted = counted.inner_join(whole, row)
    # In whole numbers, so that no rounding moves a percentile to its neighbour.
    wide = counted.group_by(*row).agg(
        {
            f"{p}_{w}": counted.value.min(where=100.0 * counted[f"{w}_up_to"] >= k * counted[f"all_{w}"])
            for p, k in PERCENTILES.items()
            for w in _WEIGHTINGS
        }
    )
    weightings = [ibis.struct({"weighted_by": w, **{p: wide[f"{p}_{w}"] for p in PERCENTILES}}) for w in _WEIGHTINGS]
    named = wide.inner_join(listeners, "who").mutate(feature=ibis.array(list(FEATURES))[wide.number])
    return named.select("listener", "feature", one=ibis.array(weightings).unnest()).unpack("one")


_WEIGHTINGS = ("listens", "tracks")
