from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from tests.api.conftest import client_of
from tests.relay.stand_in import KEY, SESSION, SHARED, TOKEN, LastFmStandIn, ListenBrainzStandIn, StandIn, running
from tonearm.cli import main
from tonearm.errors import HomeUnusable
from tonearm.home.secrets import FILE, secret
from tonearm.settings import Settings
from tonearm.store import open_store, relays
from tonearm.store.audit import entries
from tonearm.store.submissions import Submission, keep


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path / "home")
    open_store(settings).ensure_listener("Ada", "UTC")
    return settings


@pytest.fixture
def service() -> Iterator[StandIn]:
    with running(ListenBrainzStandIn()) as service:
        yield service


def tonearm(settings: Settings, *words: str, typed: str = "", **environment: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(settings.home), *words], input=typed, env=environment)


def add(settings: Settings, service: StandIn, typed: str = TOKEN, **environment: str) -> Result:
    words = ("relay", "add", "--listener", "ada", "--to", "listenbrainz", "--url", service.url + "/1/")
    return tonearm(
        settings, *words, *(["--token-from", *environment] if environment else []), typed=typed, **environment
    )


def submit(settings: Settings, *tracks: str) -> None:
    for i, track in enumerate(tracks):
        listen = {"listened_at": 1_700_000_000 + 200 * i, "track_metadata": {"artist_name": "Air", "track_name": track}}
        keep(open_store(settings), "Ada", [Submission("listenbrainz", json.dumps(listen), 1.7e9)])


def test_a_relay_from_adding_to_removing(settings: Settings, service: StandIn) -> None:
    added = add(settings, service)
    assert added.output == f"relay 1: what Ada submits goes to ada at {service.url}\n"
    submit(settings, "Sexy Boy", "bad name")
    assert tonearm(settings, "relay", "run").output == "1 listens were forwarded, 1 were refused\n"
    (listed,) = json.loads(tonearm(settings, "relay", "--json").output)
    assert (listed["state"], listed["waiting"], listed["sent"], listed["refused"]) == ("working", 0, 1, 1)
    shown = tonearm(settings, "relay", "show", "1").output
    assert "Air – bad name" in shown
    assert "valid track_name" in shown
    assert "1 listens wait and are due now" in tonearm(settings, "relay", "retry", "1").output
    assert "still wait" in tonearm(settings, "relay", "remove", "1").output
    assert tonearm(settings, "relay", "remove", "1", "--yes").exit_code == 0
    assert "no relays yet" in tonearm(settings, "relay", "list").output
    assert secret(settings, "relay/1") is None
    assert [one.action for one in entries(open_store(settings))] == ["remove relay", "forward to listenbrainz"]


def test_a_token_comes_from_the_environment_too_and_is_shown_nowhere(settings: Settings, service: StandIn) -> None:
    output = add(settings, service, typed="", OTHER=TOKEN).output
    output += tonearm(settings, "relay", "show", "1").output + tonearm(settings, "relay", "list", "--json").output
    assert secret(settings, "relay/1") == TOKEN
    assert TOKEN not in output
    assert (settings.home / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "typed", "message"),
    [
        (("--to", "listenbrainz"), "wrong", "does not know this token"),
        (("--to", "listenbrainz"), "  ", "no token was given"),
        (("--to", "lastfm"), TOKEN, "Last.fm needs three values"),
    ],
)
def test_a_token_that_opens_nothing_adds_nothing(
    settings: Settings, service: StandIn, words: tuple[str, ...], typed: str, message: str
) -> None:
    refused = tonearm(settings, "relay", "add", "--listener", "ada", "--url", service.url, *words, typed=typed)
    assert (refused.exit_code, message in refused.output) == (2, True)
    assert relays.relays(open_store(settings)) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--listener", "ada", "--to", "tonearm"), "where is the other tonearm?"),
        (("--listener", "ada", "--to", "tonearm", "--url", "ftp://x"), "begins with https://"),
        (("--listener", "ada", "--to", "tonearm", "--url", "https://ada:pw@x"), "leave out what is before the @"),
        (("--listener", "bob", "--to", "listenbrainz"), "no listener 'bob'"),
        (("--listener", "ada", "--to", "listenbrainz", "--token-from", "NOT_SET"), "NOT_SET is empty"),
    ],
)
def test_what_cannot_be_added_is_refused_in_words(settings: Settings, words: tuple[str, ...], message: str) -> None:
    refused = tonearm(settings, "relay", "add", *words, typed=TOKEN)
    assert (refused.exit_code, message in refused.output) == (2, True)


