"""The page as it is served, in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError

import pytest

from tests.ui.conftest import PATIENCE_S


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[str]:
    """Address of ``tonearm serve`` on a home; it must end cleanly on Ctrl-C."""
    port = free_port()
    command = [sys.executable, "-m", "tonearm", "--home", str(home), "serve", "--port", str(port)]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    try:
        wait_until_up(f"http://127.0.0.1:{port}/_stcore/health", served)
        yield f"http://127.0.0.1:{port}"
        served.send_signal(signal.SIGINT)
        output, _ = served.communicate(timeout=PATIENCE_S)
    finally:
        served.kill()
    assert f"http://127.0.0.1:{port}" in output
    assert served.returncode in (0, 130)


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
