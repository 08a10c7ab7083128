from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recommend.catalogues import GENRES, items_of, vectors_of
from tonearm.errors import UnknownName, UsageError
from tonearm.recommend.answers.choose import POOL, ROTATION, Choice, choose
from tonearm.recommend.answers.request import OPEN, Request

N = 400
ITEMS = items_of(N)
VECTORS = vectors_of(ITEMS)
SCORES = np.random.default_rng(1).random(N)
DAY = date(2024, 5, 1)
PLAIN = Request(k=10, diversity=0.0, per_artist=500)


def tracks(choice: Choice) -> list[int]:
    return ITEMS["track_id"].to_numpy()[choice.rows].tolist()


def test_without_wishes_the_best_come_in_order_of_their_scores() -> None:
    found = choose(SCORES, ITEMS, replace(PLAIN, k=5))
    is_other_version = ITEMS["track_name"].str.endswith("(Live)").to_numpy()
    scores = SCORES.copy()
    for row in np.flatnonzero(is_other_version):
        # Of two versions the better one stands for the song.
        scores[row if scores[row] < scores[row - 1] else row - 1] = -1
    assert found.rows.tolist() == np.argsort(-scores)[:5].tolist()
    assert (found.relaxed, found.fewer) == ((), "")


def test_filters_are_relaxed_in_order_and_what_meets_them_comes_first() -> None:
    wanted = replace(PLAIN, genres=("Jazz",), year=(1970, 1972), popularity=(90, 100))
    found = choose(SCORES, ITEMS, wanted)
    assert found.relaxed == ("popularity", "year")
    chosen = ITEMS.iloc[found.rows]
    assert set(chosen["genre"]) == {"jazz"}
    missed = [len(one) for one in found.misses]
    assert missed[-1] > 0
    assert [("year" in one) for one in found.misses] == sorted("year" in one for one in found.misses)
    for (_, track), misses in zip(chosen.iterrows(), found.misses, strict=True):
        assert ("year" in misses) == (not 1970 <= track["year"] <= 1972)


def test_without_relaxation_there_are_fewer_and_the_answer_says_so() -> None:
    found = choose(SCORES, ITEMS, replace(PLAIN, k=50, year=(1970, 1972), is_relaxed=False))
    assert 0 < len(found.rows) < 50
    assert found.fewer.startswith(f"only {len(found.rows)} tracks are left")
    assert ITEMS.iloc[found.rows]["year"].between(1970, 1972).all()


def test_a_subgenre_and_a_word_of_a_mood_are_filters_too() -> None:
    found = choose(SCORES, ITEMS, replace(PLAIN, genres=("bebop",), moods=("happy",), is_relaxed=False))
    chosen = ITEMS.iloc[found.rows]
    assert set(chosen["genre"]) == {"jazz"}
    assert set(chosen["mood"]) <= {"Happy_Energetic", "Happy_Calm"}


