"""The lake and the disk as probes and metrics see them: soon, whatever becomes of what they lie on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import httpx
import pytest
from fastapi import FastAPI

from tests.api.conftest import client_of
from tests.api.test_surface import samples
from tests.serving import PATIENCE_S
from tonearm.api import app as application
from tonearm.api import looking
from tonearm.api.app import create_app
from tonearm.api.client import InProcess
from tonearm.api.looking import Look
from tonearm.errors import HomeUnusable
from tonearm.lake import LOG, Lake
from tonearm.read.overview import LISTENS
from tonearm.settings import Settings


class Gate:
    """Holds whoever passes while it is shut."""

    def __init__(self) -> None:
        self.came, self.passed, self._open = Event(), 0, Event()
        self.open()

    def open(self) -> None:
        self._open.set()

    def shut(self) -> None:
        self.came.clear()
        self._open.clear()

    def __call__(self) -> int:
        """How many have passed."""
        self.came.set()
        assert self._open.wait(PATIENCE_S)
        self.passed += 1
        return self.passed


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()  # Or a thread would wait there for ever.


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when it is called on, looks are hardly waited for."""
    return lambda: monkeypatch.setattr(looking, "WAIT_S", 0.01)


def damage(home: Settings) -> Path:
    """Make the log of the listens unreadable; returns its file."""
    log = Path(home.lake) / LISTENS / LOG
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("no log")
    return log


def silenced(home: Settings, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The application on a lake that does not answer while the gate is shut."""

    class Silent(Lake):
        def names(self) -> list[str]:
            gate()
            return super().names()

        def _open(self, *args: object) -> object:
            gate()
            return super()._open(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(application, "open_lake", lambda root, **_: Silent(root))
    return create_app(home)


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


def test_probes_and_metrics_answer_while_a_lake_is_silent(
    home: Settings, gate: Gate, impatient: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = silenced(home, gate, monkeypatch)
    app.state.home_look.seen_now()
    gate.shut()
    impatient()
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1") as http:
        answers = [http.get(path) for path in ("/health", "/ready", "/health")]
        found = samples(http)
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json()["tables"] is answers[2].json()["tables"] is None
    assert answers[1].json()["warnings"] == ["the lake cannot be read"]
    assert found["tonearm_lake_readable"] == 0 and "tonearm_listens" not in found


def test_metrics_are_as_last_seen_once_a_lake_falls_silent(
    filled_home: Settings, gate: Gate, impatient: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = silenced(filled_home, gate, monkeypatch)
    with httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1") as http:
        before = samples(http)
        gate.shut()
        impatient()
        after = samples(http)
        assert gate.came.wait(PATIENCE_S)
    of_lake = ("tonearm_lake_readable", "tonearm_listens", "tonearm_imports_version", "tonearm_table_written")
    found = {name: value for name, value in before.items() if name.startswith(of_lake)}
    assert found["tonearm_listens"] == 2 and "tonearm_table_written_timestamp_seconds listens" in found
    assert found.items() <= after.items()


def test_health_answers_while_the_disk_hangs(
    home: Settings, gate: Gate, impatient: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(_: Path) -> Path:
        gate()
        return home.home.parent

    monkeypatch.setattr(looking, "nearest", hang)
    gate.shut()
    impatient()
    with client_of(home) as http:
        health, ready = http.get("/health"), http.get("/ready")
    assert health.status_code == 200
    assert (health.json()["status"], health.json()["home_is_writable"]) == ("home unusable", False)
    assert (ready.status_code, ready.json()["problems"]) == (503, ["the home folder cannot be read"])


def test_one_looks_once_at_a_time(gate: Gate, impatient: Callable[[], None]) -> None:
    look = Look("it", gate, fresh_s=5, clock=lambda: 0.0)
    gate.shut()
    impatient()
    assert [asyncio.run(look.seen()) for _ in range(3)] == [None] * 3 and look.seen_now() is None
    gate.open()
    look._pool.shutdown()
    assert look.seen_now() == gate.passed == 1


def test_a_look_that_has_just_ended_is_not_repeated(gate: Gate) -> None:
    now_s = 0.0
    look = Look("it", gate, fresh_s=5, clock=lambda: now_s)
    assert [look.seen_now(), look.seen_now(), asyncio.run(look.seen())] == [1, 1, 1]
    now_s = 5.0
    assert [look.seen_now(), asyncio.run(look.seen())] == [2, 2]


def test_what_was_seen_counts_for_another_minute_while_the_next_look_is_under_way(
    gate: Gate, impatient: Callable[[], None]
) -> None:
    now_s = 0.0
    look = Look("it", gate, fresh_s=5, clock=lambda: now_s)
    assert look.seen_now() == 1
    gate.shut()
    impatient()
    now_s = 64.0
    assert asyncio.run(look.seen()) == look.seen_now() == 1
    now_s = 65.0
    assert asyncio.run(look.seen()) is look.seen_now() is None


class Panic(BaseException):
    """As of a library in Rust."""


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (HomeUnusable("no store"), logging.WARNING),
        (KeyError("no such key"), logging.ERROR),
        (Panic("unwrapped nothing"), logging.ERROR),
    ],
)
def test_a_look_that_fails_leaves_nothing_and_is_logged_once(
    error: BaseException, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[BaseException | None] = [None, error, error, None]

    def see() -> str:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return "well"

    look = Look("the lake", see, fresh_s=0)
    assert [look.seen_now() for _ in range(4)] == ["well", None, None, "well"]
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [(level, f"the lake cannot be read: {error}")]
