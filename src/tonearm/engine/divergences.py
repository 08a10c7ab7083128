"""Where Spark means something else by an expression than DuckDB, and what is asked of it instead.

Every difference between the engines that a table's function cannot avoid is here, with its reason; what it can
avoid is avoided there. The parity tests compare every table row by row on both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibis.expr.types import Table

RELATIVE_TOLERANCE = 1e-9
"""Engines add floats in another order, so their last digits differ; so do two builds by the same engine."""


def for_spark(expression: Table) -> Table:
    """``expression`` with what Spark takes differently replaced by what means the same there."""
    found: Table = expression.op().replace(_replacement).to_expr()
    return found


def _replacement(node: Any, replaced: dict[str, Any] | None) -> Any:
    import ibis.expr.operations as ops

    node = node.__recreate__(replaced) if replaced else node
    if isinstance(node, ops.CountStar) and node.where is not None:
        # Counted as the sum of the condition, which is null, and not 0, where the condition is null in every row.
        is_true = ops.Coalesce((node.where, ops.Literal(False, node.where.dtype)))
        return ops.CountStar(node.arg, where=is_true)
    return node
