"""Listens: one row per real play of music, whichever sources recorded it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.silver.instants import epoch_s, utc
from tonearm.silver.records import IDENTITY, good_listens, records
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Table

SESSION_GAP_MIN = 30.0
"""Minutes of silence that end a session."""

FILLED = (
    "album_name",
    "duration_s",
    "is_skipped",
    "is_shuffle",
    "is_offline",
    "is_incognito",
    "reason_start",
    "reason_end",
    "country",
)
"""Fields that the kept record may take from the other records of its play."""
KEPT = (*IDENTITY, "name_id", "started_at", "listened_s", "source", "precision_s", "client", *FILLED)
# Sorting whole rows is expensive, so the windows over time use only these.
TIMES = (*IDENTITY, "started_at", "listened_s")


@table(grain=("listener", "listen_id"), windowed=True)
def listens(listening_history_bronze: Table, merges: Table) -> Table:
    """Every listen once: one play of music by one listener, at the instant it started.

    When several sources recorded the same play, one record is kept: one with the time heard, then the most
    precise, then the one with the most fields. ``also_seen_in`` names the other sources, and fields that the
    kept record lacks (album, length, skipped, …) are filled in from them. ``ended_at`` is null if no source
    recorded how long the play was heard. ``gap_min`` is the silence since the end of the previous listen (its
    start if the end is unknown); more than 30 minutes start a new session.
    """
    merged = merges.select(*IDENTITY, "listen_id", "kept_source")
    absorbed = merged.filter(merged.record_id != merged.listen_id)
    details, times = (
        records(listening_history_bronze, columns).anti_join(absorbed, IDENTITY).rename(listen_id="record_id")
        for columns in (KEPT, TIMES)
    )
    others = _of_others(good_listens(listening_history_bronze).inner_join(absorbed, IDENTITY))
    rows = details.inner_join(_in_sessions(times), ("listener", "listen_id"))
    shown = merges.filter(merges.record_id == merges.listen_id, merges.shown_name_id.notnull())
    rows = rows.left_join(shown.select("listener", "listen_id", "shown_name_id"), ("listener", "listen_id"))
    rows = rows.mutate(name_id=rows.shown_name_id.coalesce(rows.name_id)).drop("listener_right", "listen_id_right")
    return _completed(rows.left_join(others, ("listener", "listen_id")))


def _completed(rows: Table) -> Table:
    """``rows`` of kept records with missing fields from the other records of the same play."""
    return rows.select(
        *("listener", "listen_id", "started_at", "session_started_at", "gap_min", "name_id"),
        *("listened_s", "source", "precision_s", "client"),
        year=utc(rows.started_at).year().cast("int64"),
        ended_at=rows.started_at + (rows.listened_s * 1e6).round().cast("int64").as_interval("us"),
        **{c: rows[c].coalesce(rows[f"other_{c}"]) for c in FILLED},
        also_seen_in=rows.also_seen_in.nullif(""),
        merged_records=rows.other_records.fill_null(0) + 1,
    )


def _of_others(absorbed: Table) -> Table:
    """Fields of the records that were not kept, by listen."""
    elsewhere = absorbed.source.collect(distinct=True, where=absorbed.source != absorbed.kept_source)
    return absorbed.group_by("listener", "listen_id").aggregate(
        other_records=absorbed.record_id.nunique(),
        also_seen_in=ibis.literal(", ").join(elsewhere.sort()),
        **{f"other_{c}": absorbed[c].max() for c in FILLED},
    )


def _in_sessions(times: Table) -> Table:
    """The silence before each listen and the start of its session."""
    times = times.mutate(at_s=epoch_s(times.started_at))
    order = ibis.window(group_by="listener", order_by=["at_s", "listen_id"])
    ended_s = times.at_s + times.listened_s.fill_null(0.0)
    silence_min = (times.at_s - ended_s.lag().over(order)) / 60
    times = times.mutate(gap_min=(silence_min < 0).ifelse(0.0, silence_min))
    is_opening = times.gap_min.isnull() | (times.gap_min > SESSION_GAP_MIN)
    times = times.mutate(opened_at=ibis.cases((is_opening, times.started_at)))
    so_far = ibis.cumulative_window(group_by="listener", order_by=["at_s", "listen_id"])
    times = times.mutate(session_started_at=times.opened_at.max().over(so_far))
    return times.select("listener", "listen_id", "gap_min", "session_started_at")