def test_a_value_that_is_not_known_meets_no_filter() -> None:
    found = choose(SCORES, ITEMS, replace(PLAIN, k=300, explicit=False, tempo=(None, 500), is_relaxed=False))
    chosen = ITEMS.iloc[found.rows]
    assert chosen["tempo"].notna().all()
    assert (chosen["is_explicit"] == False).all()  # noqa: E712 - null is neither


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"k": 0}, "k is the number of tracks, 1 to 500, and not 0"),
        ({"k": 10**6}, "not 1,000,000"),
        ({"per_artist": 0}, "per_artist is 1 to"),
        ({"diversity": 1.5}, "diversity is a number from 0 to 1"),
        ({"novelty": float("nan")}, "novelty is a number from 0 to 1"),
        ({"tempo": (float("nan"), None)}, "tempo is limited by numbers"),
        ({"year": (2000, 1990)}, "year cannot be at least 2000 and at most 1990"),
        ({"year": (2050, None)}, "no track meets the filter year 2050–…; there are 196"),
        ({"liked": (1_000,), "disliked": (1_000,)}, "both liked and disliked"),
        ({"not_artists": tuple(range(1, 30))}, "no track meets the filter not_artists"),
        ({"seen": tuple(range(1_001)), "liked": tuple(range(1_001))}, "liked lists more than 1,000"),
    ],
)
def test_what_cannot_be_asked_for(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose(SCORES, ITEMS, replace(PLAIN, **wrong))


def test_filters_that_must_not_be_relaxed_and_leave_nothing_are_named() -> None:
    everything = ITEMS["is_explicit"].fillna(True).to_numpy(bool)
    with pytest.raises(UsageError, match="no track meets all of explicit, unheard"):
        choose(SCORES, ITEMS, replace(PLAIN, explicit=True, unheard=True), heard=everything)


@pytest.mark.parametrize(
    ("wrong", "near"), [({"genres": ("jaz",)}, "did you mean jazz"), ({"moods": ("hapy calm",)}, "Happy_Calm")]
)
def test_unknown_names_come_with_the_nearest(wrong: dict[str, Any], near: str) -> None:
    with pytest.raises(UnknownName, match=near):
        choose(SCORES, ITEMS, replace(PLAIN, **wrong))


def test_more_diversity_is_less_alike() -> None:
    def alike_at_most(diversity: float) -> float:
        chosen = VECTORS[choose(SCORES, ITEMS, replace(PLAIN, diversity=diversity), vectors=VECTORS).rows]
        return float((chosen @ chosen.T - 2 * np.eye(len(chosen))).max(axis=1).mean())

    assert alike_at_most(0.0) > alike_at_most(0.4) > alike_at_most(1.0)


def test_more_novelty_is_less_known() -> None:
    def known(novelty: float) -> float:
        return float(ITEMS.iloc[choose(SCORES, ITEMS, replace(PLAIN, novelty=novelty)).rows]["popularity"].mean())

    assert known(0.0) > known(0.5) > known(1.0)


def test_with_novelty_artists_who_were_heard_give_way() -> None:
    heard = ITEMS["artist_id"].to_numpy() < 16
    found = choose(SCORES, ITEMS, replace(PLAIN, novelty=0.6), heard=heard)
    assert (ITEMS.iloc[found.rows]["artist_id"] >= 16).all()


def test_the_days_differ_and_no_track_moves_further_than_stated() -> None:
    answers = [choose(SCORES, ITEMS, replace(PLAIN, day=DAY + timedelta(days=n))) for n in range(5)]
    assert len({tuple(a.rows) for a in answers}) == 5
    plain = choose(SCORES, ITEMS, replace(PLAIN, k=100)).rows.tolist()
    furthest = [plain.index(row) - place for a in answers for place, row in enumerate(a.rows)]
    assert 0 < max(furthest) <= ROTATION * POOL


def test_another_seed_is_another_order_of_the_same_day() -> None:
    days = [replace(PLAIN, day=day, seed=seed) for day in (None, DAY) for seed in (2, 3)]
    answers = [tuple(choose(SCORES, ITEMS, request).rows) for request in days]
    assert len({*answers, tuple(choose(SCORES, ITEMS, PLAIN).rows)}) == 5


RANGES = st.sampled_from([OPEN, (None, 60.0), (80.0, 120.0), (1990.0, 2000.0), (100.0, None)])
REQUESTS = st.builds(
    Request,
    k=st.integers(1, 60),
    genres=st.sampled_from([(), ("rock",), (*GENRES,)]),
    moods=st.sampled_from([(), ("happy",), ("Sad_Calm",)]),
    tempo=RANGES,
    year=RANGES,
    popularity=RANGES,
    explicit=st.sampled_from([None, True, False]),
    unheard=st.booleans(),
    new_artists=st.sampled_from([False, False, True]),
    not_artists=st.sampled_from([(), (10, 11)]),
    liked=st.sampled_from([(), (1_005, 1_100)]),
    disliked=st.sampled_from([(), (1_200,)]),
    seen=st.sampled_from([(), tuple(range(1_000, 1_050))]),
    diversity=st.sampled_from([0.0, 0.3, 1.0]),
    novelty=st.sampled_from([0.0, 0.5, 1.0]),
    per_artist=st.integers(1, 4),
    is_relaxed=st.booleans(),
    day=st.sampled_from([None, DAY]),
)


def songs(of: pd.DataFrame) -> set[int]:
    return set(of["song_id"].dropna())


@settings(max_examples=60)
@given(REQUESTS, st.integers(0, 5))
def test_what_always_holds(request: Request, seed: int) -> None:
    rng = np.random.default_rng(seed)
    heard, hidden = (rng.random(N) < 0.2) & (ITEMS["artist_id"] < 18).to_numpy(), rng.random(N) < 0.1
    try:
        found = choose(SCORES, ITEMS, request, heard=heard, excluded=hidden, vectors=VECTORS)
    except UsageError as error:
        assert "no track meets" in str(error)
        return
    again = choose(SCORES, ITEMS, request, heard=heard, excluded=hidden, vectors=VECTORS)
    assert found.rows.tolist() == again.rows.tolist()
    chosen = ITEMS.iloc[found.rows]
    assert not songs(chosen) & songs(ITEMS[hidden])
    assert not (request.unheard and songs(chosen) & songs(ITEMS[heard]))
    assert not (request.new_artists and set(chosen["artist_id"]) & set(ITEMS["artist_id"][heard]))
    named = ITEMS[ITEMS["track_id"].isin([*request.liked, *request.disliked, *request.seen])]
    assert not songs(chosen) & songs(named)
    assert chosen["song_id"].is_unique
    assert chosen["artist_id"].value_counts().max() <= request.per_artist if len(chosen) else True
    assert not set(chosen["artist_id"]) & set(request.not_artists)
    assert request.explicit is None or (chosen["is_explicit"] == request.explicit).all()
    assert (len(chosen) == request.k) != bool(found.fewer)
    assert len(found.misses) == len(chosen)
    assert request.is_relaxed or not found.relaxed
    for (_, track), misses in zip(chosen.iterrows(), found.misses, strict=True):
        assert set(misses) <= set(found.relaxed)
        for column in ("tempo", "year", "popularity"):
            low, high = getattr(request, column)
            is_met = (low is None or track[column] >= low) and (high is None or track[column] <= high)
            assert getattr(request, column) == OPEN or is_met != (column in misses)
        assert not request.genres or (track["genre"] in request.genres) != ("genre" in misses)


def test_an_empty_catalogue_has_nothing_to_choose_from() -> None:
    found = choose(np.zeros(0), ITEMS.iloc[:0], PLAIN)
    assert (len(found.rows), found.fewer[:16]) == (0, "no track is left")


def test_what_has_no_score_is_never_chosen() -> None:
    scores = np.where(np.arange(N) < 395, np.nan, SCORES)
    assert set(choose(scores, ITEMS, PLAIN).rows) <= set(range(395, N))
