"""An HTTP server in this process that answers like a service, and fails on request."""

from __future__ import annotations

import json
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request: ``query`` has the parameters of the address and of a form."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer; a body that is not text is sent as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Dropped(Reply):
    """No answer: the connection is closed."""


GARBAGE = Reply(200, "<html>Sign in to the hotel's network</html>")
BROKEN = Reply(503, "upstream failed")


def busy(seconds: float) -> Reply:
    return Reply(429, {"error": {"status": 429, "message": "API rate limit exceeded"}}, {"Retry-After": str(seconds)})


class StandIn:
    """A service. ``faults`` are answered before anything else, one request each; ``asked`` lists what was answered."""

    def __init__(self) -> None:
        self.faults: deque[Reply] = deque()
        self.asked: list[Asked] = []
        self.url = ""

    def reply(self, asked: Asked) -> Reply:
        raise NotImplementedError

    def answered(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self.faults.popleft() if self.faults else self.reply(asked)


@contextmanager
def serving(service: StandIn) -> Iterator[None]:
    """Serves it on a free port of this machine, at ``service.url``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service))
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_port}/"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(service: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A small answer in two packets would wait for the other side's acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer()

        do_POST = do_GET

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            query = dict(parse_qsl(parts.query, keep_blank_values=True)) | dict(parse_qsl(form))
            reply = service.answered(Asked(self.command, parts.path, query, dict(self.headers)))
            if isinstance(reply, Dropped):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            body = (reply.body if isinstance(reply.body, str) else json.dumps(reply.body)).encode()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
