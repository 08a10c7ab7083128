"""A standalone Spark cluster for the tests: a master and workers, each a process of its own, on this machine alone."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

from tests.serving import PATIENCE_S, free_port

ENVIRONMENT = {"SPARK_LOCAL_IP": "127.0.0.1"}
"""Of everything that takes part, the driver included, so that nothing listens beyond this machine."""


@dataclass
class Cluster:
    """A master and the workers that were started so far."""

    folder: Path
    port: int = field(default_factory=free_port)
    page: int = field(default_factory=free_port)
    master: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Address of the master, as ``--master`` takes it."""
        return f"spark://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the master; returns when it answers."""
        ports = ("--port", str(self.port), "--webui-port", str(self.page))
        self.master = self._run("master.Master", "--host", "127.0.0.1", *ports)
        self._wait_for("the master", lambda state: state["status"] == "ALIVE")

    def add_worker(self, cores: int = 2) -> subprocess.Popen[bytes]:
        """Start a worker; returns when the master has it."""
        there = len(self.alive())
        work = self.folder / f"work-{len(self.workers)}"
        given = ("--host", "127.0.0.1", "--cores", str(cores), "--memory", "2g", "--webui-port", str(free_port()))
        worker = self._run("worker.Worker", *given, "--work-dir", str(work), self.url)
        self.workers.append(worker)
        self._wait_for("a worker", lambda state: len(_alive(state)) > there)
        return worker

    def alive(self) -> list[str]:
        """Workers that the master takes for alive."""
        return _alive(self.state())

    def state(self) -> dict[str, Any]:
        """The master's state, as its page has it in JSON."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/json/") as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def stop(self) -> None:
        """End everything that still runs; executors end with their worker."""
        for process in (*self.workers, self.master):
            if process is not None:
                process.kill()
                process.wait()

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        import pyspark

        home = Path(pyspark.__file__).parent
        command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{program}", *arguments]
        scratch = self.folder / "scratch"
        environment = {**os.environ, **ENVIRONMENT, "SPARK_HOME": str(home), "SPARK_LOCAL_DIRS": str(scratch)}
        with (self.folder / f"{program}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def _wait_for(self, what: str, holds: Any) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_at:
            with suppress(URLError, ConnectionError):
                if holds(self.state()):
                    return
            time.sleep(0.2)
        logs = "\n".join(log.read_text(errors="replace")[-2000:] for log in self.folder.glob("*.log"))
        raise RuntimeError(f"{what} did not start:\n{logs}")


def _alive(state: dict[str, Any]) -> list[str]:
    return [worker["id"] for worker in state["workers"] if worker["state"] == "ALIVE"]


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A master without workers."""
    folder.mkdir(parents=True)
    found = Cluster(folder)
    try:
        found.start()
        yield found
    finally:
        found.stop()
