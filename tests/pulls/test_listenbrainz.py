"""Pulls from ListenBrainz."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.pulls.conftest import NOW, NOW_S, Pulling
from tests.pulls.stand_ins.listenbrainz import ListenBrainzStandIn
from tests.pulls.stand_ins.server import BROKEN, GARBAGE, Dropped, Reply
from tonearm.home.secrets import put_secret
from tonearm.ingest.submissions import import_submissions
from tonearm.store.connections import secret_name
from tonearm.store.submissions import waiting


def test_a_history_is_pulled_once_and_then_only_what_is_new_or_late(
    listenbrainz: ListenBrainzStandIn, of_listenbrainz: Pulling
) -> None:
    listenbrainz.listens = [(NOW_S - n * 6000, f"{n}") for n in range(1, 351)]
    assert of_listenbrainz.sync().listens == 350
    listenbrainz.listens += [(NOW_S + 60, "new"), (NOW_S - 86_400 + 7, "sent late")]
    assert of_listenbrainz.sync(NOW + timedelta(hours=6)).listens == 2
    assert of_listenbrainz.sync(NOW + timedelta(hours=12)).listens == 0
    assert len(waiting(of_listenbrainz.store)) == 352
    (report,) = import_submissions(of_listenbrainz.settings, of_listenbrainz.store)
    assert (report.kept, report.duplicates, report.files[0].kind) == (352, 0, "listenbrainz_api")


def test_after_a_long_time_what_is_new_takes_several_pages(
    listenbrainz: ListenBrainzStandIn, of_listenbrainz: Pulling
) -> None:
    of_listenbrainz.sync()
    listenbrainz.listens = [(NOW_S + n * 60, f"{n}") for n in range(1, 251)]
    listenbrainz.faults.append(Reply(200, {"payload": {"listens": []}}))
    assert of_listenbrainz.sync(NOW + timedelta(minutes=0)).listens == 0
    assert of_listenbrainz.sync(NOW + timedelta(days=3)).listens == 250


def test_a_second_with_several_listens_may_lie_across_pages(
    listenbrainz: ListenBrainzStandIn, of_listenbrainz: Pulling
) -> None:
    listenbrainz.listens = [(NOW_S - (n // 7) * 60, f"{n}") for n in range(7, 250)]
    assert of_listenbrainz.sync().listens == 243


def test_a_page_of_one_second_is_passed(listenbrainz: ListenBrainzStandIn, of_listenbrainz: Pulling) -> None:
    listenbrainz.listens = [(NOW_S - 60, f"{n}") for n in range(100)] + [(NOW_S - 120, "before")]
    assert of_listenbrainz.sync().listens == 101


def test_an_interrupted_pull_goes_on_where_it_was(listenbrainz: ListenBrainzStandIn, of_listenbrainz: Pulling) -> None:
    listenbrainz.listens = [(NOW_S - n * 6000, f"{n}") for n in range(1, 351)]
    original, answered = listenbrainz.reply, iter(range(100))
    listenbrainz.reply = lambda asked: BROKEN if next(answered) in range(2, 6) else original(asked)  # type: ignore[method-assign]
    first = of_listenbrainz.sync()
    assert (first.exit_code, 0 < first.listens < 350) == (11, True)
    assert first.listens + of_listenbrainz.sync(NOW + timedelta(hours=1)).listens == 350


@pytest.mark.parametrize(
    "fault", [BROKEN, GARBAGE, Dropped(), Reply(429, {"code": 429}, {"X-RateLimit-Reset-In": "9"})]
)
def test_what_passes_is_tried_again(listenbrainz: ListenBrainzStandIn, of_listenbrainz: Pulling, fault: Reply) -> None:
    listenbrainz.listens = [(NOW_S - 60, "Halleluhwah")]
    listenbrainz.faults.append(fault)
    assert of_listenbrainz.sync().listens == 1
    assert of_listenbrainz.slept in ([2.0], [9.0])


def test_the_last_request_that_the_limit_allows_is_followed_by_a_rest(
    listenbrainz: ListenBrainzStandIn, of_listenbrainz: Pulling
) -> None:
    listenbrainz.remaining = 0
    of_listenbrainz.sync()
    assert of_listenbrainz.slept == [7.0]


def test_a_bad_token_and_an_unknown_account_are_named(
    listenbrainz: ListenBrainzStandIn, of_listenbrainz: Pulling
) -> None:
    put_secret(of_listenbrainz.settings, secret_name(of_listenbrainz.connection), "bad")
    assert "takes another" in str(of_listenbrainz.sync().problem)
    listenbrainz.faults.append(Reply(404, {"code": 404}))
    assert "no account 'rob'" in str(of_listenbrainz.sync().problem)
