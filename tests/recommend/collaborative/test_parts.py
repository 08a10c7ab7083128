"""What every part of a recommender must do, whatever its algorithm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from tests.recommend.interactions import ITEMS, history, two_tastes
from tonearm.recommend.collaborative.als import Als
from tonearm.recommend.collaborative.ease import Ease
from tonearm.recommend.collaborative.features import Features
from tonearm.recommend.collaborative.neighbours import Neighbours
from tonearm.recommend.collaborative.popularity import Popularity
from tonearm.recommend.collaborative.taste import Taste
from tonearm.recommend.part import Fitted, Part

KNOWN = two_tastes()
FIRST_TASTE = [0, 1, 2]
PERSONAL: list[Part] = [
    Ease(),
    Ease(name="ease without features", feature_weight=0, plays=0),
    Neighbours(),
    Neighbours(name="neighbours, rare listeners", rarity=1, plays=1),
    Als(factors=2, regularization=5),
    Als(name="als with features", factors=2, regularization=5, feature_weight=1, plays=1),
    Features(),
    Taste(),
]
PARTS: list[Part] = [Popularity(), *PERSONAL]


@pytest.fixture(scope="module", params=PARTS, ids=lambda part: part.name)
def part(request: pytest.FixtureRequest) -> Part:
    return request.param


@pytest.fixture(scope="module")
def fitted(part: Part) -> Fitted:
    return part.fit(KNOWN)


@pytest.mark.parametrize("part", PERSONAL, ids=lambda part: part.name)
def test_the_rest_of_a_taste_comes_before_the_other_taste(part: Part) -> None:
    (scores,) = part.fit(KNOWN).scores(history(*FIRST_TASTE))
    rest = [item for item in range(ITEMS) if item not in FIRST_TASTE]
    assert scores[rest].min() > scores[ITEMS:].max()


@pytest.mark.parametrize("part", PERSONAL, ids=lambda part: part.name)
def test_items_of_a_taste_are_similar(part: Part) -> None:
    similar = part.fit(KNOWN).similar(np.array([0, ITEMS]))
    assert similar[0, 1:ITEMS].min() > similar[0, ITEMS:].max()
    assert similar[1, ITEMS + 1 :].min() > similar[1, :ITEMS].max()


def test_a_history_of_nothing_gets_zeros(fitted: Fitted) -> None:
    both = sp.csr_matrix(sp.vstack([history(), history(0, 1)]))
    nothing, something = fitted.scores(both)
    assert not nothing.any()
    np.testing.assert_allclose(something, fitted.scores(history(0, 1))[0], rtol=1e-4, atol=1e-6)
    assert fitted.scores(sp.csr_matrix((0, 16), dtype="float32")).shape == (0, 16)


def test_contributions_add_up_to_the_score(fitted: Fitted) -> None:
    scores = fitted.scores(KNOWN.counts[:3])
    for row, item in [(0, 3), (1, 5), (2, 12)]:
        found = fitted.contributions(KNOWN.counts[row], item)
        assert sum(one.amount for one in found) == pytest.approx(scores[row, item], rel=1e-4, abs=1e-5)
        assert [one.amount for one in found] == sorted((one.amount for one in found), reverse=True)


def test_what_was_restored_gives_the_same_scores(part: Part, fitted: Fitted) -> None:
    again = part.restore(fitted.arrays())
    np.testing.assert_array_equal(again.scores(KNOWN.counts), fitted.scores(KNOWN.counts))
    np.testing.assert_array_equal(again.similar(np.array([3])), fitted.similar(np.array([3])))


def test_items_in_another_order_get_the_same_scores(part: Part, fitted: Fitted) -> None:
    if isinstance(part, Als):
        pytest.skip("the factors that ALS starts from are drawn in the order of the items")
    order = np.random.default_rng(1).permutation(len(KNOWN.items))
    assert KNOWN.features is not None
    moved = replace(KNOWN, counts=KNOWN.counts[:, order], items=KNOWN.items[order], features=KNOWN.features[order])
    expected = fitted.scores(KNOWN.counts)[:, order]
    np.testing.assert_allclose(part.fit(moved).scores(moved.counts), expected, rtol=1e-2, atol=1e-4)


def test_the_same_seed_learns_the_same(part: Part, fitted: Fitted) -> None:
    np.testing.assert_array_equal(part.fit(KNOWN).scores(KNOWN.counts), fitted.scores(KNOWN.counts))


@pytest.mark.parametrize("part", [Als(factors=2, regularization=5), Features()], ids=lambda part: part.name)
def test_an_item_nobody_heard_is_known_by_its_features(part: Part) -> None:
    """Items 7 and 15 have no listeners; their tags are those of their tastes."""
    heard = np.ones(2 * ITEMS, dtype="float32")
    heard[[7, 15]] = 0
    counts = sp.csr_matrix(KNOWN.counts @ sp.diags(heard))
    counts.eliminate_zeros()
    scores = part.fit(replace(KNOWN, counts=counts)).scores(history(*FIRST_TASTE))[0]
    assert scores[7] > scores[15] + 0.1
