from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recommend.catalogues import items_of, vectors_of
from tonearm.recommend.answers.blend import blend
from tonearm.recommend.answers.choose import choose, meeting
from tonearm.recommend.answers.request import Request

N = 400
ITEMS = items_of(N, artists=60)
VECTORS = vectors_of(ITEMS)
PLAIN = Request(k=20, diversity=0.0, per_artist=500)


def tastes(seed: int, listeners: int = 3) -> np.ndarray:
    """Scores of listeners who like opposite sounds."""
    towards = np.random.default_rng(seed).normal(size=(listeners, VECTORS.shape[1]))
    return towards @ VECTORS.T


def test_two_who_like_the_opposite_get_half_each() -> None:
    liking = VECTORS[:, 0]
    found = blend(np.array([liking, -liking]), ITEMS, PLAIN)
    best = [int(found.serves(n)[0]) for n in range(20)]
    assert sorted(best) == [0] * 10 + [1] * 10
    assert found.satisfaction.min() > 0.45


def test_filters_that_nothing_meets_together_give_way() -> None:
    request = replace(PLAIN, k=5, year=(1960.0, 1961.0), popularity=(99.0, 100.0), genres=("jazz",))
    assert not meeting(ITEMS, request).any()
    found = blend(tastes(1), ITEMS, request)
    assert len(found.choice.rows) == 5
    assert found.choice.relaxed


def test_two_who_like_the_same_get_what_both_like() -> None:
    liking = np.random.default_rng(3).random(N)
    found = blend(np.array([liking, 2 * liking]), ITEMS, PLAIN)
    assert found.choice.rows.tolist() == choose(liking, ITEMS, PLAIN).rows.tolist()
    assert found.serves(0).tolist() == [0, 1]
    assert found.satisfaction == pytest.approx([1.0, 1.0])


def test_the_one_in_the_minority_gets_more_than_by_the_mean() -> None:
    least, by_mean = [], []
    for seed in range(20):
        one, other = tastes(seed, 2)
        scores = np.array([one, one, one, other])
        found = blend(scores, ITEMS, PLAIN)
        least.append(found.satisfaction.min())
        mean = choose(scores.mean(axis=0), ITEMS, PLAIN).rows
        ranks = np.argsort(np.argsort(-other))
        by_mean.append((1 / (1 + ranks[mean] / 100)).sum() / (1 / (1 + np.arange(20) / 100)).sum())
    assert np.mean(least) > np.mean(by_mean) + 0.1


@settings(max_examples=30)
@given(st.integers(0, 1_000), st.integers(1, 5), st.integers(1, 40), st.sampled_from([(), ("jazz",)]))
def test_what_always_holds(seed: int, listeners: int, k: int, genres: tuple[str, ...]) -> None:
    request = replace(PLAIN, k=k, genres=genres, per_artist=2, diversity=0.3)
    hidden = np.random.default_rng(seed).random(N) < 0.3
    found = blend(tastes(seed, listeners), ITEMS, request, excluded=hidden, vectors=VECTORS)
    again = blend(tastes(seed, listeners), ITEMS, request, excluded=hidden, vectors=VECTORS)
    chosen = ITEMS.iloc[found.choice.rows]
    assert found.choice.rows.tolist() == again.choice.rows.tolist()
    assert (len(chosen) == k) != bool(found.choice.fewer)
    assert chosen["song_id"].is_unique
    assert chosen["artist_id"].value_counts().max() <= 2
    assert not hidden[found.choice.rows].any()
    assert all(len(found.serves(n)) for n in range(len(chosen)))
    assert ((found.satisfaction >= 0) & (found.satisfaction <= 1 + 1e-9)).all()
    assert not genres or all(
        (g == "jazz") != ("genre" in m) for g, m in zip(chosen["genre"], found.choice.misses, strict=True)
    )
