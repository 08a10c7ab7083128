"""Which requests come from this machine's own pages; the API and the page refuse all others alike."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.types import ASGIApp, Receive, Scope, Send

from tonearm.api.problems import answer_problem

HOSTS = ("127.0.0.1", "localhost", "::1")
"""Names under which tonearm answers; anything else is another site's name pointed at this machine."""

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class OwnOrigin:
    """Refuses requests under another name, and those that a page of another origin sends through the visitor's browser.

    The first is how DNS rebinding reads what only this machine may see: a site's name suddenly means 127.0.0.1, and
    the browser takes tonearm's answers for the site's own. Reads may come from any port of this machine, since
    without CORS headers a browser keeps the answers from the page that asked; writes and WebSockets may not.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = HOSTS) -> None:
        """Wrap ``app``, which answers under the names ``hosts``."""
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a Problem."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_read = scope["type"] == "http" and scope["method"] in _READS
        status, why = refusal(headers.getlist("host"), headers.getlist("origin"), is_read, self.hosts)
        if status and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": WS_1008_POLICY_VIOLATION})
        elif status:
            answer = answer_problem(Request(scope), status, "Refused", why)
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def refusal(hosts: Sequence[str], origins: Sequence[str], is_read: bool, own: Sequence[str] = HOSTS) -> tuple[int, str]:
    """The status and the reason to refuse a request with these headers; 0 for one that may pass."""
    if len(hosts) != 1 or _name(hosts[0]) not in own:
        return 400, f"tonearm answers only under the names {', '.join(own)}"
    for origin in origins:
        scheme, _, sent_by = origin.partition("://")
        if scheme not in ("http", "https") or _name(sent_by) not in own:
            return 403, "pages of other sites may not use this API"
        if not is_read and sent_by.lower() != hosts[0].lower():
            return 403, f"a page of {sent_by} may not change anything at {hosts[0]}"
    return 0, ""


def _name(host: str) -> str | None:
    """The name in ``name:port``; None where it is anything else, such as ``[`` or ``name:99999``."""
    try:
        parts = urlsplit(f"//{host}")
        is_plain = parts.netloc == host and "@" not in host and (parts.port is None or parts.port > 0)
        return parts.hostname if is_plain else None
    except ValueError:
        return None
