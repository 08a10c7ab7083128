"""What goes best with each item, computed beforehand: a song request is then one lookup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tonearm.recommend.collaborative.index import NONE, Found, best, one_thread

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.interactions import Rows
    from tonearm.recommend.part import Arrays, Scores

NEIGHBOURS = 200
_BLOCK_VALUES = 16_000_000
"""Scores computed at a time, 64 MB."""


@dataclass(frozen=True)
class Neighbours:
    """The items that go best with each item, best first, without itself."""

    items: npt.NDArray[np.int32]
    """(items, k) columns; NONE where fewer were found."""
    scores: npt.NDArray[np.float32]
    """(items, k) how well they go together; -inf where there is none."""

    def of(self, column: int) -> Found:
        """The neighbours of one item: their columns and scores."""
        return Found(self.items[column], self.scores[column])

    def arrays(self) -> Arrays:
        """For :func:`tonearm.recommend.artefact.save`."""
        return {"items": self.items, "scores": self.scores}

    @classmethod
    def restore(cls, arrays: Arrays) -> Neighbours:
        """The same table; arrays that are mapped into memory stay there."""
        # A slice of numpy's own memmap takes ten times as long as one of the array that it is.
        return cls(np.asarray(arrays["items"]), np.asarray(arrays["scores"]))


def precomputed(similar: Callable[[Rows], Scores], items: int, k: int = NEIGHBOURS) -> Neighbours:
    """The best ``k`` of every item by ``similar``, such as a part's, which scores all items for some of them.

    Memory is bounded by blocks of items. Items that score -inf are not neighbours.
    """
    k = max(min(k, items - 1), 0)
    columns = np.full((items, k), NONE, np.int32)
    scores = np.full((items, k), -np.inf, np.float32)
    rows = max(_BLOCK_VALUES // max(items, 1), 1)
    for first in range(0, items, rows):
        block = np.arange(first, min(first + rows, items))
        values = np.array(similar(block), np.float32)
        values[np.arange(len(block)), block] = -np.inf
        for column, of_one in zip(block, values, strict=True):
            columns[column] = best(of_one, k)
            scores[column] = of_one[columns[column]]
    columns[np.isneginf(scores)] = NONE
    return Neighbours(columns, scores)


def by_cosine(vectors: Scores, k: int = NEIGHBOURS) -> Neighbours:
    """The best ``k`` of every item by the cosine of ``vectors`` (items, dimensions); a vector of zeros has none."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    is_known = length[:, 0] > 0

    def similar(block: Rows) -> Scores:
        return np.where(is_known & is_known[block][:, None], units[block] @ units.T, -np.inf)

    with one_thread():
        return precomputed(similar, len(vectors), k)
