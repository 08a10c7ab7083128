"""A real Redis server: Debian's, in memory alone."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.serving import free_port
from tests.stack.servers import server


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Address of a server, ``redis://127.0.0.1:PORT``; skips where Redis is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed: make system")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with server(command, folder / "redis.log", lambda: _is_up(port)):
        yield f"redis://127.0.0.1:{port}"


def _is_up(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as asked:
        asked.sendall(b"PING\r\n")
        return asked.recv(16).startswith(b"+PONG")
    return False
