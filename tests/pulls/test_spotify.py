"""Pulls from Spotify, by the real spotipy, from a stand-in that speaks its protocol."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from unittest.mock import patch

import pytest

from tests.pulls.conftest import NOW, NOW_S, Pulling
from tests.pulls.stand_ins.server import BROKEN, GARBAGE, Dropped, busy
from tests.pulls.stand_ins.spotify import SpotifyStandIn, refused
from tonearm.errors import HomeBusy
from tonearm.home.secrets import put_secret, secret
from tonearm.ingest.submissions import import_submissions
from tonearm.lake import open_lake
from tonearm.pulls.spotify import Tokens
from tonearm.settings import Credentials
from tonearm.store.connections import secret_name
from tonearm.store.playlists import playlists_of
from tonearm.store.songs import songs
from tonearm.store.submissions import waiting

NOW_MS = NOW_S * 1000


def titles(of: Pulling) -> list[str]:
    return [json.loads(one.body)["track_metadata"]["track_name"] for one in waiting(of.store)]


def test_only_plays_newer_than_the_newest_are_pulled(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    spotify.plays = [(NOW_MS - 600_123, "Halleluhwah"), (NOW_MS - 300_000, "Mushroom")]
    assert of_spotify.sync().listens == 2
    spotify.plays.append((NOW_MS, "Peking O"))
    assert of_spotify.sync(NOW + timedelta(hours=6)).listens == 1
    assert titles(of_spotify) == ["Mushroom", "Halleluhwah", "Peking O"]
    asked = [one.query.get("after") for one in spotify.asked if one.path.endswith("recently-played")]
    assert asked == [None, str(NOW_MS - 300_000)]


def test_plays_reach_bronze_as_spotify_api_with_their_ids(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    spotify.plays = [(NOW_MS - 600_123, "Halleluhwah")]
    of_spotify.sync()
    import_submissions(of_spotify.settings, of_spotify.store)
    (row,) = open_lake(of_spotify.settings.lake).dataset("listening_history_bronze").to_table().to_pylist()
    assert (row["source"], row["artist_name"], row["artists"]) == ("spotify_api", "Can", "Can; Guest")
    assert (row["started_at"].timestamp(), row["duration_s"]) == (NOW_S - 600.123, 180.0)
    assert len(row["spotify_id"]) == 22


def test_we_say_who_we_are(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    of_spotify.sync()
    assert {one.headers["User-Agent"].partition("/")[0] for one in spotify.asked} == {"tonearm"}


def test_a_full_page_may_hide_a_hole_whose_bounds_are_reported(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    spotify.plays = [(NOW_MS, "first")]
    assert of_spotify.sync().hole is None
    spotify.plays += [(NOW_MS + 1000 * n, f"{n}") for n in range(1, 61)]
    pulled = of_spotify.sync(NOW + timedelta(hours=6))
    assert pulled.listens == 50
    assert "between 2024-06-01 12:00:00 UTC and 2024-06-01 12:00:11 UTC" in str(pulled.hole)


def test_every_new_refresh_token_is_kept_before_it_is_used(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    for hours in range(3):
        assert of_spotify.sync(NOW + timedelta(hours=6 * hours)).problem is None
        kept = secret(of_spotify.settings, secret_name(of_spotify.connection))
        assert json.loads(kept or "")["refresh_token"] == spotify.refresh_token == f"refresh-{hours + 1}"


def test_a_refused_access_token_is_renewed_once(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    of_spotify.sync()
    spotify.access_token = "withdrawn early"
    spotify.plays = [(NOW_MS, "Halleluhwah")]
    assert of_spotify.sync().listens == 1


def test_a_withdrawn_access_has_to_be_connected_again(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    spotify.refresh_token = "another"
    pulled = of_spotify.sync()
    assert pulled.exit_code == 10
    assert "`tonearm connect spotify` connects again" in str(pulled.problem)
    assert of_spotify.connection.problem == pulled.problem


@pytest.mark.parametrize(
    ("message", "advice"),
    [("Insufficient client scope", "scopes user-read"), ("User not registered", "development mode")],
)
def test_what_is_not_allowed_is_named(spotify: SpotifyStandIn, of_spotify: Pulling, message: str, advice: str) -> None:
    of_spotify.sync()
    spotify.faults.append(refused(403, message))
    pulled = of_spotify.sync()
    assert (pulled.exit_code, pulled.retry_at) == (10, None)
    assert advice in str(pulled.problem)


def test_a_short_wait_is_waited_for(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    spotify.plays = [(NOW_MS, "Halleluhwah")]
    of_spotify.sync()
    spotify.faults.append(busy(7))
    assert of_spotify.sync().problem is None
    assert of_spotify.slept == [7.0]


def test_a_lockout_of_hours_is_kept_to(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    of_spotify.sync()
    spotify.plays = [(NOW_MS, "Halleluhwah")]
    spotify.faults.append(busy(20 * 3600))
    locked = of_spotify.sync()
    assert (locked.exit_code, locked.retry_at) == (11, NOW + timedelta(hours=20))
    answered = len(spotify.asked)
    assert not of_spotify.sync(NOW + timedelta(hours=19)).was_asked
    assert len(spotify.asked) == answered
    assert of_spotify.sync(NOW + timedelta(hours=21)).listens == 1


@pytest.mark.parametrize("fault", [BROKEN, GARBAGE, Dropped()])
def test_what_passes_is_tried_again(spotify: SpotifyStandIn, of_spotify: Pulling, fault: object) -> None:
    of_spotify.sync()
    spotify.plays = [(NOW_MS, "Halleluhwah")]
    spotify.faults.extend([fault, fault])  # type: ignore[list-item]
    assert of_spotify.sync().listens == 1
    assert of_spotify.slept == [2.0, 4.0]


def test_a_service_that_stays_broken_is_asked_later(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    of_spotify.sync()
    spotify.faults.extend([BROKEN] * 4)
    pulled = of_spotify.sync()
    assert (pulled.exit_code, pulled.retry_at) == (11, NOW + timedelta(minutes=10))


def test_the_library_is_read_once_and_then_only_what_changed(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    spotify.saved = [f"saved {n}" for n in range(120)]
    spotify.playlists = {"p1": ["Halleluhwah"], "p2": ["Mushroom", "Peking O"]}
    assert of_spotify.sync().problem is None
    found = {one.title: [t.track_name for t in one.tracks] for one in playlists_of(of_spotify.store, "Ada")}
    assert found["List p2"] == ["Mushroom", "Peking O"]
    assert len(found["Liked Songs"]) == 120
    assert len(songs(of_spotify.store)) == 123

    spotify.playlists = {"p2": ["Mushroom", "Peking O", "Aumgn"]}
    answered = len(spotify.asked)
    of_spotify.sync(NOW + timedelta(days=1))
    assert [one.path for one in spotify.asked[answered:]] == [
        *("/api/token", "/v1/me/player/recently-played", "/v1/me/tracks", "/v1/me/playlists"),
        "/v1/playlists/p2/items",
    ]
    lists = {one.title: len(one.tracks) for one in playlists_of(of_spotify.store, "Ada")}
    assert lists == {"List p2": 3, "Liked Songs": 120}


def test_playlists_of_others_are_left_alone(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    spotify.playlists, spotify.of_others = {"theirs": ["Halleluhwah"]}, {"theirs"}
    assert of_spotify.sync().problem is None
    assert playlists_of(of_spotify.store, "Ada")[0].title == "Liked Songs"


def test_a_refused_part_of_the_library_stops_neither_the_others_nor_the_plays(
    spotify: SpotifyStandIn, of_spotify: Pulling
) -> None:
    spotify.plays, spotify.playlists = [(NOW_MS, "Halleluhwah")], {"p1": ["Mushroom"]}
    original = spotify.reply

    def forbid(asked: object) -> object:
        is_saved = getattr(asked, "path", "") == "/v1/me/tracks"
        return refused(403, "Insufficient client scope") if is_saved else original(asked)  # type: ignore[arg-type]

    with patch.object(spotify, "reply", forbid):
        pulled = of_spotify.sync()
    assert (pulled.listens, pulled.exit_code) == (1, 10)
    assert [one.title for one in playlists_of(of_spotify.store, "Ada")] == ["List p1"]


def test_a_play_that_names_no_track_is_kept_as_rejected(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    spotify.plays = [(NOW_MS - 1000, "Halleluhwah"), (NOW_MS, "gone")]
    original = spotify._recent

    def with_a_gap(asked: object) -> object:
        found = original(asked)  # type: ignore[arg-type]
        found["items"][0]["track"] = None
        return found

    with patch.object(spotify, "_recent", with_a_gap):
        of_spotify.sync()
    (report,) = import_submissions(of_spotify.settings, of_spotify.store)
    assert (report.read, report.kept, report.rejected) == (2, 1, 1)


def test_a_page_that_was_kept_before_a_crash_is_not_pulled_again(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    spotify.plays = [(NOW_MS, "Halleluhwah")]
    with patch("tonearm.pulls.advance", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        of_spotify.sync()
    assert waiting(of_spotify.store) == []
    with patch("tonearm.pulls.ended", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        of_spotify.sync()
    assert of_spotify.sync().listens == 0
    assert titles(of_spotify) == ["Halleluhwah"]


def test_two_at_once_are_one(spotify: SpotifyStandIn, of_spotify: Pulling) -> None:
    def meanwhile(*_: object) -> None:
        with pytest.raises(HomeBusy, match="another tonearm is syncing spotify for Ada"):
            of_spotify.sync()

    with patch.object(spotify, "answered", wraps=spotify.answered) as answered:
        answered.side_effect = lambda asked: (meanwhile(), SpotifyStandIn.answered(spotify, asked))[1]
        assert of_spotify.sync().problem is None


def test_missing_tokens_are_a_sentence(of_spotify: Pulling) -> None:
    put_secret(of_spotify.settings, secret_name(of_spotify.connection), None)
    assert "connects again" in str(of_spotify.sync().problem)


def test_no_log_and_no_text_shows_a_token(
    spotify: SpotifyStandIn, of_spotify: Pulling, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    of_spotify.sync()
    spotify.faults.append(refused(403, "User not registered"))
    of_spotify.sync()
    shown = caplog.text + repr(Tokens("app", "refresh-1")) + repr(Credentials(spotify_refresh_token="refresh-1"))
    assert "refresh-" not in shown
    assert "access-" not in shown
