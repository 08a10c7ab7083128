from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tonearm.errors import HomeUnusable, UsageError
from tonearm.settings import Settings
from tonearm.store import Store, open_store
from tonearm.store.loves import HATED, LOVED, Love, count_loves, give_love, loves, take_love_back
from tonearm.store.playing import LONGEST_S, playing, set_playing
from tonearm.store.scrobble_sessions import (
    MOST_OF_ONE,
    TOKEN_MINUTES,
    authorise_token,
    find_session,
    new_token,
    open_session,
    redeem_token,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_two_spellings_are_one_track_and_the_newest_opinion_counts(store: Store) -> None:
    give_love(store, "Ada", Love(LOVED, NOW, "The Beatles", "Help! - Remastered 2009"))
    give_love(store, "Ada", Love(HATED, NOW, "BEATLES", "Help!"))
    give_love(store, "Ada", Love(LOVED, NOW, "Air", "Remember"))
    assert [(one.score, one.track_name) for one in loves(store, "Ada")] == [(LOVED, "Remember"), (HATED, "Help!")]
    assert count_loves(store, "Ada", HATED) == 1
    assert take_love_back(store, "Ada", Love(LOVED, NOW, "the beatles", "help!"))
    assert not take_love_back(store, "Ada", Love(LOVED, NOW, "the beatles", "help!"))
    assert [one.track_name for one in loves(store, "Ada", limit=5)] == ["Remember"]


def test_a_track_is_loved_by_its_id_too(store: Store) -> None:
    give_love(store, "Ada", Love(LOVED, NOW, recording_mbid="b1a9c0e9-d987-4042-ae91-78d6a3267d69"))
    assert count_loves(store, "Ada") == 1
    with pytest.raises(UsageError, match="needs an artist and a title"):
        give_love(store, "Ada", Love(LOVED, NOW, "Air"))


def test_what_plays_is_believed_for_its_length(store: Store) -> None:
    for duration_s, believed_s in ((None, 600), (154, 154), (1e9, LONGEST_S)):
        set_playing(store, "Ada", "{}", duration_s, NOW)
        assert playing(store, "Ada", NOW + timedelta(seconds=believed_s - 1)) is not None
        assert playing(store, "Ada", NOW + timedelta(seconds=believed_s)) is None


def test_a_session_is_valid_for_ever_and_its_key_is_not_kept(store: Store) -> None:
    key = open_session(store, "Ada", "lastfm", "pylast", NOW)
    found = find_session(store, key, "lastfm", NOW + timedelta(days=9999))
    assert found is not None
    assert (found.listener, found.client) == ("Ada", "pylast")
    assert find_session(store, key, "audioscrobbler", NOW) is None
    assert find_session(store, "", "lastfm", NOW) is None


def test_old_sessions_of_players_that_open_one_at_each_start_make_room(store: Store) -> None:
    kept = open_session(store, "Ada", "lastfm", None, NOW)
    first, *rest = [open_session(store, "Ada", "audioscrobbler", None, NOW) for _ in range(MOST_OF_ONE + 1)]
    assert find_session(store, first, "audioscrobbler", NOW) is None
    assert all(find_session(store, key, "audioscrobbler", NOW) for key in (rest[0], rest[-1]))
    assert find_session(store, kept, "lastfm", NOW) is not None


def test_a_store_that_was_removed_keeps_nothing_that_would_be_lost(tmp_path: Path) -> None:
    home = Settings(home=tmp_path)
    store = open_store(home)
    store.ensure_listener("Ada", "UTC")
    aside = home.database.rename(tmp_path / "aside")
    with pytest.raises(HomeUnusable, match="was removed while tonearm used it"):
        open_session(store, "Ada", "lastfm", None, NOW)
    aside.rename(home.database)
    assert open_session(store, "Ada", "lastfm", None, NOW)
    shutil.copy(home.database, aside)
    aside.replace(home.database)
    key = open_session(store, "Ada", "lastfm", None, NOW)
    store.close()
    assert find_session(open_store(home), key, "lastfm", NOW) is not None, "it was written to the file that is gone"


def test_a_token_becomes_one_session_within_its_hour(store: Store) -> None:
    token = new_token(store, "pylast", NOW)
    assert redeem_token(store, token, NOW) is None
    late = NOW + timedelta(minutes=TOKEN_MINUTES, seconds=1)
    assert not authorise_token(store, token, "Ada", late)
    assert authorise_token(store, token, "Ada", NOW)
    assert not authorise_token(store, token, "Ada", NOW), "a second listener cannot take it over"
    assert redeem_token(store, token, late) is None
    opened = redeem_token(store, token, NOW)
    assert opened is not None
    assert opened[0] == "Ada"
    assert find_session(store, opened[1], "lastfm", NOW) is not None
    assert redeem_token(store, token, NOW) is None
