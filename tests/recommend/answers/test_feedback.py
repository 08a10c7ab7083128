from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tests.recommend.catalogues import items_of, vectors_of
from tonearm.recommend.answers.choose import choose
from tonearm.recommend.answers.feedback import LIKED_LISTENS, SKIP_HALF_LIFE_D, Opinions, counting, opinions, pushed
from tonearm.recommend.answers.request import Request
from tonearm.store.feedback import Feedback, Kind, Subject

N = 120
ITEMS = items_of(N)
VECTORS = vectors_of(ITEMS)
ARTISTS = ITEMS["artist_id"]
SCORES = np.random.default_rng(2).random(N)
NOW = datetime(2024, 5, 1, tzinfo=UTC)


def one(kind: Kind, subject_id: int, subject: Subject = "track", days_ago: float = 0.0) -> Feedback:
    return Feedback(kind, subject, subject_id, "", NOW - timedelta(days=days_ago))


def of(*given: Feedback) -> Opinions:
    return opinions(given, ITEMS, NOW)


def test_a_hidden_artist_hides_all_its_tracks_and_a_hidden_track_itself() -> None:
    found = of(one("hide", 12, "artist"), one("hide", 1_003))
    assert ITEMS["track_id"][found.hidden].tolist() == sorted(
        {1_003, *ITEMS["track_id"][ITEMS["artist_id"] == 12].tolist()}
    )


def test_what_the_catalogue_does_not_have_any_more_has_no_effect() -> None:
    found = of(one("like", 5), one("dislike", 5), one("hide", 5, "artist"), one("skip", 5))
    assert not (found.liked.any() or found.never.any() or found.skips.any())


def test_a_skip_counts_half_after_its_half_life() -> None:
    found = of(one("skip", 1_000), one("skip", 1_000, days_ago=SKIP_HALF_LIFE_D), one("skip", 1_001, days_ago=-1))
    assert found.skips[:3] == pytest.approx([1.5, 1.0, 0.0])


def test_likes_add_to_what_was_heard_and_what_is_refused_speaks_for_nothing() -> None:
    history = np.zeros(N)
    history[:5] = 9.0, 2.0, 4.0, 8.0, 6.0
    given = (one("like", 1_000), one("dislike", 1_002), one("skip", 1_003), one("hide", 1_004))
    found = counting(history, of(*given), ITEMS.assign(song_id=ITEMS["track_id"]))
    assert found[:6].tolist() == [9.0 + LIKED_LISTENS, 2.0, 0.0, 4.0, 0.0, 0.0]


def test_another_version_of_what_is_refused_speaks_for_nothing_either() -> None:
    items = ITEMS.assign(song_id=ITEMS["track_id"].replace({1_001: 1_000}))
    assert counting(np.ones(N), of(one("hide", 1_001)), items)[:3].tolist() == [0.0, 0.0, 1.0]


def test_a_disliked_track_of_which_nothing_is_known_pushes_its_artist() -> None:
    vectors = np.array(VECTORS)
    vectors[50] = 0.0
    fallen = SCORES - pushed(SCORES, of(one("dislike", 1_050)), vectors, ARTISTS)
    assert (fallen > 0).tolist() == (ARTISTS[50] == ARTISTS).tolist()


def test_what_is_like_a_disliked_track_falls_most() -> None:
    fallen = SCORES - pushed(SCORES, of(one("dislike", 1_050)), VECTORS, ARTISTS)
    cosine = VECTORS @ VECTORS[50]
    assert np.argmax(fallen) == 50
    assert fallen[cosine <= 0].max() == 0
    order = np.argsort(cosine[cosine > 0])
    assert (np.diff(fallen[cosine > 0][order]) >= 0).all()


def test_sparse_vectors_push_as_dense_ones_do() -> None:
    disliked = of(one("dislike", 1_050))
    assert pushed(SCORES, disliked, sp.csr_matrix(VECTORS), ARTISTS) == pytest.approx(
        pushed(SCORES, disliked, VECTORS, ARTISTS)
    )


def test_an_old_skip_pushes_less_than_a_new_one() -> None:
    new, old = (
        SCORES - pushed(SCORES, of(one("skip", 1_050, days_ago=days)), VECTORS, ARTISTS)
        for days in (0.0, SKIP_HALF_LIFE_D)
    )
    assert old == pytest.approx(new / 2)


def test_feedback_changes_the_next_answer() -> None:
    request = Request(k=10, diversity=0.0)
    first = choose(SCORES, ITEMS, request).rows[0]
    disliked = of(one("dislike", int(ITEMS["track_id"][first])))
    after = choose(pushed(SCORES, disliked, VECTORS, ARTISTS), ITEMS, request, excluded=disliked.never)
    assert first not in after.rows


GIVEN = st.lists(
    st.builds(
        one, st.sampled_from(["like", "dislike", "skip", "hide"]), st.integers(990, 1_130), days_ago=st.floats(0, 400)
    ),
    max_size=12,
)


@given(GIVEN)
def test_nothing_rises_and_never_is_what_was_hidden_or_disliked(entries: list[Feedback]) -> None:
    found = opinions(entries, ITEMS, NOW)
    assert (pushed(SCORES, found, VECTORS, ARTISTS) <= SCORES).all()
    refused = {e.subject_id for e in entries if e.kind in ("hide", "dislike")}
    assert set(ITEMS["track_id"][found.never]) == refused & set(ITEMS["track_id"])


def test_scores_that_are_missing_stay_missing() -> None:
    scores = np.where(np.arange(N) < 5, np.nan, SCORES)
    found = pushed(scores, of(one("dislike", 1_050)), VECTORS, ARTISTS)
    assert np.isnan(found[:5]).all()
    assert np.isfinite(found[5:]).all()
