from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tonearm.recommend.artefact import load, save
from tonearm.recommend.collaborative.index import NONE
from tonearm.recommend.collaborative.precomputed import Neighbours, by_cosine, precomputed


def test_neighbours_by_hand() -> None:
    together = np.array([[9, 1, 2, 0], [1, 9, 0, 5], [2, 0, 9, 3], [0, 5, 3, 9]], np.float32)
    table = precomputed(lambda rows: together[rows], 4, k=2)
    assert table.items.tolist() == [[2, 1], [3, 0], [3, 0], [1, 2]]
    assert table.of(3).scores.tolist() == [5, 3]


def test_no_item_is_its_own_neighbour_and_k_is_at_most_the_others() -> None:
    table = by_cosine(np.eye(3, dtype=np.float32))
    assert table.items.shape == (3, 2)
    assert all(row not in table.items[row] for row in range(3))


def test_one_item_alone_has_none() -> None:
    assert by_cosine(np.ones((1, 4), np.float32)).items.shape == (1, 0)


def test_an_item_without_a_vector_goes_with_nothing() -> None:
    table = by_cosine(np.array([[1, 0], [2, 0.1], [0, 0]], np.float32))
    assert table.items.tolist() == [[1, NONE], [0, NONE], [NONE, NONE]]
    assert np.isneginf(table.of(2).scores).all()


def test_blocks_do_not_change_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(1).standard_normal((90, 8)).astype(np.float32)
    whole = by_cosine(vectors, k=10)
    monkeypatch.setattr("tonearm.recommend.collaborative.precomputed._BLOCK_VALUES", 7 * 90)
    in_blocks = by_cosine(vectors, k=10)
    np.testing.assert_array_equal(whole.items, in_blocks.items)
    np.testing.assert_allclose(whole.scores, in_blocks.scores, rtol=1e-5)


def test_a_saved_table_is_mapped(tmp_path: Path) -> None:
    table = by_cosine(np.random.default_rng(1).standard_normal((30, 4)).astype(np.float32), k=5)
    save(tmp_path, table.arrays(), {})
    again = Neighbours.restore(load(tmp_path)[0])
    assert not again.items.flags.owndata
    for one, other in zip(table.of(7), again.of(7), strict=True):
        np.testing.assert_array_equal(one, other)
