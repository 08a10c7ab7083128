from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import client_of
from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import import_rows, imports
from tonearm.ingest.submissions import import_submissions
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

AT = 1_606_000_000


@pytest.fixture
def sent(settings: Settings) -> Callable[..., httpx.Response]:
    """Sends a body to a route of ListenBrainz with Ada's token."""
    store = open_store(settings)
    store.ensure_listener("Ada", "UTC")
    token, _ = create_token(store, "Ada", ["read", "submit"])
    store.close()
    http = client_of(settings)

    def send(route: str, body: Any) -> httpx.Response:
        return http.post(f"/1/{route}", json=body, headers={"Authorization": f"Token {token}"})

    return send


def listen(track: str, at: int = AT) -> dict[str, Any]:
    return {"listened_at": at, "track_metadata": {"artist_name": "Air", "track_name": track}}


def submit(sent: Callable[..., httpx.Response], *listens: dict[str, Any]) -> list[str]:
    """Submits listens; returns their MSIDs."""
    answer = sent("submit-listens?return_msid=true", {"listen_type": "import", "payload": listens})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["recording_msids"])


def left(settings: Settings) -> list[str]:
    with client_of(settings) as http:
        listens = http.get("/1/user/Ada/listens").json()["payload"]["listens"]
    return [one["track_metadata"]["track_name"] for one in listens]


def test_a_listen_that_waits_is_deleted_at_once_and_leaves_a_reason(
    settings: Settings, sent: Callable[..., httpx.Response]
) -> None:
    msid, _ = submit(sent, listen("Sexy Boy"), listen("Remember"))
    for _ in range(2):
        assert sent("delete-listen", {"listened_at": AT, "recording_msid": msid}).json() == {"status": "ok"}
    assert left(settings) == ["Remember"]
    (report,) = import_submissions(settings, open_store(settings))
    assert (report.kept, report.rejected) == (1, 1)
    assert import_rows(settings, 1, "rejected")["reason"].to_pylist() == ["deleted by the listener"]


def test_a_listen_of_the_tables_goes_with_all_its_records_and_the_ledger_adds_up(
    settings: Settings, sent: Callable[..., httpx.Response], tmp_path: Path
) -> None:
    msid, _ = submit(sent, listen("Sexy Boy"), listen("Remember", AT + 400))
    import_submissions(settings, open_store(settings))
    export = tmp_path / "listens.jsonl"
    export.write_text(json.dumps(listen("Sexy Boy", AT + 1) | {"inserted_at": AT}) + "\n")
    import_paths(settings, [export], "Ada")
    build(settings, ["listening_with_features", "tracks"])
    assert left(settings) == ["Remember", "Sexy Boy"]
    shown = AT if sent("delete-listen", {"listened_at": AT, "recording_msid": msid}).status_code == 200 else 0
    assert shown
    build(settings, ["listening_with_features", "tracks"])
    assert left(settings) == ["Remember"], "the other record brought it back"
    counts = [(report.read, report.kept, report.duplicates, report.rejected) for report in imports(settings)]
    assert counts == [(1, 0, 0, 1), (2, 1, 0, 1)]
    assert sent("delete-listen", {"listened_at": AT, "recording_msid": msid}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"listened_at": "now", "recording_msid": "x"},
        {"listened_at": AT},
        {"listened_at": AT, "recording_msid": 5},
    ],
)
def test_what_names_no_listen_is_refused_in_words(sent: Callable[..., httpx.Response], body: Any) -> None:
    answer = sent("delete-listen", body)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    assert "must be" in answer.json()["error"]


def test_deleting_needs_a_token(settings: Settings) -> None:
    open_store(settings).ensure_listener("Ada", "UTC")
    with client_of(settings) as http:
        assert http.post("/1/delete-listen/", json={}).json()["code"] == 401
