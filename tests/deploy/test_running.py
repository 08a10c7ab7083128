"""What containers run, run outside of one: the start script, the image's build, the options of other programs."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from urllib.error import HTTPError

import pytest

from tests.deploy import PORT, ROOT, SERVICES, image_environment, instructions
from tests.postgres import ACCESS, Server
from tests.serving import PATIENCE_S, free_port, wait_until_up

TONEARM = """#!/bin/sh
# The image's port may be taken here.
for word do
    shift
    test "$word" != {image} || word={port}
    set -- "$@" "$word"
done
exec {program} "$@"
"""


@dataclass
class Image:
    """A folder with what the image would have: its program on the path, an empty home and its variables."""

    folder: Path
    port: int
    environment: dict[str, str]

    def tonearm(self, *arguments: str) -> str:
        """What a command in the container prints."""
        command = [self.folder / "bin" / "tonearm", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def started(self, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
        """The start script and the file of its log, until it ends by SIGTERM."""
        log = self.folder / "log"
        script = ["sh", str(ROOT / "deploy" / "container" / "start"), *arguments]
        with log.open("w") as output:
            process = subprocess.Popen(
                script, env=self.environment, cwd=self.folder / "tmp", stdout=output, stderr=output, text=True
            )
        try:
            yield process, log
            process.terminate()
            assert process.wait(PATIENCE_S) in (0, 143), log.read_text()
        finally:
            process.kill()
            process.wait()

    def status(self, path: str, token: str = "") -> int:
        """Status of an answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request) as answer:
                return int(answer.status)
        except HTTPError as refused:
            return refused.code


def image(folder: Path, program: str, **more: str) -> Image:
    """An image whose ``tonearm`` is ``program``."""
    for name in ("bin", "home", "tmp"):
        (folder / name).mkdir()
    port = free_port()
    wrapper = folder / "bin" / "tonearm"
    wrapper.write_text(TONEARM.format(image=PORT, port=port, program=program))
    wrapper.chmod(0o755)
    given = {**image_environment(), "TONEARM_HOME": str(folder / "home"), "HOME": str(folder / "tmp"), **more}
    given["PATH"] = f"{folder / 'bin'}:/usr/bin:/bin"
    return Image(folder, port, given)


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[str], log: Path) -> None:
    give_up_at = monotonic() + PATIENCE_S
    while not happened():
        assert process.poll() is None, log.read_text()
        assert monotonic() < give_up_at, log.read_text()
        sleep(0.2)


def serves_once_there_is_a_token(there: Image, command: str) -> None:
    with there.started(command) as (process, log):
        wait_for(lambda: "there is no token yet" in log.read_text(), process, log)
        found = json.loads(there.tonearm("store", "--json"))
        assert found["revision"] == found["newest"]
        with socket.socket() as nobody:
            assert nobody.connect_ex(("127.0.0.1", there.port)) != 0
        there.tonearm("listeners", "add", "Ada", "--timezone", "Europe/Berlin")
        made = there.tonearm("tokens", "create", "--listener", "Ada", "--scope", "admin", "--json")
        wait_until_up(f"http://127.0.0.1:{there.port}/health", process)
        assert there.status("/listens") == 401
        assert there.status("/listens", json.loads(made)["token"]) == 200


@pytest.mark.slow
@pytest.mark.parametrize("command", ["up", "serve"])
def test_the_images_command_serves_once_there_is_a_token_in_either_store(
    command: str, tmp_path: Path, each_database_url: str
) -> None:
    # The password is not in the address: it comes from a secret of its own.
    user, at, server = each_database_url.rpartition("@")
    name, _, password = user.rpartition(":") if at else ("", "", "")
    store = {"TONEARM_DATABASE_URL": f"{name}{at}{server}", "PGPASSWORD": password}
    there = image(tmp_path, f"{sys.executable} -m tonearm", PYTHONPATH=str(ROOT / "src"), **store)
    serves_once_there_is_a_token(there, command)


@pytest.fixture
def built() -> Iterator[Path]:
    """The root of the Dockerfile's first stage, made by its own lines; it has what .dockerignore lets through."""
    # Not among pytest's folders, three of which are kept: it is more than a gigabyte.
    with tempfile.TemporaryDirectory(prefix="tonearm-image-") as name:
        root = Path(name)
        (root / "src").mkdir()
        for instruction, rest in instructions(until="AS server"):
            if instruction == "COPY":
                copy(rest.split(), root / "src")
            elif instruction == "RUN":
                run(rest, root)
        yield root


def copy(words: list[str], work: Path) -> None:
    *sources, target = words
    for source in sources:
        to = work / target / (Path(source).name if target.endswith("/") or target == "./" else "")
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, work / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, to)


def run(line: str, root: Path) -> None:
    """A line of the Dockerfile in ``/src``, with its folders under ``root``."""
    there = re.sub(r"(?<![\w.])/(opt|wheels)\b", rf"{root}/\1", line)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        ["sh", "-ec", there], cwd=root / "src", env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode and re.search(r"NewConnectionError|NameResolutionError|ConnectTimeout", done.stderr):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_image_is_built_by_its_own_lines_and_what_it_installs_serves(built: Path, tmp_path: Path) -> None:
    program = built / "opt" / "tonearm" / "bin" / "tonearm"
    assert "simulated household" in subprocess.check_output([program, "demo", "--help"], text=True, cwd=tmp_path)
    checked = [built / "opt" / "build" / "bin" / "pip", "--python", program.with_name("python"), "check"]
    assert subprocess.run(checked, capture_output=True, text=True, check=False).stdout.startswith("No broken")
    serves_once_there_is_a_token(image(tmp_path, str(program)), "up")


def test_postgresql_is_asked_for_its_health_as_it_is_and_lets_nobody_in_without_a_password(postgres: Server) -> None:
    import psycopg

    service = SERVICES["postgres"]
    assert tuple(service["environment"]["POSTGRES_INITDB_ARGS"].split()) == ACCESS
    asked = [*service["healthcheck"]["test"][1:], "--port", str(postgres.port)]
    subprocess.run([postgres.programs / asked[0], *asked[1:]], check=True, capture_output=True)
    for host in ("127.0.0.1", str(postgres.folder)):
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(host=host, port=postgres.port, user="tonearm", dbname="postgres", passfile="/dev/null")


def test_mlflow_takes_the_options_of_its_service() -> None:
    commands: Mapping[str, object] = pytest.importorskip("mlflow.cli").cli.commands
    program, command, *options = SERVICES["mlflow"]["command"]
    assert program == "mlflow"
    server = commands[command]
    given = server.make_context(command, options).params
    assert f"http://127.0.0.1:{given['port']}/health" in SERVICES["mlflow"]["healthcheck"]["test"][-1]
    folder = SERVICES["mlflow"]["volumes"][0].partition(":")[2]
    kept = (given["backend_store_uri"].removeprefix("sqlite:///"), given["artifacts_destination"])
    assert [path for path in kept if not path.startswith(f"{folder}/")] == []
