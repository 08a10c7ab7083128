"""What random order gives, beside every order there is."""

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.gold.cognitive.chance import mean_of_words, of_switches, variance_of_words

STATES = 3
EXAMPLES = settings(max_examples=25, deadline=None)
sequences = st.lists(st.integers(0, STATES - 1), min_size=1, max_size=7)
words = st.lists(st.integers(0, STATES - 1), min_size=2, max_size=3)


def standing(word: list[int], sequence: tuple[int, ...]) -> int:
    return sum(list(sequence[i : i + len(word)]) == word for i in range(len(sequence) - len(word) + 1))


def powers(members: list[tuple[int, int]]) -> list[np.ndarray]:
    """Sums of powers of how often each (state, track) is there, as the functions take them."""
    sums = np.zeros((3, 1, STATES))
    for state, track in set(members):
        times = members.count((state, track))
        sums[:, 0, state] += [times, times**2, times**3]
    return list(sums)


@EXAMPLES
@given(sequence=sequences, word=words)
def test_mean_and_variance_are_those_of_all_permutations(sequence: list[int], word: list[int]) -> None:
    found = [standing(word, order) for order in permutations(sequence)]
    sums = powers([(state, track) for track, state in enumerate(sequence)])
    assert mean_of_words(word, *sums) == pytest.approx(np.mean(found))
    assert variance_of_words(word, sums[0]) == pytest.approx(np.var(found), abs=1e-9)


@EXAMPLES
@given(members=st.lists(st.integers(0, 3), min_size=3, max_size=8), size=st.sampled_from([2, 3]))
def test_means_of_all_words_add_up_to_the_places(members: list[int], size: int) -> None:
    sums = powers([(track % STATES, track) for track in members])
    means = [mean_of_words(word, *sums)[0] for word in product(range(STATES), repeat=size)]
    # Three of two tracks can only be one of them between two of the other; of one track nothing can be.
    is_possible = len(set(members)) > 2 or (
        len(set(members)) == 2 and (size == 2 or max(map(members.count, members)) > 1)
    )
    assert sum(means) == pytest.approx(len(members) - size + 1 if is_possible else 0)


def test_with_a_track_that_comes_back_the_mean_is_near_that_of_orders_without_repeats() -> None:
    members = [(0, 0), (0, 0), (0, 1), (1, 2), (1, 3), (2, 4), (2, 5), (2, 6)]
    orders = [o for o in permutations(range(8)) if all(members[a] != members[b] for a, b in pairwise(o))]
    for word in ([0, 0], [0, 1], [1, 2], [2, 2]):
        found = np.mean([standing(word, tuple(members[i][0] for i in order)) for order in orders])
        assert mean_of_words(word, *powers(members))[0] == pytest.approx(found, rel=0.1)


def test_switches_are_exact_when_no_artist_comes_back() -> None:
    mean, variance = of_switches(np.ones(1), np.ones(1), np.array([5.0]), np.array([5.0]))
    found = [standing([0, 1], order) for order in permutations(range(5))]
    assert (mean[0], variance[0]) == (pytest.approx(np.mean(found)), pytest.approx(np.var(found)))


def test_switches_of_all_pairs_add_up_to_the_switches_there_are() -> None:
    runs = {0: 3, 1: 2, 2: 1}
    squares = np.array([float(sum(r**2 for r in runs.values()))])
    pairs = [(a, b) for a in runs for b in runs if a != b]
    means = [of_switches(np.array([runs[a]]), np.array([runs[b]]), np.array([6.0]), squares)[0][0] for a, b in pairs]
    assert sum(means) == pytest.approx(5)
