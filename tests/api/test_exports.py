from __future__ import annotations

import csv
import io
import zipfile

import httpx
import pytest

from tests.api.conftest import client_of, upload
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token


def test_an_export_is_sent_whole_with_its_count_and_a_name(filled: httpx.Client, filled_home: Settings) -> None:
    answer = filled.get("/listeners/ada/export", params={"format": "lastfm-csv"})
    assert (answer.status_code, answer.headers["x-listens"]) == (200, "2")
    assert 'filename="recenttracks-Ada_' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["track"] for row in rows] == ["Sexy Boy", "La femme d'argent"]
    assert not list(filled_home.scratch.glob("sent-export-*")), "the server kept the file"


@pytest.mark.parametrize("form", ["listenbrainz", "maloja", "koito"])
def test_every_form_can_be_asked_for(filled: httpx.Client, form: str) -> None:
    answer = filled.get("/listeners/Ada/export", params={"format": form, "from": "2020-11-20T09:30:00"})
    assert answer.headers["x-listens"] == "1"
    if form == "listenbrainz":
        assert "listens/2020/11.jsonl" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    else:
        assert len(answer.json()["scrobbles" if form == "maloja" else "listens"]) == 1


def test_what_is_no_form_and_who_is_no_listener_is_refused(filled: httpx.Client) -> None:
    assert filled.get("/listeners/Ada/export?format=xml").status_code == 422
    assert filled.get("/listeners/Eve/export").status_code == 404


def test_a_listener_takes_their_own_history_and_no_other(home: Settings, http: httpx.Client) -> None:
    upload(http)
    store = open_store(home)
    store.ensure_listener("Ben", "UTC")
    header = {name: {"Authorization": f"Token {create_token(store, name, ['read'])[0]}"} for name in ("Ada", "Ben")}
    with client_of(home, needs_tokens=True) as http:
        assert http.get("/listeners/Ada/export", headers=header["Ada"]).status_code == 200
        assert http.get("/listeners/Ada/export", headers=header["Ben"]).status_code == 403
