"""The page as it is served, in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError

import pytest
import uvicorn
from fastapi import FastAPI

PATIENCE_S = 900
"""A page is waited for this long, so that a busy machine does not fail a test."""


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[str]:
    """Address of the page of ``tonearm serve`` on a home; it must end cleanly on Ctrl-C."""
    with both(home, **environment) as (_, page):
        yield page


@contextmanager
def both(home: Path, end: signal.Signals = signal.SIGINT, **environment: str) -> Iterator[tuple[str, str]]:
    """Addresses of the API and the page of ``tonearm serve``; the signal ``end`` must end both cleanly."""
    api, page = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    ports = ["--port", api.rpartition(":")[2], "--lab-port", page.rpartition(":")[2]]
    command = [sys.executable, "-m", "tonearm", "--home", str(home), "serve", *ports]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    try:
        wait_until_up(f"{page}/_stcore/health", served)
        wait_until_up(f"{api}/health", served)
        yield api, page
        served.send_signal(end)
        output, _ = served.communicate(timeout=PATIENCE_S)
    finally:
        served.kill()
    assert api in output and page in output
    for ended in (api, page):
        with pytest.raises(URLError):
            urllib.request.urlopen(ended)
    assert served.returncode in (0, 130)


@contextmanager
def serving_api(home: Path, *options: str, **environment: str) -> Iterator[str]:
    """Address of ``tonearm serve --api`` on a home."""
    port = free_port()
    command = [sys.executable, "-m", "tonearm", "--home", str(home), "serve", "--api", "--port", str(port), *options]
    with running(command, f"http://127.0.0.1:{port}/health", **environment):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: Sequence[str], up: str, **environment: str) -> Iterator[None]:
    """A command that serves until it is terminated, from when the address ``up`` answers on."""
    served = subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True, env={**os.environ, **environment})
    try:
        wait_until_up(up, served)
        yield
    finally:
        served.terminate()
        served.wait(PATIENCE_S)


@contextmanager
def answering(app: FastAPI, **options: Any) -> Iterator[tuple[str, uvicorn.Server]]:
    """Address of an application at a free port, in this process, and its server with uvicorn's ``options``."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", **options))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server ended before it was up"
            sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", server
    finally:
        server.should_exit = True
        thread.join()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def wait_until_up(url: str, served: subprocess.Popen[str]) -> None:
    give_up_at = monotonic() + PATIENCE_S
    while monotonic() < give_up_at:
        assert served.poll() is None, "the page ended before it was up"
        try:
            urllib.request.urlopen(url).close()
            return
        except URLError:
            sleep(0.2)
    pytest.fail("the page did not come up")
