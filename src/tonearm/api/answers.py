"""Answers: msgspec structs, encoded as JSON and described in the OpenAPI document from the same definition."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.responses import Response

from tonearm.building.execute import TableReport
from tonearm.ingest.ledger import FileReport, ImportReport
from tonearm.read.history import Version
from tonearm.read.lineage import Edge, Graph, Node
from tonearm.read.overview import Favourite, Overview
from tonearm.read.playlists import Playlist


class Problem(msgspec.Struct):
    """Why a request was not done."""

    error: str
    """Name of the error class, for programs."""
    message: str
    """What happened, to what, and what to do, for people."""


class Health(msgspec.Struct):
    """Whether tonearm can work here."""

    status: str
    """``ok``, or ``home unusable``."""
    version: str
    home_is_writable: bool
    tables: int
    """Tables that have been built."""
    listens_version: int | None
    """Version of ``listening_with_features``; the same version gives the same answers. None before a build."""


class ColumnInfo(msgspec.Struct):
    """One column of a table."""

    name: str
    type: str
    unit: str
    meaning: str
    null: str
    """What a null says; empty where the column is never null."""


class TableInfo(msgspec.Struct):
    """One table of the registry."""

    name: str
    layer: str
    family: str
    summary: str
    text: str
    """What it holds, how it is counted and what its words mean, in Markdown."""
    grain: list[str]
    columns: list[ColumnInfo]
    rows: int | None
    """None when the table was never built."""
    version: int | None
    built_at: datetime | None


class Zone(msgspec.Struct, rename={"since": "from"}):
    """A zone and the local day from which it holds."""

    since: date
    zone: str


class ListenerInfo(msgspec.Struct):
    """A listener and where their clock stood."""

    name: str
    zones: list[Zone]


class Zones(msgspec.Struct):
    """The time zones there are."""

    zones: list[str]
    here: str
    """The one this machine is set to."""


class Listens(msgspec.Struct):
    """Listens, newest first."""

    listens: list[dict[str, Any]]
    next: str | None
    """Value of ``before`` that gives the following ones; None at the end."""


class Rows(msgspec.Struct):
    """Rows of a table."""

    rows: list[dict[str, Any]]
    truncated: bool
    """Whether there are more rows than were asked for."""


class ImportRows(msgspec.Struct):
    """One import, and those of its rows that were asked for."""

    ledger: ImportReport
    rows: list[dict[str, Any]]
    truncated: bool


class Built(msgspec.Struct):
    """What bringing the tables up to date did."""

    seconds: float
    tables: list[TableReport]


class Imported(msgspec.Struct):
    """An import, and the build that followed it."""

    ledger: ImportReport
    built: Built


STRUCTS: tuple[type, ...] = (
    *(Problem, Health, ColumnInfo, TableInfo, Zone, Zones, ListenerInfo, Listens, Rows, Built, Imported, ImportRows),
    *(FileReport, ImportReport, TableReport, Overview, Favourite, Playlist, Version, Node, Edge, Graph),
)
_REFERENCE = "#/components/schemas/{name}"


class Answer(Response):
    """A JSON response of structs, dates and instants."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The content's JSON; not-a-number becomes null."""
        return msgspec.json.encode(content)


def answers(kind: Any) -> dict[int | str, dict[str, Any]]:
    """A route's ``responses`` that says it answers with ``kind``."""
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
    return {200: {"description": "Done", "content": {"application/json": {"schema": schema}}}}


def describe_answers(app: FastAPI) -> None:
    """Add the structs to the app's OpenAPI document."""
    document_of_routes = app.openapi

    def openapi() -> dict[str, Any]:
        document = document_of_routes()
        _, components = msgspec.json.schema_components(STRUCTS, ref_template=_REFERENCE)
        document.setdefault("components", {}).setdefault("schemas", {}).update(components)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
