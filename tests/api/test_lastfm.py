"""Last.fm's protocol at the API, by the requests of browser extensions and by the real pylast."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pylast
import pytest

from tests.api.conftest import client_of
from tests.api.listening import listening, store_of
from tonearm.errors import HomeUnusable
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.loves import loves
from tonearm.store.playing import playing
from tonearm.store.scrobble_passwords import create_password
from tonearm.store.submissions import waiting
from tonearm.store.tokens import create_token, revoke_token


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    made = store_of(home)
    yield made
    made.close()


@pytest.fixture
def password(store: Store) -> str:
    return create_password(store, "Ada")


@pytest.fixture
def http(home: Settings) -> Iterator[httpx.Client]:
    with client_of(home) as client:
        yield client


def call(http: httpx.Client, method: str, **given: str) -> Any:
    return http.post("/2.0/", params={"method": method, "format": "json", "api_key": "any"} | given).json()


def key_of(http: httpx.Client, password: str) -> str:
    session = call(http, "auth.getMobileSession", username="ada", password=password)["session"]
    assert session["name"] == "Ada"
    return str(session["key"])


def test_a_session_is_opened_by_the_password_its_hash_or_a_token(
    http: httpx.Client, store: Store, password: str
) -> None:
    proof = hashlib.md5(f"ada{hashlib.md5(password.encode()).hexdigest()}".encode()).hexdigest()
    token = create_token(store, "Ada", ["submit"])[0]
    for given in ({"password": password}, {"authToken": proof}, {"password": token}):
        assert call(http, "AUTH.getmobilesession", username="ada", **given)["session"]["subscriber"] == "0"


@pytest.mark.parametrize(
    "given", [{}, {"username": "ada"}, {"username": "ada", "password": "wrong"}, {"username": "bob", "authToken": "x"}]
)
def test_what_opens_no_session_is_refused(http: httpx.Client, password: str, given: dict[str, str]) -> None:
    assert call(http, "auth.getMobileSession", **given)["error"] == 4


def test_a_token_that_may_only_read_opens_no_session(http: httpx.Client, store: Store) -> None:
    token = create_token(store, "Ada", ["read"])[0]
    assert call(http, "auth.getMobileSession", username="ada", password=token)["error"] == 4


def test_what_a_token_opened_is_closed_with_it(http: httpx.Client, store: Store) -> None:
    secret, token = create_token(store, "Ada", ["submit"])
    asked = call(http, "auth.getToken")["token"]
    http.post("/api/auth/", data={"token": asked, "listener": "ada", "password": secret})
    keys = [key_of(http, secret), call(http, "auth.getSession", token=asked)["session"]["key"]]
    love = {"artist": "Air", "track": "Remember"}
    assert [call(http, "track.love", sk=key, **love) for key in keys] == [{}, {}]
    revoke_token(store, token.number)
    assert [call(http, "track.love", sk=key, **love).get("error") for key in keys] == [9, 9]


def test_parameters_in_the_query_of_a_post_scrobble(http: httpx.Client, store: Store, password: str) -> None:
    key = key_of(http, password)
    given = {"artist[0]": "Air", "track[0]": "Sexy Boy", "timestamp[0]": "1600000000", "chosenByUser[0]": "1"}
    answer = call(http, "track.scrobble", sk=key, **given)
    assert answer["scrobbles"]["@attr"] == {"accepted": 1, "ignored": 0}
    (kept,) = waiting(store)
    assert (kept.listener, kept.protocol, kept.listened_s) == ("Ada", "lastfm", 1_600_000_000)


def test_a_session_is_needed_and_survives_a_restart(home: Settings, http: httpx.Client, password: str) -> None:
    assert call(http, "track.scrobble", sk="unknown", artist="Air", track="x", timestamp="1600000000")["error"] == 9
    key = key_of(http, password)
    with client_of(home) as restarted:
        assert call(restarted, "track.love", sk=key, artist="Air", track="x") == {}


def test_a_bad_scrobble_costs_nothing_else(http: httpx.Client, store: Store, password: str) -> None:
    batch = {"artist[0]": "Air", "track[0]": "", "timestamp[0]": "1600000000"}
    batch |= {"artist[1]": "Air", "track[1]": "Remember", "timestamp[1]": "1600000300"}
    answer = call(http, "track.scrobble", sk=key_of(http, password), **batch)["scrobbles"]
    assert answer["@attr"] == {"accepted": 1, "ignored": 1}
    assert [one["ignoredMessage"]["code"] for one in answer["scrobble"]] == ["2", "0"]
    assert [one.reason is None for one in waiting(store)] == [False, True]


def test_errors_come_in_the_form_that_was_asked_for(http: httpx.Client) -> None:
    wrong = http.get("/2.0", params={"method": "no.method"})
    assert (wrong.status_code, wrong.headers["Content-Type"]) == (400, "text/xml; charset=utf-8")
    assert '<lfm status="failed"><error code="3">' in wrong.text
    assert http.post("/2.0/", data={"method": "no.method", "format": "json"}).json()["error"] == 3
    assert http.get("/2.0/nothing", params={"format": "json"}).json()["error"] == 6


def test_a_store_that_cannot_be_written_is_to_be_tried_again(
    http: httpx.Client, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise HomeUnusable("the disk is full")

    key = key_of(http, password)
    monkeypatch.setattr("tonearm.api.accepting.keep", full)
    given = {"method": "track.scrobble", "sk": key, "artist": "Air", "track": "x", "timestamp": "1600000000"}
    answer = http.post("/2.0/", data=given | {"format": "json"})
    assert (answer.status_code, answer.json()) == (503, {"error": 16, "message": "the disk is full"})
    assert answer.headers["Retry-After"].isdigit()


def test_a_program_is_let_in_on_a_page(http: httpx.Client, store: Store, password: str) -> None:
    token = call(http, "auth.getToken")["token"]
    assert call(http, "auth.getSession", token=token)["error"] == 14
    page = http.get("/api/auth/", params={"api_key": "any", "token": token, "cb": "myapp://back?a=1"})
    assert token in page.text
    assert "myapp://back" in page.text
    form = {"token": token, "cb": "myapp://back?a=1", "listener": "ada", "password": "wrong"}
    assert http.post("/api/auth/", data=form).status_code == 403
    done = http.post("/api/auth/", data=form | {"password": password})
    assert f'href="myapp://back?a=1&amp;token={token}"' in done.text
    session = call(http, "auth.getSession", token=token)["session"]
    assert session["name"] == "Ada"
    assert call(http, "track.love", sk=session["key"], artist="Air", track="x") == {}
    assert call(http, "auth.getSession", token=token)["error"] == 15, "a token opens one session"
    assert http.post("/api/auth/", data=form | {"password": password}).status_code == 410


def test_the_page_makes_the_token_for_a_website_that_waits_for_one(http: httpx.Client, password: str) -> None:
    form = {"cb": "https://example.org/back", "listener": "ada", "password": password}
    done = http.post("/api/auth/", data=form)
    found = re.search(r'href="https://example.org/back\?token=(\w+)"', done.text)
    assert found is not None
    assert call(http, "auth.getSession", token=found[1])["session"]["name"] == "Ada"


@pytest.mark.parametrize(
    "cb", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//x", "http://[", "a\nb:c"]
)
def test_the_page_leads_to_websites_and_apps_alone(http: httpx.Client, password: str, cb: str) -> None:
    assert http.get("/api/auth/", params={"cb": cb}).status_code == 400
    assert http.post("/api/auth/", data={"cb": cb, "listener": "ada", "password": password}).status_code == 400


def test_no_other_site_sends_the_form(http: httpx.Client, password: str) -> None:
    form = {"listener": "ada", "password": password}
    for origin, status in (("http://127.0.0.1", 200), ("https://example.org", 403), ("null", 403)):
        assert http.post("/api/auth/", data=form, headers={"Origin": origin}).status_code == status


def test_a_form_of_too_many_fields_is_refused(http: httpx.Client) -> None:
    answer = http.post("/api/auth/", content=b"a=1&" * 20_001)
    assert (answer.status_code, "20,000" in answer.text) == (400, True)


def test_the_page_runs_nothing_that_is_given_to_it(http: httpx.Client) -> None:
    page = http.get("/api/auth/", params={"token": '"><script>', "cb": 'https://x"><script>'})
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


@contextmanager
def plain(address: str) -> Iterator[None]:
    """pylast at ``address`` over http: it knows https alone, and its network is asked before its server can be set."""
    made, known = pylast.httpx.Client, pylast._Network.__init__

    def client(base_url: str, **options: Any) -> Any:
        return made(base_url=base_url.replace("https://", "http://"), **options)

    def network(self: Any, *given: Any, **named: Any) -> None:
        known(self, *given, **named | {"ws_server": (address, "/2.0/")})

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pylast.httpx, "Client", client)
        patched.setattr(pylast._Network, "__init__", network)
        yield


def network(password: str) -> pylast.LastFMNetwork:
    return pylast.LastFMNetwork("any", "any", username="ada", password_hash=pylast.md5(password))


def test_the_real_client_scrobbles(home: Settings, store: Store, password: str) -> None:
    with listening(home) as address, plain(address):
        client = network(password)
        client.scrobble("Air", "Sexy Boy", 1_600_000_000, album="Moon Safari", duration=298)
        client.scrobble_many([{"artist": "Air", "title": f"n {n}", "timestamp": 1_600_001_000 + n} for n in range(60)])
        client.update_now_playing("Air", "Remember", duration=154)
        client.get_track("Air", "Remember").love()
        with pytest.raises(pylast.WSError) as refused:
            network("wrong").scrobble("Air", "Remember", 1_600_000_000)
    assert refused.value.status == "4"
    kept = waiting(store)
    assert len(kept) == 61
    assert {json.loads(one.body)["track_metadata"]["additional_info"]["submission_client"] for one in kept} == {
        "pylast"
    }
    assert [one.track_name for one in loves(store, "Ada", 1)] == ["Remember"]
    assert playing(store, "Ada") is not None


def test_what_was_just_scrobbled_is_read_back_by_the_real_client(home: Settings, store: Store, password: str) -> None:
    with listening(home) as address, plain(address):
        client = network(password)
        for number in range(3):
            client.scrobble("Air", f"n {number}", 1_600_000_000 + 1000 * number, album="Moon Safari")
        client.update_now_playing("Air", "Remember")
        client.get_track("Air", "n 1").love()
        ada = client.get_user("ada")
        assert (ada.get_name(properly_capitalized=True), ada.get_playcount()) == ("Ada", 3)
        assert ada.get_unixtime_registered() == 1_600_000_000
        played = ada.get_now_playing()
        assert played is not None
        assert played.title == "Remember"
        recent = ada.get_recent_tracks(limit=2)
        assert [(one.track.title, one.album, one.timestamp) for one in recent] == [
            ("n 2", "Moon Safari", "1600002000"),
            ("n 1", "Moon Safari", "1600001000"),
        ]
        assert len(ada.get_recent_tracks(limit=None, time_from=1_600_001_000, time_to=1_600_002_000)) == 1
        assert [str(one.track) for one in ada.get_loved_tracks()] == ["Air - n 1"]


def test_what_was_heard_most_is_ranked(filled: httpx.Client) -> None:
    artists = call(filled, "user.getTopArtists", user="ada")["topartists"]
    (air,) = artists["artist"]
    assert (air["name"], air["playcount"], air["@attr"]) == ("Air", "2", {"rank": "1"})
    assert artists["@attr"] == {"user": "Ada", "page": "1", "perPage": "50", "totalPages": "1", "total": "1"}
    tracks = call(filled, "user.getTopTracks", user="ada", limit="1", page="2")["toptracks"]
    assert [(one["name"], one["artist"]["name"]) for one in tracks["track"]] == [("Sexy Boy", "Air")]
    assert tracks["@attr"]["totalPages"] == "2"
    albums = call(filled, "user.getTopAlbums", user="ada", period="overall")["topalbums"]["album"]
    assert [one["name"] for one in albums] == ["Moon Safari"]
    assert call(filled, "user.getTopArtists", user="ada", period="7day")["topartists"]["artist"] == []


def test_recent_tracks_come_in_pages(filled: httpx.Client) -> None:
    page = call(filled, "user.getRecentTracks", user="ada", limit="1", page="2", extended="1")["recenttracks"]
    (track,) = page["track"]
    assert (track["name"], track["artist"]["name"], track["loved"]) == ("Sexy Boy", "Air", "0")
    assert page["@attr"] == {"user": "Ada", "page": "2", "perPage": "1", "totalPages": "2", "total": "2"}


@pytest.mark.parametrize(
    ("given", "code"),
    [({}, 6), ({"user": "bob"}, 6), ({"user": "ada", "limit": "many"}, 6), ({"user": "ada", "sk": "unknown"}, 9)],
)
def test_wrong_reads_fail_in_words(filled: httpx.Client, given: dict[str, str], code: int) -> None:
    assert call(filled, "user.getRecentTracks", **given)["error"] == code


def test_where_tokens_are_needed_a_listener_is_read_by_themselves_alone(home: Settings, store: Store) -> None:
    store.ensure_listener("Bob", "UTC")
    tokens = {name: create_token(store, name, ["read", "submit"])[0] for name in ("Ada", "Bob")}
    with client_of(home, needs_tokens=True) as http:
        assert call(http, "user.getInfo", user="ada")["error"] == 4
        key = call(http, "auth.getMobileSession", username="bob", password=tokens["Bob"])["session"]["key"]
        assert call(http, "user.getInfo", user="ada", sk=key)["error"] == 17
        assert call(http, "user.getInfo", sk=key)["user"]["name"] == "Bob"
        http.headers["Authorization"] = f"Token {tokens['Ada']}"
        assert call(http, "user.getInfo", user="ada")["user"]["playcount"] == "0"
        assert call(http, "user.getInfo", user="bob")["error"] == 17


def test_a_token_that_may_only_submit_reads_nothing(home: Settings, store: Store) -> None:
    token = create_token(store, "Ada", ["submit"])[0]
    with client_of(home) as http:
        key = key_of(http, token)
        assert call(http, "track.love", sk=key, artist="Air", track="Remember") == {}
        assert call(http, "user.getLovedTracks", sk=key)["error"] == 17
        http.headers["Authorization"] = f"Token {token}"
        assert call(http, "user.getLovedTracks", user="ada")["error"] == 17
