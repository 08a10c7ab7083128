"""What a server writes, and that no secret is in it: a real one, to which tokens are sent in every way."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.serving import free_port, wait_until_up
from tonearm.logs import JsonLines, PlainLines, masked
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token, hashed

BAD = "2f1d0d1e-3c7a-4d53-9d0f-7a3b5f6e1c22"
PASSWORD = "correct-horse-battery"


@pytest.mark.parametrize(
    "text", [f"Token {BAD} is bad", "key 0123456789abcdef0123456789abcdef", "postgresql://ada:secret@db/tonearm"]
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    assert "…" in masked(text)
    assert not any(secret in masked(text) for secret in (BAD, "0123456789abcdef", "secret"))


def test_a_line_is_json_whatever_is_logged() -> None:
    try:
        raise ValueError(f"no such token: {BAD}")
    except ValueError:
        record = logging.LogRecord("tonearm", logging.ERROR, "", 1, "line\nbreak %s", (BAD,), sys.exc_info())
    line = JsonLines().format(record)
    found = json.loads(line)
    assert "\n" not in line and BAD not in line
    assert (found["level"], found["event"]) == ("error", "tonearm") and "ValueError" in found["error"]
    assert BAD not in PlainLines().format(record)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "text"])
def test_tokens_are_in_no_log_and_no_answer(tmp_path: Path, form: str) -> None:
    home = Settings(home=tmp_path / "home")
    store = open_store(home)
    store.ensure_listener("Ada Secretive")
    good, _ = create_token(store, "Ada Secretive", ["read", "submit", "admin"])
    store.close()
    port = free_port()
    command = [sys.executable, "-m", "tonearm", "--home", str(home.home), "serve", "--api", "--port", str(port)]
    served = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TONEARM_LOG": form}
    )
    try:
        wait_until_up(f"http://127.0.0.1:{port}/health", served)
        answers = "".join(ask(f"http://127.0.0.1:{port}", token) for token in (good, BAD))
        served.send_signal(signal.SIGINT)
        output, errors = served.communicate(timeout=60)
    finally:
        served.kill()
    written = output + errors + answers
    for secret in (good, BAD, PASSWORD, hashed(good), hashed(BAD)):
        assert secret not in written
    assert "Ada Secretive" not in errors and "Ada%20Secretive" not in errors
    if form == "json":
        lines = [json.loads(line) for line in errors.splitlines()]
        requests = [line for line in lines if line["event"] == "request"]
        assert {"/listeners/{name}/overview", "none"} <= {line["route"] for line in requests}
        assert {"at", "level", "event", "method", "route", "status", "took_ms", "request_id"} == set(requests[0])
        assert len({line["request_id"] for line in requests}) == len(requests)
        assert output == "", "the address is in the log, too"
        assert (lines[0]["event"], lines[-2]["event"]) == ("serving", "request") and lines[-1]["event"] == "ended"
    else:
        assert errors == ""


def ask(url: str, token: str) -> str:
    """Everything that is answered to requests with the token in headers, addresses and bodies."""
    sent = {"Authorization": f"Token {token}"}
    basic = ("Ada Secretive", token)
    broken = f'{{"token": "{token}", "password": "{PASSWORD}"'
    signed = {"sk": token, "api_sig": token, "password": PASSWORD, "method": "track.scrobble", "artist[0]": "Can"}
    with httpx.Client(base_url=url) as http:
        answers = [
            http.get("/listeners", headers=sent),
            http.get("/listeners", headers={"Authorization": f"Bearer {token}"}, params={"token": token}),
            http.get("/listeners/Ada Secretive/overview", headers=sent),
            http.get("/tables/tracks", params={"password": PASSWORD, "format": "csv"}),
            http.get("/no/such/route", headers=sent, params={"token": token, "api_key": token}),
            http.get("/listeners", auth=basic),
            http.get("/1/validate-token", params={"token": token}),
            http.post("/1/submit-listens", headers=sent, content=broken),
            http.post("/1/submit-listens", headers=sent, json={"listen_type": "single", "payload": [{"token": token}]}),
            http.post("/2.0/", data=signed),
            http.post("/2.0/", params=signed),
            http.get("/", params={"hs": "true", "u": "Ada Secretive", "a": token, "t": "1", "p": "1.2.1"}),
            http.put("/listeners/Ada Secretive", headers=sent, content=broken),
            http.request("GET", "/health", headers={"Cookie": f"token={token}", "X-Token": token}),
        ]
    return "".join(f"{answer.headers} {answer.text}" for answer in answers)
