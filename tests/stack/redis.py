"""A real Redis server: Debian's, with the command of compose.yaml."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy import SERVICES
from tests.serving import free_port
from tests.stack.servers import server

COMMAND: list[str] = SERVICES["superset-redis"]["command"]
HEALTH: list[str] = SERVICES["superset-redis"]["healthcheck"]["test"][1:]


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Address of a server, ``redis://127.0.0.1:PORT``; skips where Redis is not installed."""
    if not shutil.which(COMMAND[0]) or not shutil.which(HEALTH[0]):
        pytest.skip("Redis is not installed: make system")
    port = free_port()
    own = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    with server([*COMMAND, *own], folder / "redis.log", lambda: ask(port, *HEALTH[1:]) == "PONG"):
        yield f"redis://127.0.0.1:{port}"


def ask(port: int, *words: str) -> str:
    """What the server answers; empty while it does not."""
    done = subprocess.run([HEALTH[0], "-p", str(port), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()
