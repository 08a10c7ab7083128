"""The lake as probes see it: soon, whatever becomes of what it lies on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.api.conftest import client_of
from tests.api.test_surface import samples
from tonearm.api import looking
from tonearm.api.app import create_app
from tonearm.api.client import InProcess
from tonearm.api.looking import LakeLook, Seen
from tonearm.errors import HomeUnusable
from tonearm.lake import LOG, Lake
from tonearm.read.overview import LISTENS
from tonearm.settings import Settings


class Silent(Lake):
    """A lake that does not answer until it is let."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked, self.let = 0, Event()

    def names(self) -> list[str]:
        self.asked += 1
        self.let.wait()
        return super().names()


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Silent:
    monkeypatch.setattr(looking, "WAIT_S", 0.01)
    return Silent(tmp_path)


def damage(home: Settings) -> Path:
    """Make the log of the listens unreadable; returns its file."""
    log = Path(home.lake) / LISTENS / LOG
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("no log")
    return log


def test_a_lake_that_cannot_be_read_costs_neither_health_nor_readiness(home: Settings) -> None:
    log = damage(home)
    with client_of(home) as http:
        health, ready, found = http.get("/health"), http.get("/ready"), samples(http)
        assert health.status_code == ready.status_code == 200
        assert health.json()["status"] == "ok"
        assert health.json()["tables"] is health.json()["listens_version"] is None
        assert ready.json() == {"is_ready": True, "problems": [], "warnings": ["the lake cannot be read"]}
        assert found["tonearm_lake_readable"] == 0 and found["tonearm_submissions_waiting"] == 0
        assert "tonearm_listens" not in found
        log.rename(log.with_name("damaged"))
        assert http.get("/ready").json()["warnings"] == []
        assert http.get("/health").json()["tables"] == 0
        assert samples(http)["tonearm_lake_readable"] == 1


def test_health_answers_while_a_lake_is_silent(home: Settings, silent: Silent) -> None:
    app = create_app(home)
    app.state.look = LakeLook(silent)
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1") as http:
        answers = [http.get(path) for path in ("/health", "/ready", "/health")]
        silent.let.set()
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json()["tables"] is answers[2].json()["tables"] is None
    assert answers[1].json()["warnings"] == ["the lake cannot be read"]


def test_a_lake_is_looked_at_once_at_a_time(silent: Silent) -> None:
    look = LakeLook(silent)
    assert [asyncio.run(look.seen()) for _ in range(3)] == [None] * 3
    with pytest.raises(HomeUnusable, match="cannot be read now"):
        look.lake()
    assert silent.asked == 1
    silent.let.set()
    look._pool.shutdown()
    assert look._last() == Seen(tables=0, listens_version=None)


def test_what_was_seen_counts_for_a_minute_while_the_next_look_is_under_way(silent: Silent) -> None:
    now_s = 0.0
    look = LakeLook(silent, clock=lambda: now_s)
    silent.let.set()
    while not look.is_readable():
        pass
    silent.let.clear()
    now_s = 59.0
    assert asyncio.run(look.seen()) == Seen(tables=0, listens_version=None) and look.lake() is silent
    now_s = 61.0
    assert asyncio.run(look.seen()) is None and not look.is_readable()
    silent.let.set()
