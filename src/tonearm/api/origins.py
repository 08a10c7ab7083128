"""Which requests come from this machine's own pages, and which of other websites' pages may ask at all."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tonearm.api.problems import answer_problem, is_below

HOSTS = ("127.0.0.1", "localhost", "::1")
"""Names under which tonearm answers; anything else is another site's name pointed at this machine."""

SCROBBLING = ("/1/", "/2.0/", "/apis/")
"""Paths that scrobblers in a browser use, from a website or an extension of any origin."""

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PREFLIGHT_S = 86_400


class OwnOrigin:
    """Refuses requests under another name, and those that a page of another origin sends through the visitor's browser.

    The first is how DNS rebinding reads what only this machine may see: a site's name suddenly means 127.0.0.1, and
    the browser takes tonearm's answers for the site's own. A numeric address cannot be rebound. Reads may come from
    any port of this machine, since without CORS headers a browser keeps the answers from the page that asked; writes
    and WebSockets may not.

    What a page of another website asks at a path where that is open to it is passed on with ``is_foreign`` in the
    request's state, since it has no right to what this machine's own programs may do without a token.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Sequence[str] = HOSTS,
        takes_addresses: bool = False,
        open_paths: Sequence[str] = (),
        origins: Sequence[str] = (),
    ) -> None:
        """Wrap ``app``, which answers under the names ``hosts`` and, if it ``takes_addresses``, numeric ones.

        Pages of any origin may use ``open_paths``, and those of ``origins`` every path.
        """
        self.app, self.hosts, self.takes_addresses = app, hosts, takes_addresses
        self.open_paths, self.origins = open_paths, frozenset(origin.rstrip("/").lower() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a Problem."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_read = scope["type"] == "http" and scope["method"] in _READS
        origins = headers.getlist("origin")
        status, why = refusal(headers.getlist("host"), origins, is_read, self.hosts, self.takes_addresses)
        if status == 403 and self._is_open(scope, origins):
            await self._for_a_page(scope, headers, receive, send)
        elif status and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": WS_1008_POLICY_VIOLATION})
        elif status:
            await answer_problem(Request(scope), status, "Refused", why)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _is_open(self, scope: Scope, origins: Sequence[str]) -> bool:
        """Whether the one page that asks may use the path."""
        if scope["type"] != "http" or len(origins) != 1:
            return False
        is_open = any(is_below(scope["path"], prefix) for prefix in self.open_paths)
        return is_open or origins[0].lower() in self.origins

    async def _for_a_page(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        origin = headers["origin"]
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=204, headers=_preflight(origin))(scope, receive, send)
            return
        scope.setdefault("state", {})["is_foreign"] = True

        async def allowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.update(_allowed(origin))
                answer.add_vary_header("Origin")
            await send(message)

        await self.app(scope, receive, allowed)


def refusal(
    hosts: Sequence[str],
    origins: Sequence[str],
    is_read: bool,
    own: Sequence[str] = HOSTS,
    takes_addresses: bool = False,
) -> tuple[int, str]:
    """The status and the reason to refuse a request with these headers; 0 for one that may pass."""

    def is_own(host: str) -> bool:
        name = _name(host)
        return name in own or (takes_addresses and _is_address(name))

    if len(hosts) != 1 or not is_own(hosts[0]):
        return 400, f"tonearm answers only under the names {', '.join(own)}; the setting allowed_hosts adds others"
    for origin in origins:
        scheme, _, sent_by = origin.partition("://")
        if scheme not in ("http", "https") or not is_own(sent_by):
            return 403, "pages of other sites may not use this API"
        if not is_read and sent_by.lower() != hosts[0].lower():
            return 403, f"a page of {sent_by} may not change anything at {hosts[0]}"
    return 0, ""


def _allowed(origin: str) -> dict[str, str]:
    """Headers by which a browser gives an answer to the page; without credentials, as a cookie counts for nothing."""
    exposed = "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset-In, X-RateLimit-Reset, ETag"
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": exposed}


def _preflight(origin: str) -> dict[str, str]:
    return {
        **_allowed(origin),
        "Vary": "Origin",
        "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match",
        "Access-Control-Allow-Private-Network": "true",
        "Access-Control-Max-Age": str(_PREFLIGHT_S),
    }


def _is_address(name: str | None) -> bool:
    try:
        return bool(ipaddress.ip_address(name or ""))
    except ValueError:
        return False


def _name(host: str) -> str | None:
    """The name in ``name:port``; None where it is anything else, such as ``[`` or ``name:99999``."""
    try:
        parts = urlsplit(f"//{host}")
        is_plain = parts.netloc == host and "@" not in host and (parts.port is None or parts.port > 0)
        return parts.hostname if is_plain else None
    except ValueError:
        return None
