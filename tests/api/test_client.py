from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.serving import answering
from tonearm.api.app import create_app
from tonearm.api.client import Client, open_client
from tonearm.errors import NotRegistered, TonearmError, UsageError
from tonearm.home import make_home
from tonearm.settings import Settings
from tonearm.store import open_store


def listener(home: Settings, name: str) -> Settings:
    """The home with a listener in it."""
    make_home(home)
    store = open_store(home)
    store.ensure_listener(name, "UTC")
    store.close()
    return home


def test_in_process_and_over_the_network_the_same_answers(tmp_path: Path) -> None:
    home = listener(Settings(home=tmp_path), "Ada")
    here = open_client(home)
    with answering(create_app(home)) as (address, _):
        there = open_client(Settings(home=tmp_path / "unused", api_url=address))
        assert [one.name for one in there.listeners()] == ["Ada"]
        assert there.listeners() == here.listeners()
        assert there.models() == here.models()


def test_an_error_of_the_api_is_the_same_error_here(tmp_path: Path) -> None:
    client = open_client(Settings(home=tmp_path))
    with pytest.raises(UsageError, match="no tracks yet"):
        client.search("air")
    with pytest.raises(NotRegistered, match="tonearm train popularity"):
        client.popularity([{"energy": 0.5}])
    with pytest.raises(TonearmError, match="no listener 'Ada'"):
        client.feedback("Ada")


def test_names_with_odd_characters_reach_the_api(tmp_path: Path) -> None:
    client = open_client(listener(Settings(home=tmp_path), "Zoë & Ben? 100%"))
    assert client.feedback("zoë & ben? 100%") == []
    assert client.save_playlist("Zoë & Ben? 100%", "Mix", []).listener == "Zoë & Ben? 100%"


def test_no_server_is_a_sentence() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    client = Client(httpx.Client(transport=httpx.MockTransport(refuse), base_url="http://127.0.0.1:1"))
    with pytest.raises(TonearmError, match=r"no answer from http://127\.0\.0\.1:1"):
        client.listeners()


def test_an_answer_that_is_not_ours_is_a_sentence() -> None:
    page = httpx.MockTransport(lambda request: httpx.Response(502, text="<html>"))
    with pytest.raises(TonearmError, match="502"):
        Client(httpx.Client(transport=page, base_url="http://127.0.0.1")).listeners()


def test_an_answer_of_another_version_is_a_sentence() -> None:
    older = httpx.MockTransport(lambda request: httpx.Response(200, json={"predictions": [{"popular": 1}]}))
    with pytest.raises(TonearmError, match="is it of that version"):
        Client(httpx.Client(transport=older, base_url="http://127.0.0.1")).popularity([{"energy": 0.5}])
