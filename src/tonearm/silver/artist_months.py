"""Artist-months: a listener's listens to each artist by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.silver.instants import seconds_between
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import DateColumn, IntegerColumn, Table

ARTIST = ("listener", "artist_id")
BY_MONTH = (*ARTIST, "month")
DAY_S = 86_400


@table(grain=("listener", "artist_id", "month"))
def artist_months(listening_with_features: Table) -> Table:
    """Every artist in every month in which the listener heard them; months are in the listener's local time.

    ``new_tracks`` counts the artist's tracks that the listener had never heard before. ``share_pct`` is the
    artist's share of the listener's ``total_listens`` in the month. ``last_listen_gap_days`` is the time from the
    last listen to the end of the month. Months without listens have no row.
    """
    heard = listening_with_features.mutate(month=lambda t: t.started_at_local.truncate("M").date())
    tracks = _of_tracks(heard)
    first = tracks.group_by(*ARTIST, "track_id").aggregate(month=tracks.month.min())
    new = first.group_by(BY_MONTH).aggregate(new_tracks=first.count())
    artists = first.group_by(ARTIST).aggregate(first_heard_month=first.month.min())
    rows = _added_up(tracks)
    totals = rows.group_by("listener", "month").aggregate(total_listens=rows.listens.sum())
    rows = rows.inner_join(_of_days(heard), BY_MONTH).left_join(new, BY_MONTH)
    rows = rows.drop(c for c in rows.columns if c.endswith("_right"))
    rows = rows.inner_join(totals, ("listener", "month")).inner_join(artists, ARTIST)
    # An artist has one name; texts in the groups of millions of tracks would be held in memory.
    names = heard.group_by("artist_id").aggregate(artist_name=heard.artist_name.max())
    rows = rows.inner_join(names, "artist_id")
    month_end = (rows.month + ibis.interval(months=1)).cast("timestamp(6)")
    return rows.select(
        *(*BY_MONTH, "artist_name", "listens", "timed_listens", "minutes", "tracks", "days_active"),
        "total_listens",
        "first_heard_month",
        new_tracks=rows.new_tracks.fill_null(0),
        share_pct=100 * rows.listens.cast("float64") / rows.total_listens,
        months_since_first_heard=_index(rows.month) - _index(rows.first_heard_month),
        last_listen_gap_days=seconds_between(rows.last_at, month_end) / DAY_S,
    )


def _of_tracks(heard: Table) -> Table:
    """Each track of each artist-month, so that distinct tracks are counted without reading the listens again."""
    return heard.group_by(*ARTIST, "track_id", "month").aggregate(
        listens=heard.count(),
        timed_listens=heard.listened_s.count(),
        listened_s=heard.listened_s.sum(),
        last_at=heard.started_at_local.max(),
    )


def _added_up(tracks: Table) -> Table:
    return tracks.group_by(BY_MONTH).aggregate(
        listens=tracks.listens.sum(),
        timed_listens=tracks.timed_listens.sum(),
        minutes=tracks.listened_s.sum() / 60,
        tracks=tracks.count(),
        last_at=tracks.last_at.max(),
    )


def _of_days(heard: Table) -> Table:
    days = heard.select(*BY_MONTH, "local_date").distinct()
    return days.group_by(BY_MONTH).aggregate(days_active=days.count())


def _index(month: DateColumn) -> IntegerColumn:
    """Number of the month, counted across years."""
    return (12 * month.year() + month.month()).cast("int64")
