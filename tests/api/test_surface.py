"""What stands around the routes of tables: ``/``, ``/ready``, ``/metrics``, ``/dashboard`` and ``/docs``."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import client_of
from tonearm.api.app import create_app
from tonearm.api.client import InProcess
from tonearm.live.worker import Live, LiveState
from tonearm.run import Run
from tonearm.run.record import record
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.submissions import Submission, keep

Usage = namedtuple("Usage", "total used free")


def samples(http: httpx.Client) -> dict[str, float]:
    """Every sample of ``/metrics`` by its name and labels."""
    families = text_string_to_metric_families(http.get("/metrics").text)
    found = [sample for family in families for sample in family.samples]
    return {" ".join([sample.name, *sorted(sample.labels.values())]): sample.value for sample in found}


def test_the_root_is_json_for_programs_and_a_page_for_browsers(http: httpx.Client) -> None:
    found = http.get("/").json()
    assert (found["name"], found["status"], found["links"]["docs"]) == ("tonearm", "ok", "/docs")
    assert found["lab"] is None  # Which this server did not start.
    for path in found["links"].values():
        assert http.get(path).status_code == 200, path
    page = http.get("/", headers={"accept": "text/html,application/xhtml+xml"})
    assert page.headers["content-type"].startswith("text/html") and "site/core.js" in page.text


def test_ready_says_what_is_wrong_and_not_where(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with client_of(home) as http:
        assert http.get("/ready").json() == {"is_ready": True, "problems": [], "warnings": []}
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10**6))
        answer = http.get("/ready")
        assert (answer.status_code, answer.json()["problems"]) == (200, [])
        assert answer.json()["warnings"] == ["the disk has 1 MB left, and 200 are needed"]
        monkeypatch.undo()
        monkeypatch.setattr(os, "access", lambda *_: False)
        answer = http.get("/ready")
        assert (answer.status_code, answer.json()["problems"]) == (503, ["the home folder cannot be written to"])
        monkeypatch.undo()
        home.home.mkdir()
        home.database.write_bytes(b"no database " * 1000)
        answer = http.get("/ready")
    assert (answer.status_code, answer.json()["problems"]) == (503, ["the store cannot be used"])
    assert str(home.home) not in answer.text


def test_a_server_stays_ready_while_submissions_wait_for_a_long_build(home: Settings) -> None:
    app = create_app(home)
    app.state.live = Live(home, app.state.store.get)
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1") as http:
        app.state.live.state = LiveState("another tonearm writes", datetime.now(UTC) - timedelta(minutes=9))
        assert http.get("/ready").json()["warnings"] == []
        app.state.live.state = LiveState("another tonearm writes", datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
        answer = http.get("/ready")
    assert answer.status_code == 200 and answer.json()["is_ready"]
    assert answer.json()["warnings"] == ["what clients submit is kept, and has not reached the tables since 03:04 UTC"]


def test_requests_are_counted_by_route_and_never_by_name(filled: httpx.Client) -> None:
    filled.get("/listeners/Ada/overview")
    filled.get("/listeners/Nobody/overview")
    filled.get("/made/up/by/anybody")
    found = samples(filled)
    for status in ("200", "404"):
        assert found[f"tonearm_request_seconds_count /listeners/{{name}}/overview {status} GET"] >= 1
    assert found["tonearm_request_seconds_count 404 GET none"] >= 1
    assert found["process_resident_memory_bytes"] > 1e6
    assert found["tonearm_listens"] == 2 and found["tonearm_imports_version"] >= 1
    text = filled.get("/metrics").text
    assert "Ada" not in text and "Nobody" not in text and "/made/up" not in text


def test_what_waits_is_measured_when_it_is_asked_for(home: Settings) -> None:
    app = create_app(home)
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1") as http:
        assert samples(http)["tonearm_submissions_waiting"] == 0
        store = open_store(home)
        store.ensure_listener("Ada")
        keep(store, "Ada", [Submission("lastfm", "{}", 1.0), Submission("lastfm", "{}", 2.0)])
        store.close()
        app.state.metrics.submitted("lastfm", accepted=2, rejected=1)
        found = samples(http)
    assert found["tonearm_submissions_waiting"] == 2
    assert found["tonearm_submissions_total accepted lastfm"] == 2
    assert found["tonearm_submissions_total lastfm rejected"] == 1


def test_a_store_that_is_gone_costs_its_own_metrics_alone(home: Settings) -> None:
    home.home.mkdir()
    home.database.write_bytes(b"no database " * 1000)
    with client_of(home) as http:
        found = samples(http)
    assert "tonearm_submissions_waiting" not in found and found["tonearm_listens"] == 0


def test_the_last_good_run_is_missing_before_the_first_run_and_0_while_each_has_failed(home: Settings) -> None:
    def measured() -> float | None:
        with client_of(home) as http:
            return samples(http).get("tonearm_run_succeeded_timestamp_seconds")

    failed_at, done_at = datetime(2026, 1, 2, 3, tzinfo=UTC), datetime(2026, 1, 2, 9, tzinfo=UTC)
    assert measured() is None
    record(home, Run(started_at=failed_at, ended_at=failed_at, problem="no space left"))
    assert measured() == 0
    record(home, Run(started_at=done_at, ended_at=done_at))
    assert measured() == done_at.timestamp()


def test_two_applications_count_for_themselves(home: Settings) -> None:
    with client_of(home) as one, client_of(home) as other:
        one.get("/zones")
        assert "tonearm_request_seconds_count /zones 200 GET" not in samples(other)


def test_the_dashboard_is_one_document(filled: httpx.Client) -> None:
    found = filled.get("/dashboard").json()
    assert found["listener"] == "Ada" and found["overview"] == filled.get("/listeners/Ada/overview").json()
    assert [artist["artist"] for artist in found["artists"]] == ["Air"]
    assert {track["track"] for track in found["tracks"]} == {"La femme d'argent", "Sexy Boy"}
    assert filled.get("/dashboard", params={"listener": "bob"}).status_code == 404


def test_a_request_with_a_body_is_shown_with_an_example(http: httpx.Client) -> None:
    document, page = http.get("/openapi.json").json(), http.get("/docs").text
    body = document["paths"]["/recommend/user/"]["post"]["requestBody"]["content"]["application/json"]
    assert body["example"]["listener"] == "Ada"
    assert "&quot;listener&quot;: &quot;Ada&quot;" in page
    for path, operations in document["paths"].items():
        for method in operations:
            assert f"{method.upper()} {path}" in page


def test_the_document_says_how_a_token_is_shown(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["token"]["name"] == "Authorization"
    assert document["security"] == [{"token": []}, {}]  # With or, on the machine itself, without.
