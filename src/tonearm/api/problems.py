"""How a request that was not carried out is answered: a Problem, or in the form of the protocol it came by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.types import Scope

from tonearm.api.answers import Problem

ErrorForm = Callable[[Request, int, str], Response]
"""Makes a protocol's own answer of a request, a status and a sentence."""

MEDIA_TYPE = "application/problem+json"


def answer_problem(
    request: Request, status: int, error: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to ``request``: in the form registered for its path in ``app.state.error_forms``, else a Problem.

    ``error`` names the kind of failure, for programs, and ``message`` is the sentence for people.
    """
    # JSON can hold half a character, which a message may repeat and no answer can be written with.
    readable = message.encode("utf-8", "replace").decode()
    request.state.problem = f"{error}: {readable}"
    form = error_form(request.scope)
    answer = form(request, status, readable) if form else problem(status, error, readable)
    answer.headers.update(headers or {})
    return answer


def problem(status: int, error: str, message: str) -> Response:
    """A Problem as JSON (RFC 9457)."""
    found = Problem(
        type=f"/docs#{error}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=message,
        error=error,
        message=message,
    )
    return JSONResponse(found.model_dump(), status_code=status, media_type=MEDIA_TYPE)


def error_form(scope: Scope) -> ErrorForm | None:
    """The form of errors of the protocol whose paths the request's is one of; None for tonearm's own routes."""
    state = getattr(scope.get("app"), "state", None)
    forms: list[tuple[str, ErrorForm]] = getattr(state, "error_forms", [])
    path: str = scope["path"]
    return next((form for prefix, form in forms if is_below(path, prefix)), None)


def is_below(path: str, prefix: str) -> bool:
    """Whether ``path`` is ``prefix`` or below it: ``/2.0/`` and ``/2.0`` are, ``/2.00`` is not."""
    folder = prefix.rstrip("/")
    return path == folder or path.startswith(f"{folder}/")
