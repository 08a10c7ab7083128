from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from tests.recommend.interactions import ITEMS, history, two_tastes
from tonearm.errors import ModelDamaged
from tonearm.recommend.artefact import ARRAYS
from tonearm.recommend.collaborative.features import Features
from tonearm.recommend.collaborative.neighbours import Neighbours
from tonearm.recommend.collaborative.popularity import Popularity
from tonearm.recommend.hybrid import CONTEXT, NOTHING, FittedHybrid, Hybrid

KNOWN = two_tastes()
HYBRID = Hybrid((Popularity(), Neighbours(), Features()), depth=10, rounds=20)


@pytest.fixture(scope="module")
def fitted() -> FittedHybrid:
    return HYBRID.fit(KNOWN)


def test_the_rest_of_a_taste_comes_first_and_nothing_heard_comes_back(fitted: FittedHybrid) -> None:
    found = fitted.recommend(history(0, 1, 2), 5)
    assert set(found.items[0].tolist()) == {3, 4, 5, 6, 7}
    assert (np.diff(found.scores[0]) <= 0).all()


def test_only_what_is_allowed_is_recommended(fitted: FittedHybrid) -> None:
    allowed = np.zeros(2 * ITEMS, dtype=bool)
    allowed[[0, 3, 12]] = True
    assert fitted.recommend(history(0, 1, 2), 5, allowed).items[0].tolist() == [3, 12, NOTHING, NOTHING, NOTHING]
    assert fitted.recommend(history(), 2, allowed).items[0, 1] in (0, 3, 12)
    both = sp.csr_matrix(sp.vstack([history(0, 1, 2)] * 2))
    assert fitted.recommend(both, 1, np.stack([allowed, ~allowed])).items[0, 0] == 3


def test_someone_who_heard_nothing_gets_the_most_popular(fitted: FittedHybrid) -> None:
    found = fitted.recommend(history(), 3)
    popularity = np.bincount(KNOWN.counts.indices)
    assert popularity[found.items[0]].tolist() == np.sort(popularity)[::-1][:3].tolist()


def test_more_than_there_is_gives_what_there_is(fitted: FittedHybrid) -> None:
    found = fitted.recommend(history(0, 1), 1_000_000)
    assert (found.items[0] != NOTHING).sum() == 2 * ITEMS - 2


def test_no_listeners_get_no_recommendations(fitted: FittedHybrid) -> None:
    assert fitted.recommend(sp.csr_matrix((0, 2 * ITEMS), dtype="float32"), 3).items.shape == (0, 3)


def test_a_popularity_penalty_brings_less_popular_items(fitted: FittedHybrid) -> None:
    popularity = np.bincount(KNOWN.counts.indices)
    plain, penalised = (
        popularity[fitted.recommend(KNOWN.counts, 3, popularity_penalty=penalty).items].mean() for penalty in (0, 100)
    )
    assert penalised < plain


def test_reasons_add_up_to_the_score(fitted: FittedHybrid) -> None:
    heard = history(0, 1, 2)
    recommended = fitted.recommend(heard, 6)
    for place in range(6):
        found = fitted.explain(heard, int(recommended.items[0, place]))
        assert found.score == pytest.approx(recommended.scores[0, place], abs=1e-5)
        assert sum(one.amount for one in found.contributions) == pytest.approx(found.score, abs=1e-4)
    best = fitted.explain(heard, int(recommended.items[0, 0])).contributions
    kinds = {(one.kind, one.column) for one in best}
    assert kinds & {("item", 0), ("item", 1), ("item", 2)}
    assert {column for kind, column in kinds if kind == "context"} <= set(range(len(CONTEXT) + 1))


def test_a_loaded_hybrid_recommends_the_same(fitted: FittedHybrid, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    again = HYBRID.load(tmp_path, KNOWN.catalogue)
    for one, other in zip(again.recommend(KNOWN.counts, 5), fitted.recommend(KNOWN.counts, 5), strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_catalogue_other_parts_and_damaged_files_are_refused(fitted: FittedHybrid, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    with pytest.raises(ModelDamaged, match="another catalogue"):
        HYBRID.load(tmp_path, replace(KNOWN, items=KNOWN.items[::-1]).catalogue)
    with pytest.raises(ModelDamaged, match="parts"):
        Hybrid((Popularity(),)).load(tmp_path, KNOWN.catalogue)
    (tmp_path / ARRAYS).write_bytes((tmp_path / ARRAYS).read_bytes()[:-1])
    with pytest.raises(ModelDamaged):
        HYBRID.load(tmp_path, KNOWN.catalogue)


def test_similar_items_share_a_taste(fitted: FittedHybrid) -> None:
    similar = fitted.similar(np.array([0]))[0]
    assert similar[1:ITEMS].mean() > similar[ITEMS:].mean()


def test_the_ranker_learns_whom_to_trust_with_friends() -> None:
    """Everyone's friend hears the same taste, and no part knows the listener's: friends decide."""
    n = len(KNOWN.listeners)
    friends = sp.csr_matrix(np.kron(np.eye(2), np.ones((n // 2, n // 2)) - np.eye(n // 2)).astype("float32"))
    known = replace(KNOWN, friends=friends)
    fitted = Hybrid((Popularity(),), depth=16, rounds=30).fit(known)
    heard_by_friends = sp.csr_matrix(friends @ known.heard())
    found = fitted.recommend(known.counts, 3, friends=heard_by_friends).items
    taste = np.arange(n) // (n // 2)
    assert (found // ITEMS == taste[:, None]).mean() > 0.95


def test_features_are_asked_without_what_is_held_out() -> None:
    """What the ranker learns from must not be given away by the features."""
    asked = []

    def describe(held_out: sp.csr_matrix) -> sp.csr_matrix | None:
        asked.append(held_out)
        return KNOWN.features

    HYBRID.fit(KNOWN, describe=describe)
    assert [one.shape for one in asked] == [KNOWN.counts.shape] * HYBRID.splits
    assert all(0 < one.nnz < KNOWN.counts.nnz for one in asked)
