"""Connections and their cursors."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tonearm.errors import HomeBusy, UnknownName
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.connections import advance, connect, connection_of, connections, disconnect, ended, start_again
from tonearm.store.submissions import Submission, waiting

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
LISTEN = Submission("lastfm_api", '{"track_metadata": {}}', 1_717_000_000.0)


@pytest.fixture
def household(store: Store) -> Store:
    for name in ("Ada", "Bob"):
        store.ensure_listener(name, "UTC")
    return store


def test_a_page_and_its_cursor_are_kept_together(household: Store) -> None:
    made = connect(household, "ada", "lastfm", "RJ", NOW)
    moved = advance(household, made, [LISTEN], {"newest": 5})
    assert (moved.listener, moved.cursor) == ("Ada", {"newest": 5})
    assert [(one.listener, one.protocol) for one in waiting(household)] == [("Ada", "lastfm_api")]


def test_who_read_an_old_cursor_keeps_nothing(household: Store) -> None:
    made = connect(household, "Ada", "lastfm", "RJ", NOW)
    advance(household, made, [LISTEN], {"newest": 5})
    with pytest.raises(HomeBusy, match="another tonearm is syncing lastfm for Ada"):
        advance(household, made, [LISTEN], {"newest": 6})
    assert len(waiting(household)) == 1


def test_a_lockout_holds_for_everybody_at_the_service(household: Store) -> None:
    ada, bob = (connect(household, name, "spotify", name, NOW) for name in ("Ada", "Bob"))
    other = connect(household, "Bob", "lastfm", "RJ", NOW)
    ended(household, ada, NOW, "asks to wait", retry_at=NOW + timedelta(hours=1))
    found = {one.number: one for one in connections(household)}
    assert not found[bob.number].may_be_asked(NOW)
    assert found[bob.number].may_be_asked(NOW + timedelta(hours=1))
    assert found[bob.number].problem is None
    assert found[other.number].may_be_asked(NOW)


def test_connecting_again_goes_on_unless_it_is_another_account(household: Store) -> None:
    made = connect(household, "Ada", "lastfm", "RJ", NOW)
    ended(household, advance(household, made, [], {"newest": 5}), NOW, "connect again")
    again = connect(household, "Ada", "lastfm", "rj", NOW)
    assert (again.number, again.cursor, again.problem) == (made.number, {"newest": 5}, None)
    assert connect(household, "Ada", "lastfm", "other", NOW).cursor == {}


def test_a_pull_that_came_to_its_end_mends_what_was_wrong(household: Store) -> None:
    made = ended(household, connect(household, "Ada", "lastfm", "RJ", NOW), NOW, "broken", NOW)
    assert (made.problem, made.pulled_at) == ("broken", None)
    good = ended(household, made, NOW)
    assert (good.problem, good.retry_at, good.pulled_at) == (None, None, NOW)
    assert start_again(household, good).cursor == {}


def test_a_connection_that_is_gone_is_named_with_what_makes_one(household: Store, tmp_path: Path) -> None:
    made = connect(household, "Ada", "lastfm", "RJ", NOW)
    disconnect(Settings(home=tmp_path), household, made)
    assert connections(household) == []
    with pytest.raises(UnknownName, match="tonearm connect lastfm --listener Ada"):
        connection_of(household, "Ada", "lastfm")
    assert ended(household, made, NOW) == made


def test_a_page_is_never_stored_under_another_connection(household: Store, tmp_path: Path) -> None:
    made = connect(household, "Ada", "lastfm", "RJ", NOW)
    disconnect(Settings(home=tmp_path), household, made)
    other = connect(household, "Bob", "lastfm", "RJ", NOW)
    assert other.number > made.number, "the number of a connection was used again"
    for stale in (made, replace(other, account="other")):
        with pytest.raises(HomeBusy):
            advance(household, stale, [LISTEN], {"newest": 5})
    assert waiting(household) == []
