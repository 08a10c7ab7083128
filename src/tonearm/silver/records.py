"""The usable records of bronze: music that could be read, each record once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import ibis

from tonearm.silver.first_n import first_n

if TYPE_CHECKING:
    from ibis.expr.types import IntegerColumn, Table

IDENTITY = ("listener", "record_id")

OPTIONAL = (
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
"""Fields that may be missing in one copy of a record and present in another."""
VALUES = (*OPTIONAL, "artist_name", "track_name", "started_at", "precision_s", "instant_is", "name_id")


def good_listens(history: Table) -> Table:
    """Rows of ``listening_history_bronze`` that are music and were not rejected, including duplicates."""
    return history.filter(history.reason.isnull(), history.content == "music", history.name_id.notnull())


def filled_count(rows: Table) -> IntegerColumn:
    """Number of the fields in ``OPTIONAL`` that each row has."""
    return reduce(lambda a, b: a + b, (rows[c].notnull().cast("int64") for c in OPTIONAL))


def records(history: Table, columns: Sequence[str]) -> Table:
    """``columns`` of each record of ``history`` once: of its copies the one with the most fields.

    Ties are broken by the values. The choice depends only on content, so the order of imports does not matter.
    """
    counts = good_listens(history).group_by(IDENTITY).aggregate(copies=lambda t: t.count())
    repeated = counts.filter(counts.copies > 1)
    # Sorting whole rows is expensive and most records have no copies, so only those with copies are sorted.
    copies = good_listens(history.semi_join(repeated, IDENTITY))
    order = [ibis.desc(filled_count(copies)), *(copies[c] for c in VALUES)]
    first = first_n(copies, IDENTITY, order, 1)
    singles = good_listens(history.anti_join(repeated, IDENTITY))
    return singles.select(*columns).union(first.select(*columns))
