"""Arrow rows as Python values."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pyarrow as pa


def dicts(rows: pa.Table) -> list[dict[str, Any]]:
    """The rows as dicts by column name; instants are datetimes in UTC.

    Does what ``rows.to_pylist()`` does, without loading pandas, as pyarrow does for the first value with a time
    zone: half a second of every command that prints an instant.
    """
    columns = [_values(column) for column in rows.columns]
    return [dict(zip(rows.column_names, values, strict=True)) for values in zip(*columns, strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_timestamp(column.type) or column.type.tz is None:
        return list(column.to_pylist())
    without_zone = pa.timestamp(column.type.unit)
    values = (value for chunk in column.chunks for value in chunk.view(without_zone).to_pylist())
    return [value and value.replace(tzinfo=UTC) for value in values]
