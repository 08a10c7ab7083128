from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tonearm.errors import UsageError
from tonearm.settings import Settings
from tonearm.store import Store, copying, open_store
from tonearm.store.copying import copy_rows, copy_store
from tonearm.store.feedback import Feedback, feedback_of, give_feedback
from tonearm.store.playlists import Playlist, PlaylistTrack, playlist, save_playlist
from tonearm.store.state import state
from tonearm.store.submissions import Submission, done, keep, take, waiting
from tonearm.store.tokens import create_token, find_token

AT = datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with something in many tables, and a submission that is gone."""
    keep(store, "Ada", [Submission("lastfm", "{}", 1.7e9 + n) for n in range(3)])
    batch = take(store)
    assert batch is not None
    done(store, batch)
    give_feedback(store, "Ada", Feedback("like", "track", 2**62 + 1, "Can – Vitamin C", AT))
    return store


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store in another database."""
    if request.param == "sqlite":
        url = ""
    else:
        server, name = request.getfixturevalue("postgres"), "test_other"
        server.run(f"CREATE DATABASE {name}")
        url = server.url(name)
    with closing(open_store(Settings(home=tmp_path / "other", database_url=url))) as store:
        yield store
    if url:
        server.run(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_copy_is_the_same_and_goes_on_with_its_numbers(filled: Store, other: Store) -> None:
    secret, token = create_token(filled, "Ada", ["read"])
    id = save_playlist(
        filled, "Ada", Playlist(title="Mix", tracks=[PlaylistTrack(artist_name="Air", track_name="Sexy Boy")])
    )
    assert copy_rows(filled, other) == 6
    assert other.listeners() == filled.listeners()
    assert feedback_of(other, "ada")[0].given_at == AT
    assert find_token(other, secret) == token
    assert playlist(other, id) == playlist(filled, id)
    assert keep(other, "Ada", [Submission("lastfm", "{}", 1.7e9)]) == [4], "the number of a submission was used again"
    assert other.ensure_listener("Ben", "UTC") in other.listeners()


def test_listens_are_kept_while_a_backup_copies(filled: Store, other: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    copy, kept = copying._copy, []

    def slowly(*given: Any) -> int:
        rows = copy(*given)
        if not kept:
            kept.extend(keep(filled, "Ada", [Submission("lastfm", "{}", 1.7e9)]))
        return rows

    monkeypatch.setattr(copying, "_copy", slowly)
    copy_rows(filled, other)
    assert [one.number for one in waiting(filled)] == kept
    assert waiting(other) == [], "what came after the copy began is in the next one"


def test_nothing_is_copied_over_something(filled: Store, other: Store) -> None:
    other.ensure_listener("Ben", "UTC")
    with pytest.raises(UsageError, match="holds listeners, listener_zones already"):
        copy_rows(filled, other)
    assert [one.name for one in other.listeners()] == ["Ben"]


def test_a_store_moves_from_the_home_to_a_server_and_back(tmp_path: Path, database_url: str) -> None:
    here = Settings(home=tmp_path / "home")
    with pytest.raises(UsageError, match="nothing to copy"):
        copy_store(here, database_url)
    with closing(open_store(here)) as store:
        store.ensure_listener("Ada", "UTC")
        keep(store, "Ada", [Submission("lastfm", "{}", 1.7e9)])
    copied = copy_store(here, database_url)
    assert (copied.rows, state(replace(here, database_url=database_url)).waiting) == (3, 1)
    with pytest.raises(UsageError, match=r"is in .* already"):
        copy_store(here, "")
    there = Settings(home=tmp_path / "new", database_url=database_url)
    copy_store(there, "")
    with closing(open_store(Settings(home=tmp_path / "new"))) as store:
        assert [one.listened_s for one in waiting(store)] == [1.7e9]
