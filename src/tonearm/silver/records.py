"""The records of bronze that count: music that could be read, each record once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from ibis.expr.types import IntegerColumn, Table, Value

IDENTITY = ("listener", "record_id")

TOLD = (
    "album_name",
    "spotify_id",
    "listened_s",
    "duration_s",
    "is_skipped",
    "is_shuffle",
    "is_offline",
    "is_incognito",
    "reason_start",
    "reason_end",
    "country",
    "client",
)
"""What one record may tell and another not."""
VALUES = (*TOLD, "artist_name", "track_name", "started_at", "precision_s", "instant_is", "name_id")


def good_listens(history: Table) -> Table:
    """Rows of ``listening_history_bronze`` that are music and were not rejected; duplicates among them."""
    return history.filter(history.reason.isnull(), history.content == "music", history.name_id.notnull())


def told_count(rows: Table) -> IntegerColumn:
    """How many of the fields that may be missing each row of ``rows`` tells."""
    return reduce(lambda a, b: a + b, (rows[c].notnull().cast("int64") for c in TOLD))


def records(history: Table, columns: Sequence[str]) -> Table:
    """``columns`` of each record of ``history`` once: of its copies the one that tells most.

    Among those that tell as much it is the first by its values. The choice looks at content only, so the order
    of imports does not matter.
    """
    counts = good_listens(history).group_by(IDENTITY).aggregate(copies=lambda t: t.count())
    repeated = counts.filter(counts.copies > 1)
    # Sorting whole rows is dear and most records have no copies: only those that have are sorted.
    copies = good_listens(history.semi_join(repeated, IDENTITY))
    order = [ibis.desc(told_count(copies)), *(copies[c] for c in VALUES)]
    copies = copies.mutate(place=ibis.row_number().over(group_by=IDENTITY, order_by=order))
    singles = good_listens(history.anti_join(repeated, IDENTITY))
    return singles.select(*columns).union(copies.filter(copies.place == 0).select(*columns))


def first_of(rows: Table, key: str, order: Sequence[Value]) -> Table:
    """The first row of each ``key`` in this order."""
    ranked = rows.mutate(place=ibis.row_number().over(group_by=key, order_by=list(order)))
    return ranked.filter(ranked.place == 0).drop("place")
