"""A real PostgreSQL server for the tests: Debian's, started once for a session, with a new database for each test."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

_STARTS_WITHIN_S = 120
_PR_SET_PDEATHSIG = 1
ACCESS = ("--auth-host=scram-sha-256", "--auth-local=scram-sha-256")
"""Nobody is let in without a password, as in compose.yaml."""
_AS_ROOT = "postgres"
"""The user whose server it is where the tests run as root, under whom it refuses to run."""


@dataclass
class Server:
    """A server of this test session alone, on a port of this machine."""

    programs: Path
    folder: Path
    port: int
    password: str = field(default_factory=lambda: uuid4().hex, repr=False)
    process: subprocess.Popen[bytes] | None = None
    numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str, password: str | None = None) -> str:
        """Address of a database, as the setting ``database_url`` has it."""
        return f"postgresql://tonearm:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Make the server's folder."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._own(secret)
        data = ("--pgdata", str(self.folder / "data"), "--pwfile", str(secret), "--username", "tonearm")
        self._run("initdb", *data, *ACCESS, "--encoding", "UTF8", "--no-sync", "--locale", "C")

    def start(self) -> None:
        """Start it, or start it again on the same port; returns when it answers."""
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        options |= {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": 60}
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.folder / "data", *given],
                stdout=log,
                stderr=log,
                preexec_fn=end_with_the_tests,
                **_user(),
            )
        until = time.monotonic() + _STARTS_WITHIN_S
        while subprocess.run([self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode:
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it at once, without waiting for clients."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()

    def run(self, statement: str, database: str = "postgres") -> list[Any]:
        """Rows of one statement, which needs no transaction."""
        import psycopg

        with closing(psycopg.connect(self.url(database), autocommit=True)) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run([self.programs / program, *arguments], capture_output=True, text=True, **_user())
        if done.returncode:
            raise RuntimeError(done.stderr)

    def _own(self, path: Path) -> None:
        if _user():
            shutil.chown(path, _AS_ROOT, _AS_ROOT)


def end_with_the_tests(how: signal.Signals = signal.SIGQUIT) -> None:
    """Have Linux stop a server when the tests are killed, which then cannot do it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)


def _user() -> dict[str, Any]:
    # Its own group, so that a Ctrl-C of the tests reaches it through us alone.
    return {"start_new_session": True} | ({"user": _AS_ROOT, "cwd": "/"} if os.geteuid() == 0 else {})


def _programs() -> Path | None:
    """Folder of the newest server's programs; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running server; skips where PostgreSQL or its driver is not installed."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: make install")
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: make system")
    # Not below pytest's folder, which only the tests' own user may enter.
    folder = Path(tempfile.mkdtemp(prefix="tonearm-postgres-"))
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    server = Server(programs, folder, port)
    try:
        server._own(folder)
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        with suppress(OSError):
            shutil.rmtree(folder)


@pytest.fixture
def database_url(postgres: Server) -> Iterator[str]:
    """Address of a new, empty database."""
    name = f"test_{next(postgres.numbers)}"
    postgres.run(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database_url(request: pytest.FixtureRequest) -> str:
    """The setting ``database_url`` of each kind of database in turn; empty for SQLite in the home."""
    found: str = "" if request.param == "sqlite" else request.getfixturevalue("database_url")
    return found
