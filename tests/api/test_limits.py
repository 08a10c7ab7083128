"""How large, how fast and how slow a request may be."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import client_of
from tests.api.listening import store_of
from tests.serving import answering
from tonearm.api import limits
from tonearm.api.app import create_app
from tonearm.api.limits import BodyLimit, Buckets
from tonearm.api.patience import Patient
from tonearm.settings import Settings
from tonearm.store.tokens import create_token, revoke_token


def test_a_bucket_holds_a_window_s_requests_and_fills_up_evenly() -> None:
    buckets = Buckets(limit=20, window_s=10)
    assert [buckets.spend("ada", 0.0).remaining for _ in range(20)] == list(range(19, -1, -1))
    refused = buckets.spend("ada", 0.0)
    assert (refused.retry_in_s, refused.remaining, refused.full_in_s) == (1, 0, 10)
    assert buckets.spend("bob", 0.0).retry_in_s is None
    assert buckets.spend("ada", 0.5).retry_in_s is None
    assert buckets.spend("ada", 0.5).retry_in_s == 1
    assert buckets.spend("ada", 100.0).remaining == 19


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=80))
def test_in_no_stretch_of_time_is_more_allowed_than_the_bucket_and_what_flows_into_it(waits: list[float]) -> None:
    buckets, now, allowed_at = Buckets(limit=5, window_s=10), 0.0, []
    for wait in waits:
        now += wait
        if buckets.spend("ada", now).retry_in_s is None:
            allowed_at.append(now)
    for first, start in enumerate(allowed_at):
        for count, end in enumerate(allowed_at[first:], 1):
            assert count <= 5 + (end - start) * 0.5 + 1e-6


def test_only_so_many_clients_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_KEPT", 3)
    buckets = Buckets(limit=2)
    for number in range(10):
        buckets.spend(str(number), 0.0)
    assert list(buckets._kept) == ["7", "8", "9"]


def test_too_many_requests_are_told_when_to_come_back(home: Settings) -> None:
    with client_of(msgspec.structs.replace(home, rate_limit=3)) as http:
        answers = [http.get("/1/nothing") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
        last = answers[-1]
        assert int(last.headers["retry-after"]) == int(last.headers["x-ratelimit-reset-in"]) >= 1
        assert last.headers["x-ratelimit-limit"] == "3" and int(last.headers["x-ratelimit-reset"]) > 1e9
        ours = http.get("/health")
        assert (ours.status_code, ours.json()["error"]) == (429, "Refused")


def test_guessing_tokens_is_asking_too_often(home: Settings) -> None:
    with client_of(msgspec.structs.replace(home, rate_limit=3)) as http:
        guesses = [http.get("/listeners", headers={"Authorization": f"Token {n}"}).status_code for n in range(5)]
        assert guesses == [401, 401, 401, 429, 429]


@pytest.mark.parametrize("path", ["/health", "/1/nothing"])
def test_who_makes_tokens_up_asks_no_more_often_where_none_is_needed(home: Settings, path: str) -> None:
    with client_of(msgspec.structs.replace(home, rate_limit=3)) as http:
        asked = [http.get(path, headers={"Authorization": f"Token {n}"}).status_code for n in range(5)]
        assert asked[3:] == [429, 429]


def test_others_at_its_address_cost_a_good_token_nothing(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tonearm.api.auth.TRUSTED_S", 0.0)
    store = store_of(home)
    secret, token = create_token(store, "Ada", ["read"])
    shown = {"Authorization": f"Token {secret}"}
    with client_of(msgspec.structs.replace(home, rate_limit=3)) as http:
        assert http.get("/zones", headers=shown).status_code == 200
        assert [http.get("/health").status_code for _ in range(4)][-1] == 429
        assert http.get("/zones", headers=shown).status_code == 200
        revoke_token(store, token.number)
        assert [http.get("/zones", headers=shown).status_code for _ in range(2)] == [401, 429]
    store.close()


@pytest.mark.parametrize(
    ("trusted", "statuses"),
    [
        (Settings(home=Path("home")).trusted_proxies, [200, 429, 200, 429]),
        (("127.0.0.0/8",), [200, 429, 200, 429]),
        (("10.0.0.0/8",), [200, 429, 429, 429]),
        ((), [200, 429, 429, 429]),
    ],
)
def test_only_a_trusted_proxy_says_whose_request_it_passes_on(
    home: Settings, monkeypatch: pytest.MonkeyPatch, trusted: tuple[str, ...], statuses: list[int]
) -> None:
    # A bucket of one, which does not fill up while the test runs.
    monkeypatch.setattr(limits, "Buckets", partial(Buckets, window_s=1e6))
    app = create_app(msgspec.structs.replace(home, rate_limit=1))
    with answering(app, **limits.uvicorn_limits(trusted)) as (address, _):
        # The proxy adds the address that it saw to what a visitor made up.
        visitors = ("203.0.113.7", "203.0.113.7", "203.0.113.8", "198.51.100.1, 203.0.113.8")
        asked = [httpx.get(f"{address}/health", headers={"X-Forwarded-For": who}) for who in visitors]
    assert [answer.status_code for answer in asked] == statuses


def test_a_body_has_a_limit_that_only_uploads_exceed(home: Settings) -> None:
    large = b"x" * (limits.MAX_BODY_BYTES + 1)
    with client_of(home) as http:
        answer = http.put("/listeners/Ada", content=large, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["status"]) == (413, 413)
        assert "10 MB" in answer.json()["detail"]
        # Understood to be no upload, after it was read.
        assert http.post("/imports", content=large).status_code == 422


@pytest.mark.parametrize(
    "path", ["/imports", "/1/submit-listens", "/1/latest-import", "/1/delete-listen", "/1/feedback/recording-feedback"]
)
def test_of_what_comes_without_a_good_token_nothing_is_kept(
    home: Settings, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    kept: list[str] = []
    monkeypatch.setattr(Request, "form", lambda *_, **__: kept.append("form"))
    monkeypatch.setattr(Request, "body", lambda _: kept.append("body"))
    with client_of(home, needs_tokens=True) as http:
        for headers in ({}, {"Authorization": "Token wrong"}):
            answer = http.post(path, files={"files": ("a.csv", b"x")}, headers=headers)
            assert (answer.status_code, kept) == (401, [])


def test_a_body_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FIRST_S", 0.05)
    parts: list[dict[str, Any]] = [{"type": "http.request", "body": b"[", "more_body": True}]

    async def trickle() -> dict[str, Any]:
        if parts:
            return parts.pop()
        await asyncio.sleep(3600)
        raise AssertionError

    async def read(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass

    async def ask() -> None:
        await BodyLimit(read)({"type": "http", "path": "/listeners/Ada"}, trickle, trickle)

    with pytest.raises(limits.HTTPException, match="too slowly") as raised:
        asyncio.run(ask())
    assert raised.value.status_code == 408


def test_a_connection_on_which_nothing_is_asked_is_closed(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tonearm.api.patience.HEADERS_S", 0.2)
    with answering(create_app(home), **limits.uvicorn_limits(home.trusted_proxies)) as (address, server):
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=60) as silent:
            silent.sendall(b"GET /health HTTP/1.1\r\nHost: 127")
            assert silent.recv(100) == b""
        assert issubclass(server.config.http_protocol_class, Patient)
        headers = {"x-long": "x" * 300_000}
        with suppress(httpx.TransportError):  # The server need not read all of it to the end.
            assert httpx.get(f"{address}/health", headers=headers).status_code in (400, 431)
        assert httpx.get(f"{address}/health").status_code == 200
