"""An evaluation that cannot tell a recommender from a broken one is worth nothing; here the truth is simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from tonearm.recommend.collaborative.als import Als
from tonearm.recommend.collaborative.ease import Ease
from tonearm.recommend.collaborative.popularity import Popularity
from tonearm.recommend.evaluate.metrics import Interval, gain, hits, ndcg, ranked
from tonearm.recommend.interactions import Interactions
from tonearm.recommend.part import Part
from tonearm.recommend.simulate import Habits, Simulated, simulate

HABITS = Habits(sessions=20, playlists=0)
K = 10


@pytest.fixture(scope="module")
def lived() -> Simulated:
    return simulate(400, 600, HABITS)


@pytest.fixture(scope="module")
def tasteless() -> Simulated:
    return simulate(400, 600, replace(HABITS, taste=0, mood=0))


def scores(part: Part, known: Interactions) -> np.ndarray:
    return part.fit(known).scores(known.counts)


def found(scored: np.ndarray, lived: Simulated, test: sp.csr_matrix) -> np.ndarray:
    """NDCG@10 of each listener."""
    return ndcg(hits(ranked(scored, lived.known.counts, K), test), np.diff(test.indptr), K)


def over(one: np.ndarray, other: np.ndarray) -> Interval:
    return gain(one, other, np.arange(len(one)))


def shuffled_ids(scored: np.ndarray) -> np.ndarray:
    return scored[:, np.random.default_rng(1).permutation(scored.shape[1])]


def shuffled_listeners(scored: np.ndarray) -> np.ndarray:
    return scored[np.random.default_rng(1).permutation(len(scored))]


def off_by_one(scored: np.ndarray) -> np.ndarray:
    return np.roll(scored, 1, axis=1)


def sign_flipped(scored: np.ndarray) -> np.ndarray:
    return -scored


@pytest.fixture(scope="module")
def intact(lived: Simulated) -> np.ndarray:
    return scores(Ease(), lived.known)


SABOTAGES = pytest.mark.parametrize("sabotage", [shuffled_ids, shuffled_listeners, off_by_one, sign_flipped])


@SABOTAGES
def test_a_sabotaged_recommender_no_longer_beats_popularity(
    lived: Simulated, intact: np.ndarray, sabotage: Callable[[np.ndarray], np.ndarray]
) -> None:
    own, sabotaged = (found(one, lived, lived.logged) for one in (intact, sabotage(intact)))
    popular = found(scores(Popularity(), lived.known), lived, lived.logged)
    assert over(own, popular).low > 0
    assert over(sabotaged, popular).low < 0
    assert over(sabotaged, own).high < 0


@SABOTAGES
def test_a_sabotaged_recommender_is_far_from_the_oracle(
    lived: Simulated, intact: np.ndarray, sabotage: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Popularity is no baseline here: what is popular and yet unheard is what a listener does not like."""
    best, own, sabotaged = (
        found(one, lived, lived.unbiased) for one in (lived.world.utilities(), intact, sabotage(intact))
    )
    assert sabotaged.mean() < 0.3 * best.mean()
    assert over(sabotaged, own).high < 0


@pytest.mark.parametrize("part", [Als(factors=16), Ease()], ids=["als", "ease"])
def test_where_nobody_has_a_taste_nothing_beats_popularity(tasteless: Simulated, part: Part) -> None:
    popular = found(scores(Popularity(), tasteless.known), tasteless, tasteless.logged)
    own = found(scores(part, tasteless.known), tasteless, tasteless.logged)
    assert over(own, popular).low < 0


def test_nothing_beats_the_oracle_where_exposure_does_not_count(lived: Simulated, intact: np.ndarray) -> None:
    best, own = (found(one, lived, lived.unbiased) for one in (lived.world.utilities(), intact))
    assert over(own, best).high < 0
    assert own.mean() > 0.5 * best.mean()
