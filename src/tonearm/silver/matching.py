"""Matching: which records of several sources are the same play.

The starts of one play differ between sources, because of a scrobbler's clock and network lag, precision to the
minute, and pauses: a source that reports the end of a play and the seconds heard gives a start too late by the
time paused. Records of one listener and one track are therefore sorted by time and cut into *runs*: where the
distance is larger than lag, precision and pauses explain, and between neighbours of the same teller, which are
two plays. Within a run the k-th record of each teller is the k-th play.

A *teller* is a source at one precision: the same scrobbles exported to the second by one tool and to the minute
by another are treated as two sources. Two records of one teller, one track and one instant are one play that
was exported again after its album or ids were edited, since a track cannot start twice at once.

On a real history split into two exports with offsets of up to 60 s either way, 5 % missing on both sides and
short restarts, recall and precision of the matched pairs are 99.97 % (99.9 % where one source has minutes, and with
tracks played repeatedly). Without the cuts between neighbours 99.7 % are found at minute precision, and plays are
counted twice; pairing mutually nearest records needs several rounds for the same result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tonearm.silver.instants import epoch_s
from tonearm.silver.records import IDENTITY, filled_count, good_listens, records
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import Column, Table

LAG_S = 60.0
"""Largest difference between services for one play: 54 s in bug reports, and some room."""
PAUSE_S = 45.0
"""Longest pause within one play; a track's second play starts later."""
FRAGMENT_S = 30.0
"""No scrobbler records a shorter play, so a fragment can only match another fragment."""

TRACK = ("listener", "track_id", "is_fragment")
BY_TIME = ("at_s", "teller", "record_id")


@table(grain=("listener", "record_id"), windowed=True)
def merges(listening_history_bronze: Table, track_identities: Table) -> Table:
    """Records of plays that have several records, with the listen each belongs to.

    A listen's ``listen_id`` is the ``record_id`` of the kept record: one with the time heard, then the most
    precise, then the one with the most fields. ``apart_s`` is how much later than the kept record a record
    starts. Plays with a single record are not in this table.
    """
    plays = _numbered(_runs(_compared(listening_history_bronze, track_identities)))
    best = [plays.is_timed.desc(), plays.precision_s, plays.filled.desc(), plays.source, plays.record_id]
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
    """Every record of every listen with several records, so that a person can check the merge.

    Grain: listener, record_id. ``apart_s`` is how much later than the kept record a record starts.
    """
    merged = merges(listening_history_bronze, track_identities).select(*IDENTITY, "listen_id", "apart_s")
    columns = (*IDENTITY, "source", "started_at", "artist_name", "track_name")
    merged_records = records(listening_history_bronze.semi_join(merged, IDENTITY), columns).inner_join(merged, IDENTITY)
    return merged_records.select(
        *("listener", "listen_id", "record_id", "source", "started_at", "apart_s", "artist_name", "track_name"),
        is_kept=merged_records.record_id == merged_records.listen_id,
    )


def _comparable(history: Table) -> Table:
    """Rows that could share a play with another record: all rows of a listener with several sources, else only
    those at the same instant as another."""
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
    """Each comparable record once, with only the columns that are compared, because it is sorted."""
    rows = _comparable(history).inner_join(track_identities.select("name_id", "track_id"), "name_id")
    return rows.group_by(IDENTITY).aggregate(
        track_id=rows.track_id.min(),
        source=rows.source.min(),
        teller=rows.source.concat("/", rows.precision_s.cast("string")).min(),
        started_at=rows.started_at.min(),
        precision_s=rows.precision_s.min(),
        # The middle of the interval given by the source's precision.
        at_s=(epoch_s(rows.started_at) + rows.precision_s / 2).min(),
        is_end=(rows.instant_is == "end").any(),
        is_fragment=(rows.listened_s < FRAGMENT_S).fill_null(False).any(),
        is_timed=rows.listened_s.notnull().any(),
        filled=filled_count(rows).max(),
    )


def _tolerance(precision_s: Column, other_precision_s: Column, may_be_paused: Column) -> Column:
    """Seconds that may lie between the starts of one play in two sources.

    The start from a source that reports ends may be late by a pause, so only the later start is allowed one.
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
        # Closer than a fragment is a scrobbler's repetition, which is not cut.
        is_apart=((is_same_teller & (since >= FRAGMENT_S)) | (since > allowed)).fill_null(True),
    )
    starts_run = rows.is_apart.cast("int64")
    return rows.mutate(run=starts_run.sum().over(ibis.cumulative_window(group_by=TRACK, order_by=BY_TIME)))


def _numbered(rows: Table) -> Table:
    """``rows`` with ``play``, the number of the play among its teller's in the run."""
    order = ibis.cumulative_window(group_by=[*TRACK, "run", "teller"], order_by=["at_s", "record_id"])
    return rows.mutate(play=(~rows.is_twin).cast("int64").sum().over(order))


def _agrees_with_kept(plays: Table) -> Column:
    apart = plays.at_s - plays.kept_at_s
    is_paused = plays.is_end & ~plays.kept_is_end & (apart > 0)
    is_kept_paused = plays.kept_is_end & ~plays.is_end & (apart < 0)
    return apart.abs() <= _tolerance(plays.precision_s, plays.kept_precision_s, is_paused | is_kept_paused)
