"""Pulls from Last.fm."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from tests.pulls.conftest import NOW, NOW_S, Pulling
from tests.pulls.stand_ins.lastfm import LastfmStandIn, error
from tests.pulls.stand_ins.server import BROKEN, GARBAGE, Dropped, Reply
from tonearm.ingest.submissions import import_submissions
from tonearm.pulls.lastfm import Window, windows
from tonearm.pulls.span import Span
from tonearm.store.submissions import waiting

DAY = 86_400


def seconds(of: Pulling) -> list[int]:
    return sorted(int(one.listened_s or 0) for one in waiting(of.store))


def test_the_windows_of_a_first_pull_go_back_to_before_the_account() -> None:
    assert list(windows(Span(100 * DAY, 100 * DAY), registered_s=50 * DAY, now_s=100 * DAY)) == [
        Window(70 * DAY, 100 * DAY, is_newer=False),
        Window(50 * DAY, 70 * DAY, is_newer=False),
        Window(0, 50 * DAY, is_newer=False),
    ]


def test_the_windows_of_a_later_pull_begin_where_listens_can_still_be_added() -> None:
    whole = Span(newest=100 * DAY, oldest=0)
    assert list(windows(whole, 0, 101 * DAY)) == [Window(86 * DAY, 101 * DAY, is_newer=True)]


def test_a_history_is_pulled_once_and_then_only_what_is_new_or_late(lastfm: LastfmStandIn, of_lastfm: Pulling) -> None:
    lastfm.scrobbles = [(NOW_S - n * 3600, f"{n}") for n in range(1, 2001)]
    lastfm.is_playing = True
    assert of_lastfm.sync().listens == 2000
    lastfm.scrobbles += [(NOW_S + 60, "new"), (NOW_S - 2 * DAY + 60, "sent late"), (NOW_S - 3600, "same second")]
    assert of_lastfm.sync(NOW + timedelta(hours=6)).listens == 3
    assert of_lastfm.sync(NOW + timedelta(hours=12)).listens == 0
    assert seconds(of_lastfm) == sorted(at for at, _ in lastfm.scrobbles)


def test_a_single_track_is_no_list(lastfm: LastfmStandIn, of_lastfm: Pulling) -> None:
    lastfm.scrobbles = [(NOW_S - 60, "Halleluhwah")]
    assert of_lastfm.sync().listens == 1


def test_an_interrupted_pull_goes_on_where_it_was(lastfm: LastfmStandIn, of_lastfm: Pulling) -> None:
    lastfm.scrobbles = [(NOW_S - n * 7200, f"{n}") for n in range(1, 1001)]
    original, answered = lastfm.reply, iter(range(100))
    lastfm.reply = lambda asked: error(8) if next(answered) in range(4, 8) else original(asked)  # type: ignore[method-assign]
    first = of_lastfm.sync()
    assert (first.exit_code, 0 < first.listens < 1000) == (11, True)
    second = of_lastfm.sync(NOW + timedelta(hours=1))
    assert (second.problem, first.listens + second.listens) == (None, 1000)
    (report,) = import_submissions(of_lastfm.settings, of_lastfm.store)
    assert (report.kept, report.duplicates) == (1000, 0)


def test_dates_of_a_clock_that_was_not_set_are_pulled_and_rejected(lastfm: LastfmStandIn, of_lastfm: Pulling) -> None:
    lastfm.scrobbles = [(60, "1970"), (NOW_S - 60, "Halleluhwah")]
    assert of_lastfm.sync().listens == 2
    (report,) = import_submissions(of_lastfm.settings, of_lastfm.store)
    assert (report.kept, report.rejected) == (1, 1)


@pytest.mark.parametrize("fault", [error(8), error(11), error(16, status=503), BROKEN, GARBAGE, Dropped()])
def test_what_passes_is_tried_again(lastfm: LastfmStandIn, of_lastfm: Pulling, fault: Reply) -> None:
    lastfm.scrobbles = [(NOW_S - 60, "Halleluhwah")]
    lastfm.faults.extend([fault] * 3)
    assert of_lastfm.sync().listens == 1


def test_too_many_requests_are_waited_for(lastfm: LastfmStandIn, of_lastfm: Pulling) -> None:
    lastfm.faults.append(error(29))
    assert of_lastfm.sync().problem is None
    assert 30.0 in of_lastfm.slept


@pytest.mark.parametrize(
    ("code", "advice"),
    [(17, "last.fm/settings/privacy"), (26, "suspended"), (10, "takes another"), (6, "no such account"), (99, "hm")],
)
def test_what_somebody_has_to_change_is_named(
    lastfm: LastfmStandIn, of_lastfm: Pulling, code: int, advice: str
) -> None:
    lastfm.faults.append(error(code, "hm", 403))
    pulled = of_lastfm.sync()
    assert pulled.exit_code == 10
    assert advice in str(pulled.problem)


def test_requests_are_paced_and_their_end_is_pinned(lastfm: LastfmStandIn, of_lastfm: Pulling) -> None:
    lastfm.scrobbles = [(NOW_S - n * 60, f"{n}") for n in range(1, 500)]
    of_lastfm.sync()
    recent = [one.query for one in lastfm.asked if one.query["method"] == "user.getRecentTracks"]
    assert [one["to"] for one in recent[:3]] == [str(NOW_S)] * 3
    assert len(of_lastfm.slept) == len(lastfm.asked)


def test_the_key_is_in_no_log_and_no_problem(
    lastfm: LastfmStandIn, of_lastfm: Pulling, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lastfm.faults.extend([Dropped()] * 4)
    pulled = of_lastfm.sync()
    assert pulled.exit_code == 11
    assert "key" not in f"{pulled.problem} {caplog.text}"
