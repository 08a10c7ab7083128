"""The application: its routes, its errors, and the requests it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path

import ibis  # noqa: F401 - the modules of tables would load it at its first use, for which a server's threads race
import msgspec
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tonearm import __version__
from tonearm.api import looking
from tonearm.api.auth import Trusted, guard, recorded
from tonearm.api.deps import OneStore
from tonearm.api.etags import Tagged, Unchanged, not_modified
from tonearm.api.gauges import Gauges
from tonearm.api.grouping import group_last
from tonearm.api.limits import MAX_UPLOAD_BYTES, PER_WINDOW, PER_WINDOW_HERE, BodyLimit, RateLimit
from tonearm.api.metrics import Metrics
from tonearm.api.observing import Observed
from tonearm.api.openapi import describe
from tonearm.api.origins import HOSTS, SCROBBLING, OwnOrigin
from tonearm.api.predicting import Predicting
from tonearm.api.problems import answer_problem
from tonearm.api.reading import Reading
from tonearm.api.recommending import Recommending
from tonearm.api.routes import (
    audioscrobbler,
    audit,
    cards,
    connections,
    covers,
    dashboard,
    docs,
    documents,
    exports,
    health,
    imports,
    koito,
    lastfm,
    lastfm_page,
    library,
    listenbrainz_edit,
    listenbrainz_playlists,
    listenbrainz_read,
    listenbrainz_stats,
    listenbrainz_submit,
    listeners,
    listens,
    metrics,
    models,
    own_playlists,
    playlists,
    predict,
    recommend,
    relays,
    root,
    runs,
    schedule,
    site,
    songs,
    tables,
    tokens,
    users,
)
from tonearm.api.working import Working
from tonearm.errors import (
    Conflict,
    EngineMissing,
    ExtraMissing,
    HomeBusy,
    HomeUnusable,
    InputError,
    ModelDamaged,
    NotRegistered,
    RegistryUnreachable,
    ServiceRefused,
    ServiceUnavailable,
    TableInvalid,
    TonearmError,
    UnknownName,
    UsageError,
)
from tonearm.lake import open_lake
from tonearm.logs import REQUEST_ID
from tonearm.models.trial.summary import trial_gauges
from tonearm.read.covers import covers_of
from tonearm.settings import Settings

ROUTES = (
    docs,
    documents,
    covers,
    dashboard,
    tables,
    listens,
    listeners,
    users,
    songs,
    own_playlists,
    exports,
    playlists,
    recommend,
    predict,
    library,
    imports,
    runs,
    models,
    schedule,
    connections,
    relays,
    tokens,
    audit,
    metrics,
)
"""Our own routes: :func:`tonearm.api.auth.guard` checks who asks, and whose data they ask for."""
OPEN_ROUTES = (
    audioscrobbler,
    lastfm,
    lastfm_page,
    listenbrainz_submit,
    listenbrainz_read,
    listenbrainz_stats,
    listenbrainz_playlists,
    listenbrainz_edit,
    koito,
    cards,
    health,
    root,
    site,
)
"""Routes that check for themselves who asks, or that anybody may use; one that speaks a protocol has its form of errors
in ``ERROR_FORMS``: pairs of a path and an :data:`~tonearm.api.problems.ErrorForm`."""

_KOITO = "/apis/listenbrainz"

BUSY_AFTER_S = 10.0
"""A request waits this long for another writer; a person at a terminal may wait longer."""

_STATUS: tuple[tuple[type[TonearmError], int], ...] = (
    (UnknownName, 404),
    (Conflict, 409),
    (NotRegistered, 409),
    (UsageError, 422),
    (InputError, 422),
    (TableInvalid, 422),
    (HomeBusy, 409),
    (HomeUnusable, 507),
    (RegistryUnreachable, 503),
    (ModelDamaged, 503),
    (ServiceRefused, 502),
    (ServiceUnavailable, 503),
    (EngineMissing, 501),
    (ExtraMissing, 501),
)
_STATUSES = sorted({401, 403, 413, 429, 500, *(status for _, status in _STATUS)})
"""What any of tonearm's own routes may answer instead, for the OpenAPI document."""


Background = Callable[[FastAPI], AbstractContextManager[None]]
"""What runs beside a server's requests: entered when it starts, left when it ends."""


