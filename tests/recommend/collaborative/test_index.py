from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tonearm.errors import UsageError
from tonearm.recommend.artefact import load, save
from tonearm.recommend.collaborative.index import NONE, RECALL, Exact, Lists, Longest, best, build, restore

pytest.importorskip("faiss")


def clustered(items: int, dimensions: int = 16, seed: int = 1, like_factors: bool = False) -> np.ndarray:
    """Vectors around some centres and of similar lengths; or like factors: some much longer, with much in common."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((40, dimensions)) + 2 * like_factors
    near = centres[rng.integers(0, 40, items)] + 0.3 * rng.standard_normal((items, dimensions))
    return (near * rng.lognormal(0, 3 if like_factors else 0.3, (items, 1))).astype(np.float32)


def heard_of(rows: list[list[int]], items: int) -> sp.csr_matrix:
    heard = sp.lil_matrix((len(rows), items), dtype=np.float32)
    for row, columns in enumerate(rows):
        heard[row, columns] = 1
    return sp.csr_matrix(heard)


LIKE_FACTORS = 3.5
"""Spread of lengths of which some are much longer than the others, as those of popular items are."""
ITEMS = 20_000


@pytest.fixture(scope="module")
def lists() -> Lists:
    index = build(clustered(ITEMS), large=1_000)
    assert isinstance(index, Lists)
    return index


@pytest.fixture(scope="module")
def longest() -> Longest:
    index = build(clustered(ITEMS, like_factors=True), large=1_000)
    assert isinstance(index, Longest)
    return index


@pytest.fixture(params=["lists", "longest"])
def approximate(request: pytest.FixtureRequest) -> Lists | Longest:
    index: Lists | Longest = request.getfixturevalue(request.param)
    return index


def test_the_best_by_hand() -> None:
    index = Exact(np.array([[1, 0], [0, 1], [2, 0], [1.5, 1]], np.float32))
    found = index.search(np.array([[1, 0], [0, 3]], np.float32), 2)
    assert found.items.tolist() == [[2, 3], [1, 3]]
    assert found.scores.tolist() == [[2, 1.5], [3, 3]]


def test_heard_and_filtered_items_are_left_out() -> None:
    index = Exact(np.arange(6, dtype=np.float32)[:, None])
    queries = np.ones((2, 1), np.float32)
    allowed = np.array([True, True, True, False, True, True])
    found = index.search(queries, 3, heard_of([[5], [4, 1]], 6), allowed)
    assert found.items.tolist() == [[4, 2, 1], [5, 2, 0]]


def test_where_too_few_are_allowed_the_rest_is_empty() -> None:
    index = Exact(np.arange(40, dtype=np.float32)[:, None])
    allowed = np.zeros(40, bool)
    allowed[[3, 7]] = True
    found = index.search(np.ones((1, 1), np.float32), 3, heard_of([[7]], 40), allowed)
    assert found.items.tolist() == [[3, NONE, NONE]]
    assert np.isneginf(found.scores[0, 1:]).all()
    nothing = index.search(np.ones((1, 1), np.float32), 3, None, np.zeros(40, bool))
    assert (nothing.items == NONE).all()


def test_k_is_at_least_one_and_at_most_all_items() -> None:
    index = Exact(np.ones((5, 1), np.float32))
    assert index.search(np.ones((1, 1), np.float32), 1_000_000).items.shape == (1, 5)
    with pytest.raises(UsageError, match="ask for 1 or more"):
        index.search(np.ones((1, 1), np.float32), 0)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=3_000), st.integers(1, 40))
def test_the_highest_scores_are_found_whatever_the_ties(values: list[int], k: int) -> None:
    scores = np.array(values, np.float32)
    found = best(scores, k)
    assert len(set(found.tolist())) == min(k, len(values))
    assert scores[found].tolist() == sorted(values, reverse=True)[:k]


def test_many_queries_are_answered_like_one() -> None:
    vectors = clustered(3_000)
    together = Exact(vectors).search(vectors[:50], 10)
    for row in range(50):
        alone = Exact(vectors).search(vectors[row : row + 1], 10)
        assert together.items[row].tolist() == alone.items[0].tolist()


def test_a_small_catalogue_is_scanned() -> None:
    assert build(clustered(100)).about == {"search": "exact", "recall": 1.0}


def test_nearly_all_of_the_best_are_found(approximate: Lists | Longest) -> None:
    queries = approximate.exact.vectors[:300]
    found, exact = approximate.search(queries, 100), approximate.exact.search(queries, 100)
    shared = np.mean([np.isin(a, b).mean() for a, b in zip(exact.items, found.items, strict=True)])
    assert shared > RECALL
    assert approximate.about["recall"] >= RECALL
    assert np.mean(found.items[:, 0] == exact.items[:, 0]) > 0.9


def test_few_vectors_are_compared(lists: Lists, longest: Longest) -> None:
    assert lists.probes < lists.lists.nlist / 4
    assert longest.scanned < ITEMS / 50


def test_an_approximate_index_leaves_out_what_was_heard(approximate: Lists | Longest) -> None:
    queries = approximate.exact.vectors[:20]
    eleven = approximate.search(queries, 11).items
    found = approximate.search(queries, 1, heard_of(eleven[:, :10].tolist(), ITEMS)).items
    assert found[:, 0].tolist() == eleven[:, 10].tolist()


@pytest.mark.parametrize("share", [0.5, 0.02, 0.0005])
def test_a_filtered_answer_is_full_on_an_approximate_index(approximate: Lists | Longest, share: float) -> None:
    allowed = np.random.default_rng(1).random(ITEMS) < share
    queries = approximate.exact.vectors[:30]
    found, exact = approximate.search(queries, 8, None, allowed), approximate.exact.search(queries, 8, None, allowed)
    assert allowed[found.items].all()
    assert np.mean([np.isin(a, b).mean() for a, b in zip(exact.items, found.items, strict=True)]) > 0.9


def test_a_filter_that_the_index_misses_is_scanned(approximate: Lists | Longest) -> None:
    """All that is allowed points away from the query, where an approximate index does not look."""
    query = approximate.exact.vectors[:1]
    order = np.argsort(approximate.exact.vectors @ query[0])
    allowed = np.zeros(ITEMS, bool)
    allowed[order[:10_000]] = True
    found = approximate.search(query, 5, None, allowed)
    assert found.items.tolist() == approximate.exact.search(query, 5, None, allowed).items.tolist()


@pytest.mark.parametrize(
    ("large", "like_factors", "kind"), [(1_000_000, False, Exact), (1_000, False, Lists), (1_000, True, Longest)]
)
def test_a_saved_index_is_mapped_and_finds_the_same(tmp_path: Path, large: int, like_factors: bool, kind: type) -> None:
    vectors = clustered(ITEMS, like_factors=like_factors)
    index = build(vectors, large=large)
    assert type(index) is kind
    save(tmp_path, index.arrays(), index.about)
    again = restore(*load(tmp_path))
    assert again.about == index.about
    for one, other in zip(index.search(vectors[:9], 7), again.search(vectors[:9], 7), strict=True):
        np.testing.assert_array_equal(one, other)


def test_where_no_few_vectors_hold_the_best_all_are_scanned() -> None:
    """Directions without any clusters: most lists would have to be searched."""
    vectors = np.random.default_rng(1).standard_normal((5_000, 64)).astype(np.float32)
    assert isinstance(build(vectors, large=1_000), Exact)


def test_the_same_seed_makes_the_same_lists() -> None:
    vectors = clustered(5_000)
    one, other = (build(vectors, large=1_000) for _ in range(2))
    assert isinstance(one, Lists)
    assert one.arrays()["lists"].tobytes() == other.arrays()["lists"].tobytes()
