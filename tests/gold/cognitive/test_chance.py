"""What random order gives, beside every order there is."""

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.gold.cognitive.chance import Members, mean_of_words, of_switches, variance_of_words

STATES = 3
EXAMPLES = settings(max_examples=25, deadline=None)
sequences = st.lists(st.integers(0, STATES - 1), min_size=1, max_size=7)
words = st.lists(st.integers(0, STATES - 1), min_size=2, max_size=3)


def standing(word: list[int], sequence: tuple[int, ...]) -> int:
    return sum(list(sequence[i : i + len(word)]) == word for i in range(len(sequence) - len(word) + 1))


def mean(word: list[int] | tuple[int, ...], members: list[tuple[int, int]]) -> float:
    """The mean of one sequence of (state, kind)."""
    kinds = sorted({kind for _, kind in members})
    counts = np.array([[float(members.count((state, kind))) for state in range(STATES)] for kind in kinds])
    given = Members(counts, np.array([0]))
    return float(mean_of_words(word, given, given.without_states())[0])


@EXAMPLES
@given(sequence=sequences, word=words)
def test_mean_and_variance_are_those_of_all_permutations(sequence: list[int], word: list[int]) -> None:
    found = [standing(word, order) for order in permutations(sequence)]
    assert mean(word, [(state, kind) for kind, state in enumerate(sequence)]) == pytest.approx(np.mean(found))
    counts = np.array([[float(sequence.count(state)) for state in range(STATES)]])
    assert variance_of_words(word, counts) == pytest.approx(np.var(found), abs=1e-9)


@EXAMPLES
@given(
    members=st.lists(st.tuples(st.integers(0, STATES - 1), st.integers(0, 3)), min_size=3, max_size=8),
    size=st.sampled_from([2, 3]),
)
def test_means_of_all_words_add_up_to_the_places(members: list[tuple[int, int]], size: int) -> None:
    means = [mean(word, members) for word in product(range(STATES), repeat=size)]
    kinds = [kind for _, kind in members]
    # Three of two artists can only be one of them between two runs of the other; of one artist nothing can be.
    is_possible = len(set(kinds)) > 2 or (len(set(kinds)) == 2 and (size == 2 or max(map(kinds.count, kinds)) > 1))
    assert sum(means) == pytest.approx(len(members) - size + 1 if is_possible else 0)


def test_with_an_artist_that_comes_back_the_mean_is_near_that_of_orders_without_repeats() -> None:
    members = [(0, 0), (1, 0), (0, 1), (1, 2), (1, 3), (2, 4), (2, 5), (2, 6)]
    orders = [o for o in permutations(range(8)) if all(members[a][1] != members[b][1] for a, b in pairwise(o))]
    for word in ([0, 0], [0, 1], [1, 2], [2, 2], [0, 2, 1]):
        found = np.mean([standing(word, tuple(members[i][0] for i in order)) for order in orders])
        assert mean(word, members) == pytest.approx(found, rel=0.1)


def test_sequences_are_counted_apart() -> None:
    given = Members(np.array([[1.0, 0], [0, 1], [1, 1]]), np.array([0, 2]))
    # One run of each state in both, but in the second they are of one artist, who does not follow himself.
    assert list(mean_of_words((0, 1), given, given.without_states())) == [0.5, 0.0]


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
