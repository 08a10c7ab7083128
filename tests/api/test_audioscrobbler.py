"""AudioScrobbler 1.2, by the requests that mpdscribble sends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from time import time
from urllib.parse import urlencode

import httpx
import pytest

from tests.api.conftest import client_of
from tests.api.listening import store_of
from tonearm.errors import HomeBusy, TonearmError, UsageError
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.loves import loves
from tonearm.store.playing import playing
from tonearm.store.scrobble_passwords import create_password
from tonearm.store.submissions import waiting


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    made = store_of(home)
    yield made
    made.close()


@pytest.fixture
def password(store: Store) -> str:
    return create_password(store, "Ada")


def knock(http: httpx.Client, password: str, path: str = "/", **changed: str) -> httpx.Response:
    asked_at = str(int(time()))
    proof = md5(md5(password) + asked_at)
    asked = {"hs": "true", "p": "1.2", "c": "mdc", "v": "0.24", "u": "ada", "t": asked_at, "a": proof} | changed
    return http.get(path, params=asked)


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def post(http: httpx.Client, url: str, **fields: str) -> httpx.Response:
    body = urlencode({name.replace("_", "[") + "]" if "_" in name else name: value for name, value in fields.items()})
    return http.post(url, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})


@pytest.mark.parametrize("path", ["/", "/audioscrobbler", "/audioscrobbler/"])
def test_a_session_survives_a_restart(home: Settings, store: Store, password: str, path: str) -> None:
    with client_of(home) as http:
        answer = knock(http, password, path)
    assert (answer.status_code, answer.text[-1]) == (200, "\n")
    ok, session, playing_url, submit_url = answer.text.splitlines()
    assert ok == "OK"
    with client_of(home) as http:
        assert post(http, playing_url, s=session, a="Air", t="Sexy Boy", b="", l="298", n="", m="").text == "OK\n"
        assert post(http, submit_url, s=session, a_0="Air", t_0="Sexy Boy", i_0="1600000000").text == "OK\n"
    (kept,) = waiting(store)
    assert (kept.listener, kept.protocol, kept.listened_s) == ("Ada", "audioscrobbler", 1_600_000_000)
    found = playing(store, "Ada")
    assert found is not None
    assert (found.until_at - found.reported_at).total_seconds() == 298
    assert json.loads(found.body)["track_metadata"]["additional_info"]["submission_client"] == "mdc"


def test_the_root_answers_handshakes_and_nothing_else(home: Settings, password: str) -> None:
    with client_of(home) as http:
        assert knock(http, password, hs="false").text[:2] != "OK"
        assert knock(http, "wrong").text == "BADAUTH\n"
        assert knock(http, password, u="bob").text == "BADAUTH\n"
        assert knock(http, password, t="5").text == "BADTIME\n"


def test_an_unknown_session_begins_anew(home: Settings, password: str) -> None:
    with client_of(home) as http:
        for path in ("/audioscrobbler/submit", "/audioscrobbler/nowplaying/"):
            answer = post(http, path, s="unknown", a_0="Air", t_0="Sexy Boy", i_0="1600000000")
            assert (answer.status_code, answer.text) == (200, "BADSESSION\n")


def test_a_new_password_closes_the_sessions_of_the_old_one(home: Settings, store: Store, password: str) -> None:
    with client_of(home) as http:
        session = knock(http, password).text.splitlines()[1]
        create_password(store, "Ada")
        assert post(http, "/audioscrobbler/submit", s=session).text == "BADSESSION\n"


def test_a_bad_item_never_stops_the_batch(home: Settings, store: Store, password: str) -> None:
    with client_of(home) as http:
        session = knock(http, password).text.splitlines()[1]
        answer = post(
            http,
            "/audioscrobbler/submit",
            s=session,
            **{"a_0": "Air", "t_0": "Sexy Boy", "i_0": "never"},
            **{"a_1": "Air", "t_1": "Remember", "i_1": "1600000000", "r_1": "L", "o_1": "L"},
        )
        assert answer.text == "OK\n"
        assert post(http, "/audioscrobbler/submit", s=session).text.startswith("FAILED ")
    assert [one.reason is None for one in waiting(store)] == [False, True]
    assert [one.track_name for one in loves(store, "Ada", 1)] == ["Remember"]


@pytest.mark.parametrize(
    ("error", "answer", "kept"),
    [(UsageError("too many"), "OK\n", 1), (HomeBusy("it is held"), "FAILED it is held\n", 0)],
)
def test_a_rating_that_fails_has_no_listen_sent_twice(
    home: Settings,
    store: Store,
    password: str,
    monkeypatch: pytest.MonkeyPatch,
    error: TonearmError,
    answer: str,
    kept: int,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("tonearm.api.routes.audioscrobbler.give_love", fail)
    with client_of(home) as http:
        session = knock(http, password).text.splitlines()[1]
        loved = {"a_0": "Air", "t_0": "Remember", "i_0": "1600000000", "r_0": "L", "o_0": "P"}
        assert post(http, "/audioscrobbler/submit", s=session, **loved).text == answer
    assert len(waiting(store)) == kept


def test_a_store_that_is_down_is_a_failure_that_the_client_can_read(
    home: Settings, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise HomeBusy("the store is held by another program")

    with client_of(home) as http:
        session = knock(http, password).text.splitlines()[1]
        monkeypatch.setattr("tonearm.api.accepting.keep", busy)
        answer = post(http, "/audioscrobbler/submit", s=session, a_0="Air", t_0="Remember", i_0="1600000000")
        assert (answer.status_code, answer.text) == (200, "FAILED the store is held by another program\n")
        monkeypatch.setattr("tonearm.api.routes.audioscrobbler.password_md5", busy)
        assert knock(http, password).text == "FAILED the store is held by another program\n"
        assert http.get("/audioscrobbler/nothing").text.startswith("FAILED ")
