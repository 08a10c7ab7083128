"""A household's lake, and the servers around it, each started once for all tests; PostgreSQL is tests/postgres.py's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Server
from tests.stack.redis import running_redis
from tests.stack.servers import PICTURES, end_of
from tests.stack.superset import Superset, running_superset
from tests.stack.trino import Trino, running_trino
from tonearm.lake import open_lake
from tonearm.settings import Settings, load_settings

MODELS = ("mood", "next_mood", "session_start", "energy_forecast", "breakout")
"""Those without which gold tables of the predictive family are empty."""


@pytest.fixture(scope="session")
def lakehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose tables Trino sees: the household's home in ``home``, and lakes of tests beside it."""
    return tmp_path_factory.mktemp("lakehouse")


@pytest.fixture(scope="session")
def household(lakehouse: Path) -> Settings:
    """A simulated household of three listeners, every table built, with the models' predictions."""
    home = lakehouse / "home"
    for arguments in (["demo", "--end", "2026-01-01"], ["build"], ["train", *MODELS], ["build"]):
        tonearm(home, *arguments)
    return load_settings(home, environ={})


@pytest.fixture(scope="session")
def trino(lakehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trino]:
    """A running server, with no table yet."""
    with running_trino(lakehouse, tmp_path_factory.mktemp("trino") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def published(trino: Trino, household: Settings) -> Trino:
    """The server after ``tonearm publish trino``: the household's tables are in ``delta.default``."""
    printed = tonearm(household.home, "publish", "trino", "--server", trino.url)
    tables = open_lake(household.lake).names()
    assert f"{trino.url}, delta.default: {len(tables)} registered" in printed
    return trino


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running Redis server."""
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def superset(
    postgres: Server, redis: str, published: Trino, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Superset]:
    """A running server with the dashboards of deploy/superset, on a database of its own."""
    with running_superset(postgres, redis, published, tmp_path_factory.mktemp("superset")) as server:
        yield server


def tonearm(home: Path, *arguments: str, code: int = 0) -> str:
    """What a command prints, in a process of its own; fails unless it ends with ``code``."""
    command = [sys.executable, "-m", "tonearm", "--home", str(home), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the end of Trino's log beside a test that failed; with REQUIRE_STACK=1 a test that skips fails."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_STACK") == "1":
        report.outcome, report.longrepr = "failed", f"{report.longrepr[2]}, and REQUIRE_STACK allows no skips"
    server = getattr(item, "funcargs", {}).get("trino")
    if report.failed and isinstance(server, Trino):
        report.sections.append(("Trino's log", end_of(server.log)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show where the pictures are, if some were taken."""
    if PICTURES.is_dir():
        terminalreporter.write_line(f"pictures of the dashboards: {PICTURES}")