def test_the_same_account_is_not_forwarded_to_twice(settings: Settings, service: StandIn) -> None:
    add(settings, service)
    assert "by relay 1" in add(settings, service).output


def test_a_relay_is_seen_with_its_token_alone(
    settings: Settings, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(*given: object) -> None:
        assert relays.relays(open_store(settings)) == []
        raise HomeUnusable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("tonearm.relay.managing.put_secret", seen)
        assert "the disk is full" in add(settings, service).output
    assert relays.relays(open_store(settings)) == []
    add(settings, service)
    relays.remove_relay(open_store(settings), 1)
    assert add(settings, service).output.startswith("relay 2:"), "another relay's number was used again"


def test_a_new_token_resumes_a_relay_whose_token_was_withdrawn(settings: Settings, service: StandIn) -> None:
    add(settings, service)
    service.faults.append(lambda kind, _: (401, {}, "{}") if kind == "submit-listens" else None)
    submit(settings, "Sexy Boy")
    assert "relay resume 1 --new-token" in tonearm(settings, "relay", "run").output
    service.faults.clear()
    assert "1 listens wait" in tonearm(settings, "relay", "resume", "1", "--new-token", typed=TOKEN).output
    assert "1 listens were forwarded" in tonearm(settings, "relay", "run").output


def test_an_unknown_relay_is_named(settings: Settings) -> None:
    for command in ("show", "pause", "resume", "retry", "remove"):
        refused = tonearm(settings, "relay", command, "7")
        assert (refused.exit_code, "no relay '7'" in refused.output) == (2, True)


def test_last_fm_takes_its_three_values(settings: Settings) -> None:
    with running(LastFmStandIn()) as service:
        words = ("relay", "add", "--listener", "ada", "--to", "lastfm", "--url", service.url)
        added = tonearm(settings, *words, typed=f"{KEY}\n{SHARED}\n{SESSION}\n")
    assert added.exit_code == 0, added.output


def test_relays_over_the_api(settings: Settings, service: StandIn) -> None:
    with client_of(settings) as http:
        new = {"listener": "ada", "to": "tonearm", "url": service.url, "token": TOKEN}
        made = http.post("/relays", json=new)
        assert (made.status_code, made.json()["account"]) == (201, "ada")
        assert http.post("/relays", json=new).status_code == 422
        submit(settings, "Sexy Boy")
        assert http.post("/relays/1/pause").json()["state"] == "paused"
        assert [one["waiting"] for one in http.get("/relays", params={"listener": "ada"}).json()] == [1]
        assert http.post("/relays/1/resume").json()["state"] == "working"
        assert http.post("/relays/1/resume", json={"token": "wrong"}).status_code == 422
        assert http.post("/relays/1/retry").json()["waiting"] == 1
        assert http.get("/relays/1/refused").json() == []
        assert http.delete("/relays/1").json()["waiting"] == 1
        assert http.get("/relays/1/refused").status_code == 404
        assert TOKEN not in made.text


def test_the_state_of_a_relay_that_retries(settings: Settings, service: StandIn) -> None:
    add(settings, service)
    relays.put_off(open_store(settings), 1, datetime(2030, 1, 1, tzinfo=UTC), 3, "it answered 502")
    (listed,) = json.loads(tonearm(settings, "relay", "list", "--json").output)
    assert (listed["state"], listed["problem"]) == ("retrying", "it answered 502")


def test_a_password_of_the_wrong_form_is_not_repeated(settings: Settings) -> None:
    with client_of(settings) as http:
        answer: httpx.Response = http.post("/relays", json={"listener": "ada", "to": "x", "token": TOKEN})
    assert (answer.status_code, TOKEN in answer.text) == (422, False)
