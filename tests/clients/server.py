"""A tonearm that is served by a process of its own, which can be killed, restarted and put under faults."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tonearm.bronze import HISTORY
from tonearm.ingest.submissions import import_submissions
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.scrobble_passwords import create_password
from tonearm.store.tokens import create_token, find_token, revoke_token

_READY_S = 120


@dataclass
class Server:
    """``tonearm serve --api`` on one port, over one home."""

    settings: Settings
    port: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.port = self.port or free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.settings.home.parent / "server.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Serve, if it does not, and return when it answers."""
        if self.process is not None:
            return
        command = [sys.executable, "-m", "tonearm", "--home", str(self.settings.home)]
        command += ["serve", "--api", "--port", str(self.port)]
        with (self.settings.home.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | self.environment)
        deadline = time.monotonic() + _READY_S
        while not self._answers():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def kill(self) -> None:
        """As by ``kill -9`` or a loss of power."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As by Ctrl-C."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        self.stop()
        self.start()

    @contextmanager
    def limited(self, requests: int) -> Iterator[None]:
        """Each client may ask so often in ten seconds."""
        self.environment["TONEARM_RATE_LIMIT"] = str(requests)
        self.restart()
        try:
            yield
        finally:
            del self.environment["TONEARM_RATE_LIMIT"]
            self.restart()

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """No file of the server's can grow meanwhile."""
        assert self.process
        before = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            yield
        finally:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, before)

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """The files of the database are elsewhere meanwhile, as when a disk is unplugged."""
        away = self.settings.home.parent / "away"
        away.mkdir()
        self.stop()
        for file in self.settings.home.glob("tonearm.sqlite*"):
            shutil.move(file, away / file.name)
        # A folder in its place: nothing can be opened or made there.
        self.settings.database.mkdir()
        self.start()
        try:
            yield
        finally:
            self.settings.database.rmdir()
            for file in away.iterdir():
                shutil.move(file, self.settings.home / file.name)

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url + "/health", timeout=5).status_code in (200, 503)
        except httpx.HTTPError:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None


@dataclass
class Home:
    """What a test gives to listeners and finds out about them."""

    settings: Settings

    def add(self, listener: str) -> tuple[str, str]:
        """A new listener's token and scrobble password."""
        store = open_store(self.settings)
        store.ensure_listener(listener, "UTC")
        return create_token(store, listener, ["submit", "read"])[0], create_password(store, listener)

    def revoke(self, token: str) -> None:
        store = open_store(self.settings)
        found = find_token(store, token)
        assert found
        revoke_token(store, found.number)

    def import_all(self) -> None:
        """What clients submitted, into bronze."""
        import_submissions(self.settings, open_store(self.settings))

    def listens(self) -> dict[str, Counter[tuple[str, int]]]:
        """How often bronze has each (title, second), by listener."""
        columns = ["listener", "outcome", "track_name", "reported_at"]
        found: dict[str, Counter[tuple[str, int]]] = {}
        for row in open_lake(self.settings.lake).dataset(HISTORY).to_table(columns).to_pylist():
            if row["outcome"] == "kept":
                of_listener = found.setdefault(row["listener"], Counter())
                of_listener[row["track_name"], int(row["reported_at"].timestamp())] += 1
        return found


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
