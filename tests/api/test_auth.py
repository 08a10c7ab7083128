"""Who may ask for what: tokens, scopes, and each listener's data for its own tokens alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import HISTORY, PROBLEM, client_of
from tonearm.api import auth
from tonearm.api.auth import Caller, Trusted
from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.settings import Settings
from tonearm.store import Store, open_store
from tonearm.store.tokens import Scope, create_token, note_use, revoke_token, tokens

BOBS = "Bob Hund,Jag rear ut min själ,Istället för musik,21 Nov 2020 10:00\n"

PROTOCOLS = ("/1/", "/2.0", "/apis/", "/audioscrobbler", "/api/auth")
"""Paths whose answers are those of the protocols, with tests of their own."""


@pytest.fixture(scope="module")
def household(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Ada's and Bob's listens."""
    folder = tmp_path_factory.mktemp("household")
    home = Settings(home=folder / "home")
    for name, text in (("Ada", HISTORY), ("Bob", BOBS)):
        path = folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        import_paths(home, [path], name, "Europe/Berlin")
    build(home, ["listening_with_features", "sessions"])
    return home


@pytest.fixture(scope="module")
def store(household: Settings) -> Iterator[Store]:
    opened = open_store(household)
    yield opened
    opened.close()


def shown(store: Store, listener: str, *scopes: Scope) -> dict[str, str]:
    """Headers of a new token."""
    return {"Authorization": f"Token {create_token(store, listener, scopes)[0]}"}


@pytest.fixture(scope="module")
def beyond(household: Settings) -> Iterator[httpx.Client]:
    """The API where others can reach it."""
    with client_of(household, needs_tokens=True) as http:
        yield http


def paths(http: httpx.Client, headers: dict[str, str], method: str) -> Iterator[str]:
    """The address of every route with a method, about Bob where one is named."""
    document = http.get("/openapi.json", headers=headers).json()
    values = {
        "name": "Bob",
        "subject": "tracks",
        "playlist": "Focus",
        "run": "2",
        "track_id": "1",
        "subject_id": "1",
        "user_name": "Bob",
        "form": "svg",
        "kind": "artists",
    }
    for path, operations in document["paths"].items():
        if method in operations:
            yield path.replace("/tables/{name}", "/tables/sessions").format_map(Defaults(values))


class Defaults(dict[str, str]):
    def __missing__(self, _key: str) -> str:
        return "1"


def test_beyond_this_machine_every_route_needs_a_token_but_health(beyond: httpx.Client, store: Store) -> None:
    admin = shown(store, "Ada", "admin")
    for method in ("get", "put", "post", "delete"):
        for path in paths(beyond, admin, method):
            if not path.startswith(PROTOCOLS):
                status = 200 if path in ("/health", "/ready") else 404 if path.startswith("/cards/") else 401
                assert beyond.request(method, path).status_code == status, path
    for path in ("/docs", "/openapi.json", "/"):
        assert beyond.get(path).status_code == 401
        assert beyond.get(path, headers=admin).status_code == 200


@pytest.mark.parametrize("sent", ["Token wrong", "Bearer ", "Token", "Basic YTpi", "Token \N{SNOWMAN}", "token x y"])
def test_what_is_no_good_token_opens_nothing(beyond: httpx.Client, sent: str) -> None:
    answer = beyond.get("/listeners", headers={"Authorization": sent.encode()})
    assert (answer.status_code, set(answer.json())) == (401, PROBLEM)
    assert answer.headers["www-authenticate"] == "Token"


def test_a_token_is_looked_up_once_a_second() -> None:
    now = [10.0]
    trusted, ada = Trusted(lambda: now[0]), Caller("Ada", frozenset())
    trusted.keep("secret", ada)
    now[0] = 10.9
    assert trusted.find("secret") is ada and trusted.find("Secret") is None
    now[0] = 11.0
    assert trusted.find("secret") is None


def test_a_token_opens_until_it_is_revoked_or_expires(
    beyond: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "TRUSTED_S", 0.0)
    secret, token = create_token(store, "Ada", ["read"])
    for scheme in ("Token", "Bearer", "token"):
        assert beyond.get("/zones", headers={"Authorization": f"{scheme} {secret}"}).status_code == 200
    revoke_token(store, token.number)
    assert beyond.get("/zones", headers={"Authorization": f"Token {secret}"}).status_code == 401
    late, _ = create_token(store, "Ada", ["read"], days=1e-9)
    assert beyond.get("/zones", headers={"Authorization": f"Token {late}"}).status_code == 401


def test_a_token_opens_what_its_scopes_name(beyond: httpx.Client, store: Store) -> None:
    read, submit = shown(store, "Ada", "read"), shown(store, "Ada", "submit")
    opinion = {"kind": "like", "name": "Sexy Boy"}
    assert beyond.get("/listens", headers=read).status_code == 200
    assert beyond.get("/listens", headers=submit).status_code == 403
    assert beyond.post("/listeners/Ada/feedback", headers=read, json=opinion).status_code == 403
    assert beyond.put("/listeners/Ada", headers=read, json={"zone": "UTC"}).status_code == 403
    assert beyond.delete("/imports/1", headers=submit).status_code == 403
    assert beyond.get("/audit", headers=read).status_code == 403


