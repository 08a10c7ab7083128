"""``tonearm up`` as a process: a play reaches the page, also where the server is killed in between."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.serving import PATIENCE_S, free_port, wait_until_up
from tonearm.home import make_home
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

NOW = 1_714_560_000


@contextmanager
def up(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``tonearm up --api`` and its address; killed at the end where it still runs."""
    port = free_port()
    command = [sys.executable, "-m", "tonearm", "--home", str(settings.home), "up", "--api", "--port", str(port)]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_up(f"{url}/health", served)
        yield served, url
    finally:
        served.kill()
        served.communicate()


def submit(url: str, token: str, at: int) -> None:
    names = {"artist_name": "Air", "track_name": "Sexy Boy"}
    body = {"listen_type": "single", "payload": [{"listened_at": at, "track_metadata": names}]}
    answer = httpx.post(
        f"{url}/1/submit-listens", json=body, headers={"Authorization": f"Token {token}"}, timeout=PATIENCE_S
    )
    assert answer.status_code == 200, answer.text


def listens(url: str) -> int:
    return int(httpx.get(f"{url}/listeners/Ada/overview", timeout=PATIENCE_S).json()["totals"]["listens"])


def test_a_play_is_in_the_totals_though_the_server_was_killed_after_it_was_acknowledged(settings: Settings) -> None:
    make_home(settings)
    store = open_store(settings)
    store.ensure_listener("Ada", "UTC")
    token, _ = create_token(store, "Ada", ["submit", "read"], "phone")
    store.close()
    with up(settings) as (served, url):
        submit(url, token, NOW)
        served.kill()
    with up(settings) as (served, url):
        submit(url, token, NOW + 600)
        give_up_at = time.monotonic() + PATIENCE_S
        while listens(url) < 2:
            assert time.monotonic() < give_up_at, "the listens did not reach the totals"
            time.sleep(0.2)
        well = {"is_ready": True, "problems": [], "warnings": []}
        # On a busy machine the disk or the lake may answer later than probes wait.
        while (found := httpx.get(f"{url}/ready", timeout=PATIENCE_S).json()) != well:
            assert time.monotonic() < give_up_at, found
            time.sleep(0.2)
        assert [one["job"] for one in httpx.get(f"{url}/schedule", timeout=PATIENCE_S).json()["jobs"]] in ([], ["run"])
        served.terminate()
        assert served.wait(PATIENCE_S) == 0
    assert listens_kept(settings) == 2


def listens_kept(settings: Settings) -> int:
    from tonearm.read.overview import overview

    return overview(settings, "Ada").totals.listens


@pytest.mark.parametrize("option", ["--port", "--lab-port"])
def test_a_port_that_is_none_is_refused(option: str) -> None:
    ended = subprocess.run([sys.executable, "-m", "tonearm", "up", option, "0"], capture_output=True, text=True)
    assert ended.returncode == 2
    assert "0" in ended.stderr
    assert "Traceback" not in ended.stderr
