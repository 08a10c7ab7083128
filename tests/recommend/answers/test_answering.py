from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recommend.catalogues import home_of, items_of
from tonearm.errors import UnknownName, UsageError
from tonearm.recommend.answers.answering import (
    BEYOND,
    MOST_EXPLAINED,
    POPULAR,
    PUSHED,
    RADIO_BLOCK,
    UNHEARD_OF,
    for_household,
    for_listener,
    for_sound,
    for_track,
    for_tracks,
    radio,
    sound,
)
from tonearm.recommend.answers.request import Request
from tonearm.store.feedback import Feedback

NOW = datetime(2024, 5, 1, tzinfo=UTC)
ITEMS = items_of(300, artists=80)
ROCK, JAZZ = (ITEMS["track_id"][ITEMS["genre"] == genre].tolist()[:8] for genre in ("rock", "jazz"))
HOME = home_of(ITEMS, {"ada": ROCK, "ben": JAZZ})
PLAIN = Request(k=10, diversity=0.0, unheard=True)


def one(kind: Any, subject_id: int, subject: Any = "track") -> Feedback:
    return Feedback(kind, subject, subject_id, "", NOW)


def ids(answer: Any) -> list[int]:
    return [track.track_id for track in answer.tracks]


def test_a_listener_gets_unheard_tracks_of_their_taste_with_reasons_that_add_up() -> None:
    found = for_listener(HOME, "ada", PLAIN, [], NOW)
    assert (found.title, found.served_by, found.note) == ("for ada", "baseline", "")
    assert {track.genre for track in found.tracks} == {"rock"}
    assert not any(track.is_heard for track in found.tracks)
    for track in found.tracks:
        assert track.score == pytest.approx(sum(amount for _, amount in track.why), abs=1e-3)
        assert track.because


def test_scores_fall_and_positions_count() -> None:
    found = for_listener(HOME, "ben", PLAIN, [], NOW)
    scores = [track.score for track in found.tracks]
    assert scores == sorted(scores, key=lambda s: -(s or 0))
    assert [track.position for track in found.tracks] == list(range(1, 11))


def test_feedback_changes_the_next_answer_and_the_sum_shows_it() -> None:
    before = for_listener(HOME, "ada", PLAIN, [], NOW)
    first, second = before.tracks[:2]
    given = [one("hide", first.artist_id, "artist"), one("dislike", second.track_id)]
    after = for_listener(HOME, "ada", PLAIN, given, NOW)
    assert first.artist_id not in {track.artist_id for track in after.tracks}
    assert second.track_id not in ids(after)
    fallen = [track for track in after.tracks if PUSHED in dict(track.why)]
    assert fallen
    for track in fallen:
        assert track.score == pytest.approx(sum(amount for _, amount in track.why), abs=1e-3)


def test_of_a_long_list_the_first_tracks_are_explained() -> None:
    found = for_listener(HOME, "ada", replace(PLAIN, k=60, per_artist=9), [], NOW)
    assert [bool(track.because) for track in found.tracks] == [True] * MOST_EXPLAINED + [False] * 10
    assert not any(track.why for track in for_listener(HOME, "ada", replace(PLAIN, is_explained=False), [], NOW).tracks)


def test_a_like_turns_the_answer() -> None:
    liked = [one("like", track) for track in JAZZ]
    found = for_listener(HOME, "new", replace(PLAIN, unheard=False), liked, NOW)
    assert {track.genre for track in found.tracks} == {"jazz"}


def test_somebody_without_any_song_gets_what_is_popular() -> None:
    found = for_listener(HOME, "new", PLAIN, [], NOW)
    assert found.note == POPULAR
    popularity = [track.popularity for track in found.tracks]
    assert popularity == sorted(popularity, key=lambda p: -(p or 0))
    assert {track.because for track in found.tracks} == {POPULAR}


@pytest.mark.parametrize("number", [1, 3])
def test_with_one_or_three_songs_the_answer_goes_with_them(number: int) -> None:
    found = for_tracks(HOME, replace(PLAIN, liked=tuple(JAZZ[:number])))
    assert found.title.startswith("like Artist ")
    otherwise = for_tracks(HOME, replace(PLAIN, liked=tuple(ROCK[:number])))
    assert sum(t.genre == "jazz" for t in found.tracks) > sum(t.genre == "jazz" for t in otherwise.tracks)
    assert not set(ids(found)) & set(JAZZ[:number])


def test_a_listener_whose_every_track_is_beyond_the_catalogue_gets_what_is_popular() -> None:
    items = ITEMS.copy()
    odd = items["track_id"].isin(JAZZ)
    for column in ("genre", "subgenre", "playlist_ids"):
        items[column] = items[column].astype(object).mask(odd, None)
    items["feature_source"] = items["feature_source"].astype(object).mask(odd, None)
    items["artist_id"] = items["artist_id"].mask(odd, 10_000 + np.arange(len(items)))
    found = for_listener(home_of(items, {"ben": JAZZ}), "ben", PLAIN, [], NOW)
    assert (found.note, len(found.tracks)) == (BEYOND, 10)
    alone = for_track(home_of(items, {}), JAZZ[0], PLAIN)
    assert (alone.note, len(alone.tracks)) == (UNHEARD_OF, 10)


def test_a_track_is_not_recommended_for_itself_in_any_version() -> None:
    live = ITEMS[ITEMS["track_name"].str.endswith("(Live)")].iloc[0]
    found = for_track(HOME, int(live["song_id"]), replace(PLAIN, k=200, per_artist=50))
    assert not {live["song_id"], live["track_id"]} & set(ids(found))
    assert found.title.startswith("like Artist ")


