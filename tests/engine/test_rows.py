"""Rows as dicts are what pyarrow gives, with pandas left alone."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime

import pyarrow as pa

from tonearm.engine.rows import dicts

AT = datetime(2024, 3, 31, 1, 30, 0, 250, tzinfo=UTC)


def test_instants_are_datetimes_in_utc_and_everything_else_is_as_pyarrow_gives_it() -> None:
    zoned, local = pa.timestamp("us", tz="UTC"), pa.timestamp("us")
    columns = {
        "at": pa.chunked_array([pa.array([AT, None], zoned), pa.array([AT], zoned)]),
        "at_local": pa.array([AT.replace(tzinfo=None), None, None], local),
        "day": [date(2024, 3, 31), None, None],
        "name": ["a", None, "c"],
    }
    rows = pa.table(columns)
    assert dicts(rows) == rows.to_pylist()
    assert dicts(rows)[0]["at"].tzinfo is UTC
    assert dicts(rows.slice(1, 1)) == rows.slice(1, 1).to_pylist()
    assert dicts(rows.slice(0, 0)) == []


def test_pandas_is_not_loaded() -> None:
    code = (
        "import sys, duckdb; from tonearm.engine.rows import dicts; "
        "print(dicts(duckdb.sql(\"SELECT TIMESTAMPTZ '2024-03-31 01:30:00+00' AS at\").to_arrow_table())); "
        "assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
