"""``/imports``."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Form, Query, UploadFile
from fastapi.responses import Response

from tonearm.api.answers import Imported, ImportRows
from tonearm.api.auth import CallerDep, Guarded
from tonearm.api.deps import Limit, SettingsDep
from tonearm.api.rows import json_response, json_rows
from tonearm.api.working import WorkingDep
from tonearm.building.execute import BuildReport, build
from tonearm.errors import UsageError
from tonearm.home import make_home
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import ImportReport, Outcome, find_import, import_rows, imports, undo
from tonearm.settings import Settings
from tonearm.sources.files import Hints, hints_of

router = APIRouter(tags=["imports"], route_class=Guarded)

_LONGEST_FILE_NAME = 120
"""Bytes; file systems take 255."""
_BUFFER = 1 << 20
_ABANDONED_S = 24 * 3600
_TABLES_WAIT_S = 3600.0


@router.get("/imports")
def list_imports(settings: SettingsDep, who: CallerDep) -> list[ImportReport]:
    """Every import, newest first; in each, read = kept + duplicates + rejected."""
    return [report for report in imports(settings) if who.only in (None, report.listener)]


@router.get("/imports/{run}", response_model=ImportRows)
def read_import(
    settings: SettingsDep,
    who: CallerDep,
    run: int,
    outcome: Annotated[Outcome | None, Query(description="Which rows to list.")] = None,
    limit: Limit = 1_000,
) -> Response:
    """One import and its files; with ``outcome`` also its rows: rejected with the reason, duplicates with the row that
    they repeat, or kept.
    """
    report = find_import(settings, run)
    who.of(report.listener)
    if outcome is None:
        return json_response(ledger=report, rows=[], truncated=False)
    rows = import_rows(settings, run, outcome, limit + 1)
    return json_response(ledger=report, rows=json_rows(rows.slice(0, limit)), truncated=rows.num_rows > limit)


@dataclass(frozen=True)
class _Sent:
    """What a form asks for, beside its files."""

    listener: str | None
    timezone: str | None
    kind: str
    hints: Hints


def _sent(
    listener: Annotated[str | None, Form(description="Whose listens; needed when there are several.")] = None,
    timezone: Annotated[str | None, Form(description="The listener's IANA time zone.")] = None,
    kind: Annotated[str, Form(description="Kind of the files, when it is not recognised.")] = "",
    columns: Annotated[str, Form(description="Which column is what, such as artist=1,track=2,date=4.")] = "",
    local: Annotated[bool, Form(description="Dates without a zone are local time, not UTC.")] = False,
    day_first: Annotated[bool | None, Form(description="Whether 03/04/2020 is the 3rd of April.")] = None,
    encoding: Annotated[str, Form(description="Code page of text that is not UTF-8, such as cp1251.")] = "",
) -> _Sent:
    return _Sent(listener or None, timezone or None, kind, hints_of(columns, local, day_first, encoding))


SentDep = Annotated[_Sent, Depends(_sent)]


@router.post("/imports")
def post_import(settings: SettingsDep, working: WorkingDep, files: list[UploadFile], sent: SentDep) -> Imported:
    """Import files and bring every table up to date."""
    with working.on("import", sent.listener or ""):
        report = _imported(settings, files, sent)
        return Imported(ledger=report, built=_built(settings))


@router.post("/imports/look")
def look_at_files(settings: SettingsDep, working: WorkingDep, files: list[UploadFile], sent: SentDep) -> ImportReport:
    """What an import of these files would come to, as `tonearm import --dry-run` reports it; nothing is kept.

    Rows count as duplicates of what the listener has already.
    """
    with working.on("look", sent.listener or ""):
        return _imported(settings, files, sent, dry_run=True)


def _imported(settings: Settings, files: list[UploadFile], sent: _Sent, dry_run: bool = False) -> ImportReport:
    make_home(settings)
    sweep_uploads(settings.scratch)
    with TemporaryDirectory(dir=settings.scratch, prefix="upload-") as folder:
        paths = [_stored(upload, Path(folder), number) for number, upload in enumerate(files, 1)]
        return import_paths(settings, paths, sent.listener, sent.timezone, sent.kind, dry_run=dry_run, hints=sent.hints)


@router.delete("/imports/{run}")
def delete_import(settings: SettingsDep, working: WorkingDep, run: int) -> Imported:
    """Undo an import and bring every table up to date; rows that another import also brought stay."""
    with working.on("undo", str(run)):
        return Imported(ledger=undo(settings, run), built=_built(settings))


def _built(settings: Settings) -> BuildReport:
    """The tables brought up to date with what was kept or undone just now.

    Another writer that came in between is waited for: an answer that the home is busy would have the caller send the
    files again, of which nothing is new any more.
    """
    return build(msgspec.structs.replace(settings, lock_wait_s=_TABLES_WAIT_S))


def sweep_uploads(scratch: Path) -> None:
    """Remove uploads that a killed server left; one in progress is never that old."""
    for left in scratch.glob("upload-*"):
        if time.time() - left.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)


def _stored(upload: UploadFile, folder: Path, number: int) -> Path:
    """The upload as a file; only the last part of the name it came with is used."""
    name = (upload.filename or "").replace("\\", "/").rpartition("/")[2]
    name = (
        "".join(c for c in name if c.isprintable()).encode()[-_LONGEST_FILE_NAME:].decode(errors="ignore").lstrip(".")
    )
    if not name:
        raise UsageError("an uploaded file has no name")
    path = folder / name
    if path.exists():
        path = folder / f"{path.stem} ({number}){path.suffix}"
    # For its owner alone, as the folder is: an export holds addresses and more that the home never keeps.
    with open(path, "xb", opener=_private) as out:
        shutil.copyfileobj(upload.file, out, _BUFFER)
    return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