def test_a_sound_is_a_track_that_no_catalogue_lists() -> None:
    found = for_sound(HOME, sound(HOME, {"energy": "0.9", "genre": "jazz"}), PLAIN)
    assert {track.genre for track in found.tracks} <= {"jazz", None}, "or by an artist of jazz"
    assert found.tracks[0].score == pytest.approx(sum(a for _, a in found.tracks[0].why), abs=1e-3)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({}, "at least one feature"),
        ({"energy": "loud"}, "energy is a number from 0 to 1, and not loud"),
        ({"energy": 2}, "energy is a number from 0 to 1"),
        ({"tempo": "nan"}, "tempo is a number from 0 to 400"),
        ({"enrgy": 0.5}, "did you mean energy"),
        ({"genre": "jaz"}, "did you mean jazz"),
    ],
)
def test_sounds_that_cannot_be(features: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        sound(HOME, features)


def test_unknown_tracks_are_refused() -> None:
    for ask in (lambda: for_track(HOME, 5, PLAIN), lambda: for_tracks(HOME, replace(PLAIN, liked=(5,)))):
        with pytest.raises(UnknownName, match="no track '5'"):
            ask()


def test_a_household_is_served_in_turn() -> None:
    found = for_household(HOME, {"ada": [], "ben": []}, PLAIN, NOW)
    served = [track.serves[0] for track in found.tracks]
    assert 3 <= served.count("ada") <= 7
    assert found.satisfaction is not None
    assert min(found.satisfaction.values()) > 0.4
    for track in found.tracks:
        assert ("ada" if track.genre == "rock" else "ben") in track.serves
    assert found.title == "for ada and ben"


def test_what_one_of_a_household_hides_is_left_out_for_all() -> None:
    before = for_household(HOME, {"ada": [], "ben": []}, PLAIN, NOW)
    hidden = [one("hide", track) for track in ids(before)[:3]]
    after = for_household(HOME, {"ada": hidden, "ben": []}, PLAIN, NOW)
    assert not set(ids(before)[:3]) & set(ids(after))
    with pytest.raises(UsageError, match="two listeners or more"):
        for_household(HOME, {"ada": []}, PLAIN, NOW)


def test_a_radio_never_repeats_a_song_and_ends_when_nothing_is_left() -> None:
    played = list(radio(lambda r: for_track(HOME, ROCK[0], r), replace(PLAIN, is_relaxed=False, genres=("rock",))))
    songs = ITEMS.set_index("track_id")["song_id"].loc[[track.track_id for track in played]]
    assert songs.is_unique
    of_rock = ITEMS[(ITEMS["genre"] == "rock") & (ITEMS["track_id"] != ROCK[0])]
    assert len(played) >= 0.9 * of_rock["song_id"].nunique()
    for start in range(0, len(played) - RADIO_BLOCK, RADIO_BLOCK):
        artists = [track.artist_id for track in played[start : start + RADIO_BLOCK]]
        assert len(set(artists)) >= len(artists) - 3


def test_a_radio_plays_no_artist_twice_in_twenty_tracks_while_there_are_others() -> None:
    played = [track.artist_id for track in islice(radio(lambda r: for_listener(HOME, "ada", r, [], NOW), PLAIN), 60)]
    for start in range(len(played) - RADIO_BLOCK + 1):
        assert len(set(played[start : start + RADIO_BLOCK])) == RADIO_BLOCK


def test_a_radio_keeps_its_filters_while_any_track_meets_them() -> None:
    request = replace(PLAIN, genres=("jazz",))
    played = list(islice(radio(lambda r: for_listener(HOME, "ada", r, [], NOW), request), 200))
    misses = [bool(track.misses) for track in played]
    assert any(misses)
    assert misses == sorted(misses)


def test_what_was_heard_and_is_refused_speaks_for_nothing() -> None:
    assert for_listener(HOME, "ada", PLAIN, [one("dislike", track) for track in ROCK[1:]], NOW).note == ""
    assert for_listener(HOME, "ada", PLAIN, [one("hide", track) for track in ROCK], NOW).note == POPULAR


def test_parts_are_the_score_to_the_last_digit() -> None:
    given = [one("dislike", ROCK[1]), one("skip", ROCK[2]), one("like", ROCK[3])]
    for track in for_listener(HOME, "ada", replace(PLAIN, k=40), given, NOW).tracks:
        assert round(sum(amount for _, amount in track.why), 4) == track.score


def test_a_radio_goes_on_after_what_was_seen() -> None:
    first = [track.track_id for track in islice(radio(lambda r: for_track(HOME, ROCK[0], r), PLAIN), 30)]
    seen = replace(PLAIN, seen=tuple(first))
    after = [track.track_id for track in islice(radio(lambda r: for_track(HOME, ROCK[0], r), seen), 30)]
    assert not set(first) & set(after)


@settings(max_examples=8)
@given(
    st.integers(1, 40), st.sampled_from([None, date(2024, 1, 1), date(2024, 1, 2)]), st.floats(0, 1), st.floats(0, 1)
)
def test_the_same_request_has_the_same_answer(k: int, day: date | None, diversity: float, novelty: float) -> None:
    request = replace(PLAIN, k=k, day=day, diversity=diversity, novelty=novelty)
    found = for_listener(HOME, "ada", request, [], NOW)
    assert found == for_listener(HOME, "ada", request, [], NOW)
    assert not any(track.is_heard for track in found.tracks)
    assert (len(found.tracks) == k) != bool(found.fewer)
