"""Expectations under random order: how often one thing directly follows another when a session is shuffled.

Tracks (or runs of an artist) are shuffled such that no two neighbours are alike, because a track on repeat counts once.
If no track returns later in its session, the means are exact: those over all permutations. If one does, permutations
with two alike side by side cannot occur, and a mean is the number of places times the pattern's share of all choices of
tracks without equal neighbours; over all patterns this adds up to the number of places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]


def mean_of_words(word: Sequence[int], counts: Numbers, squares: Numbers, cubes: Numbers) -> Numbers:
    """Mean number of times that ``word``, two or three states, stands in each sequence.

    ``counts`` has a row per sequence and a column per state: how many members of the sequence are in that state.
    ``squares`` and ``cubes`` are, for the same, the sums of the second and third powers of how often each track is
    in the sequence.
    """
    whole = [column.sum(axis=1, keepdims=True) for column in (counts, squares, cubes)]
    places = np.maximum(whole[0][:, 0] - len(word) + 1, 0)
    ways = _pairs if len(word) == 2 else _triples
    total = ways((0,) * len(word), *whole)
    return places * ways(word, counts, squares, cubes) / np.where(total > 0, total, np.inf)


def _pairs(word: Sequence[int], counts: Numbers, squares: Numbers, cubes: Numbers) -> Numbers:
    """Choices of two members in these states that are different tracks."""
    a, b = word
    return counts[:, a] * counts[:, b] - (a == b) * squares[:, a]


def _triples(word: Sequence[int], counts: Numbers, squares: Numbers, cubes: Numbers) -> Numbers:
    """Choices of three members in these states whose neighbours are different tracks."""
    a, b, c = word
    ways = counts[:, a] * counts[:, b] * counts[:, c]
    ways = ways - (a == b) * squares[:, a] * counts[:, c] - (b == c) * counts[:, a] * squares[:, b]
    ways = ways + (a == b == c) * cubes[:, a]
    # The first and the last may be one track, but not the same member of the sequence.
    return ways - (a == c) * _pairs((a, b), counts, squares, cubes)


def variance_of_words(word: Sequence[int], counts: Numbers) -> Numbers:
    """Variance of the number of times that ``word`` stands in each sequence, over all its permutations.

    From the chances that one place holds the word and that two do, be they apart or overlapping.
    """
    n, size = counts.sum(axis=1), len(word)
    mean = np.maximum(n - size + 1, 0) * _chance(word, counts, n)
    pairs = np.maximum(n - 2 * size + 1, 0) * (n - 2 * size + 2) * _chance([*word, *word], counts, n)
    for shift in range(1, size):
        if list(word[shift:]) == list(word[:-shift]):
            both = [*word, *word[-shift:]]
            pairs += 2 * np.maximum(n - len(both) + 1, 0) * _chance(both, counts, n)
    variance = mean + pairs - mean**2
    # Where every order gives the same, what is left is rounding.
    return np.where(variance > 1e-9, variance, 0)


def _chance(word: Sequence[int], counts: Numbers, n: Numbers) -> Numbers:
    """Chance that the states at given places of each permuted sequence are those of ``word``."""
    ways = np.ones(len(counts))
    for state, times in Counter(word).items():
        for used in range(times):
            ways *= np.maximum(counts[:, state] - used, 0)
    for used in range(len(word)):
        ways /= np.maximum(n - used, 1)
    return ways


def of_switches(from_runs: Numbers, to_runs: Numbers, runs: Numbers, squares: Numbers) -> tuple[Numbers, Numbers]:
    """Mean and variance of switches from one artist to another, when the session's runs come in random order.

    A run is an artist's listens in a row; ``runs`` are the session's, ``from_runs`` and ``to_runs`` the two
    artists', and ``squares`` is the sum over artists of their squared numbers of runs.
    """
    mean = (runs - 1) * from_runs * to_runs / (runs**2 - squares)
    is_once = (from_runs == 1) & (to_runs == 1)
    return mean, mean * np.where(is_once, np.maximum(1 - mean, 0), 1)
