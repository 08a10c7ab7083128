"""ListenBrainz's protocol at the API, by requests as clients send them and by the real liblistenbrainz."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from time import time
from typing import Any

import httpx
import msgspec
import pytest
from liblistenbrainz import Listen, ListenBrainz
from liblistenbrainz.errors import InvalidAuthTokenException, ListenBrainzAPIException

from tests.api.conftest import client_of
from tests.api.listening import listening, store_of
from tonearm.errors import HomeUnusable
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.loves import loves
from tonearm.store.playing import playing
from tonearm.store.submissions import Waiting, waiting
from tonearm.store.tokens import create_token

LISTEN = {"listened_at": 1_600_000_000, "track_metadata": {"artist_name": "Air", "track_name": "Sexy Boy"}}
PLAYING = {"track_metadata": LISTEN["track_metadata"]}
MBID = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    made = store_of(home)
    yield made
    made.close()


@pytest.fixture
def token(store: Store) -> str:
    return create_token(store, "Ada", ["submit"])[0]


@pytest.fixture
def http(home: Settings, token: str) -> Iterator[httpx.Client]:
    with client_of(home) as client:
        client.headers["Authorization"] = f"Token {token}"
        yield client


def submit(http: httpx.Client, *payload: Any, kind: str = "import", path: str = "/1/submit-listens") -> httpx.Response:
    return http.post(path, json={"listen_type": kind, "payload": payload})


def accepted(store: Store) -> list[Waiting]:
    return [one for one in waiting(store) if one.reason is None]


def test_a_listen_is_on_disk_before_it_is_acknowledged(http: httpx.Client, store: Store) -> None:
    answer = submit(http, LISTEN, kind="single")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    (kept,) = waiting(store)
    assert (kept.listener, kept.protocol, json.loads(kept.body)) == ("Ada", "listenbrainz", LISTEN)


def test_under_koitos_prefix_listens_are_submitted_the_same_way(http: httpx.Client, store: Store) -> None:
    path = "/apis/listenbrainz/1/submit-listens"
    assert submit(http, LISTEN, path=path).json() == {"status": "ok"}
    assert len(accepted(store)) == 1
    assert submit(http, path=path, kind="none").json()["code"] == 400


def test_a_bad_row_is_kept_as_rejected_and_costs_nothing_else(http: httpx.Client, store: Store) -> None:
    assert submit(http, LISTEN, {"listened_at": 5}, path="/1/submit-listens/").json() == {"status": "ok"}
    assert [one.reason for one in waiting(store)] == [None, "track_metadata is missing or no object"]


def test_where_all_are_bad_the_first_reason_is_answered(http: httpx.Client, store: Store) -> None:
    answer = submit(http, {"listened_at": 5})
    assert answer.status_code == 400
    assert answer.json() == {
        "code": 400,
        "error": "no listen could be kept; the first: track_metadata is missing or no object",
    }
    assert len(waiting(store)) == 1


def test_the_type_of_the_body_does_not_matter(http: httpx.Client, store: Store) -> None:
    body = json.dumps({"listen_type": "single", "payload": [LISTEN]}).encode()
    assert http.post("/1/submit-listens", content=body).status_code == 200
    packed = http.post("/1/submit-listens", content=gzip.compress(body), headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 200
    assert len(accepted(store)) == 2


def test_msids_are_returned_to_who_asks(http: httpx.Client) -> None:
    asked = "/1/submit-listens?return_msid=true"
    msid = submit(http, LISTEN, kind="single", path=asked).json()["recording_msid"]
    assert submit(http, LISTEN, {}, path=asked).json()["recording_msids"] == [msid, None]


@pytest.mark.parametrize(
    ("authorization", "status"), [("", 401), ("Token", 401), ("Token wrong", 401), ("Basic YTpi", 401)]
)
def test_without_a_good_token_nothing_is_kept(
    http: httpx.Client, store: Store, authorization: str, status: int
) -> None:
    http.headers["Authorization"] = authorization
    answer = submit(http, LISTEN)
    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert waiting(store) == []


def test_a_token_that_may_only_read_cannot_submit(http: httpx.Client, store: Store) -> None:
    http.headers["Authorization"] = f"bearer {create_token(store, 'Ada', ['read'])[0]}"
    assert submit(http, LISTEN).json() == {"code": 403, "error": "submitting needs a token with the scope submit"}


def test_a_store_that_cannot_be_written_is_our_fault(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise HomeUnusable("the disk is full")

    monkeypatch.setattr("tonearm.api.accepting.keep", full)
    answer = submit(http, LISTEN)
    assert (answer.status_code, answer.json()) == (503, {"code": 503, "error": "the disk is full"})
    assert answer.headers["Retry-After"].isdigit()


@pytest.mark.parametrize("path", ["/1/submit-listens", "/apis/listenbrainz/1/submit-listens/"])
def test_a_listen_that_came_too_soon_is_sent_again(home: Settings, store: Store, path: str) -> None:
    with client_of(msgspec.structs.replace(home, rate_limit=1)) as http:
        http.headers["Authorization"] = f"Token {create_token(store, 'Ada', ['submit'])[0]}"
        answers = [submit(http, LISTEN, path=path) for _ in range(3)]
        read = http.get("/1/latest-import")
    assert [answer.status_code for answer in answers] == [200, 200, 503]
    assert answers[-1].json()["code"] == 503
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert (read.status_code, read.json()["code"]) == (429, 429)


def test_what_is_wrong_with_a_request_is_answered_in_listenbrainz_form(http: httpx.Client) -> None:
    for answer in (
        http.post("/1/submit-listens", content=b"{"),
        http.post("/1/submit-listens?return_msid=perhaps", content=b"{"),
        http.get("/1/latest-import"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, 400)
    assert http.get("/1/nothing").json()["code"] == 404


def test_what_is_playing_is_kept_until_the_track_is_over(http: httpx.Client, store: Store) -> None:
    assert submit(http, PLAYING, kind="playing_now").json() == {"status": "ok"}
    found = playing(store, "ada")
    assert found is not None
    assert json.loads(found.body) == PLAYING
    assert (found.until_at - found.reported_at).total_seconds() == 600
    assert playing(store, "ada", found.until_at) is None
    assert waiting(store) == []


def test_a_token_is_validated(http: httpx.Client, token: str) -> None:
    valid = {"code": 200, "message": "Token valid.", "valid": True, "user_name": "Ada"}
    assert http.get("/1/validate-token/").json() == valid
    assert http.get("/1/validate-token", headers={"Authorization": ""}, params={"token": token}).json() == valid
    wrong = http.get("/1/validate-token", headers={"Authorization": "Token wrong"})
    assert (wrong.status_code, wrong.json()["valid"]) == (200, False)
    assert http.get("/1/validate-token", headers={"Authorization": ""}).json()["code"] == 400


def test_feedback_is_kept_by_id_and_names_the_track_that_was_submitted(http: httpx.Client, store: Store) -> None:
    msid = submit(http, LISTEN, kind="single", path="/1/submit-listens?return_msid=true").json()["recording_msid"]
    for given in ({"recording_msid": msid, "score": 1}, {"recording_mbid": MBID, "score": -1}):
        assert http.post("/1/feedback/recording-feedback", json=given).json() == {"status": "ok"}
    hated, loved = loves(store, "Ada")
    assert (loved.score, loved.artist_name, loved.track_name, loved.recording_msid) == (1, "Air", "Sexy Boy", msid)
    assert (hated.score, hated.track_name, hated.recording_mbid) == (-1, None, MBID)
    http.post("/1/feedback/recording-feedback/", json={"recording_msid": msid, "score": 0})
    assert loves(store, "Ada", 1) == []


@pytest.mark.parametrize("given", [[], {"score": 1}, {"score": True, "recording_mbid": MBID}, {"score": 2}])
def test_wrong_feedback_is_refused(http: httpx.Client, given: Any) -> None:
    assert http.post("/1/feedback/recording-feedback", json=given).json()["code"] == 400


def test_an_importer_notes_how_far_it_came(http: httpx.Client) -> None:
    asked = {"user_name": "ada"}
    assert http.get("/1/latest-import", params=asked).json() == {"musicbrainz_id": "Ada", "latest_import": 0}
    assert http.post("/1/latest-import", json={"ts": 1_600_000_000}).json() == {"status": "ok"}
    assert http.get("/1/latest-import/", params=asked).json()["latest_import"] == 1_600_000_000
    assert http.post("/1/latest-import", json={"ts": "soon"}).json()["code"] == 400


def test_the_real_client_submits(home: Settings, store: Store, token: str) -> None:
    with listening(home) as address:
        client = ListenBrainz(f"http://{address}")
        client.set_auth_token(token)
        client.submit_single_listen(Listen("Sexy Boy", "Air", 1_600_000_000, "Moon Safari", tags=["pop"]))
        client.submit_multiple_listens([Listen("Sexy Boy", "Air", int(time()) - n) for n in range(3)])
        client.submit_playing_now(Listen("Sexy Boy", "Air"))
        client.submit_user_feedback(1, MBID)
        with pytest.raises(ListenBrainzAPIException) as refused:
            client.submit_single_listen(Listen("Sexy Boy", "Air", 5))
        assert "before October 2002" in refused.value.message
        with pytest.raises(InvalidAuthTokenException):
            ListenBrainz(f"http://{address}").set_auth_token("wrong")
    assert len(accepted(store)) == 4
    assert [one.recording_mbid for one in loves(store, "Ada", 1)] == [MBID]
    assert playing(store, "Ada") is not None
