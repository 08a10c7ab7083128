"""Sources that report the end of a play, as a comparison with other sources shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tonearm.silver.instants import epoch_s
from tonearm.silver.records import good_listens
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import FloatingValue, IntegerValue, Table

LONGEST_S = 1200.0
"""Longest track by which an instant may be late: with lag and pauses still less than the silence that ends a window."""
SHORTEST_S = 90.0
"""Shortest track that is evidence: less could be the lag between two services."""
CLOSE_S = 20.0
"""How exactly the distance has to be the track's length; pauses and rounded lengths make it inexact."""
LAG_S = 60.0
"""Largest difference between services for one play: 54 s in bug reports, and some room."""
ENOUGH = 8
"""Plays that must be a track's length later; by chance one in thirty is, where every record is a play of its own."""
TIMES_AS_MANY = 4
"""As many times as plays at the same instant, which repeated tracks can hide."""
TELLER = ("listener", "source", "precision_s")


@table(grain=(*TELLER, "track_id"), across_listeners=True)
def instants_at_ends(listening_history_bronze: Table, track_identities: Table, credit_groups: Table) -> Table:
    """Tracks of sources whose instants are the ends of plays by comparison with another source, and how late they are.

    A source that reports starts is here if at least 8 of its plays are a track's length later than the same play in
    another source, and four times as many as are at the same time. ``late_s`` is the track's length, the median of what
    all sources report, else the longest time heard. What a file shows by itself is found when it is imported.
    """
    rows = _compared(listening_history_bronze, track_identities, credit_groups)
    votes = _votes(rows)
    late = votes.filter(votes.later >= ENOUGH, votes.later >= TIMES_AS_MANY * votes.together)
    rows = rows.filter(rows.is_open, rows.length_s <= LONGEST_S).semi_join(late, TELLER)
    return rows.group_by(*TELLER, "track_id").aggregate(late_s=rows.length_s.min())


def _compared(history: Table, identities: Table, groups: Table) -> Table:
    """The records of listeners with several tellers, each with its track's length where it is known."""
    good = good_listens(history)
    tellers = good.group_by("listener").aggregate(
        low=good.source.min(), high=good.source.max(), sharpest=good.precision_s.min(), dullest=good.precision_s.max()
    )
    tellers = tellers.filter((tellers.low < tellers.high) | (tellers.sharpest < tellers.dullest))
    rows = good.semi_join(tellers, "listener").inner_join(identities.select("name_id", "track_id"), "name_id")
    rows = rows.left_join(groups, "track_id").drop("track_id_right")
    rows = rows.mutate(credit_id=rows.credit_id.coalesce(rows.track_id))
    lengths = rows.group_by("credit_id").aggregate(
        length_s=rows.duration_s.median().coalesce(rows.listened_s.max()).cast("float64")
    )
    rows = rows.group_by(*TELLER, "record_id").aggregate(
        track_id=rows.track_id.min(),
        credit_id=rows.credit_id.min(),
        at_s=(epoch_s(rows.started_at) + rows.precision_s / 2).min(),
        is_open=((rows.instant_is == "start") & rows.listened_s.isnull()).any(),
    )
    lengths = lengths.filter(lengths.length_s.notnull())
    return rows.inner_join(lengths, "credit_id")


def _votes(rows: Table) -> Table:
    """For every two tellers how many plays of the first are together with, and later than, those of the second."""
    tried = rows.filter(rows.length_s.between(SHORTEST_S, LONGEST_S))
    others = tried.select(
        *("listener", "credit_id"),
        other_source="source",
        other_precision_s="precision_s",
        other_at_s="at_s",
        part=_part(tried.at_s - 4 * LAG_S),
    )
    # What is at most so much earlier is in the same part of time or the one before.
    others = others.union(others.mutate(part=others.part + 1))
    tried = tried.filter(tried.is_open).mutate(part=_part(tried.at_s))
    pairs = tried.inner_join(others, ("listener", "credit_id", "part"))
    pairs = pairs.filter((pairs.source != pairs.other_source) | (pairs.precision_s != pairs.other_precision_s))
    pairs = pairs.mutate(
        later_s=pairs.at_s - pairs.other_at_s, rounding_s=(pairs.precision_s + pairs.other_precision_s) / 2
    )
    pairs = pairs.filter(pairs.later_s >= -(LAG_S + pairs.rounding_s))
    nearest = pairs.group_by(*TELLER, "record_id", "other_source", "other_precision_s").aggregate(
        length_s=pairs.length_s.min(), near_s=pairs.later_s.abs().min(), rounding_s=pairs.rounding_s.min()
    )
    return nearest.group_by(*TELLER, "other_source", "other_precision_s").aggregate(
        together=(nearest.near_s <= LAG_S + nearest.rounding_s).sum(),
        later=((nearest.near_s - nearest.length_s).abs() <= CLOSE_S + nearest.rounding_s).sum(),
    )


def _part(at_s: FloatingValue) -> IntegerValue:
    return (at_s / (2 * LONGEST_S)).floor().cast("int64")
