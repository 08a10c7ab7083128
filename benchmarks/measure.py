"""Times commands and watches their memory, the same way in every benchmark."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

SAMPLED_EVERY_S = 0.02
TONEARM = Path(sys.executable).with_name("tonearm")


class CommandFailed(Exception):
    """A command under measurement ended with another exit code than 0."""


@dataclass(frozen=True)
class Measured:
    """What a command took, from its start to its exit, and what it printed."""

    seconds: float
    peak_mb: float
    """Highest resident memory of the process and its children together, in millions of bytes."""
    output: str
    cpu_s: float = 0.0
    """Seconds of the processors, of the process and of its children that it waited for."""


def measure(
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    may_fail: bool = False,
) -> Measured:
    """Run ``command`` to its end. Unless it ``may_fail``, raises CommandFailed with the end of what it printed."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begun, cpu_s = time.perf_counter(), _cpu_of_children_s()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=dict(os.environ) | dict(environment or {}),
        )
        peak = _watch(process)
        seconds = time.perf_counter() - begun
        output.seek(0)
        errors.seek(0)
        printed = output.read().decode("utf-8", "replace")
        if process.returncode and not may_fail:
            complaint = errors.read().decode("utf-8", "replace")[-2000:] or printed[-2000:]
            line = " ".join(map(str, command))
            raise CommandFailed(f"{line} ended with {process.returncode}:\n{complaint}")
    return Measured(seconds, peak / 1e6, printed, _cpu_of_children_s() - cpu_s)


def _cpu_of_children_s() -> float:
    taken = resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken.ru_utime + taken.ru_stime


def tonearm(home: Path, *arguments: str | Path) -> tuple[dict[str, Any], Measured]:
    """Run ``tonearm --home HOME … --json``; its answer and what it took."""
    taken = measure([TONEARM, "--home", home, *arguments, "--json"])
    return json.loads(taken.output.splitlines()[-1]), taken


def finish(figures: Mapping[str, Any], as_json: bool) -> None:
    """Print the figures, one a line, or as one JSON object at the end of the output."""
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:32} {value:,.4g}" if isinstance(value, float) else f"{name:32} {value}")


def note(text: str) -> None:
    """Say on stderr what goes on."""
    print(text, file=sys.stderr, flush=True)


def _watch(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process; the highest memory of its tree in bytes.

    The process's own high-water mark is exact where the system keeps one (Linux), so that a short peak between
    two samples is not missed. ``getrusage`` is not used here: it counts this process's own memory at the fork, too.
    """
    peak = 0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            tree = [watched, *watched.children(recursive=True)]
            resident = sum(one.memory_info().rss for one in tree)
        except psutil.Error:
            resident = 0
        peak = max(peak, resident, _high_water(process.pid))
        time.sleep(SAMPLED_EVERY_S)
    return peak


def _high_water(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    kilobytes = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return next(kilobytes, 0) * 1024
