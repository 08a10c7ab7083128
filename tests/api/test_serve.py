from __future__ import annotations

import json
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.serving import both
from tonearm.api.serve import PAGE, Reach, lab_options, reach, serve_all, serve_api, serve_lab
from tonearm.errors import UsageError
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token, revoke_token

HERE = ("127.0.0.1", "localhost", "::1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_on_this_machine_nobody_needs_a_token(tmp_path: Path, host: str) -> None:
    assert reach(Settings(home=tmp_path), host) == Reach(HERE, needs_tokens=False)


def test_beyond_this_machine_everybody_needs_a_token(tmp_path: Path) -> None:
    assert reach(Settings(home=tmp_path), "0.0.0.0") == Reach((*HERE, "0.0.0.0"), needs_tokens=True)
    behind_a_proxy = Settings(home=tmp_path, allowed_hosts=("Music.example",))
    assert reach(behind_a_proxy, "127.0.0.1") == Reach((*HERE, "music.example"), needs_tokens=True)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.org"])
@pytest.mark.parametrize("serve", [serve_all, serve_api])
def test_a_host_that_others_can_reach_is_refused_without_a_token(tmp_path: Path, serve: object, host: str) -> None:
    assert callable(serve)
    with pytest.raises(UsageError, match="tonearm tokens create --listener NAME --scope admin"):
        serve(Settings(home=tmp_path), 8501, host)


def test_a_token_that_is_revoked_opens_no_host(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    store = open_store(settings)
    store.ensure_listener("Ada")
    _, token = create_token(store, "Ada", ["read"])
    revoke_token(store, token.number)
    store.close()
    with pytest.raises(UsageError, match="needs a token"):
        serve_api(settings, 8501, "0.0.0.0")


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} .* name another with --port"):
            serve_lab(Settings(home=tmp_path), port)
        with pytest.raises(UsageError, match=f"port {port} .* name another with --port"):
            serve_api(Settings(home=tmp_path), port)


@pytest.mark.parametrize("host", ["203.0.113.9", "no-such-name.invalid"])
def test_an_address_that_is_not_this_machine_s_is_a_sentence(tmp_path: Path, host: str) -> None:
    store = open_store(Settings(home=tmp_path))
    store.ensure_listener("Ada")
    create_token(store, "Ada", ["admin"])
    store.close()
    with pytest.raises(UsageError, match=host):
        serve_api(Settings(home=tmp_path), 8501, host)


def test_the_page_runs_on_this_machine_and_reports_to_nobody() -> None:
    options = lab_options(8501)
    assert PAGE.is_file()
    assert (options["server.address"], options["server.port"]) == ("127.0.0.1", 8501)
    assert options["browser.gatherUsageStats"] is False


def test_every_option_is_one_that_streamlit_knows() -> None:
    from streamlit import config

    for name in lab_options(8501):
        assert config.get_option(name) is not Ellipsis


@pytest.mark.slow
def test_api_and_page_start_together_and_a_signal_to_the_one_process_ends_both(tmp_path: Path) -> None:
    with both(tmp_path / "home", end=signal.SIGTERM) as (api, page):
        found = json.load(urllib.request.urlopen(f"{api}/"))
        assert (found["name"], found["status"], found["lab"]) == ("tonearm", "ok", page)
        with urllib.request.urlopen(urllib.request.Request(api, headers={"Accept": "text/html"})) as opened:
            assert b"site/core.js" in opened.read()
        assert urllib.request.urlopen(page).status == 200
