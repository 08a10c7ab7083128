from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from tonearm.errors import NotEnoughData
from tonearm.recommend.evaluate.datasets import load
from tonearm.recommend.simulate import CLUSTERS, Habits, Simulated, is_simulated, simulate, simulate_over

FEW = Habits(sessions=10, playlists=1)


@pytest.fixture(scope="module")
def small() -> Simulated:
    return simulate(300, 500, FEW)


def test_everyone_has_sessions_of_which_the_last_are_held_out(small: Simulated) -> None:
    listens = small.sessions
    assert len(listens.item) == 300 * FEW.sessions * FEW.choices
    assert small.known.counts.sum() == 300 * FEW.sessions * FEW.choices * 0.8
    assert (np.diff(listens.listener) >= 0).all()
    assert ((np.diff(listens.session) >= 0) | (np.diff(listens.listener) == 1)).all()


@pytest.mark.parametrize("test", ["logged", "unbiased"])
def test_what_is_to_be_found_was_not_heard_before(small: Simulated, test: str) -> None:
    held_out: sp.csr_matrix = getattr(small, test)
    assert set(held_out.data) == {1}
    assert held_out.multiply(small.known.counts).nnz == 0


def test_popular_items_are_met_more_often_but_in_the_unbiased_test(small: Simulated) -> None:
    popularity = small.world.popularity
    heard, unbiased = (np.asarray(one.sum(axis=0)).ravel() for one in (small.known.counts, small.unbiased))
    assert np.corrcoef(np.sqrt(popularity), heard)[0, 1] > 0.8
    # Popular items were heard before and are missing from the test, if anything.
    assert np.corrcoef(np.sqrt(popularity), unbiased)[0, 1] < 0.05


def test_listeners_choose_what_they_like(small: Simulated) -> None:
    utilities = small.world.utilities()
    of_chosen = utilities[small.sessions.listener, small.sessions.item].mean()
    by_chance = np.average(utilities.mean(axis=0), weights=np.sqrt(small.world.popularity))
    assert of_chosen > 1.5 * by_chance


def test_without_taste_choices_are_by_chance() -> None:
    lived = simulate(300, 500, replace(FEW, taste=0, mood=0))
    utilities = lived.world.utilities()
    exposure = np.sqrt(lived.world.popularity)
    by_chance = np.average(utilities, axis=1, weights=exposure)
    difference = utilities[lived.sessions.listener, lived.sessions.item].reshape(300, -1).mean(axis=1) - by_chance
    assert abs(difference.mean()) < 3 * difference.std() / np.sqrt(300)


def test_a_session_has_a_mood(small: Simulated) -> None:
    """Listens of one session are more alike than listens of one listener."""
    main = small.world.membership.argmax(axis=1)[small.sessions.item].reshape(300, FEW.sessions, FEW.choices)
    within = (main[:, :, :-1] == main[:, :, 1:]).mean()
    between = (main[:, :-1] == main[:, 1:]).mean()
    assert within > between + 0.02


def test_playlists_are_named_after_what_is_on_them(small: Simulated) -> None:
    main = small.world.membership.argmax(axis=1)
    named = [next(k for k, name in enumerate(CLUSTERS) if f" {name} " in one) for one in small.playlists.listeners]
    share = np.mean([(main[row.indices] == k).mean() for row, k in zip(small.playlists.counts, named, strict=True)])
    assert share > 0.5
    assert len(set(small.playlists.listeners)) == 300


def test_all_of_them_are_marked(small: Simulated) -> None:
    assert all(map(is_simulated, [*small.known.listeners, *small.playlists.listeners, *small.known.items]))
    assert not is_simulated("Ada (demo)")


def test_the_same_seed_gives_the_same_and_another_does_not(small: Simulated) -> None:
    same, other = simulate(300, 500, FEW), simulate(300, 500, FEW, seed=7)
    np.testing.assert_array_equal(small.sessions.item, same.sessions.item)
    assert (small.unbiased != same.unbiased).nnz == 0
    assert (small.sessions.item != other.sessions.item).mean() > 0.5


def test_they_are_a_dataset_to_evaluate_on() -> None:
    dataset = load("simulated", Path())
    assert dataset.interactions.counts.shape == (1_200, 2_000)
    assert all(map(is_simulated, dataset.interactions.listeners))


def test_over_a_catalogue_clusters_follow_its_features() -> None:
    rng = np.random.default_rng(1)
    genre = rng.integers(0, len(CLUSTERS), 600)
    features = sp.csr_matrix(10 * np.eye(len(CLUSTERS))[genre] + rng.normal(0, 0.5, (600, len(CLUSTERS))))
    names = np.array(CLUSTERS)[genre]
    ids = np.array([f"track {k}" for k in range(600)])
    popularity = np.where(rng.random(600) < 0.1, np.nan, rng.integers(0, 100, 600))
    known = np.where(rng.random(600) < 0.1, None, names)
    lived = simulate_over(ids, features, known, popularity, listeners=200, habits=FEW)
    assert lived.known.items.tolist() == ids.tolist()
    assert set(lived.world.names) == set(CLUSTERS)
    assert all(map(is_simulated, lived.known.listeners))
    found = np.array(lived.world.names)[lived.world.membership.argmax(axis=1)]
    assert (found == names).mean() > 0.95


def test_a_catalogue_smaller_than_its_clusters_is_refused() -> None:
    with pytest.raises(NotEnoughData, match="12 items in the catalogue; there are 3"):
        simulate_over(np.array(["a", "b", "c"]), sp.csr_matrix(np.eye(3)), np.array(["x", "y", "z"]))
