"""Orders in which one thing leads to the next: short open paths through small sets, many sets at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Places = npt.NDArray[np.int64]

_GAIN = 1e-9
"""A shorter path than this is the same path, added up in another order."""


def short_paths(first: Numbers, costs: Numbers) -> Places:
    """For each of several sets of n things, an order of all n that costs little.

    ``first[s, i]`` is what it costs to begin set s with i, ``costs[s, i, j]`` to go from i directly to j, which
    need not be what the way back costs. Two beginnings, the order of ``first`` and always the cheapest thing next,
    are improved while it helps by the best reversal of a stretch (2-opt, Croes 1958) or move of one thing (or-opt),
    and the cheaper of the two is kept. Ties go to the smaller place, so the same costs give the same order.
    """
    sets, n = first.shape
    # Things before the first and after the last make every change one of the same kind.
    whole = np.zeros((sets, n + 2, n + 2))
    whole[:, 0, 1:-1], whole[:, 1:-1, 1:-1] = first, costs
    rows = np.arange(sets)[:, None]
    sorted_paths = np.zeros((sets, n + 2), dtype=np.int64)
    sorted_paths[:, 1:-1], sorted_paths[:, -1] = first.argsort(axis=1, kind="stable") + 1, n + 1
    found = [_improved(whole, start) for start in (sorted_paths, _greedy(whole))]
    lengths = [whole[rows, path[:, :-1], path[:, 1:]].sum(axis=1) for path in found]
    is_greedy = lengths[1] < lengths[0] - _GAIN
    return np.where(is_greedy[:, None], found[1], found[0])[:, 1:-1] - 1


def _improved(whole: Numbers, paths: Places) -> Places:
    """``paths`` changed for as long as a single change makes them shorter."""
    sets, size = paths.shape
    better = np.arange(sets) if size > 3 else np.arange(0)
    while better.size:
        gain, changed = _best_changes(_along(whole, paths, better), paths[better])
        helps = gain > _GAIN
        better = better[helps]
        paths[better] = changed[helps]
    return paths


def _along(whole: Numbers, paths: Places, some: Places) -> Numbers:
    """[s, i, j]: what it costs to go from the thing at place i of a path to that at place j, for ``some`` sets."""
    size, own = paths.shape[1], paths[some]
    # One index in place of three, and no copy of the sets.
    return whole.reshape(-1).take((some[:, None] * size + own)[:, :, None] * size + own[:, None, :])


def _greedy(costs: Numbers) -> Places:
    """Paths that go on with the cheapest thing left."""
    sets, n = costs.shape[0], costs.shape[1] - 2
    rows = np.arange(sets)
    paths = np.zeros((sets, n + 2), dtype=np.int64)
    paths[:, -1] = n + 1
    is_left = np.zeros((sets, n + 2), dtype=bool)
    is_left[:, 1:-1] = True
    for place in range(1, n + 1):
        onward = np.where(is_left, costs[rows, paths[:, place - 1]], np.inf)
        paths[:, place] = onward.argmin(axis=1)
        is_left[rows, paths[:, place]] = False
    return paths


def _best_changes(along: Numbers, paths: Places) -> tuple[Numbers, Places]:
    """How much the best single change of each path saves, and the path after it."""
    sets, size = paths.shape
    both = np.full((sets, 2, size, size), -np.inf)
    _save_by_reversals(along, both[:, 0])
    _save_by_moves(along, both[:, 1])
    saved = both.reshape(sets, -1)
    best = saved.argmax(axis=1)
    is_move, which = np.divmod(best, size * size)
    begin, end = (part[:, None] for part in np.divmod(which, size))
    places = np.arange(size)[None, :]
    turned = np.where((places >= begin) & (places <= end), begin + end - places, places)
    changed = np.where(is_move[:, None] == 1, _places_after_move(places, begin, end), turned)
    return saved[np.arange(sets), best], np.take_along_axis(paths, changed, axis=1)


def _save_by_reversals(along: Numbers, saved: Numbers) -> None:
    """Fill in [s, i, j]: what the path s saves when its stretch from place i to place j is turned round."""
    size = along.shape[1]
    onward, backward = np.diagonal(along, 1, 1, 2), np.diagonal(along, -1, 1, 2)
    # What the way forth costs less the way back, up to each place from 1 on.
    turned = np.cumsum(onward, axis=1)[:, :-1] - np.cumsum(backward, axis=1)[:, :-1]
    i, j = (slice(None), slice(None), None), (slice(None), None, slice(None))
    ends = onward[:, :-1][i] + onward[:, 1:][j] - along[:, :-2, 1:-1] - along[:, 1:-1, 2:]
    ends += turned[j]
    ends -= turned[i]
    is_stretch = np.triu(np.ones((size - 2, size - 2), dtype=bool), 1)
    np.copyto(saved[:, 1:-1, 1:-1], ends, where=is_stretch)


def _save_by_moves(along: Numbers, saved: Numbers) -> None:
    """Fill in [s, i, j]: what the path s saves when the thing at place i goes between those at places j and j + 1."""
    size = along.shape[1]
    onward = np.diagonal(along, 1, 1, 2)
    out = onward[:, :-1] + onward[:, 1:] - np.diagonal(along, 2, 1, 2)
    moved = out[:, :, None] + onward[:, None, :] - along[:, :-1, 1:-1].swapaxes(1, 2) - along[:, 1:-1, 1:]
    i, j = np.meshgrid(np.arange(1, size - 1), np.arange(size - 1), indexing="ij")
    np.copyto(saved[:, 1:-1, :-1], moved, where=(j != i) & (j != i - 1))


def _places_after_move(places: Places, begin: Places, end: Places) -> Places:
    """Where each place takes its thing from when ``begin`` goes between ``end`` and the place after."""
    later = np.where(places == end, begin, np.where((places >= begin) & (places < end), places + 1, places))
    is_between = (places > end + 1) & (places <= begin)
    earlier = np.where(places == end + 1, begin, np.where(is_between, places - 1, places))
    return np.where(end > begin, later, earlier)