def create_app(
    settings: Settings,
    max_upload_bytes: int = MAX_UPLOAD_BYTES,
    hosts: Sequence[str] = HOSTS,
    needs_tokens: bool = False,
    background: Background | None = None,
    lab_key: str | None = None,
    lab_url: str | None = None,
) -> FastAPI:
    """The API over the home of ``settings``; every expected failure is a Problem with a fitting status.

    It answers only under the names ``hosts``; where others than this machine can reach it, it ``needs_tokens``. The
    lab, which is at ``lab_url``, shows ``lab_key`` in place of a token. ``background`` runs while a server serves the
    application.
    """
    app = FastAPI(
        title="tonearm",
        version=__version__,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=partial(_lifespan, background),
    )
    app.state.settings = msgspec.structs.replace(settings, lock_wait_s=min(settings.lock_wait_s, BUSY_AFTER_S))
    app.state.needs_tokens, app.state.lab_key = needs_tokens, lab_key
    app.state.lab_url = lab_url
    app.state.trusted = Trusted()
    app.state.error_forms = [form for module in OPEN_ROUTES for form in getattr(module, "ERROR_FORMS", ())]
    # A store that is away must not hold all of a server's threads, which submissions need.
    app.state.lake = open_lake(settings.lake, is_patient=False)
    app.state.lake_look = looking.Look("the lake", partial(looking.see_lake, app.state.lake), looking.FRESH_S)
    app.state.home_look = looking.Look("the home", partial(looking.see_home, settings.home), looking.FRESH_S)
    app.state.store = OneStore(app.state.settings)
    app.state.reading = Reading(app.state.lake)
    app.state.covers = covers_of(settings)
    app.state.recommending = Recommending(app.state.settings, app.state.lake)
    app.state.predicting = Predicting(app.state.settings)
    app.state.working = Working()
    app.state.metrics = Metrics()
    app.state.metrics.registry.register(Gauges("forecasts", lambda: trial_gauges(app.state.store.get())))
    app.state.metrics.registry.register(Gauges("tables", lambda: metrics.gauges(app.state.lake)))
    app.state.metrics.watch(metrics.measures(settings, app.state.store, app.state.lake_look, app.state.home_look))
    imports.sweep_uploads(settings.scratch)
    # First those that speak protocols: a handshake of AudioScrobbler comes to /, too.
    for module in (*OPEN_ROUTES, *ROUTES):
        checks = [] if module in OPEN_ROUTES else [Depends(guard), Depends(recorded)]
        app.include_router(module.router, dependencies=checks)
        group_last(app, module.router)
    # multi-scrobbler's client for Koito submits under Koito's prefix for ListenBrainz's protocol.
    app.include_router(listenbrainz_submit.router, prefix=_KOITO, include_in_schema=False)
    app.openapi = partial(describe, app, _STATUSES)  # type: ignore[method-assign]
    _handle_errors(app)
    _add_middleware(app, hosts, max_upload_bytes)
    return app


@asynccontextmanager
async def _lifespan(background: Background | None, app: FastAPI) -> AsyncIterator[None]:
    with background(app) if background else nullcontext():
        yield
    app.state.store.close()


def _handle_errors(app: FastAPI) -> None:
    app.add_exception_handler(TonearmError, _foreseen)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Unchanged, not_modified)
    app.add_exception_handler(OSError, _not_accessible)
    app.add_exception_handler(Exception, _failed)


def _add_middleware(app: FastAPI, hosts: Sequence[str], max_upload_bytes: int) -> None:
    """Whatever a request passes, from the inside out."""
    settings, needs_tokens = app.state.settings, app.state.needs_tokens
    usual = PER_WINDOW if needs_tokens else PER_WINDOW_HERE
    app.add_middleware(Tagged)
    app.add_middleware(BodyLimit, upload_bytes=max_upload_bytes)
    app.add_middleware(RateLimit, limit=settings.rate_limit or usual, knows=app.state.trusted.knows)
    app.add_middleware(
        OwnOrigin,
        hosts=hosts,
        takes_addresses=needs_tokens,
        open_paths=SCROBBLING,
        origins=settings.allowed_origins,
    )
    app.add_middleware(Observed, metrics=app.state.metrics)


async def _foreseen(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    return answer_problem(request, status, type(error).__name__, str(error))


async def _not_understood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    message = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
    return answer_problem(request, 422, "UsageError", message)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer_problem(request, error.status_code, "Refused", str(error.detail), error.headers)


async def _failed(request: Request, _error: Exception) -> Response:
    """A bug; the log has the rest."""
    message = "tonearm failed inside; its log says where, please report it"
    # Starlette answers this one outside of what adds the header to others.
    return answer_problem(request, 500, "Bug", message, {"X-Request-ID": REQUEST_ID.get() or ""})


async def _not_accessible(request: Request, error: Exception) -> Response:
    """No permission, a disk that is full, read-only or gone: the same kinds as at the command line."""
    assert isinstance(error, OSError)
    what = f"{Path(error.filename).name}: " if isinstance(error.filename, str) else ""
    return answer_problem(request, 507, "HomeUnusable", f"{what}{error.strerror or error}; mend it and repeat")