def test_a_reader_s_token_shows_its_own_listener_s_data_and_nobody_else_s(beyond: httpx.Client, store: Store) -> None:
    """Every route that can be read, with Bob named in it and with nobody named."""
    ada = shown(store, "Ada", "read", "submit")
    for path in paths(beyond, ada, "get"):
        for query in ({"listener": "Bob"}, {"listener": "bob "}, {}):
            answer = beyond.get(path, headers=ada, params={**query, "q": "x", "user_name": "Bob"})
            assert answer.status_code < 500
            assert "själ" not in answer.text and "Istället" not in answer.text, path
            assert answer.status_code >= 400 or '"Bob"' not in answer.text, path


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/listens?listener=Bob", None),
        ("GET", "/listens?listener=Ada&listener=Bob", None),
        ("GET", "/dashboard?listener=bob", None),
        ("GET", "/tables/sessions?listener=Bob", None),
        ("GET", "/tables/tracks", None),
        ("GET", "/tables/runs", None),
        ("GET", "/listeners/Bob/overview", None),
        ("GET", "/listeners/b%6Fb/top/tracks", None),
        ("GET", "/listeners/Bob/feedback", None),
        ("GET", "/imports/2", None),
        ("GET", "/schedule", None),
        ("GET", "/relays?listener=Bob", None),
        ("GET", "/predict/next-mood?listener=Bob", None),
        ("GET", "/predictions/trial?listener=Bob", None),
        ("GET", "/recommend/song/1?listener=Bob", None),
        ("POST", "/recommend/user/", {"listener": "Bob"}),
        ("POST", "/recommend/user", {"listener": "Bob", "liked": ["Sexy Boy"]}),
        ("POST", "/listeners/Bob/feedback", {"kind": "like", "name": "Sexy Boy"}),
        ("DELETE", "/listeners/Bob/feedback/track/1", None),
    ],
)
def test_another_listener_s_data_is_refused(
    beyond: httpx.Client, store: Store, method: str, path: str, body: Any
) -> None:
    answer = beyond.request(method, path, json=body, headers=shown(store, "Ada", "read", "submit"))
    assert answer.status_code == 403, answer.text
    assert "Ada alone" in answer.json()["detail"] or "whole household" in answer.json()["detail"]


def test_without_a_name_a_token_means_its_own_listener(beyond: httpx.Client, store: Store) -> None:
    ada, admin = shown(store, "Ada", "read"), shown(store, "Bob", "admin")
    assert {one["artist_name"] for one in beyond.get("/listens", headers=ada).json()["listens"]} == {"Air"}
    assert {row["listener"] for row in beyond.get("/tables/sessions", headers=ada).json()["rows"]} == {"Ada"}
    assert [one["name"] for one in beyond.get("/listeners", headers=ada).json()] == ["Ada"]
    assert [one["listener"] for one in beyond.get("/imports", headers=ada).json()] == ["Ada"]
    assert beyond.get("/dashboard", headers=ada).json()["listener"] == "Ada"
    assert {row["listener"] for row in beyond.get("/tables/sessions", headers=admin).json()["rows"]} == {"Ada", "Bob"}


def test_a_token_is_shown_to_be_used_to_the_minute(
    beyond: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "TRUSTED_S", 0.0)
    secret, token = create_token(store, "Ada", ["read"])

    def used_at() -> datetime | None:
        beyond.get("/zones", headers={"Authorization": f"Token {secret}"})
        return next(one.used_at for one in tokens(store) if one.number == token.number)

    first = used_at()
    assert first and datetime.now(UTC) - first < timedelta(hours=1)
    assert used_at() == first
    note_use(store, token.number, first - timedelta(minutes=2))
    again = used_at()
    assert again and again > first


def test_on_this_machine_a_token_is_not_needed_but_holds(household: Settings, store: Store) -> None:
    with client_of(household) as http:
        assert http.get("/listens", params={"listener": "Bob"}).status_code == 200
        assert http.get("/listens", params={"listener": "Bob"}, headers=shown(store, "Ada", "read")).status_code == 403
        assert http.get("/zones", headers={"Authorization": "Token wrong"}).status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_what_a_proxy_passes_on_needs_a_token(household: Settings, header: str) -> None:
    with client_of(household) as http:
        assert http.get("/listeners", headers={header: "203.0.113.9"}).status_code == 401


def test_the_page_shows_a_key_of_its_own(household: Settings) -> None:
    with client_of(household, needs_tokens=True, lab_key="of-this-server") as http:
        assert http.get("/listeners", headers={"Authorization": "Token of-this-server"}).status_code == 200
        assert http.get("/listeners", headers={"Authorization": "Token of-that-server"}).status_code == 401


def test_what_an_administrator_did_is_in_the_audit(tmp_path: Path) -> None:
    home = Settings(home=tmp_path)
    opened = open_store(home)
    opened.ensure_listener("Ada")
    admin = shown(opened, "Ada", "admin")
    with client_of(home, needs_tokens=True) as http:
        assert http.put("/listeners/Ben", json={"zone": "UTC"}, headers=admin).status_code == 200
        assert http.put("/listeners/Ben", json={"zone": "Mars"}, headers=admin).status_code == 404
        assert http.put("/listeners/Ben", json={"zone": "UTC"}).status_code == 401
        (entry,) = http.get("/audit", headers=admin).json()
    assert (entry["who"], entry["action"], entry["subject"]) == ("Ada, token 1", "PUT /listeners/{name}", "Ben")
    with client_of(home) as http:
        http.put("/listeners/Cleo", json={"zone": "UTC"})
        assert http.get("/audit?limit=1").json()[0]["who"] == "this machine"
    opened.close()
