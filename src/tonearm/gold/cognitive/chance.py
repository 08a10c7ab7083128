"""Expectations under random order: how often one thing directly follows another when a session is shuffled.

Whole runs of an artist are shuffled such that no two neighbours are of one artist. If no artist returns later in its
session, the means are exact: those over all permutations. If one does, permutations with two alike side by side cannot
occur, and a mean is the number of places times the pattern's share of all choices of runs without equal neighbours;
over all patterns this adds up to the number of places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]


class Members:
    """What sequences consist of: members of several kinds (runs of artists), each in a state (a mood)."""

    def __init__(self, of_kind: Numbers, starts: npt.NDArray[np.int64]) -> None:
        """``of_kind`` has a row per sequence and kind, a column per state; ``starts`` are the sequences' first rows."""
        self._of_kind, self._starts = of_kind, starts
        self._summed: dict[tuple[int, ...], Numbers] = {}

    @cached_property
    def counts(self) -> Numbers:
        """How many members each sequence has in each state."""
        return self._added(self._of_kind)

    def without_states(self) -> Members:
        """The same with one state for all members."""
        return Members(self._of_kind.sum(axis=1, keepdims=True), self._starts)

    def ways(self, word: Sequence[int]) -> Numbers:
        """Choices of two or three members in these states whose neighbours are of different kinds, per sequence."""
        return self._pairs(*word) if len(word) == 2 else self._triples(*word)

    def _pairs(self, a: int, b: int) -> Numbers:
        return self.counts[:, a] * self.counts[:, b] - self._alike(a, b)

    def _triples(self, a: int, b: int, c: int) -> Numbers:
        counts = self.counts
        ways = counts[:, a] * counts[:, b] * counts[:, c] + self._alike(a, b, c)
        ways = ways - self._alike(a, b) * counts[:, c] - counts[:, a] * self._alike(b, c)
        # The first and the last may be of one kind, but not the same member of the sequence.
        return ways - self._pairs(a, b) if a == c else ways

    def _alike(self, *states: int) -> Numbers:
        """Choices of members in these states that are all of one kind."""
        key = tuple(sorted(states))
        if key not in self._summed:
            self._summed[key] = self._added(np.prod([self._of_kind[:, k] for k in key], axis=0))
        return self._summed[key]

    def _added(self, values: Numbers) -> Numbers:
        if not len(self._starts):
            return values[:0]
        return np.asarray(np.add.reduceat(values, self._starts, axis=0))


def mean_of_words(word: Sequence[int], members: Members, every: Members) -> Numbers:
    """Mean number of times that ``word``, two or three states, stands in each sequence.

    ``every`` are the members without their states.
    """
    places = np.maximum(every.counts[:, 0] - len(word) + 1, 0)
    total = every.ways((0,) * len(word))
    return np.asarray(places * members.ways(word) / np.where(total > 0, total, np.inf))


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
