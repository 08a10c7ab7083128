"""Answers that are not sent again while the tables they are made from stay the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tonearm import __version__
from tonearm.api.auth import Caller, CallerDep
from tonearm.bronze import SCHEMAS
from tonearm.lake import Lake
from tonearm.table import tables

_KEPT = "private, no-cache"
"""A browser keeps the answer for itself, and asks each time whether it is still the newest."""


class Unchanged(Exception):
    """The client already has what would be answered."""


def of_tables(*names: str) -> Callable[..., Coroutine[Any, Any, None]]:
    """A dependency for answers made from tables alone: from ``names``, and from the one in the path ``/tables/{name}``.

    A client that shows the ETag of the tables as they are gets 304 before any work is done.
    """

    async def check(request: Request, who: CallerDep) -> None:
        in_path = request.path_params.get("name", "") if request.url.path.startswith("/tables/") else ""
        asked = [*names, *([in_path] if in_path in tables() or in_path in SCHEMAS else [])]
        lake: Lake = request.app.state.lake
        mark(request, who, await run_in_threadpool(lambda: [lake.version(name) for name in asked]))

    return check


def mark(request: Request, who: Caller, state: Sequence[Hashable], kept: str = _KEPT) -> None:
    """Give the answer the weak ETag of its address and ``state``; raises Unchanged for a client that has it.

    The answer to one caller is not another's, and another version of tonearm may answer otherwise. ``kept`` is its
    ``Cache-Control``.
    """
    request.state.kept = kept
    address = f"{request.url.path}?{request.url.query}"
    found = hashlib.sha256(repr((__version__, address, who.only, *state)).encode("utf-8", "replace")).hexdigest()
    request.state.etag = f'W/"{found[:24]}"'
    if is_among(request.state.etag, request.headers.get("if-none-match", "")):
        raise Unchanged


def is_among(etag: str, shown: str) -> bool:
    """Whether ``If-None-Match`` names the tag; weak and strong are the same, as RFC 9110 compares them."""
    return shown.strip() == "*" or etag.removeprefix("W/") in (
        one.strip().removeprefix("W/") for one in shown.split(",")
    )


async def not_modified(_request: Request, _unchanged: Exception) -> Response:
    """The answer to a client that has it."""
    return Response(status_code=304)


class Tagged:
    """Sends the ETag that a route marked its answer with."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        state = scope.setdefault("state", {})

        async def tagged(message: Message) -> None:
            etag = state.get("etag")
            if message["type"] == "http.response.start" and etag and message["status"] in (200, 304):
                headers = MutableHeaders(scope=message)
                headers["ETag"], headers["Cache-Control"] = etag, state["kept"]
                headers.add_vary_header("Authorization")
            await send(message)

        await self.app(scope, receive, tagged if scope["type"] == "http" else send)
