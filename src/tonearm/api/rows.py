"""Many rows as JSON, written column by column: half the time of a list of dicts."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from fastapi.responses import Response


def json_response(**fields: Any) -> Response:
    """A JSON object of ``fields``, some of which may be :func:`json_rows`."""
    return Response(msgspec.json.encode(fields), media_type="application/json")


def json_rows(rows: pa.Table) -> msgspec.Raw:
    """The rows as a JSON array of objects: instants in ISO 8601, not-a-number as null, integers exact."""
    fields = {f"_{n}": name for n, name in enumerate(rows.column_names)}
    row = msgspec.defstruct("Row", fields, rename=fields, gc=False)
    columns = (_printable(column).to_pylist() for column in rows.columns)
    return msgspec.Raw(msgspec.json.encode(list(map(row, *columns))))


def _printable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Instants and dates as text, which Arrow writes several times as fast as it makes Python's objects of them."""
    if pa.types.is_date(column.type):
        return pc.cast(column, pa.string())
    if not pa.types.is_timestamp(column.type):
        return column
    instants = pc.cast(column, pa.timestamp("us", "UTC" if column.type.tz else None))
    return pc.replace_substring(pc.replace_substring(pc.cast(instants, pa.string()), " ", "T"), ".000000", "")
