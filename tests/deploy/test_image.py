"""The Dockerfile agrees with the package, and the start script waits for a token."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from tests.deploy import HEALTH, PORT, ROOT, check_command, image_environment, instructions, started
from tests.test_dependencies import declared
from tonearm.cli.up import up

EXTRAS = ("models", "postgres", "spotify", "pictures", "trino")
"""What the image has; not the lab, which has no login and answers its own machine alone."""


def pins(name: str) -> dict[str, str]:
    """Versions in a file of requirements, each of which has a hash."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    found = re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+) \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(found) == text.count("==") > 0
    return {re.sub(r"[-_.]+", "-", pinned).lower(): version for pinned, version in found}


def last(name: str) -> str:
    return [rest for instruction, rest in instructions() if instruction == name][-1]


def test_it_is_nobodys_root_and_writes_to_the_home_alone() -> None:
    user = last("USER")
    assert user == "10001:10001"
    assert last("VOLUME") == image_environment()["TONEARM_HOME"] == "/home/tonearm"
    assert f"install -d -o {user.replace(':', ' -g ')} -m 0700 /home/tonearm /backups" in last("RUN")
    assert image_environment()["HOME"] == "/tmp"


def test_it_has_what_a_server_needs_in_the_versions_that_are_tested() -> None:
    server, dev = pins("server"), pins("dev")
    assert declared() | {name for extra in EXTRAS for name in declared(extra)} <= set(server)
    assert "streamlit" not in server
    assert {name: version for name, version in server.items() if dev[name] != version} == {}
    assert {name: version for name, version in pins("build").items() if dev.get(name, version) != version} == {}


def test_ports_health_and_command_are_the_programs_own() -> None:
    (port,) = [option.default for option in up.params if option.name == "port"]
    assert port == PORT == int(last("EXPOSE"))
    path = re.search(rf"http://127\.0\.0\.1:{PORT}(/\w+)", last("HEALTHCHECK"))
    assert path and path[1] in HEALTH
    assert f"--host 0.0.0.0 --port {PORT}" in started("up")
    check_command(json.loads(last("CMD")))


def test_what_is_copied_is_there_and_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [
        word
        for name, rest in instructions(until="\0")
        if name == "COPY" and "--from" not in rest
        for word in rest.split()[:-1]
        if not word.startswith("--")
    ]
    assert copied
    assert [path for path in copied if not (ROOT / path).exists() or f"!{path}" not in ignored] == []
    assert [path for path in ignored if path.startswith("!") and path[1:] not in copied] == []
    assert os.access(ROOT / "deploy" / "container" / "start", os.X_OK)


@pytest.mark.parametrize("name", [".env", "services.env", "deploy/prometheus/token"])
def test_git_and_the_images_leave_out_passwords(name: str) -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no clone, or git is not there")
    assert subprocess.run(["git", "check-ignore", "--quiet", name], cwd=ROOT, check=False).returncode == 0
    for ignored in (ROOT / ".dockerignore", ROOT / "deploy" / "superset" / "Dockerfile.dockerignore"):
        first, *others = [line for line in ignored.read_text().splitlines() if not line.startswith("#")]
        assert first == "*" and f"!{name}" not in others


def test_sparks_jars_are_those_of_its_packages() -> None:
    added = [rest for name, rest in instructions(until="\0") if name == "ADD"]
    versions = {Path(jar.split()[-2]).stem.rpartition("-") for jar in added}
    delta = pins("spark")["delta-spark"]
    assert {(name, version) for name, _, version in versions} == {
        ("delta-spark_2.12", delta),
        ("delta-storage", delta),
        ("antlr4-runtime", "4.9.3"),
    }
    assert [jar for jar in added if not re.search(r"--checksum=sha256:[0-9a-f]{64} ", jar)] == []


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """Programs that ``start`` calls: tonearm, which notes what it was called with, and a sleep that makes a token."""
    programs = {
        "tonearm": 'echo "$@" >> calls\n'
        'test "$1" != tokens || { test -e token && echo \'[{"number": 1}]\' || echo "[]"; }\n'
        'test "$1 $2" != "store upgrade" || exit "${UPGRADED:-0}"\n',
        "sleep": "touch token\n",
    }
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(ROOT / "deploy" / "container" / "start"), *arguments]
    there = {"PATH": f"{folder}:{os.environ['PATH']}", "TONEARM_HOME": str(folder / "home"), **environment}
    return subprocess.run(command, cwd=folder, env=there, capture_output=True, text=True, check=False, timeout=60)


