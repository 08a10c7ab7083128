"""What commands that nobody watches write to standard error where the setting ``log`` is json: lines of JSON alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.live.test_up import submit
from tests.serving import PATIENCE_S, free_port, wait_until_up

from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.schedules import plan_job
from tonearm.store.tokens import create_token

ROW = ("Nina Simone", "Pastel Blues", "Sinnerman", "20 Nov 2020 09:35")
ENVIRONMENT = {**os.environ, "TONEARM_LOG": "json"}
Line = dict[str, Any]


def lines(written: str) -> list[Line]:
    """Each line of a standard error, which has an instant, a level and an event."""
    found = [json.loads(line) for line in written.splitlines()]
    for line in found:
        assert datetime.fromisoformat(line["at"]).tzinfo and line["level"] and line["event"]
    return found


def logged(home: Path, *arguments: str, code: int = 0) -> list[Line]:
    command = [sys.executable, "-m", "tonearm", "--home", str(home), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == code, done.stderr
    found = lines(done.stderr)
    assert found[-1]["event"] == "command" and found[-1]["took_s"] > 0 and found[-1]["exit_code"] == code
    return found


def test_a_command_is_a_line_with_what_came_of_it(settings: Settings, lastfm: Callable[..., Path]) -> None:
    (imported,) = logged(settings.home, "import", str(lastfm([ROW, ROW, (*ROW[:3], "")])), "--listener", "Ada")
    assert imported["command"] == "import"
    assert [imported[name] for name in ("run", "read", "kept", "duplicates", "rejected")] == [1, 3, 1, 1, 1]
    (built,) = logged(settings.home, "build", "sessions", "--json")
    assert built["tables_changed"] > 0 and built["tables_failed"] == 0
    (synced,) = logged(settings.home, "sync")
    assert (synced["connections"], synced["read"]) == (0, 0)
    (relayed,) = logged(settings.home, "relay", "run")
    assert (relayed["command"], relayed["sent"]) == ("relay run", 0)


def test_a_failure_is_a_line_with_the_reason(settings: Settings) -> None:
    failed, ended = logged(settings.home, "schedule", "run", "sync:Ada Secretive/lastfm", code=2)
    assert (failed["level"], failed["error"]) == ("error", "UsageError")
    assert ended["job"] == "sync lastfm"


def test_a_bug_is_a_line_with_its_trace(settings: Settings) -> None:
    code = (
        "import sys; from unittest.mock import patch; from tonearm.cli import program;"
        "patch('tonearm.store.open_store', side_effect=RuntimeError('broken')).start(); program()"
    )
    command = [sys.executable, "-c", code, "--home", str(settings.home), "listeners"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    (line,) = lines(done.stderr)
    assert done.returncode == 1
    assert line["level"] == "critical" and "RuntimeError: broken" in line["error"]


@pytest.fixture
def token(settings: Settings) -> Iterator[str]:
    """Of a household whose schedule has a run to do at once."""
    with closing(open_store(settings)) as store:
        store.ensure_listener("Ada Secretive", "UTC")
        made, _ = create_token(store, "Ada Secretive", ["submit", "read"])
        plan_job(store, "run", 3600, datetime.now(UTC))
    yield made


@pytest.mark.slow
def test_the_server_its_worker_and_its_schedule_write_lines_of_json(settings: Settings, token: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tonearm", "--home", str(settings.home), "up", "--api", "--port", str(port)]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert served.stderr
    try:
        wait_until_up(f"{url}/health", served)
        submit(url, token, 1_714_560_000)
        answer = httpx.get(f"{url}/listeners/Nobody/overview", timeout=PATIENCE_S)
        written = [served.stderr.readline()]
        while not {"imported", "command"} <= {json.loads(line)["event"] for line in written}:
            written.append(served.stderr.readline())
        served.terminate()
        output, rest = served.communicate(timeout=PATIENCE_S)
    finally:
        served.kill()
    found = lines("".join(written) + rest)
    by_event = {line["event"]: line for line in found}
    assert {"serving", "request", "imported", "command", "ended"} <= set(by_event)
    assert [by_event["imported"][name] for name in ("read", "kept", "duplicates", "rejected")] == [1, 1, 0, 0]
    job = by_event["command"]
    assert (job["command"], job["job"], job["outcome"]) == ("schedule run", "run", "done")
    asked = next(line for line in found if line.get("status") == 404)
    assert asked["request_id"] == answer.headers["X-Request-ID"]
    assert token not in output + str(found) and "Secretive" not in str(found)
