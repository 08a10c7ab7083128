"""A proxy before an object store that fails as one does, in a process of its own, since libraries wait holding Python.

    python failing_proxy.py INNER PORT

A POST to ``/-/`` sets how (JSON, see ``Rules``), a GET of it answers how many requests were answered by 503.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from time import monotonic

CONTROL = "/-/"
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_OF_ONE_HOP = {"connection", "content-length", "date", "server", "transfer-encoding"}


@dataclass
class Rules:
    """Which requests, such as ``PUT /bucket/lake/…``, are answered by 503."""

    refuse_next: int = 0
    """So many, whatever they ask."""
    refuse_for_s: float = 0
    """All for so long, from the first on."""
    refuse: str = ""
    """Those that match this pattern."""
    forget: str = ""
    """Those that match this one are carried out, and then answered by 503 the first time."""
    failed: int = 0
    forgotten: set[str] = field(default_factory=set)
    refused_first: float | None = None

    def refuses(self, request: str) -> bool:
        if self.refused_first is None:
            self.refused_first = monotonic()
        if monotonic() < self.refused_first + self.refuse_for_s:
            return True
        if self.refuse_next:
            self.refuse_next -= 1
            return True
        return bool(self.refuse and re.search(self.refuse, request))

    def forgets(self, request: str) -> bool:
        if not self.forget or request in self.forgotten or not re.search(self.forget, request):
            return False
        self.forgotten.add(request)
        return True


class Proxy(ThreadingHTTPServer):
    def __init__(self, inner: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Request)
        self.inner, self.rules = inner.removeprefix("http://"), Rules()
        # A real store compares and writes in one step; moto does not.
        self.one_at_a_time = Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client may hang up in the middle of an answer."""


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        rules, request = self.server.rules, f"{self.command} {self.path}"
        if self.path == CONTROL:
            self._control(body)
        elif rules.refuses(request):
            self._fail()
        else:
            status, headers, answer = self._answer(body)
            if rules.forgets(request):
                self._fail()
            else:
                self._send(status, headers, answer)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on

    def _control(self, body: bytes) -> None:
        if self.command == "POST":
            self.server.rules = Rules(**json.loads(body))
        self._send(200, {}, str(self.server.rules.failed).encode())

    def _answer(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        inner = http.client.HTTPConnection(self.server.inner)
        with self.server.one_at_a_time, closing(inner):
            inner.request(self.command, self.path, body, dict(self.headers))
            answer = inner.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def _fail(self) -> None:
        self.server.rules.failed += 1
        self._send(503, {}, _SLOW_DOWN)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        is_head = self.command == "HEAD"
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _OF_ONE_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", headers.get("Content-Length", "0") if is_head else str(len(body)))
        self.end_headers()
        if not is_head:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    Proxy(sys.argv[1], int(sys.argv[2])).serve_forever()
