"""The embedded engine without a home: an empty session, and what an expression makes of a few rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa

from tonearm.engine.duckdb import Engine


def session() -> Engine:
    """An empty session."""
    found = Engine(duckdb.connect())
    found.run("SET TimeZone='UTC'")
    return found


def made(function: Callable[..., Any], **relations: pa.Table) -> pa.Table:
    """What ``function`` makes of ``relations``, which it gets as Ibis expressions in their order."""
    engine = session()
    for name, rows in relations.items():
        engine.register(name, rows)
    return engine.table(engine.compiled(function, *relations))
