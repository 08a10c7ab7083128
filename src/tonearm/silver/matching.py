"""Which records of several sources are one and the same play.

The starts of one play differ between sources: a scrobbler's clock and network lag, a minute's precision, and
pauses, because a source that reports the end of a play and the seconds heard puts the start too late by the
time paused. Records of one listener and one track are therefore laid out by time and cut into *runs*: where
the distance is beyond what lag, precision and pause explain, and between neighbours of the same teller, which
are two plays. Inside a run the k-th record of each teller is the k-th play.

A *teller* is a source at one precision: the same scrobbles exported to the second by one tool and to the minute
by another are as good as two sources. Two records of one teller, one track and one instant are one play that
was exported again after its album or ids had been edited; nobody starts a track twice at once.

On a real history made into two exports with offsets of 1–60 s either way, 5 % missing on both sides and short
restarts, 99.97 % of the pairs are found and 99.97 % of what is found is right (99.9 % where one source tells
minutes, and with tracks played over and over). Numbering without the cuts between neighbours finds 99.7 % at
minute precision and counts plays twice; pairing mutually nearest records needs several rounds for the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.silver.instants import epoch_s
from tonearm.silver.records import IDENTITY, good_listens, records, told_count
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Column, Table

LAG_S = 60.0
"""The largest difference seen between services for one play: 54 s in reports, 60 s with a little room."""
PAUSE_S = 45.0
"""Pauses inside a play that are still taken for the same play; a track's second play starts later."""
FRAGMENT_S = 30.0
"""Below this no scrobbler records a play, so a fragment is only ever the same as another fragment."""

TRACK = ("listener", "track_id", "is_fragment")
BY_TIME = ("at_s", "teller", "record_id")


@table(grain=("listener", "record_id"), windowed=True)
def merges(listening_history_bronze: Table, track_identities: Table) -> Table:
    """Records that share their listen with others, and which listen that is.

    A listen's ``listen_id`` is the ``record_id`` of the record that was kept: the one that says how long the
    play was heard, else the most exact, else the one that tells most. ``apart_s`` is how much later than the
    kept record's the start of a record is. A record that is a listen of its own is not here.
    """
    plays = _numbered(_runs(_compared(listening_history_bronze, track_identities)))
    best = [plays.is_timed.desc(), plays.precision_s, plays.told.desc(), plays.source, plays.record_id]
    one_play = ibis.window(group_by=[*TRACK, "run", "play"], order_by=best)
    kept = ("record_id", "source", "at_s", "precision_s", "is_end")
    plays = plays.mutate(**{f"kept_{c}": plays[c].first().over(one_play) for c in kept})
    plays = plays.filter((plays.record_id == plays.kept_record_id) | _agrees_with_kept(plays))
    together = ibis.window(group_by=["listener", "kept_record_id"])
    plays = plays.mutate(merged_records=plays.count().over(together))
    plays = plays.filter(plays.merged_records > 1)
    return plays.select(
        *("listener", "record_id", "source", "started_at", "kept_source"),
        listen_id="kept_record_id",
        apart_s=plays.at_s - plays.kept_at_s,
    )


def explain_merges(listening_history_bronze: Table, track_identities: Table) -> Table:
    """Every record of every listen that several records tell of, so that a person can judge the merge.

    Grain: listener, record_id. ``apart_s`` is how much later than the kept record's its start is.
    """
    merged = merges(listening_history_bronze, track_identities).select(*IDENTITY, "listen_id", "apart_s")
    columns = (*IDENTITY, "source", "started_at", "artist_name", "track_name")
    told = records(listening_history_bronze.semi_join(merged, IDENTITY), columns).inner_join(merged, IDENTITY)
    return told.select(
        *("listener", "listen_id", "record_id", "source", "started_at", "apart_s", "artist_name", "track_name"),
        is_kept=told.record_id == told.listen_id,
    )


