from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tonearm.errors import UsageError
from tonearm.recommend.artefact import load, save
from tonearm.recommend.index import NONE, RECALL, Approximate, Exact, best, build, restore

pytest.importorskip("faiss")


def clustered(items: int, dimensions: int = 16, seed: int = 1) -> np.ndarray:
    """Vectors in directions as of a trained model: around some centres, and of different lengths."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((40, dimensions))
    near = centres[rng.integers(0, 40, items)] + 0.3 * rng.standard_normal((items, dimensions))
    return (near * rng.lognormal(0, 0.3, (items, 1))).astype(np.float32)


def heard_of(rows: list[list[int]], items: int) -> sp.csr_matrix:
    heard = sp.lil_matrix((len(rows), items), dtype=np.float32)
    for row, columns in enumerate(rows):
        heard[row, columns] = 1
    return sp.csr_matrix(heard)


@pytest.fixture(scope="module")
def approximate() -> Approximate:
    index = build(clustered(20_000), large=1_000)
    assert isinstance(index, Approximate)
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


def test_lists_find_nearly_all_of_the_best_in_few_lists(approximate: Approximate) -> None:
    queries = clustered(300, seed=1)
    found, best_ = approximate.search(queries, 100), approximate.exact.search(queries, 100)
    shared = np.mean([np.isin(a, b).mean() for a, b in zip(best_.items, found.items, strict=True)])
    assert shared > RECALL - 0.03
    assert approximate.about["recall"] >= RECALL
    assert approximate.probes < approximate.lists.nlist / 4
    assert np.mean(found.items[:, 0] == best_.items[:, 0]) > 0.9


def test_lists_leave_out_what_was_heard(approximate: Approximate) -> None:
    queries = clustered(20, seed=1)
    eleven = approximate.search(queries, 11).items
    found = approximate.search(queries, 1, heard_of(eleven[:, :10].tolist(), 20_000)).items
    assert found[:, 0].tolist() == eleven[:, 10].tolist()


@pytest.mark.parametrize("share", [0.5, 0.02, 0.0005])
def test_lists_fill_a_filtered_answer(approximate: Approximate, share: float) -> None:
    allowed = np.random.default_rng(1).random(20_000) < share
    queries = clustered(10, seed=1)
    found, exact = approximate.search(queries, 8, None, allowed), approximate.exact.search(queries, 8, None, allowed)
    assert allowed[found.items].all()
    assert np.mean(found.items == exact.items) > 0.9


def test_a_filter_that_the_lists_miss_is_scanned(approximate: Approximate) -> None:
    """All that is allowed points away from the query, where no list is searched."""
    query = approximate.exact.vectors[:1]
    order = np.argsort(approximate.exact.vectors @ query[0])
    allowed = np.zeros(20_000, bool)
    allowed[order[:10_000]] = True
    found = approximate.search(query, 5, None, allowed)
    assert found.items.tolist() == approximate.exact.search(query, 5, None, allowed).items.tolist()


@pytest.mark.parametrize("large", [1_000, 1_000_000])
def test_a_saved_index_is_mapped_and_finds_the_same(tmp_path: Path, large: int) -> None:
    vectors = clustered(5_000)
    index = build(vectors, large=large)
    save(tmp_path, index.arrays(), index.about)
    again = restore(*load(tmp_path))
    assert again.about == index.about
    for one, other in zip(index.search(vectors[:9], 7), again.search(vectors[:9], 7), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_seed_makes_the_same_lists() -> None:
    vectors = clustered(5_000)
    one, other = (build(vectors, large=1_000).arrays()["lists"] for _ in range(2))
    assert one.tobytes() == other.tobytes()
