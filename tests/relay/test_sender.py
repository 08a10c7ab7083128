"""A queue against a service with faults: nothing lost, nothing doubled, in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.relay.stand_in import (
    KEY,
    SESSION,
    SHARED,
    TOKEN,
    LastFmStandIn,
    ListenBrainzStandIn,
    Reply,
    StandIn,
    running,
)
from tonearm.errors import UsageError
from tonearm.home.secrets import put_secret
from tonearm.relay import RelayReport, run_due
from tonearm.relay.sender import check_account
from tonearm.relay.upstream import new_client
from tonearm.settings import Settings
from tonearm.silver import matching
from tonearm.store import Store, open_store, relays
from tonearm.store.models import PlayingRow
from tonearm.store.relays import Kind, Relay, add_relay, find_relay, secret_name
from tonearm.store.submissions import Submission, keep

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRETS: dict[str, str] = {"listenbrainz": TOKEN, "lastfm": f"{KEY} {SHARED} {SESSION}"}


@dataclass
class Forwarding:
    """A home with a listener, a relay of hers and the service it forwards to."""

    settings: Settings
    store: Store
    relay: Relay
    service: StandIn
    now: datetime = START

    def hear(self, *tracks: str, first: int = 1_700_000_000, **info: object) -> None:
        rows = [
            {
                "listened_at": first + 200 * i,
                "track_metadata": {"artist_name": "Air", "track_name": track, "additional_info": info},
            }
            for i, track in enumerate(tracks)
        ]
        keep(self.store, "Ada", [Submission("listenbrainz", json.dumps(row), row["listened_at"]) for row in rows])

    def run(self, after: timedelta = timedelta(0)) -> RelayReport:
        self.now += after
        return run_due(self.settings, self.store, self.now, jitter=lambda: 1.0)

    @property
    def state(self) -> Relay:
        return find_relay(self.store, self.relay.number)

    @property
    def waiting(self) -> int:
        return relays.counts(self.store).get(self.relay.number, relays.Count()).waiting


@pytest.fixture(params=["listenbrainz", "lastfm"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def forwarding(tmp_path: Path, kind: Kind) -> Iterator[Forwarding]:
    with ExitStack() as stack:
        service = stack.enter_context(running(LastFmStandIn() if kind == "lastfm" else ListenBrainzStandIn()))
        settings = Settings(home=tmp_path)
        store = open_store(settings)
        stack.callback(store.close)
        store.ensure_listener("Ada", "UTC")
        relay = add_relay(store, "ada", kind, service.url, "ada", START)
        put_secret(settings, secret_name(relay.number), SECRETS[kind])
        yield Forwarding(settings, store, relay, service)


only_listenbrainz = pytest.mark.parametrize("kind", ["listenbrainz"], indirect=True)
only_lastfm = pytest.mark.parametrize("kind", ["lastfm"], indirect=True)


def test_what_is_submitted_is_forwarded_once_and_in_order(forwarding: Forwarding) -> None:
    tracks = [f"track {i}" for i in range(120)]
    forwarding.hear(*tracks)
    assert forwarding.run() == RelayReport(sent=120)
    assert forwarding.service.names() == tracks
    assert forwarding.run() == RelayReport()
    assert (forwarding.state.sent, forwarding.waiting) == (120, 0)
    assert max(forwarding.service.sizes) <= (50 if forwarding.relay.kind == "lastfm" else 1000)


def test_the_player_is_named_and_so_is_this_home(forwarding: Forwarding) -> None:
    forwarding.hear("Sexy Boy", submission_client="Navidrome")
    forwarding.run()
    with forwarding.store.session(writes=True) as session:
        home = relays.home_id(session)
    if isinstance(forwarding.service, ListenBrainzStandIn):
        info = forwarding.service.listens[0]["listen"]["track_metadata"]["additional_info"]
        assert info == {"submission_client": "Navidrome", "relayed_by": [home]}


def test_what_this_home_forwarded_is_kept_and_not_forwarded_again(forwarding: Forwarding) -> None:
    with forwarding.store.session(writes=True) as session:
        home = relays.home_id(session)
    forwarding.hear("Sexy Boy", relayed_by=["another home", home])
    forwarding.hear("Kelly Watch the Stars", relayed_by=["another home"])
    forwarding.run()
    assert forwarding.service.names() == ["Kelly Watch the Stars"]


@only_lastfm
def test_a_play_that_comes_again_is_forwarded_once(forwarding: Forwarding) -> None:
    assert matching.REPEAT_S == relays.REPEAT_S
    forwarding.hear("Sexy Boy", "Sexy Boy")
    forwarding.hear("Sexy Boy", submission_client="a client that resends")
    forwarding.run()
    forwarding.hear("SEXY BOY - Remastered", first=1_700_000_000 + relays.REPEAT_S - 1)
    forwarding.hear("Sexy Boy", first=1_700_000_000 + relays.REPEAT_S)
    forwarding.run()
    assert [one["at"] for one in forwarding.service.listens] == [1_700_000_000, 1_700_000_200, 1_700_000_010]


def test_seven_days_without_the_service_lose_nothing(forwarding: Forwarding) -> None:
    is_down = True
    forwarding.service.faults.append(lambda *_: (502, {}, "<html>Bad gateway</html>") if is_down else None)
    heard = []
    for hour in range(0, 7 * 24, 3):
        heard.append(f"track {hour}")
        forwarding.hear(heard[-1], first=1_700_000_000 + 3600 * hour)
        forwarding.run(timedelta(hours=3))
        if hour % 50 == 0:  # A restart.
            forwarding.store.close()
            forwarding.store = open_store(forwarding.settings)
    assert (forwarding.service.listens, forwarding.waiting) == ([], len(heard))
    assert "502" in (forwarding.state.problem or "")
    is_down = False
    for _ in range(10):
        forwarding.run(timedelta(hours=1))
    assert forwarding.service.names() == heard
    assert (forwarding.state.failures, forwarding.state.problem, forwarding.waiting) == (0, None, 0)


def test_a_service_that_is_down_is_asked_less_and_less_often(forwarding: Forwarding) -> None:
    forwarding.service.faults.append(lambda *_: (500, {}, ""))
    forwarding.hear("Sexy Boy")
    forwarding.run()
    for _ in range(12 * 12):
        forwarding.run(timedelta(minutes=5))
    first_hours = len(forwarding.service.requests)
    for _ in range(12 * 12):
        forwarding.run(timedelta(minutes=5))
    # Once an hour at most; after three hours, what could not be asked for is sent, too.
    assert first_hours <= 30
    assert 12 <= len(forwarding.service.requests) - first_hours <= 24


def test_what_was_stored_without_an_answer_is_not_sent_again(forwarding: Forwarding) -> None:
    forwarding.hear("Sexy Boy", "Kelly Watch the Stars")
    forwarding.service.drop = True
    assert "did not answer" in forwarding.run().problems[forwarding.relay.number]
    forwarding.service.drop = False
    forwarding.hear("Talisman", first=1_700_009_000)
    assert forwarding.run(timedelta(minutes=1)).sent == 3
    assert forwarding.service.names() == ["Sexy Boy", "Kelly Watch the Stars", "Talisman"]
    assert sum(forwarding.service.sizes) == 3, "something was sent twice"


def test_what_a_killed_process_had_sent_is_not_sent_again(
    forwarding: Forwarding, monkeypatch: pytest.MonkeyPatch
) -> None:
    forwarding.hear("Sexy Boy", "Talisman")
    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(relays, "settle", lambda *_: (_ for _ in ()).throw(SystemExit))
        patched.setattr(relays, "release", lambda *_: None)
        forwarding.run()
    assert len(forwarding.service.listens) == 2
    assert forwarding.run(timedelta(minutes=1)) == RelayReport(), "the lease of the dead process still held"
    assert forwarding.run(timedelta(minutes=10)).sent == 2
    assert (sum(forwarding.service.sizes), forwarding.waiting) == (2, 0)


def test_a_token_that_is_refused_pauses_the_relay_and_loses_nothing(forwarding: Forwarding) -> None:
    forwarding.hear("Sexy Boy")
    put_secret(forwarding.settings, secret_name(1), "wrong wrong wrong" if forwarding.relay.kind == "lastfm" else "x")
    problem = forwarding.run().problems[1]
    assert "tonearm relay resume 1 --new-token" in problem
    assert "wrong" not in problem
    assert forwarding.run(timedelta(days=1)) == RelayReport()
    put_secret(forwarding.settings, secret_name(1), SECRETS[forwarding.relay.kind])
    relays.resume_relay(forwarding.store, 1)
    assert forwarding.run().sent == 1
    assert forwarding.service.names() == ["Sexy Boy"]


def test_a_bad_listen_is_set_apart_and_the_others_go_on(forwarding: Forwarding) -> None:
    tracks = [f"track {i}" for i in range(40)]
    forwarding.hear(*tracks[:17], "bad 1", *tracks[17:30], "bad 2", *tracks[30:])
    report = forwarding.run()
    assert (report.sent, report.refused) == (40, 2)
    assert forwarding.service.names() == tracks
    refused = relays.refused_listens(forwarding.store, 1)
    assert [json.loads(body)["track_metadata"]["track_name"] for body, _ in refused] == ["bad 1", "bad 2"]
    assert all(reason for _, reason in refused)
    assert relays.retry_refused(forwarding.store, 1) == 2
    assert forwarding.waiting == 2


@pytest.mark.parametrize("header", ["Retry-After", "X-RateLimit-Reset-In"])
def test_a_service_that_asks_for_time_gets_it(forwarding: Forwarding, header: str) -> None:
    busy: Reply = (429, {header: "90"}, "{}")
    forwarding.service.faults.append(lambda *_: busy if len(forwarding.service.requests) == 1 else None)
    forwarding.hear("Sexy Boy")
    assert forwarding.run().sent == 0
    assert forwarding.run(timedelta(seconds=80)).sent == 0
    assert forwarding.run(timedelta(seconds=20)).sent == 1
    assert forwarding.service.requests == forwarding.service.requests[:1] * 2, "a clear refusal needs no question"


@only_listenbrainz
def test_nothing_is_sent_beyond_the_rate_limit(forwarding: Forwarding) -> None:
    used_up = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-In": "7"}
    forwarding.service.faults.append(lambda kind, _: (200, used_up, '{"status": "ok"}'))
    forwarding.hear(*(f"track {i}" for i in range(1500)))
    assert [forwarding.run().sent, forwarding.run(timedelta(seconds=5)).sent] == [1000, 0]
    assert forwarding.run(timedelta(seconds=3)).sent == 500


@only_listenbrainz
@pytest.mark.parametrize("answer", ["<html>Log in to the hotel</html>", "{}", "[]", '{"status": "no"}', ""])
def test_a_success_that_is_not_the_protocols_is_none(forwarding: Forwarding, answer: str) -> None:
    forwarding.service.faults.append(lambda kind, _: (200, {}, answer) if kind == "submit-listens" else None)
    forwarding.hear("Sexy Boy")
    assert (forwarding.run().sent, forwarding.waiting) == (0, 1)


@only_listenbrainz
def test_a_service_that_cannot_say_what_it_has_does_not_hold_up_the_queue_for_ever(forwarding: Forwarding) -> None:
    forwarding.service.drop = True
    forwarding.hear("Sexy Boy")
    forwarding.run()
    forwarding.service.drop = False
    forwarding.service.faults.append(lambda kind, _: (500, {}, "") if kind == "listens" else None)
    for _ in range(20):
        forwarding.run(timedelta(hours=1))
    assert (forwarding.waiting, forwarding.service.names()) == (0, ["Sexy Boy"])


@only_lastfm
def test_when_the_days_scrobbles_are_used_up_the_rest_waits(forwarding: Forwarding) -> None:
    scrobbles = [{"ignoredMessage": {"code": code}} for code in ("0", "5", "1")]
    limited = json.dumps({"scrobbles": {"scrobble": scrobbles}})
    forwarding.service.faults.append(lambda *_: (200, {}, limited) if len(forwarding.service.requests) == 1 else None)
    forwarding.hear("one", "two", "three")
    report = forwarding.run()
    assert (report.sent, report.refused, forwarding.waiting) == (1, 1, 1)
    assert forwarding.run(timedelta(minutes=50)).sent == 0
    assert forwarding.run(timedelta(minutes=20)).sent == 1
    assert forwarding.service.names() == ["two"]


def test_one_process_at_a_time_sends_for_a_relay(forwarding: Forwarding) -> None:
    forwarding.hear("Sexy Boy")
    assert relays.lease(forwarding.store, 1, START)
    assert forwarding.run() == RelayReport()
    relays.release(forwarding.store, 1)
    assert forwarding.run().sent == 1


def test_a_clock_that_was_put_back_does_not_hold_up_the_queue(forwarding: Forwarding) -> None:
    forwarding.hear("Sexy Boy")
    relays.put_off(forwarding.store, 1, START + timedelta(days=400), 3, "it was down")
    assert relays.lease(forwarding.store, 1, START + timedelta(days=400))
    assert forwarding.run().sent == 1


def test_a_listener_without_relays_has_no_queue(forwarding: Forwarding) -> None:
    forwarding.store.ensure_listener("Ben", "UTC")
    keep(forwarding.store, "Ben", [Submission("listenbrainz", "{}", 1.7e9)])
    assert forwarding.waiting == 0


def test_a_row_that_is_rejected_is_not_forwarded(forwarding: Forwarding) -> None:
    keep(forwarding.store, "Ada", [Submission("listenbrainz", "{", None, "not JSON")])
    assert forwarding.waiting == 0


def test_a_removed_relay_takes_its_queue_with_it(forwarding: Forwarding) -> None:
    forwarding.hear("Sexy Boy")
    relays.remove_relay(forwarding.store, 1)
    assert (relays.relays(forwarding.store), relays.counts(forwarding.store)) == ([], {})


def test_without_its_token_a_relay_pauses(forwarding: Forwarding) -> None:
    put_secret(forwarding.settings, secret_name(1), None)
    forwarding.hear("Sexy Boy")
    assert "its token is not in this home" in forwarding.run().problems[1]


def test_what_is_playing_is_reported_once(forwarding: Forwarding) -> None:
    body = {"track_metadata": {"artist_name": "Air", "track_name": "Sexy Boy"}}
    reported = datetime.now(UTC)
    with forwarding.store.session_of("Ada", writes=True) as (session, who):
        until = reported + timedelta(minutes=5)
        session.add(PlayingRow(listener_id=who, body=json.dumps(body), reported_at=reported, until_at=until))
    forwarding.now = reported
    forwarding.run()
    forwarding.run(timedelta(seconds=2))
    assert len(forwarding.service.playing) == 1
    assert forwarding.service.listens == []


def test_the_account_is_that_of_the_token(forwarding: Forwarding) -> None:
    kind, url = forwarding.relay.kind, forwarding.service.url
    assert check_account(kind, url, SECRETS[kind], new_client, lambda: START) == "ada"
    with pytest.raises(UsageError, match=r"does not know this token|session key"):
        check_account(kind, url, "x" if kind == "listenbrainz" else f"{KEY} {SHARED} x", new_client, lambda: START)
    with pytest.raises(UsageError, match="cannot be reached"):
        check_account(kind, "http://127.0.0.1:9", SECRETS[kind], new_client, lambda: START)


def test_a_token_is_never_carried_elsewhere_by_a_redirect(forwarding: Forwarding) -> None:
    elsewhere = {"Location": "http://127.0.0.1:9/"}
    forwarding.service.faults.append(lambda *_: (307, elsewhere, ""))
    forwarding.hear("Sexy Boy")
    assert "307" in forwarding.run().problems[1]
    assert forwarding.waiting == 1


def test_an_unreadable_row_of_the_queue_is_set_apart(forwarding: Forwarding) -> None:
    keep(forwarding.store, "Ada", [Submission("listenbrainz", "[]", 1.7e9)])
    forwarding.hear("Sexy Boy")
    report = forwarding.run()
    assert (report.sent, report.refused) == (1, 1)


def test_no_client_is_needed_where_nothing_waits(forwarding: Forwarding) -> None:
    def no_client() -> httpx.Client:
        raise AssertionError("a client was made")

    assert run_due(forwarding.settings, forwarding.store, START, no_client) == RelayReport()
