from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.api.conftest import client_of
from tonearm.home.secrets import put_secret
from tonearm.ingest.imports import import_paths
from tonearm.settings import Settings
from tonearm.store import connections, open_store, relays
from tonearm.store.connections import connect
from tonearm.store.relays import add_relay
from tonearm.store.submissions import Submission, keep
from tonearm.store.tokens import create_token, tokens


def test_a_user_is_added_moved_and_removed(http: httpx.Client, home: Settings) -> None:
    made = http.post("/users", json={"name": " Ada ", "zone": "europe/berlin"})
    assert (made.status_code, made.json()["name"], made.json()["zones"][0]["zone"]) == (201, "Ada", "Europe/Berlin")
    assert http.get("/users/ada").json() == made.json()
    moved = http.put("/users/ada", json={"zone": "Asia/Tokyo", "from": "2024-05-01"}).json()
    assert [zone["zone"] for zone in moved["zones"]] == ["Europe/Berlin", "Asia/Tokyo"]
    with closing(open_store(home)) as store:
        create_token(store, "Ada", ["read"])
        assert http.delete("/users/ada?confirm=ada").status_code == 204
        assert tokens(store) == []
    assert http.get("/users").json() == {"users": [], "total": 0}


def test_users_come_a_page_at_a_time(http: httpx.Client) -> None:
    for name in ("Cy", "Ada", "Ben"):
        http.post("/users", json={"name": name})
    page = http.get("/users", params={"limit": 1, "offset": 1}).json()
    assert ([one["name"] for one in page["users"]], page["total"]) == (["Ben"], 3)


def test_what_cannot_be_done_is_answered_in_words(http: httpx.Client) -> None:
    http.post("/users", json={"name": "Ada"})
    for request, status, why in (
        (http.build_request("POST", "/users", json={"name": "ADA"}), 409, "listener Ada already"),
        (http.build_request("POST", "/users", json={"name": "a/b"}), 422, "like a path"),
        (http.build_request("POST", "/users", json={"name": "Ben", "zone": "Berlin-ish"}), 404, "zone"),
        (http.build_request("GET", "/users/Adda"), 404, "did you mean Ada"),
        (http.build_request("DELETE", "/users/Ada"), 422, "add ?confirm=Ada"),
        (http.build_request("DELETE", "/users/Ada?confirm=Ben"), 422, "add ?confirm=Ada"),
    ):
        answer = http.send(request)
        assert (answer.status_code, why in answer.json()["message"]) == (status, True), answer.text
    assert [one["name"] for one in http.get("/users").json()["users"]] == ["Ada"]


def test_listens_are_never_removed_with_a_user(http: httpx.Client, home: Settings, lastfm: Callable[..., Path]) -> None:
    import_paths(home, [lastfm([("Air", "Moon Safari", "Sexy Boy", "20 Nov 2020 09:35")])], "Ada")
    refused = http.delete("/users/Ada?confirm=Ada")
    assert (refused.status_code, "undo the imports" in refused.json()["message"]) == (409, True)
    with closing(open_store(home)) as store:
        store.ensure_listener("Ben", "UTC")
        keep(store, "Ben", [Submission("lastfm", "{}", 1.7e9)])
    waits = http.delete("/users/Ben?confirm=Ben")
    assert (waits.status_code, "1 submissions of Ben wait" in waits.json()["message"]) == (409, True)


def test_the_tokens_of_other_services_go_with_their_user(http: httpx.Client, home: Settings) -> None:
    with closing(open_store(home)) as store:
        for name in ("Ada", "Ben"):
            store.ensure_listener(name, "UTC")
            number = add_relay(
                store, name, "listenbrainz", "https://api.listenbrainz.org", name, datetime.now(UTC)
            ).number
            put_secret(home, relays.secret_name(number), f"relay of {name}")
            made = connect(store, name, "lastfm", name, datetime.now(UTC))
            put_secret(home, connections.secret_name(made), f"connection of {name}")
    assert http.delete("/users/Ada?confirm=Ada").status_code == 204
    kept = json.loads((home.home / "secrets.json").read_text())
    assert sorted(kept.values()) == ["connection of Ben", "relay of Ben"]


def test_a_token_of_one_listener_sees_and_changes_no_other(home: Settings) -> None:
    with closing(open_store(home)) as store:
        for name in ("Ada", "Ben"):
            store.ensure_listener(name, "UTC")
        secret, _ = create_token(store, "Ada", ["read", "submit"])
    with client_of(home, needs_tokens=True) as http:
        http.headers["Authorization"] = f"Token {secret}"
        assert [one["name"] for one in http.get("/users").json()["users"]] == ["Ada"]
        assert http.get("/users/Ben").status_code == 403
        assert http.post("/users", json={"name": "Cy"}).status_code == 403
        assert http.delete("/users/Ada?confirm=Ada").status_code == 403
