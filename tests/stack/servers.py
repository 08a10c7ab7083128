"""Starts a server of the stack as a process group of its own, and ends it with the tests."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.postgres import end_with_the_tests
from tests.serving import PATIENCE_S

_SHOWN_CHARS = 6_000
STACK = Path(__file__).parents[2] / ".stack"
"""What ``make`` fetches for tests alone."""
PICTURES = STACK / "pictures"
"""Of Superset's dashboards, as a browser draws them."""


def python_of(name: str) -> Path:
    """Python of the environment that ``make NAME`` makes; skips where it is not complete."""
    folder = STACK / name
    if not (folder / ".installed").exists():
        pytest.skip(f"{name} is not installed: make {name}")
    return folder / "bin" / "python"


@contextmanager
def server(
    command: Sequence[str | Path],
    log: Path,
    is_up: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A running server, once ``is_up``; its output goes to ``log``, whose end an error shows that does not come up."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=partial(end_with_the_tests, signal.SIGKILL),
        )
    try:
        until = monotonic() + PATIENCE_S
        while not is_up():
            if process.poll() is not None or monotonic() > until:
                raise RuntimeError(f"{Path(command[0]).name} did not come up:\n{end_of(log)}")
            sleep(0.2)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(60)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end_of(log: Path) -> str:
    """The last lines of a server's log."""
    return log.read_text(encoding="utf-8", errors="replace")[-_SHOWN_CHARS:]
