"""``/connections``: what is connected, how it is, and pulling now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import client_of
from tests.pulls.stand_ins.listenbrainz import ListenBrainzStandIn
from tests.pulls.stand_ins.server import busy, serving
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.connections import connect


@pytest.fixture
def rob() -> Iterator[ListenBrainzStandIn]:
    service = ListenBrainzStandIn()
    with serving(service):
        yield service


@pytest.fixture
def connected(tmp_path: Path, rob: ListenBrainzStandIn) -> Iterator[httpx.Client]:
    home = Settings(home=tmp_path / "home", listenbrainz_url=rob.url)
    home.home.mkdir()
    store = open_store(home)
    store.ensure_listener("Ada", "UTC")
    connect(store, "Ada", "listenbrainz", "rob", datetime.now(UTC))
    store.close()
    with client_of(home) as client:
        yield client


def test_a_connection_is_listed_pulled_and_forgotten(connected: httpx.Client, rob: ListenBrainzStandIn) -> None:
    (listed,) = connected.get("/connections").json()
    assert (listed["listener"], listed["service"], listed["account"]) == ("Ada", "listenbrainz", "rob")
    assert listed["pulled_at"] is None
    rob.listens = [(1_717_000_000, "Halleluhwah")]
    pulled = connected.post("/listeners/ada/connections/listenbrainz/sync").json()
    assert (pulled["listens"], pulled["problem"]) == (1, None)
    assert pulled["connection"]["pulled_at"]
    assert connected.delete("/listeners/ada/connections/listenbrainz").status_code == 204
    assert connected.get("/connections?listener=ada").json() == []


def test_what_goes_wrong_at_the_service_is_in_the_answer(connected: httpx.Client, rob: ListenBrainzStandIn) -> None:
    rob.faults.append(busy(7200))
    pulled = connected.post("/listeners/Ada/connections/listenbrainz/sync").json()
    assert "wait 2.0 hours" in pulled["problem"]
    assert connected.get("/connections").json()[0]["retry_at"]
    assert connected.post("/listeners/Ada/connections/listenbrainz/sync").json()["was_asked"] is False


def test_a_connection_that_is_not_there_is_a_problem(connected: httpx.Client) -> None:
    assert connected.post("/listeners/Ada/connections/spotify/sync").status_code == 404
    assert connected.post("/listeners/Bob/connections/listenbrainz/sync").status_code == 404
    assert connected.delete("/listeners/Ada/connections/gramophone").status_code == 422
