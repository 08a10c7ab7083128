from __future__ import annotations

import io
import threading
from pathlib import Path
from time import sleep

import httpx
import pytest
import uvicorn

from tonearm.api.app import create_app
from tonearm.api.client import Client, open_client
from tonearm.errors import TonearmError, UsageError
from tonearm.settings import Settings


def test_in_process_and_over_the_network_the_same_answers(tmp_path: Path) -> None:
    here = open_client(Settings(home=tmp_path))
    here.set_zone("Ada", "Europe/Berlin", None)
    server = uvicorn.Server(uvicorn.Config(create_app(Settings(home=tmp_path)), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        there = open_client(Settings(home=tmp_path / "unused", api_url=f"http://127.0.0.1:{port}"))
        assert there.listeners() == here.listeners()
        assert there.health() == here.health()
    finally:
        server.should_exit = True
        thread.join()


def test_an_error_of_the_api_is_the_same_error_here(tmp_path: Path) -> None:
    client = open_client(Settings(home=tmp_path))
    with pytest.raises(UsageError, match="control characters"):
        client.set_zone("a\nb", "UTC", None)
    with pytest.raises(TonearmError, match="no listener 'Ada'"):
        client.overview("Ada", "all")


def test_names_with_odd_characters_reach_the_api(tmp_path: Path) -> None:
    client = open_client(Settings(home=tmp_path))
    assert client.set_zone("Zoë & Ben? 100%", "UTC", None).name == "Zoë & Ben? 100%"
    assert client.overview("zoë & ben? 100%", "all").totals.listens == 0


def test_files_are_sent_and_the_ledger_comes_back(tmp_path: Path) -> None:
    client = open_client(Settings(home=tmp_path))
    done = client.import_files([("h.csv", io.BytesIO(b"Air,Moon Safari,Sexy Boy,20 Nov 2020 09:28\n"))], "Ada", "UTC")
    assert (done.ledger.read, done.ledger.kept) == (1, 1)
    assert [report.run for report in client.imports()] == [1]
    assert client.undo(1).ledger.undone_at


def test_no_server_is_a_sentence() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    client = Client(httpx.Client(transport=httpx.MockTransport(refuse), base_url="http://127.0.0.1:1"))
    with pytest.raises(TonearmError, match=r"no answer from http://127\.0\.0\.1:1"):
        client.health()


def test_an_answer_that_is_not_ours_is_a_sentence() -> None:
    page = httpx.MockTransport(lambda request: httpx.Response(502, text="<html>"))
    with pytest.raises(TonearmError, match="502"):
        Client(httpx.Client(transport=page, base_url="http://127.0.0.1")).health()
