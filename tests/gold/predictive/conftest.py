"""Rows as models leave them in the lake, and what a predictive table makes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from tonearm.bronze import SCHEMAS
from tonearm.columns import arrow_schema
from tonearm.engine.duckdb import Engine
from tonearm.table import find, schema_of

Row = dict[str, Any]


@pytest.fixture(scope="session")
def score() -> Callable[..., Row]:
    """One prediction of a model."""

    def row(model: str, quantity: str, value: float, **columns: Any) -> Row:
        return {
            **dict.fromkeys(SCHEMAS["model_scores"]),
            **{"model": model, "model_version": 3, "served_by": "model", "as_of_at": datetime(2024, 5, 1, tzinfo=UTC)},
            **{"quantity": quantity, "score": value, "subject": "track", **columns},
        }

    return row


@pytest.fixture(scope="session")
def predicted(engine: Engine, listens_table: Callable[..., None]) -> Callable[..., list[Row]]:
    """The rows that a table makes of listens and of what models left, sorted by its grain."""

    def rows(table: str, listens: list[Row], **written: list[Row]) -> list[Row]:
        listens_table(listens)
        for name in ("model_scores", "model_evaluations", "listener_clock", "artist_months"):
            schema = arrow_schema(SCHEMAS.get(name) or schema_of(name))
            engine.register("given", pa.Table.from_pylist(written.get(name, []), schema=schema))
            engine.run(f"CREATE OR REPLACE TABLE {name} AS FROM given")
        found = find(table)
        return sorted(engine.dicts(engine.compile(found)), key=lambda row: [row[c] for c in found.grain])

    return rows


@pytest.fixture(scope="session")
def clock() -> list[Row]:
    """Berlin's spring of 2024, with the change of the clocks on 31 March at 1:00 UTC."""
    change = datetime(2024, 3, 31, 1, tzinfo=UTC)
    spans = [(datetime(2024, 1, 1, tzinfo=UTC), change, 3600), (change, datetime(2024, 10, 27, 1, tzinfo=UTC), 7200)]
    return [
        {"listener": "ann", "year": 2024, "from_at": a, "until_at": b, "utc_offset_s": s, "zone": "Europe/Berlin"}
        for a, b, s in spans
    ]
