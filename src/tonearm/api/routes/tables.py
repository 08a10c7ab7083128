"""``/tables``."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.parquet
from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from tonearm.api.answers import ColumnInfo, Rows, TableInfo
from tonearm.api.auth import CallerDep, household
from tonearm.api.deps import LakeDep, Limit, ListenerAsked, Offset, Rule, SettingsDep
from tonearm.api.etags import of_tables
from tonearm.api.rows import json_response, json_rows
from tonearm.columns import COLUMNS
from tonearm.lake import Lake
from tonearm.read.as_csv import as_csv
from tonearm.read.history import Version, history
from tonearm.read.lineage import Graph, lineage
from tonearm.read.overview import LISTENS
from tonearm.read.show import show
from tonearm.table import Table, schema_of, tables

router = APIRouter(tags=["tables"])

Format = Literal["json", "csv", "arrow", "parquet"]
_AS_OF = "As the table stood at the end of a day (UTC), at an instant, or in a version of its history."

_SAFE = "In CSV, put an apostrophe before texts that a spreadsheet takes for formulas; false leaves them as they are."


@router.get("/tables")
def list_tables(lake: LakeDep) -> list[TableInfo]:
    """Every table: what it holds, its grain and columns, how many rows, when it was built."""
    return [_info(table, lake) for table in tables().values()]


@router.get("/tables/graph")
def read_graph() -> Graph:
    """Every table with its layer, inputs first, and an edge from each input to what is made from it."""
    return lineage()


@router.get("/tables/{name}/history", dependencies=[Depends(of_tables())])
def read_history(
    lake: LakeDep,
    name: str,
    limit: Annotated[int, Query(ge=1, le=1_000, description="How many versions at most.")] = 100,
) -> list[Version]:
    """Versions of a table, newest first: when and how each came about, and how many rows it added and removed."""
    return history(lake, name, limit)


@router.get("/tables/{name}", response_model=Rows, dependencies=[Depends(of_tables(LISTENS))])
def read_table(
    settings: SettingsDep,
    who: CallerDep,
    name: str,
    listener: ListenerAsked,
    rule: Rule = "all",
    limit: Limit = 1_000,
    offset: Offset = 0,
    form: Annotated[Format, Query(alias="format")] = "json",
    as_of: Annotated[str | None, Query(description=_AS_OF)] = None,
    safe: Annotated[bool, Query(description=_SAFE)] = True,
) -> Response:
    """Rows of a table in the order of its grain, under a listen rule or as of a day; Arrow or Parquet for many.

    A token without the scope admin opens the rows of its own listener, and no table that is not by listener.
    """
    rows = show(settings, name, listener, rule, limit=limit + 1, offset=offset, as_of=as_of)
    if "listener" not in rows.column_names:
        household(who)
    shown, truncated = rows.slice(0, limit), rows.num_rows > limit
    if form == "json":
        return json_response(rows=json_rows(shown), truncated=truncated)
    media_type, write = _FORMATS[form]
    return Response(
        as_csv(shown, safe) if form == "csv" else write(shown),
        media_type=media_type,
        headers={"X-Truncated": "true" if truncated else "false"},
    )


def _info(table: Table, lake: Lake) -> TableInfo:
    built = lake.has(table.name)
    return TableInfo(
        name=table.name,
        layer=table.layer,
        family=table.family,
        summary=table.summary,
        text=table.doc,
        grain=list(table.grain),
        columns=[_column(name) for name in _columns(table.name, lake if built else None)],
        rows=lake.rows(table.name) if built else None,
        version=lake.version(table.name),
        built_at=lake.built_at(table.name),
    )


def _columns(name: str, lake: Lake | None) -> list[str]:
    """Names of the columns; from the lake where it has the table, since deriving them takes a while."""
    return list(schema_of(name)) if lake is None else lake.columns(name)


def _column(name: str) -> ColumnInfo:
    known = COLUMNS[name]
    return ColumnInfo(name=name, type=known.kind, unit=known.unit, meaning=known.meaning, null=known.null)


def _arrow(rows: pa.Table) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, rows.schema) as writer:
        writer.write_table(rows)
    return out.getvalue()


def _parquet(rows: pa.Table) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(rows, out)
    return out.getvalue()


_FORMATS: dict[Format, tuple[str, Callable[[pa.Table], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "arrow": ("application/vnd.apache.arrow.stream", _arrow),
    "parquet": ("application/vnd.apache.parquet", _parquet),
}
