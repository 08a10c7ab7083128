"""The first rows of each group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from ibis.expr.types import Table, Value


def first_n(rows: Table, by: str | Sequence[str], order: str | Value | Sequence[str | Value], n: int) -> Table:
    """The first ``n`` rows of each group that agrees in ``by``, with their ``place`` in it from 0.

    ``order`` has to tell all rows of a group apart; else engines may choose differently.
    """
    placed = rows.mutate(place=ibis.row_number().over(ibis.window(group_by=by, order_by=order)))
    return placed.filter(placed.place < n)
