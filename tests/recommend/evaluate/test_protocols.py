"""Nothing that is to be found may be known, in any protocol."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from tests.recommend.interactions import two_tastes
from tonearm.errors import NotEnoughData
from tonearm.recommend.evaluate.datasets import Dataset, Taggings
from tonearm.recommend.evaluate.protocols import FEW, PROTOCOLS, Split, strong, three, unseen, weak


def dataset() -> Dataset:
    """Two tastes; everyone gave each of their items a tag of their own, and is a friend of the next listener."""
    known = two_tastes()
    n = len(known.listeners)
    friends = sp.csr_matrix(np.roll(np.eye(n, dtype="float32"), 1, axis=1))
    rows = np.repeat(np.arange(n), np.diff(known.counts.indptr))
    return Dataset("two", replace(known, features=None, friends=friends), Taggings(rows, known.counts.indices, rows))


def pairs(matrix: sp.csr_matrix) -> set[tuple[int, int]]:
    return set(zip(*(one.tolist() for one in matrix.nonzero()), strict=True))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_history_and_what_is_held_out_are_the_listeners_items(name: str) -> None:
    whole = dataset().interactions.counts
    for split in PROTOCOLS[name](dataset(), 1):
        assert not pairs(split.histories) & pairs(split.held_out)
        np.testing.assert_array_equal((split.histories + split.held_out).toarray(), whole[split.listeners].toarray())


@pytest.mark.parametrize("name", ["strong", "three", "unseen"])
def test_strangers_are_asked_about_once_and_never_known(name: str) -> None:
    splits = list(PROTOCOLS[name](dataset(), 1))
    asked = np.concatenate([split.listeners for split in splits])
    assert sorted(asked.tolist()) == list(range(len(dataset().interactions.listeners)))
    for split in splits:
        assert not set(split.known.listeners.tolist()) & set(split.listeners.tolist())


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_tag_gives_away_what_is_held_out(name: str) -> None:
    """Here a tag is named for its giver, so a feature of an item shows who heard it."""
    for split in PROTOCOLS[name](dataset(), 1):
        assert split.known.features is not None
        given = {(listener, item) for item, listener in pairs(split.known.features)}
        held_out = {(int(split.listeners[row]), item) for row, item in pairs(split.held_out)}
        assert given
        assert not given & held_out


def test_weak_holds_out_a_fifth_of_each_listener() -> None:
    (split,) = weak(dataset())
    assert set(np.diff(split.held_out.indptr).tolist()) == {1}
    np.testing.assert_array_equal(split.known.counts.toarray(), split.histories.toarray())


def test_three_keeps_three_items() -> None:
    for split in three(dataset()):
        assert set(np.diff(split.histories.indptr).tolist()) == {FEW}


def test_unseen_items_are_unknown_and_only_they_are_ranked() -> None:
    for split in unseen(dataset()):
        assert split.candidates is not None
        assert not split.known.counts[:, split.candidates].nnz
        assert not split.histories[:, split.candidates].nnz
        assert split.held_out[:, split.candidates].nnz == split.held_out.nnz > 0


def test_friends_are_those_among_the_known() -> None:
    for split in strong(dataset()):
        assert split.friends is not None
        for row, column in pairs(split.friends):
            friend = split.known.listeners[column]
            assert friend == (split.listeners[row] + 1) % len(dataset().interactions.listeners)


def test_the_seed_decides() -> None:
    def held_out(seed: int) -> Split:
        (split,) = weak(dataset(), seed)
        return split

    assert pairs(held_out(1).held_out) == pairs(held_out(1).held_out) != pairs(held_out(2).held_out)


def test_too_few_listeners_are_refused() -> None:
    few = dataset()
    with pytest.raises(NotEnoughData):
        list(strong(replace(few, interactions=few.interactions.of_listeners(np.arange(3)), taggings=None)))
