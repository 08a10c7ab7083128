"""The address on this machine that a browser comes back to once its owner has allowed access."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tonearm.errors import ServiceRefused, ServiceUnavailable, UsageError

PATIENCE_S = 300.0
"""How long a person may take to sign in."""
_POLL_S = 0.5
_LOCAL = ("127.0.0.1", "::1")


def code_of(address: str, state: str) -> str:
    """The code in the address that a browser was sent back to.

    Raises UsageError for an address of another sign-in or of none, ServiceRefused where access was not allowed.
    """
    query = {name: values[-1] for name, values in parse_qs(urlsplit(address.strip()).query).items()}
    if query.get("state") != state:
        raise UsageError("that address is not of this sign-in; begin again with `tonearm connect`")
    if "error" in query:
        raise ServiceRefused("access was not allowed; run `tonearm connect` again and agree to it")
    if not query.get("code"):
        raise UsageError("that address has no code in it; copy all of it from the browser's address bar")
    return query["code"]


def wait_for_code(redirect_uri: str, state: str, opened: Callable[[], object], patience_s: float = PATIENCE_S) -> str:
    """Listen on this machine for the browser's return to ``redirect_uri``; ``opened`` is called when we listen.

    Requests that are not of this sign-in are passed over. Raises UsageError for an address that is not on this machine
    or is in use, ServiceRefused where access was not allowed, ServiceUnavailable where nobody came.
    """
    where = urlsplit(redirect_uri)
    if where.scheme != "http" or where.hostname not in _LOCAL or not where.port:
        raise UsageError(
            f"{redirect_uri} is not on this machine; Spotify accepts http://127.0.0.1:PORT/callback, "
            "or use --paste to paste the address that the browser ends at"
        )
    returned: list[str] = []
    try:
        server = HTTPServer((where.hostname, where.port), _handler(where.path or "/", state, returned))
    except OSError as error:
        raise UsageError(
            f"port {where.port} is in use; stop what uses it, or name another in SPOTIFY_REDIRECT_URI and in the app"
        ) from error
    with server:
        server.timeout = _POLL_S
        opened()
        give_up_at = time.monotonic() + patience_s
        while not returned:
            if time.monotonic() > give_up_at:
                raise ServiceUnavailable("nobody signed in within 5 minutes; run `tonearm connect spotify` again")
            server.handle_request()
    return code_of(returned[0], state)


def _handler(path: str, state: str, returned: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Takes the browser's return, and answers everything else with 404."""

        timeout = 10

        def do_GET(self) -> None:
            """Note an address of this sign-in, and say that the window can be closed."""
            parts = urlsplit(self.path)
            is_ours = parts.path == path and parse_qs(parts.query).get("state") == [state]
            text = "tonearm is connected; this window can be closed." if is_ours else "Not found."
            if is_ours:
                returned.append(self.path)
                if "error" in parse_qs(parts.query):
                    text = "Access was not allowed. This window can be closed."
            self._answer(200 if is_ours else 404, text)

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the address has the code in it."""

    return Handler
