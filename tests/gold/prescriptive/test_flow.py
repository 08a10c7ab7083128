from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tonearm.gold.prescriptive.flow import short_path

POINTS = st.integers(1, 12).flatmap(lambda n: arrays(float, (n, 2), elements=st.integers(0, 5).map(float)))
LINE = np.array([[3.0, 0], [0, 0], [2, 0], [1, 0]])


def distances(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points, axis=-1)


def cost(first: np.ndarray, costs: np.ndarray, path: tuple[int, ...]) -> float:
    return float(first[path[0]] + sum(costs[a, b] for a, b in pairwise(path)))


def test_points_on_a_line_are_walked_from_end_to_end() -> None:
    assert short_path(np.zeros(4), distances(LINE)).tolist() in ([1, 3, 2, 0], [0, 2, 3, 1])


def test_the_cost_of_the_first_says_where_to_begin() -> None:
    assert short_path(np.array([0.0, 9.0, 9.0, 9.0]), distances(LINE)).tolist() == [0, 2, 3, 1]


def test_the_way_there_may_cost_more_than_the_way_back() -> None:
    uphill = np.array([[0.0, 1.0, 1.0], [9.0, 0.0, 1.0], [9.0, 9.0, 0.0]])
    assert short_path(np.zeros(3), uphill).tolist() == [0, 1, 2]


@pytest.mark.parametrize("n", [2, 5, 7])
def test_paths_are_nearly_the_shortest_there_are(n: int) -> None:
    rng = np.random.default_rng(n)
    ratios = []
    for first, points in zip(rng.random((20, n)) / 4, rng.random((20, n, 2)), strict=True):
        costs = distances(points)
        found = cost(first, costs, tuple(short_path(first, costs)))
        ratios.append(found / min(cost(first, costs, path) for path in permutations(range(n))))
    assert np.mean(ratios) < 1.02


@settings(max_examples=25, deadline=None)
@given(POINTS)
def test_everything_is_visited_once_and_nothing_is_gained_by_another_change(points: np.ndarray) -> None:
    n = len(points)
    costs, first = distances(points), np.zeros(n)
    path = short_path(first, costs).tolist()
    assert sorted(path) == list(range(n))
    length = cost(first, costs, tuple(path))
    for i in range(n):
        for j in range(i + 1, n):
            turned = (*path[:i], *path[i : j + 1][::-1], *path[j + 1 :])
            assert length <= cost(first, costs, turned) + 1e-6
        rest = path[:i] + path[i + 1 :]
        for j in range(n):
            assert length <= cost(first, costs, (*rest[:j], path[i], *rest[j:])) + 1e-6
