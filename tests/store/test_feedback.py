from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from tonearm.errors import UnknownName, UsageError
from tonearm.settings import Settings
from tonearm.store import Store, feedback, open_store
from tonearm.store.feedback import Feedback, feedback_of, give_feedback, take_back
from tonearm.store.models import Base

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
LIKE = Feedback("like", "track", 2**62 + 1, "Can – Vitamin C", AT)
HIDE = Feedback("hide", "artist", 7, "Nickelback", AT + timedelta(hours=1))
SKIP = replace(LIKE, kind="skip")


def test_feedback_is_kept_newest_first(store: Store, settings: Settings) -> None:
    give_feedback(store, "Ada", HIDE)
    give_feedback(store, "ada", LIKE)
    assert feedback_of(open_store(settings), "ada") == [HIDE, LIKE]


def test_instants_of_any_zone_come_back_in_utc(store: Store) -> None:
    give_feedback(store, "Ada", replace(LIKE, given_at=AT.astimezone(timezone(timedelta(hours=5)))))
    (found,) = feedback_of(store, "Ada")
    assert (found.given_at, found.given_at.tzinfo) == (AT, UTC)


def test_a_new_opinion_replaces_the_one_before_and_skips_add_up(store: Store) -> None:
    for one in (LIKE, LIKE, SKIP, SKIP, replace(LIKE, kind="dislike")):
        give_feedback(store, "Ada", one)
    assert sorted(one.kind for one in feedback_of(store, "Ada")) == ["dislike", "skip", "skip"]


def test_feedback_is_taken_back(store: Store) -> None:
    for one in (LIKE, SKIP, HIDE):
        give_feedback(store, "Ada", one)
    assert take_back(store, "Ada", "track", LIKE.subject_id) == 2
    assert feedback_of(store, "Ada") == [HIDE]
    assert take_back(store, "Ada", "track", LIKE.subject_id) == 0


def test_everybody_has_an_opinion_of_their_own(store: Store) -> None:
    store.ensure_listener("Ben", "UTC")
    give_feedback(store, "Ada", LIKE)
    give_feedback(store, "Ben", replace(LIKE, kind="hide"))
    assert take_back(store, "Ben", "track", LIKE.subject_id) == 1
    assert feedback_of(store, "Ada") == [LIKE]


def test_what_cannot_be_given(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="an artist can be hidden"):
        give_feedback(store, "Ada", replace(HIDE, kind="like"))
    with pytest.raises(UnknownName, match="did you mean Ada"):
        give_feedback(store, "Adda", LIKE)
    with pytest.raises(UnknownName):
        give_feedback(open_store(Settings(home=tmp_path / "none")), "Ada", LIKE)
    assert not (tmp_path / "none").exists()


def test_at_the_limit_the_oldest_skip_makes_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "MOST_OF_ONE", 2)
    for one in (replace(SKIP, subject_id=1), SKIP, LIKE):
        give_feedback(store, "Ada", one)
    assert {one.kind for one in feedback_of(store, "Ada")} == {"skip", "like"}
    assert 1 not in {one.subject_id for one in feedback_of(store, "Ada")}
    give_feedback(store, "Ada", HIDE)
    with pytest.raises(UsageError, match="take some back"):
        give_feedback(store, "Ada", replace(HIDE, subject_id=8))


def test_a_store_from_before_feedback_is_upgraded_with_its_listeners(store: Store, settings: Settings) -> None:
    with store.engine.begin() as connection:
        newer = [table for table in Base.metadata.sorted_tables if table.name not in ("listeners", "listener_zones")]
        Base.metadata.drop_all(connection, newer)
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    upgraded = open_store(settings)
    assert feedback_of(upgraded, "ada") == []
    give_feedback(upgraded, "ada", LIKE)
    assert feedback_of(upgraded, "Ada") == [LIKE]
