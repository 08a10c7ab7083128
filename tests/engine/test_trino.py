"""What is registered and unregistered, and the sentence where Trino cannot do it; tests/stack asks a real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fastapi import FastAPI, Response

from tests.serving import answering, free_port
from tonearm.errors import ServiceRefused, ServiceUnavailable, TonearmError, UnknownName, UsageError
from tonearm.lake import Lake
from tonearm.settings import Settings, load_settings

pytest.importorskip("trino", reason="the client of Trino is not installed: make install")

from tonearm.engine.trino import Change, Server, planned, publish, root_of

ROOT = "local:///home/lake"


def test_tables_are_registered_once_and_anew_where_they_moved() -> None:
    wanted = {name: f"{ROOT}/{name}" for name in ("listens", "sessions", "tracks")}
    found = {"listens": f"{ROOT}/listens", "tracks": "local:///old/lake/tracks"}
    assert planned(wanted, found, ROOT) == [
        Change("listens", "unchanged", f"{ROOT}/listens"),
        Change("sessions", "registered", f"{ROOT}/sessions"),
        Change("tracks", "registered anew", f"{ROOT}/tracks", "local:///old/lake/tracks"),
    ]


def test_what_left_the_lake_goes_and_what_was_never_in_it_stays() -> None:
    found = {"gone": f"{ROOT}/gone", "lost": "", "others": "local:///home/lakeside/others", "theirs": "elsewhere"}
    assert planned({}, found, ROOT) == [
        Change("gone", "unregistered", f"{ROOT}/gone"),
        Change("lost", "unregistered", ""),
    ]


@pytest.mark.parametrize(
    ("lake_uri", "location", "root"),
    [
        ("", "", "local:///home/lake"),
        ("tables/of/mine", "", "local:///home/tables/of/mine"),
        ("s3://music/lake/", "", "s3://music/lake"),
        ("s3://music/lake", "s3a://music/lake/", "s3a://music/lake"),
        ("/srv/lake", "local:///srv/lake", "local:///srv/lake"),
    ],
)
def test_where_trino_sees_the_lake(tmp_path: Path, lake_uri: str, location: str, root: str) -> None:
    settings = load_settings(tmp_path, environ={"TONEARM_LAKE_URI": lake_uri})
    assert root_of(settings, location) == root


@pytest.mark.parametrize(("lake_uri", "location"), [("/srv/lake", ""), ("", "/srv/lake")])
def test_a_place_that_trino_cannot_see_is_refused(tmp_path: Path, lake_uri: str, location: str) -> None:
    with pytest.raises(UsageError, match="local:///"):
        root_of(load_settings(tmp_path, environ={"TONEARM_LAKE_URI": lake_uri}), location)


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """A lake of one table."""
    made = Lake(settings.lake)
    made.replace("listens", pa.table({"listen_id": [1]}), {})
    return made


@pytest.fixture
def server_that() -> Iterator[Callable[[int, Any], str]]:
    """Starts a server that answers everything with one status and one body, and returns its address."""
    with ExitStack() as running:

        def start(status: int, body: Any) -> str:
            app = FastAPI()

            @app.post("/v1/statement")
            def answer() -> Response:
                return Response(json.dumps(body), status, media_type="application/json")

            return running.enter_context(answering(app))[0]

        yield start


def failing(name: str, message: str) -> dict[str, Any]:
    """What Trino answers with an error of this name."""
    error = {"errorName": name, "errorType": "USER_ERROR", "message": message}
    return {"id": "1", "infoUri": "", "stats": {"state": "FAILED"}, "error": error}


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (401, "", ServiceRefused, "asks for a password"),
        (403, "", ServiceRefused, "does not let tonearm in"),
        (404, "", ServiceUnavailable, "does not answer as Trino does"),
        (200, failing("PERMISSION_DENIED", "register_table procedure is disabled"), ServiceRefused, "is disabled"),
        (200, failing("PROCEDURE_NOT_FOUND", "not registered"), ServiceRefused, "a catalog and rules that do"),
        (200, failing("GENERIC_USER_ERROR", "No transaction log found in location"), UsageError, "--location"),
        (200, failing("SERVER_STARTING_UP", "still initializing"), ServiceUnavailable, "is starting"),
        (200, failing("GENERIC_INTERNAL_ERROR", "out of luck"), ServiceUnavailable, "out of luck"),
    ],
)
def test_what_trino_refuses_is_a_sentence(
    lake: Lake, server_that: Callable[[int, Any], str], status: int, body: Any, kind: type[TonearmError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        publish(lake, ROOT, Server(server_that(status, body)))


def test_a_catalog_that_is_not_there_is_named(lake: Lake, server_that: Callable[[int, Any], str]) -> None:
    catalogs = {
        "id": "1",
        "infoUri": "",
        "stats": {"state": "FINISHED"},
        "columns": [{"name": "Catalog", "type": "varchar", "typeSignature": {"rawType": "varchar", "arguments": []}}],
        "data": [["delta"], ["system"]],
    }
    with pytest.raises(UnknownName, match="did you mean delta"):
        publish(lake, ROOT, Server(server_that(200, catalogs), catalog="detla"))


@pytest.mark.parametrize(
    ("server", "kind", "sentence"),
    [
        (Server("localhost:8080"), UsageError, "no address"),
        (Server("http://localhost:808O"), UsageError, "no address"),
        (Server("http://[::1"), UsageError, "no address"),
        (Server("https://ada:secret@trino.example.org"), UsageError, "TRINO_PASSWORD"),
        (Server("http://127.0.0.1:1", password="shh"), UsageError, "https alone"),
        (Server(f"http://127.0.0.1:{free_port()}"), ServiceUnavailable, "does not answer"),
    ],
)
def test_a_server_that_cannot_be_asked_is_named(
    lake: Lake, server: Server, kind: type[TonearmError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence) as refused:
        publish(lake, ROOT, server)
    assert "shh" not in f"{refused.value} {server!r}"


def test_an_empty_lake_unregisters_nothing(settings: Settings) -> None:
    with pytest.raises(UsageError, match="tonearm run"):
        publish(Lake(settings.lake), ROOT, Server("http://127.0.0.1:1"))