def test_it_starts_once_there_is_a_token(stubs: Path) -> None:
    done = start(stubs, "serve")
    assert done.returncode == 0
    assert done.stderr.count("there is no token yet") == 1
    assert (stubs / "calls").read_text().splitlines() == [
        "store upgrade",
        "tokens list --json",
        "tokens list --json",
        "serve --api --host 0.0.0.0 --port 9696",
    ]


@pytest.fixture
def served_from(stubs: Path) -> Path:
    """Programs of which the server prints its folder of temporary files."""
    (stubs / "token").touch()
    with (stubs / "tonearm").open("a") as program:
        program.write(f'test "$1" != serve || {sys.executable} -c "import tempfile; print(tempfile.gettempdir())"\n')
    return stubs


def test_a_server_keeps_uploads_on_the_homes_disk_unless_another_folder_is_named(served_from: Path) -> None:
    assert start(served_from, "serve").stdout.strip() == str(served_from / "home" / "scratch" / "spool")
    (served_from / "elsewhere").mkdir()
    elsewhere = str(served_from / "elsewhere")
    assert start(served_from, "serve", TMPDIR=elsewhere).stdout.strip() == elsewhere


def test_what_killed_servers_left_there_goes_once_it_is_a_day_old(stubs: Path) -> None:
    (stubs / "token").touch()
    spool = stubs / "home" / "scratch" / "spool"
    for name, age_h in (("old", 49), ("used by another server", 1)):
        (spool / name).mkdir(parents=True)
        (spool / name / "file").touch()
        os.utime(spool / name, times=(time.time() - age_h * 3600,) * 2)
    assert start(stubs, "serve").returncode == 0
    assert [path.name for path in spool.iterdir()] == ["used by another server"]


def test_what_it_waits_for_is_a_line_of_json_where_the_log_is(stubs: Path) -> None:
    (line,) = start(stubs, "serve", TONEARM_LOG="json").stderr.splitlines()
    found = json.loads(line)
    assert (found["level"], found["event"]) == ("warning", "waiting")
    assert "tonearm tokens create" in found["message"] and datetime.fromisoformat(found["at"]).tzinfo


def test_it_ends_when_asked_to_while_it_waits(stubs: Path) -> None:
    # The first process of a container is not ended by a signal that it does not handle.
    (stubs / "sleep").write_text("#!/bin/sh\nkill -TERM $PPID\n")
    assert start(stubs, "up").returncode == 143


def test_a_store_that_cannot_be_upgraded_is_not_served(stubs: Path) -> None:
    done = start(stubs, "up", UPGRADED="6")
    assert done.returncode == 6
    assert (stubs / "calls").read_text().splitlines() == ["store upgrade"]


def test_render_asks_the_same_port_and_keeps_the_home() -> None:
    (service,) = yaml.safe_load((ROOT / "render.yaml").read_text())["services"]
    assert service["healthCheckPath"] in HEALTH
    assert service["disk"]["mountPath"] == image_environment()["TONEARM_HOME"]
    values = {one["key"]: one.get("value") for one in service["envVars"]}
    assert values["PORT"] == str(PORT)
    # What is secret, and what only the operator knows, is asked for.
    assert {name for name, value in values.items() if value is None} == {
        "TONEARM_ALLOWED_HOSTS",
        "SPOTIFY_CLIENT_ID",
        "SPOTIFY_CLIENT_SECRET",
        "LASTFM_API_KEY",
    }
