"""A standalone Spark cluster for the tests: a master and workers, each a process of its own, on this machine alone."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

from tests.serving import free_port
from tests.stack.servers import server

ENVIRONMENT = {"SPARK_LOCAL_IP": "127.0.0.1"}
"""Of everything that takes part, the driver included, so that nothing listens beyond this machine."""


@dataclass
class Cluster:
    """A master and the workers that were started so far."""

    folder: Path
    port: int = field(default_factory=free_port)
    page: int = field(default_factory=free_port)
    started: ExitStack = field(default_factory=ExitStack)
    """What runs, and is ended; executors end with their worker."""
    workers: int = 0

    @property
    def url(self) -> str:
        """Address of the master, as ``--master`` takes it."""
        return f"spark://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the master; returns when it answers."""
        ports = ("--port", str(self.port), "--webui-port", str(self.page))
        self._run("master.Master", lambda state: state["status"] == "ALIVE", "--host", "127.0.0.1", *ports)

    def add_worker(self, cores: int = 2) -> subprocess.Popen[bytes]:
        """Start a worker; returns when the master has it."""
        there, work = len(_alive(self.state())), self.folder / f"work-{self.workers}"
        self.workers += 1
        given = ("--host", "127.0.0.1", "--cores", str(cores), "--memory", "2g", "--webui-port", str(free_port()))
        return self._run(
            "worker.Worker", lambda state: len(_alive(state)) > there, *given, "--work-dir", str(work), self.url
        )

    def state(self) -> dict[str, Any]:
        """The master's state, as its page has it in JSON."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/json/") as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def _run(
        self, program: str, is_there: Callable[[dict[str, Any]], bool], *arguments: str
    ) -> subprocess.Popen[bytes]:
        import pyspark

        home = Path(pyspark.__file__).parent
        command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{program}", *arguments]
        environment = {**ENVIRONMENT, "SPARK_HOME": str(home), "SPARK_LOCAL_DIRS": str(self.folder / "scratch")}

        def is_up() -> bool:
            with suppress(URLError, ConnectionError):
                return is_there(self.state())
            return False

        return self.started.enter_context(server(command, self.folder / f"{program}.log", is_up, environment))


def _alive(state: dict[str, Any]) -> list[str]:
    return [worker["id"] for worker in state["workers"] if worker["state"] == "ALIVE"]


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A master without workers."""
    folder.mkdir(parents=True)
    found = Cluster(folder)
    with found.started:
        found.start()
        yield found
