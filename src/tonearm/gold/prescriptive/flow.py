"""The order of a playlist: a short open path through a few things."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Places = npt.NDArray[np.int64]

_GAIN = 1e-9
"""A path shorter by less is the same path, added up in another order."""


def short_path(first: Numbers, costs: Numbers) -> Places:
    """An order of n things that costs little.

    ``first[i]`` is the cost of beginning with i, ``costs[i, j]`` that of going from i directly to j, which need not be
    the cost of going back. Two beginnings, the order of ``first`` and always the cheapest thing next, are improved by
    the best reversal of a stretch (2-opt, Croes 1958) or move of one thing (or-opt) until none helps, and the cheaper
    result is kept. Ties go to the smaller place, so the same costs give the same order.
    """
    n = len(first)
    # Free things before the first and after the last make every change one of the same kind.
    whole = np.zeros((n + 2, n + 2))
    whole[0, 1:-1], whole[1:-1, 1:-1] = first, costs
    sorted_path = np.array([0, *(first.argsort(kind="stable") + 1), n + 1])
    by_first, by_next = (_improved(whole, path) for path in (sorted_path, _greedy(whole)))
    is_greedy = _length(whole, by_next) < _length(whole, by_first) - _GAIN
    return (by_next if is_greedy else by_first)[1:-1] - 1


def _length(whole: Numbers, path: Places) -> float:
    return float(whole[path[:-1], path[1:]].sum())


def _greedy(whole: Numbers) -> Places:
    """The path that goes on with the cheapest thing left."""
    path, left = [0], list(range(1, len(whole) - 1))
    while left:
        path.append(min(left, key=whole[path[-1]].__getitem__))
        left.remove(path[-1])
    return np.array([*path, len(whole) - 1])


def _improved(whole: Numbers, path: Places) -> Places:
    """``path`` after the best changes, for as long as one makes it shorter."""
    changes, steps = _changes(len(path) - 2)
    length = _length(whole, path)
    while len(changes):
        lengths = whole[path[:, None], path].take(steps).sum(axis=0)
        best = int(lengths.argmin())
        if lengths[best] >= length - _GAIN:
            break
        path, length = path[changes[best]], lengths[best]
    return path


@cache
def _changes(n: int) -> tuple[Places, Places]:
    """Each single change of a path of n things, as the places that its things come from, and the steps it then has.

    Steps are a column per change, each the position of a pair of places in a flattened matrix.
    """
    places = list(range(1, n + 1))
    changed = [places[:i] + places[i : j + 1][::-1] + places[j + 1 :] for i in range(n) for j in range(i + 1, n)]
    for i in range(n):
        others = places[:i] + places[i + 1 :]
        changed += [[*others[:j], places[i], *others[j:]] for j in range(n) if j != i]
    orders = np.array([[0, *order, n + 1] for order in changed], dtype=np.int64).reshape(-1, n + 2)
    return orders, np.ascontiguousarray((orders[:, :-1] * (n + 2) + orders[:, 1:]).T)
