"""The application: its routes, its errors, and the requests it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import ibis  # noqa: F401 - the modules of tables would load it at its first use, for which a server's threads race
import msgspec
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tonearm import __version__
from tonearm.api.auth import needs_by_method
from tonearm.api.deps import OneStore
from tonearm.api.limits import MAX_UPLOAD_BYTES, BodyLimit
from tonearm.api.openapi import describe
from tonearm.api.origins import HOSTS, OwnOrigin
from tonearm.api.problems import answer_problem
from tonearm.api.reading import Reading
from tonearm.api.recommending import Recommending
from tonearm.api.routes import (
    audioscrobbler,
    docs,
    exports,
    health,
    imports,
    koito,
    lastfm,
    lastfm_page,
    listenbrainz_edit,
    listenbrainz_playlists,
    listenbrainz_read,
    listenbrainz_stats,
    listenbrainz_submit,
    listeners,
    listens,
    playlists,
    recommend,
    runs,
    tables,
)
from tonearm.errors import (
    Conflict,
    EngineMissing,
    ExtraMissing,
    HomeBusy,
    HomeUnusable,
    InputError,
    ModelDamaged,
    RegistryUnreachable,
    TableInvalid,
    TonearmError,
    UnknownName,
    UsageError,
)
from tonearm.lake import open_lake
from tonearm.settings import Settings

ROUTES = (tables, listens, listeners, exports, playlists, recommend, imports, runs)
_LISTENBRAINZ = (
    listenbrainz_submit,
    listenbrainz_read,
    listenbrainz_stats,
    listenbrainz_playlists,
    listenbrainz_edit,
)
OPEN_ROUTES = (audioscrobbler, lastfm, lastfm_page, *_LISTENBRAINZ, koito, health, docs)
"""Routes that check for themselves who asks, or that anybody may use."""

BUSY_AFTER_S = 10.0
"""A request waits this long for another writer; a person at a terminal may wait longer."""

_STATUS: tuple[tuple[type[TonearmError], int], ...] = (
    (UnknownName, 404),
    (Conflict, 409),
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
_STATUSES = sorted({401, 403, 413, 429, 500, *(status for _, status in _STATUS)})
"""What any of tonearm's own routes may answer instead, for the OpenAPI document."""


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
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.settings = msgspec.structs.replace(settings, lock_wait_s=min(settings.lock_wait_s, BUSY_AFTER_S))
    app.state.needs_tokens = needs_tokens
    app.state.error_forms = [form for module in OPEN_ROUTES for form in getattr(module, "ERROR_FORMS", ())]
    app.state.lake = open_lake(settings.lake)
    app.state.store = OneStore(app.state.settings)
    app.state.reading = Reading(app.state.lake)
    app.state.recommending = Recommending(app.state.settings, app.state.lake)
    imports.sweep_uploads(settings.scratch)
    for module in ROUTES:
        app.include_router(module.router, dependencies=[Depends(needs_by_method)])
    for module in OPEN_ROUTES:
        app.include_router(module.router)
    app.openapi = partial(describe, app, _STATUSES)  # type: ignore[method-assign]
    app.add_exception_handler(TonearmError, _foreseen)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(OSError, _not_accessible)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(BodyLimit, most_bytes=max_upload_bytes)
    app.add_middleware(OwnOrigin, hosts=hosts)
    return app


def _foreseen(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    return answer_problem(request, status, type(error).__name__, str(error))


def _not_understood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    message = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
    return answer_problem(request, 422, "UsageError", message)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer_problem(request, error.status_code, "Refused", str(error.detail), error.headers)


def _failed(request: Request, _error: Exception) -> Response:
    """A bug; the log has the rest."""
    return answer_problem(request, 500, "Bug", "tonearm failed inside; its log says where, please report it")


def _not_accessible(request: Request, error: Exception) -> Response:
    """No permission, a disk that is full, read-only or gone: the same kinds as at the command line."""
    assert isinstance(error, OSError)
    what = f"{Path(error.filename).name}: " if isinstance(error.filename, str) else ""
    return answer_problem(request, 507, "HomeUnusable", f"{what}{error.strerror or error}; mend it and repeat")
