"""Values within SQL, where a parameter cannot be."""

from __future__ import annotations


def sql_text(value: str) -> str:
    """A text as a literal of standard SQL, which DuckDB, Trino and Delta's conditions take."""
    return "'" + value.replace("'", "''") + "'"
