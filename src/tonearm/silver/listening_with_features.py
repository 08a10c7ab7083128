"""Listens with local time, track, features and mood: the table that almost all others are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.columns import FEATURES
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import IntegerColumn, StringColumn, Table

SATURDAY = 5
LISTEN_COLUMNS = (
    *("listener", "listen_id", "started_at", "ended_at", "year"),
    *("started_at_local", "local_date", "hour_of_day", "day_of_week", "part_of_day", "is_weekend"),
    *("session_started_at", "gap_min", "track_id", "artist_id", "artist_name", "track_name", "album_name"),
    *("genre", "listened_s", "duration_s", "is_skipped", "is_shuffle", "is_offline", "is_incognito"),
    *("country", "client", "source", "also_seen_in", "merged_records", *FEATURES, "feature_source", "mood"),
)


@table(grain=("listener", "listen_id"), windowed=True, references={"track_id": "tracks"})
def listening_with_features(listens: Table, track_identities: Table, tracks: Table, listener_clock: Table) -> Table:
    """Every listen with the listener's local time, its track, the track's audio features and mood.

    Local columns use the listener's time zone at that time. ``feature_source`` is where the features come from;
    features are null for tracks without any, and ``mood`` for those and where it is not sure enough (see ``tracks``).
    """
    rows = _with_local_time(listens, listener_clock)
    rows = rows.left_join(track_identities.select("name_id", "track_id"), "name_id")
    rows = rows.left_join(_described(tracks), "track_id")
    return rows.mutate(
        part_of_day=part_of_day(rows.hour_of_day),
        is_weekend=rows.day_of_week >= SATURDAY,
        duration_s=rows.duration_s.coalesce(rows.track_duration_s),
    ).select(*LISTEN_COLUMNS)


def part_of_day(hour: IntegerColumn) -> StringColumn:
    """night 0–5, morning 6–11, afternoon 12–17, evening 18–23."""
    return ibis.cases((hour < 6, "night"), (hour < 12, "morning"), (hour < 18, "afternoon"), else_="evening")


def _with_local_time(listens: Table, clock: Table) -> Table:
    """``listens`` with the listener's local time."""
    spans = clock.select("listener", "year", "from_at", "until_at", "utc_offset_s")
    is_within = (listens.started_at >= spans.from_at, listens.started_at < spans.until_at)
    # A left join, here and above: a listen without a clock or a track must fail the checks, not vanish.
    rows = listens.left_join(spans, ["listener", "year", *is_within])
    local = (rows.started_at + rows.utc_offset_s.as_interval("s")).cast("timestamp(6)")
    rows = rows.mutate(started_at_local=local)
    return rows.mutate(
        local_date=rows.started_at_local.date(),
        hour_of_day=rows.started_at_local.hour().cast("int64"),
        day_of_week=rows.started_at_local.day_of_week.index().cast("int64"),
    )


def _described(tracks: Table) -> Table:
    return tracks.select(
        *("track_id", "artist_id", "artist_name", "track_name", "genre", *FEATURES, "feature_source", "mood"),
        track_duration_s="duration_s",
    )
