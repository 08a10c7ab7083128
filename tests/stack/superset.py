"""A real Superset with the dashboards of deploy/superset, from the environment that the Makefile makes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.postgres import Server
from tests.serving import PATIENCE_S, free_port
from tests.stack.servers import server
from tests.stack.trino import Trino

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".stack" / "superset" / "bin" / "python"
SOURCE = ROOT / "deploy" / "superset"


@dataclass(frozen=True)
class Superset:
    """A server of this test session alone, whose files are a copy of deploy/superset."""

    url: str
    password: str
    folder: Path
    environment: dict[str, str]

    def load(self) -> str:
        """What the loader prints when it brings the server up to date with the copy."""
        return ran(self.folder / "load.py", self.environment)

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """The administrator, by the API."""
        with httpx.Client(base_url=self.url, timeout=PATIENCE_S, headers={"Referer": self.url}) as client:
            token = log_in(client, "admin", self.password).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            client.headers["X-CSRFToken"] = client.get("/api/v1/security/csrf_token/").json()["result"]
            yield client

    def all(self, client: httpx.Client, kind: str, *columns: str) -> list[dict[str, Any]]:
        """Every ``chart``, ``dashboard`` or ``dataset`` with these columns."""
        asked = f"(columns:!({','.join(columns)}),page_size:500)"
        found: list[dict[str, Any]] = client.get(f"/api/v1/{kind}/", params={"q": asked}).json()["result"]
        return found


def log_in(client: httpx.Client, user: str, password: str) -> httpx.Response:
    """Superset's answer to a name and a password."""
    return client.post(
        "/api/v1/security/login", json={"username": user, "password": password, "provider": "db", "refresh": False}
    )


def variables(postgres: Server, database: str, redis: str, trino: Trino) -> dict[str, str]:
    """What start.py needs, with a password of PostgreSQL's that is no argument of a process."""
    return {
        "SUPERSET_SECRET_KEY": token_urlsafe(42),
        "SUPERSET_DATABASE_URI": f"postgresql+psycopg2://tonearm@127.0.0.1:{postgres.port}/{database}",
        "PGPASSWORD": postgres.password,
        "SUPERSET_REDIS_URL": f"{redis}/0",
        "SUPERSET_TRINO_URI": f"trino://superset@127.0.0.1:{trino.port}/delta/default",
    }


@contextmanager
def running_superset(postgres: Server, redis: str, trino: Trino, folder: Path) -> Iterator[Superset]:
    """A server with its files in ``folder``; skips where it is not installed."""
    require_superset()
    postgres.run("CREATE DATABASE superset")
    copy, log, port = folder / "superset", folder / "superset.log", free_port()
    shutil.copytree(SOURCE, copy)
    given = {**variables(postgres, "superset", redis, trino), "SUPERSET_BIND": f"127.0.0.1:{port}", "HOME": str(folder)}
    url = f"http://127.0.0.1:{port}"
    with server([PYTHON, copy / "start.py"], log, lambda: _is_up(url), given):
        shown = re.search(r"log in as admin with the password (\S+)", log.read_text())
        assert shown, "no password was shown"
        yield Superset(url, shown[1], copy, {**given, "SUPERSET_CONFIG_PATH": str(copy / "superset_config.py")})


def require_superset() -> None:
    """Skip where Superset is not installed."""
    if not (PYTHON.parents[1] / ".installed").exists():
        pytest.skip("Superset is not installed: make superset")


def ran(program: Path, environment: dict[str, str], *arguments: str | Path, code: int = 0) -> str:
    """What a program of deploy/superset prints; fails unless it ends with ``code``."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SUPERSET", "PG"))}
    done = subprocess.run(
        [PYTHON, program, *arguments],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def is_elsewhere(address: str, url: str) -> bool:
    """Whether a request leaves for another host than the server's."""
    return urlsplit(address).scheme in ("http", "https") and urlsplit(address).netloc != urlsplit(url).netloc


def _is_up(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/health", timeout=10).status_code == 200
    return False