def _comparable(history: Table) -> Table:
    """Rows that could share a play with another record: all of a listener with several sources, else only
    those at the very instant of another."""
    good = good_listens(history).select(*IDENTITY, "source", "precision_s", "started_at")
    sources = good.group_by("listener").aggregate(
        low=good.source.min(), high=good.source.max(), sharpest=good.precision_s.min(), dullest=good.precision_s.max()
    )
    several = sources.filter((sources.low < sources.high) | (sources.sharpest < sources.dullest))
    instant = ("listener", "started_at")
    records_of = good.group_by(instant).aggregate(low=good.record_id.min(), high=good.record_id.max())
    crowded = records_of.filter(records_of.low < records_of.high)
    return good_listens(history.semi_join(several, "listener")).union(
        good_listens(history.anti_join(several, "listener").semi_join(crowded, instant))
    )


def _compared(history: Table, track_identities: Table) -> Table:
    """Each comparable record once, with just what plays are compared by: narrow, because it is sorted."""
    rows = _comparable(history).inner_join(track_identities.select("name_id", "track_id"), "name_id")
    return rows.group_by(IDENTITY).aggregate(
        track_id=rows.track_id.min(),
        source=rows.source.min(),
        teller=rows.source.concat("/", rows.precision_s.cast("string")).min(),
        started_at=rows.started_at.min(),
        precision_s=rows.precision_s.min(),
        # The middle of what the source's precision allows.
        at_s=(epoch_s(rows.started_at) + rows.precision_s / 2).min(),
        is_end=(rows.instant_is == "end").any(),
        is_fragment=(rows.listened_s < FRAGMENT_S).fill_null(False).any(),
        is_timed=rows.listened_s.notnull().any(),
        told=told_count(rows).max(),
    )


def _tolerance(precision_s: Column, other_precision_s: Column, may_be_paused: Column) -> Column:
    """Seconds that may lie between the starts of one play in two sources.

    A source that reports ends may be late by a pause, so only the later of the two starts gets that room.
    """
    return LAG_S + (precision_s + other_precision_s) / 2 + may_be_paused.cast("float64") * PAUSE_S


def _runs(rows: Table) -> Table:
    """``rows`` numbered by run, and ``is_twin`` for a re-export of the record before."""
    order = ibis.window(group_by=TRACK, order_by=BY_TIME)
    since = rows.at_s - rows.at_s.lag().over(order)
    is_end_before = rows.is_end.lag().over(order)
    is_same_teller = rows.teller == rows.teller.lag().over(order)
    allowed = _tolerance(rows.precision_s, rows.precision_s.lag().over(order), rows.is_end & ~is_end_before)
    rows = rows.mutate(
        is_twin=(is_same_teller & (since == 0)).fill_null(False),
        # Closer than a fragment is a scrobbler's stutter, where no cut is better than another.
        is_apart=((is_same_teller & (since >= FRAGMENT_S)) | (since > allowed)).fill_null(True),
    )
    starts_run = rows.is_apart.cast("int64")
    return rows.mutate(run=starts_run.sum().over(ibis.cumulative_window(group_by=TRACK, order_by=BY_TIME)))


def _numbered(rows: Table) -> Table:
    """``rows`` with ``play``: which of its teller's plays in the run each one is."""
    order = ibis.cumulative_window(group_by=[*TRACK, "run", "teller"], order_by=["at_s", "record_id"])
    return rows.mutate(play=(~rows.is_twin).cast("int64").sum().over(order))


def _agrees_with_kept(plays: Table) -> Column:
    apart = plays.at_s - plays.kept_at_s
    is_paused = plays.is_end & ~plays.kept_is_end & (apart > 0)
    is_kept_paused = plays.kept_is_end & ~plays.is_end & (apart < 0)
    return apart.abs() <= _tolerance(plays.precision_s, plays.kept_precision_s, is_paused | is_kept_paused)
