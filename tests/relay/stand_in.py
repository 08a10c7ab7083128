"""Servers that speak ListenBrainz's and Last.fm's protocols as their documentation has them, with faults."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tonearm.relay.lastfm import signature

TOKEN = "0f8a2f4e-5f7c-4f0e-8f0e-6a1f6a0b7c11"
KEY, SHARED, SESSION = "key1", "shared2", "session3"
Reply = tuple[int, dict[str, str], str]


@dataclass
class StandIn:
    """A service that remembers what it accepted, and does to the next requests what ``faults`` says."""

    listens: list[dict[str, Any]] = field(default_factory=list)
    playing: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    """Kinds of requests, in order."""
    sizes: list[int] = field(default_factory=list)
    """How many listens each submission had."""
    faults: list[Callable[[str, Any], Reply | None]] = field(default_factory=list)
    """Each is asked first, with the request's kind and what it submits; None lets the request through."""
    url: str = ""
    drop: bool = False
    """Whether connections are closed after the request is carried out, without an answer."""

    def reply(self, method: str, path: str, query: dict[str, str], body: bytes, token: str) -> Reply:
        raise NotImplementedError

    def faulty(self, kind: str, sent: Any) -> Reply | None:
        self.requests.append(kind)
        return next((reply for fault in self.faults if (reply := fault(kind, sent))), None)

    def names(self) -> list[str]:
        return [one["track"] for one in self.listens]


class ListenBrainzStandIn(StandIn):
    """``submit-listens``, ``validate-token`` and a user's listens; a listen it has is not kept twice."""

    def reply(self, method: str, path: str, query: dict[str, str], body: bytes, token: str) -> Reply:
        sent = json.loads(body) if body else {}
        kind = path.rstrip("/").rsplit("/", 1)[-1]
        if (fault := self.faulty(kind, sent)) is not None:
            return fault
        if token != f"Token {TOKEN}":
            return (200, {}, '{"valid": false}') if kind == "validate-token" else _error(401, "Invalid token.")
        if kind == "validate-token":
            return 200, {}, json.dumps({"valid": True, "user_name": "ada"})
        if kind == "listens":
            before = int(query["max_ts"])
            found = sorted((one for one in self.listens if one["at"] < before), key=lambda one: -one["at"])
            return (
                200,
                {},
                json.dumps({"payload": {"listens": [one["listen"] for one in found[: int(query["count"])]]}}),
            )
        return self._submit(sent)

    def _submit(self, sent: dict[str, Any]) -> Reply:
        if sent["listen_type"] == "playing_now":
            self.playing += sent["payload"]
            return 200, {}, '{"status": "ok"}'
        self.sizes.append(len(sent["payload"]))
        if any(one["track_metadata"]["track_name"].startswith("bad") for one in sent["payload"]):
            return _error(400, "JSON document does not contain a valid track_name.")
        for listen in sent["payload"]:
            one = {"at": listen["listened_at"], "track": listen["track_metadata"]["track_name"], "listen": listen}
            if one not in self.listens:
                self.listens.append(one)
        return 200, {}, '{"status": "ok"}'


class LastFmStandIn(StandIn):
    """``track.scrobble``, ``user.getInfo`` and ``user.getRecentTracks``; it keeps what comes twice twice."""

    def reply(self, method: str, path: str, query: dict[str, str], body: bytes, token: str) -> Reply:
        sent = query | dict(parse_qsl(body.decode()))
        kind = sent.get("method", "")
        if (fault := self.faulty(kind, sent)) is not None:
            return fault
        signed = signature({k: v for k, v in sent.items() if k not in ("format", "api_sig")}, SHARED)
        if sent.get("api_sig") != signed:
            return _failed(13, "Invalid method signature supplied")
        if sent.get("sk") != SESSION:
            return _failed(9, "Invalid session key - Please re-authenticate")
        if kind == "user.getInfo":
            return 200, {}, json.dumps({"user": {"name": "ada"}})
        if kind == "user.getRecentTracks":
            low, high = int(sent["from"]), int(sent["to"])
            tracks = [{"name": one["track"], "date": {"uts": str(one["at"])}} for one in self.listens
                      if low <= one["at"] < high]  # fmt: skip
            return 200, {}, json.dumps({"recenttracks": {"track": tracks}})
        if kind == "track.updateNowPlaying":
            self.playing.append(sent)
            return 200, {}, '{"nowplaying": {"track": {"#text": ""}}}'
        return self._scrobble(sent)

    def _scrobble(self, sent: dict[str, str]) -> Reply:
        answered = []
        for i in range(sum(name.startswith("timestamp[") for name in sent)):
            track = sent[f"track[{i}]"]
            code = "2" if track.startswith("bad") else "0"
            if code == "0":
                self.listens.append({"at": int(sent[f"timestamp[{i}]"]), "track": track})
            answered.append({"track": {"#text": track}, "ignoredMessage": {"code": code, "#text": ""}})
        self.sizes.append(len(answered))
        one_or_many = answered[0] if len(answered) == 1 else answered
        return 200, {}, json.dumps({"scrobbles": {"@attr": {"accepted": len(answered)}, "scrobble": one_or_many}})


def _error(status: int, text: str) -> Reply:
    return status, {}, json.dumps({"code": status, "error": text})


def _failed(code: int, text: str) -> Reply:
    return 403, {}, json.dumps({"error": code, "message": text})


@contextmanager
def running(service: StandIn) -> Iterator[StandIn]:
    """``service`` at ``service.url``, until the end."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            token = self.headers.get("authorization", "")
            status, headers, text = service.reply(self.command, path, query, body, token)
            if service.drop:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(text.encode()))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
