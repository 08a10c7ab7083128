"""Counts and logs every request: by its route, since the address itself may name a listener or hold a token."""

from __future__ import annotations

import logging
from secrets import token_hex
from time import perf_counter

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tonearm.api.metrics import Metrics
from tonearm.logs import REQUEST_ID, has_events, write_event

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observed:
    """Counts what passes."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Wrap ``app``."""
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it when it has ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started_s, status, request_id = perf_counter(), 500, token_hex(8)
        # Not reset: what goes wrong on the way out belongs to the request, too.
        REQUEST_ID.set(request_id)

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            scope.setdefault("state", {})["problem"] = f"Bug: {type(error).__name__}"
            raise
        finally:
            self._count(scope, status, perf_counter() - started_s)

    def _count(self, scope: Scope, status: int, took_s: float) -> None:
        # What anybody may make up must not become a label of its own.
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.requested(method, route, status, took_s)
        if has_events():
            fields = {"method": method, "route": route, "status": status, "took_ms": round(took_s * 1000, 1)}
            # What a person could not have caused; other errors may repeat what was asked for.
            problem = scope.get("state", {}).get("problem") if status >= 500 else None
            level = logging.ERROR if status >= 500 else logging.INFO
            write_event("request", level, **fields, **({"problem": problem} if problem else {}))
