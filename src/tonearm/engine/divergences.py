"""Expressions that mean something else on Spark than on DuckDB, and their replacements.

Only differences that a table's function cannot avoid are listed here, each with its reason. The parity tests compare
every table row by row on both engines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ibis.expr.types import Table

RELATIVE_TOLERANCE = 1e-9
"""Engines sum floats in different orders, so the last digits differ, even between two builds on one engine."""


def for_spark(expression: Table) -> Table:
    """``expression`` rewritten so that it means the same on Spark."""
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
