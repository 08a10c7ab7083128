"""The playlists by name, from songs whose listening is small enough to see through."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.errors import UnknownName
from tonearm.read.playlists import Playlist
from tonearm.recommend.again.listening import Known, Moment
from tonearm.recommend.playlists.named import (
    NOTHING,
    PER_ARTIST,
    Hidden,
    Named,
    apart,
    in_flow,
    mood_of,
    of_aim,
    of_known,
    of_mood,
    of_unheard,
    playlist_of,
    song_of,
)

TODAY = date(2024, 5, 6)
KNOWN = ("weekly-jams", "daily", "rediscover")


def song(number: int, artist: int | None = None, silent_d: int = 400, **columns: Any) -> dict[str, Any]:
    last = TODAY - timedelta(silent_d)
    row = {
        "track_id": number,
        "versions": [number],
        "artist_id": number if artist is None else artist,
        "artist_name": f"Artist {number if artist is None else artist}",
        "track_name": f"Song {number}",
        **dict.fromkeys(("spotify_id", "recording_mbid", "genre", "mood", "energy", "valence", "feature_source")),
        "duration_s": 200.0,
        "listens": 12,
        "sessions": 9,
        "first_date": last,
        "last_date": last,
        "last_heard_at": datetime(last.year, last.month, last.day, tzinfo=UTC),
        "silent_d": silent_d,
        "lately": 0,
        "peak_year": last.year,
        "peak_listens": 9,
        "activation": 1.0,
    }
    return {**row, **columns}


def knows(*songs: dict[str, Any], has_ended: bool = False) -> Known:
    moment = Moment("ada", datetime(2024, 5, 6, 12, tzinfo=UTC), TODAY, 12, has_ended, 1_000, 240.0)
    return Known(moment, list(songs))


def ids(found: Named) -> list[int]:
    return [track["track_id"] for track in found.tracks]


def over_weeks(name: str, known: Known, **wishes: Any) -> set[int]:
    """Everything that comes up in eight weeks of days."""
    days = range(0, 56, 1 if name == "daily" else 7)
    return {track for day in days for track in ids(of_known(name, known, on=TODAY + timedelta(day), **wishes))}


def test_weekly_jams_are_loved_and_silent_for_sixty_days() -> None:
    known = knows(song(1, silent_d=60), song(2, silent_d=59), song(3, sessions=2), song(4, silent_d=3_000))
    assert over_weeks("weekly-jams", known) == {1, 4}


def test_daily_is_what_is_present_and_was_not_heard_today() -> None:
    assert over_weeks("daily", knows(song(1, silent_d=1), song(2, silent_d=0), song(3, sessions=1))) == {1}


def test_rediscover_was_loved_in_one_year_and_is_silent_for_one() -> None:
    known = knows(song(1, silent_d=365), song(2, silent_d=364), song(3, peak_listens=4), song(4, sessions=2))
    assert over_weeks("rediscover", known) == {1}


def test_each_track_has_its_reason_with_its_numbers() -> None:
    known = knows(song(1, silent_d=2_000, listens=43, sessions=20, peak_year=2014, peak_listens=40))
    said = {name: self_named(name, known).tracks[0]["because"] for name in KNOWN}
    assert said["weekly-jams"] == "Heard 43 times in 20 sessions, last in November 2018"
    assert said["rediscover"] == "Heard 40 times in 2014, 43 times in all; silent since November 2018"
    assert self_named("daily", knows(song(1, silent_d=3))).tracks[0]["because"].endswith("last 3 days ago")


def self_named(name: str, known: Known) -> Named:
    """The playlist of the first day on which it has a track."""
    found = (of_known(name, known, on=TODAY + timedelta(day)) for day in range(60))
    return next(one for one in found if one.tracks)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 900), st.integers(1, 20)), max_size=60),
    st.sampled_from(KNOWN),
    st.sampled_from(["easy", "medium", "hard"]),
    st.integers(0, 400),
)
@settings(max_examples=60)
def test_rules_hold_for_every_history(songs: list[tuple[int, int, int]], name: str, novelty: Any, day: int) -> None:
    known = knows(*(song(n, a, s, sessions=k, activation=k / 3) for n, (a, s, k) in enumerate(songs)))
    hidden = Hidden(artists={3}, songs={(artist, "song 5") for artist in range(100)})
    found = of_known(name, known, novelty, hidden, on=TODAY + timedelta(day))
    assert ids(found) == ids(of_known(name, known, novelty, hidden, on=TODAY + timedelta(day)))
    artists = [track["artist_id"] for track in found.tracks]
    assert len(set(ids(found))) == len(artists) <= 25
    assert 3 not in artists
    assert 5 not in ids(found)
    if name == "weekly-jams":
        assert all(artists.count(one) <= PER_ARTIST for one in artists)
    assert [track["position"] for track in found.tracks] == list(range(1, len(artists) + 1))


@pytest.mark.parametrize("name", KNOWN)
def test_the_next_day_or_week_has_nothing_of_this_one(name: str) -> None:
    known = knows(*(song(n, activation=1 + n / 300) for n in range(300)))
    step = timedelta(1 if name == "daily" else 7)
    for period in range(20):
        on = TODAY + period * step
        now, then = of_known(name, known, on=on), of_known(name, known, on=on + step)
        assert len(now.tracks) == 25
        assert not set(ids(now)) & set(ids(then))


def test_a_week_has_one_list_however_often_it_is_asked_for() -> None:
    known = knows(*(song(n) for n in range(300)))
    monday, sunday = of_known("weekly-jams", known, on=TODAY), of_known("weekly-jams", known, on=TODAY + timedelta(6))
    assert ids(monday) == ids(sunday)


def test_novelty_goes_from_the_best_known_to_the_hardly_known() -> None:
    known = knows(*(song(n, activation=float(n), sessions=n + 3) for n in range(400)))
    easy, medium, hard = (
        sum(ids(of_known("weekly-jams", known, novelty))) / 25 for novelty in ("easy", "medium", "hard")
    )
    assert easy > medium > hard


def test_one_artist_alone_fills_a_daily_playlist_and_weekly_jams_keep_their_rule() -> None:
    known = knows(*(song(n, artist=1) for n in range(200)))
    daily, jams = of_known("daily", known), of_known("weekly-jams", known)
    assert len(daily.tracks) > 10, "as many as are due"
    assert "more than two tracks by an artist" in daily.notes[0]
    assert len(jams.tracks) == PER_ARTIST
    assert "200 such songs by 1 artists" in jams.notes[0]


def test_a_short_history_gets_what_there_is_and_what_is_lacking() -> None:
    found = of_known("rediscover", knows(song(1, silent_d=3)))
    assert found.tracks == []
    assert "songs heard 5 times in a year, and not in the last 365 days" in found.notes[0]
    assert "when this history ends" in of_known("daily", knows(has_ended=True)).notes[-1]


def test_minutes_are_filled_to_within_half_a_track() -> None:
    known = knows(*(song(n, duration_s=None if n % 2 else 180.0) for n in range(600)))
    found = of_known("daily", known, minutes=60)
    assert found.minutes == pytest.approx(60, abs=2)
    assert "lengths are not known; taken as your usual 4.0 min" in found.notes[0]


def unheard(number: int, artist: int, artist_listens: int = 0) -> dict[str, Any]:
    return {**song(number, artist), "artist_listens": artist_listens, "because": f"Because of {number}"}


def test_exploration_has_unheard_tracks_alone_in_the_order_of_the_ranking() -> None:
    ranking = [unheard(n, n, artist_listens=n % 2) for n in range(1_000)]
    known, heard = knows(song(7)), set(range(0, 1_000, 10))
    found = of_unheard(ranking, heard, known, "medium")
    assert len(found.tracks) == 25
    assert not set(ids(found)) & heard
    assert max(ids(found)) < 250, "a quarter is due each week, best first"
    assert {track["kind"] for track in found.tracks} == {"unheard"}
    assert found.tracks[0]["because"] == f"Because of {found.tracks[0]['track_id']}"
    assert all(track % 2 for track in ids(of_unheard(ranking, heard, known, "easy"))), "artists that are known first"
    assert not any(track % 2 for track in ids(of_unheard(ranking, heard, known, "hard"))), "new artists alone"
    assert "a larger catalogue" in of_unheard([], set(), known).notes[0]


def test_a_mood_fills_its_minutes_with_songs_of_the_mood() -> None:
    happy = {"mood": "Happy_Calm", "valence": 0.8, "energy": 0.2, "feature_source": "artist"}
    known = knows(*(song(n, silent_d=3, **happy) for n in range(40)), *(song(100 + n) for n in range(40)))
    found = of_mood("happy calm", known, minutes=30)
    assert set(ids(found)) <= set(range(40))
    assert found.minutes == pytest.approx(30, abs=2)
    assert found.tracks[0]["because"].endswith("valence 0.80, energy 0.20, as its artist usually sounds")
    short = of_mood("Happy_Calm", known, minutes=300)
    assert "40 songs you know are known to be Happy_Calm" in short.notes[-1]


def test_the_playlist_of_an_aim_is_cut_to_its_minutes_without_what_is_hidden() -> None:
    tracks = [{**song(n), "position": n + 1, "because": "…"} for n in range(20)]
    found = of_aim(Playlist("ada", "Focus", tracks), knows(), Hidden(artists={0}), 20)
    assert ids(found) == [1, 2, 3, 4, 5, 6]
    assert [track["position"] for track in found.tracks] == [1, 2, 3, 4, 5, 6]
    assert of_aim(Playlist("ada", "Focus", tracks), knows(), NOTHING, 600).notes == [
        "67 of 600 min: no more tracks suit"
    ]


@pytest.mark.parametrize("title", ["Song 1", "song 1 (Live)", "Song 1 - Remastered 2009"])
def test_a_hidden_song_is_hidden_in_all_its_versions(title: str) -> None:
    hidden = Hidden(songs={song_of(song(1, 7))})
    assert hidden.hides(song(2, 7, track_name=title))
    assert not hidden.hides(song(2, 8, track_name=title))
    assert not hidden.hides(song(3, 7))


@given(st.lists(st.integers(0, 5), max_size=30))
def test_an_artist_does_not_follow_itself_where_that_can_be_avoided(artists: list[int]) -> None:
    order = apart(artists)
    assert sorted(order) == list(range(len(artists)))
    follows = sum(artists[a] == artists[b] for a, b in pairwise(order))
    most = max((artists.count(one) for one in artists), default=0)
    assert follows <= max(0, 2 * most - len(artists) - 1)


def test_a_playlist_flows_in_small_steps_of_energy() -> None:
    energies = [0.1, 0.9, 0.3, 0.7, 0.5]
    order = in_flow([song(n, energy=energy) for n, energy in enumerate(energies)])
    assert [energies[place] for place in order] in ([0.1, 0.3, 0.5, 0.7, 0.9], [0.9, 0.7, 0.5, 0.3, 0.1])


def test_names_are_found_whatever_their_case_and_others_get_the_closest() -> None:
    assert playlist_of(" Weekly Jams ") == "weekly-jams"
    assert mood_of("happy-calm") == "Happy_Calm"
    with pytest.raises(UnknownName, match="did you mean rediscover"):
        playlist_of("rediscovery")
    with pytest.raises(UnknownName, match="did you mean Sad_Calm"):
        mood_of("sad calmly")
