"""The application: its routes, its errors, and the requests it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import ibis  # noqa: F401 - the modules of tables would load it at its first use, for which a server's threads race
import msgspec
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from tonearm import __version__
from tonearm.api.answers import Problem
from tonearm.api.auth import needs_by_method
from tonearm.api.deps import OneStore
from tonearm.api.limits import MAX_UPLOAD_BYTES, BodyLimit
from tonearm.api.origins import HOSTS, OwnOrigin
from tonearm.api.predicting import Predicting
from tonearm.api.recommending import Recommending
from tonearm.api.routes import docs, health, imports, listeners, listens, playlists, predict, recommend, runs, tables
from tonearm.errors import (
    EngineMissing,
    ExtraMissing,
    HomeBusy,
    HomeUnusable,
    InputError,
    ModelDamaged,
    NotRegistered,
    RegistryUnreachable,
    TableInvalid,
    TonearmError,
    UnknownName,
    UsageError,
)
from tonearm.lake import open_lake
from tonearm.settings import Settings

ROUTES = (tables, listens, listeners, playlists, recommend, imports, runs)
OPEN_ROUTES = (health, docs, predict)
"""Routes that check for themselves who asks, or that anybody may use."""

BUSY_AFTER_S = 10.0
"""A request waits this long for another writer; a person at a terminal may wait longer."""

_STATUS: tuple[tuple[type[TonearmError], int], ...] = (
    (UnknownName, 404),
    (NotRegistered, 409),
    (UsageError, 422),
    (InputError, 422),
    (TableInvalid, 422),
    (HomeBusy, 409),
    (HomeUnusable, 507),
    (RegistryUnreachable, 503),
    (ModelDamaged, 503),
    (EngineMissing, 501),
    (ExtraMissing, 501),
)
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": HTTPStatus(status).phrase}
    for status in sorted({403, 413, 500, *(status for _, status in _STATUS)})
}
"""What every route may answer instead, for the OpenAPI document."""


def create_app(
    settings: Settings,
    max_upload_bytes: int = MAX_UPLOAD_BYTES,
    hosts: Sequence[str] = HOSTS,
    needs_tokens: bool = False,
) -> FastAPI:
    """The API over the home of ``settings``; every expected failure is a Problem with a fitting status.

    It answers only under the names ``hosts``; where others than this machine can reach it, it ``needs_tokens``.
    """
    app = FastAPI(
        title="tonearm",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_PROBLEMS,
    )
    app.state.settings = msgspec.structs.replace(settings, lock_wait_s=min(settings.lock_wait_s, BUSY_AFTER_S))
    app.state.needs_tokens = needs_tokens
    app.state.lake = open_lake(settings.lake)
    app.state.store = OneStore(app.state.settings)
    app.state.recommending = Recommending(app.state.settings, app.state.lake)
    app.state.predicting = Predicting(app.state.settings)
    imports.sweep_uploads(settings.scratch)
    for module in ROUTES:
        app.include_router(module.router, dependencies=[Depends(needs_by_method)])
    for module in OPEN_ROUTES:
        app.include_router(module.router)
    app.add_exception_handler(TonearmError, _foreseen)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(OSError, _not_accessible)
    app.add_middleware(BodyLimit, most_bytes=max_upload_bytes)
    app.add_middleware(OwnOrigin, hosts=hosts)
    return app


def _problem(status: int, error: str, message: str) -> Response:
    # JSON can hold half a character, which a message may repeat and no answer can be written with.
    readable = message.encode("utf-8", "replace").decode()
    return JSONResponse(Problem(error=error, message=readable).model_dump(), status_code=status)


def _foreseen(_request: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    return _problem(status, type(error).__name__, str(error))


def _not_understood(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    message = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
    return _problem(422, "UsageError", message)


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, "Refused", str(error.detail))


def _not_accessible(_request: Request, error: Exception) -> Response:
    """No permission, a disk that is full, read-only or gone: the same kinds as at the command line."""
    assert isinstance(error, OSError)
    what = f"{Path(error.filename).name}: " if isinstance(error.filename, str) else ""
    return _problem(507, "HomeUnusable", f"{what}{error.strerror or error}; mend it and repeat")
