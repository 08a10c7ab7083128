"""Each genre of a listener year by year: how much of it, and how it sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.columns import FEATURES
from tonearm.gold.measures import feature_means, percent, source_counts, source_shares, with_measured_features
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table


@table(grain=("listener", "genre", "year_local"))
def genre_profiles(listening_with_features: Table) -> Table:
    """Your genres and how they change: each one's share of a year's listens, and its mean features.

    One row per listener, genre and calendar year by the listener's clock. Genres come from the catalogue, so
    ``genre_share_pct`` is out of the listens with a known genre, ``known_listens`` in that year, and
    ``share_change_pct`` is the change from the year before in percentage points (the whole share if the genre was not
    heard then); null for the first year. ``mean_<feature>`` is the genre's centroid: the mean of its listens with
    measured features (real or catalogue), ``n_<feature>`` of them, null for fewer than five.
    """
    listens = with_measured_features(listening_with_features)
    listens = listens.filter(listens.genre.notnull()).mutate(year_local=listens.started_at_local.year().cast("int64"))
    genres = listens.group_by("listener", "genre", "year_local").agg(
        listens=listens.count(),
        tracks=listens.track_id.nunique(),
        artists_heard=listens.artist_id.nunique(),
        listens_with_features=listens.count(where=listens.has_measured),
        **feature_means({f: listens[f].sum() for f in FEATURES}, {f: listens[f].count() for f in FEATURES}),
        **{f"n_{f}": listens[f].count() for f in FEATURES},
        **source_counts(listens),
    )
    years = listens.group_by("listener", "year_local").agg(known_listens=listens.count())
    rows = genres.inner_join(years, ("listener", "year_local"))
    rows = rows.mutate(genre_share_pct=percent(rows.listens, rows.known_listens))
    before = rows.select("listener", "genre", share_before="genre_share_pct", year_local=rows.year_local + 1)
    rows = rows.left_join(before, ("listener", "genre", "year_local"))
    # A year that was listened in, whatever its genres.
    earlier = years.select("listener", has_year_before=ibis.literal(True), year_local=years.year_local + 1)
    rows = rows.drop("listener_right", "genre_right", "year_local_right").left_join(earlier, ("listener", "year_local"))
    change = rows.genre_share_pct - rows.share_before.fill_null(0.0)
    return rows.select(
        *("listener", "genre", "year_local", "listens", "known_listens", "genre_share_pct"),
        share_change_pct=rows.has_year_before.fill_null(False).ifelse(change, None),
        **{name: name for name in ("tracks", "artists_heard", "listens_with_features")},
        **{f"mean_{f}": f"mean_{f}" for f in FEATURES},
        **{f"n_{f}": f"n_{f}" for f in FEATURES},
        **source_shares(rows),
    )
