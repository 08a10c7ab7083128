"""What the API answers with, beyond the dataclasses of :mod:`tonearm.read`, :mod:`tonearm.building` and the ledger."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tonearm.building.execute import BuildReport, TableReport
from tonearm.ingest.ledger import ImportReport


class Answer(BaseModel):
    """A model whose fields are described, in the OpenAPI document, by the text below them."""

    model_config = ConfigDict(validate_by_name=True)


class Problem(Answer):
    """Why a request was not carried out (RFC 9457)."""

    type: str = "about:blank"
    """Where this kind of failure is described."""
    title: str = ""
    """The status in words."""
    status: int = 0
    """The HTTP status."""
    detail: str = ""
    """What happened, to what, and what to do, for people."""
    error: str
    """Name of the kind of failure, for programs."""
    message: str
    """The same as ``detail``."""


class Health(Answer):
    """Whether tonearm can work here."""

    status: str
    """``ok``, or ``home unusable``."""
    version: str
    home_is_writable: bool
    """False also where its disk does not answer."""
    tables: int | None
    """Tables that have been built; None where the lake cannot be read now."""
    listens_version: int | None
    """Version of ``listening_with_features``; the same version gives the same answers. None before a build, and where
    the lake cannot be read now."""


class ColumnInfo(Answer):
    """One column of a table."""

    name: str
    type: str
    unit: str
    meaning: str
    null: str
    """What a null means; empty where the column is never null."""


class TableInfo(Answer):
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


class Zone(Answer):
    """A time zone and the local day from which it holds."""

    since: date = Field(validation_alias="from", serialization_alias="from")
    zone: str


class ListenerInfo(Answer):
    """A listener and the time zones they have lived in."""

    name: str
    zones: list[Zone]


class CardsInfo(Answer):
    """The cards of a listener, for other people's pages."""

    listener: str
    is_public: bool
    """Whether they are shown to everybody who has the address; otherwise they need a token."""
    cards: list[str]
    """Their paths as SVG; each ends in `.png`, too."""


class Zones(Answer):
    """The time zones there are."""

    zones: list[str]
    here: str
    """The one this machine is set to."""


class Listens(Answer):
    """Listens, newest first."""

    listens: list[dict[str, Any]]
    next: str | None
    """The ``before`` of the request for the following listens; None at the end."""


class Rows(Answer):
    """Rows of a table."""

    rows: list[dict[str, Any]]
    truncated: bool
    """Whether there are more rows than were asked for."""


class ImportRows(Rows):
    """One import, and those of its rows that were asked for."""

    ledger: ImportReport


class Imported(Answer):
    """An import, and the build that followed it."""

    ledger: ImportReport
    built: BuildReport


class ModelOutcome(Answer):
    """What a run did with a model."""

    model: str
    status: Literal["served", "baseline", "not_enough_data", "predicted"]
    """served: trained, and better than its baseline; baseline: trained, and no better; predicted: not trained again."""
    message: str | None
    """Why."""


class RunInfo(Answer):
    """One pass: what came in, what changed and what failed."""

    started_at: datetime
    ended_at: datetime | None
    imports: list[ImportReport]
    tables: list[TableReport]
    """Tables that were built or failed; those left as they were are left out."""
    models: list[ModelOutcome]
    is_published: bool
    """Whether the command of the setting `after_run` was started and succeeded."""
    problem: str | None
    """Why that command failed."""
