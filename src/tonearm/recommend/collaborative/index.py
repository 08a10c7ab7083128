"""The items whose vectors go best with a query: an exact scan, and two approximate ones for large catalogues.

Trained factors are the longer the more popular an item is, and what goes best with a listener is mostly among the
longest, which are scanned alone. Vectors of about the same length, as of content, are kept in FAISS's inverted lists.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tonearm.errors import UsageError
from tonearm.models.model import SEED

if TYPE_CHECKING:
    import numpy.typing as npt
    import scipy.sparse as sp
    from threadpoolctl import ThreadpoolController

    from tonearm.recommend.interactions import Rows
    from tonearm.recommend.part import Arrays, Scores

    Allowed = npt.NDArray[np.bool_]

NONE = -1
"""Column in place of an item where too few are allowed."""
LARGE = 200_000
"""Items from which on :func:`build` makes an approximate index; below, an exact scan takes some milliseconds."""
RECALL = 0.95
"""Share of the exact best :data:`MEASURED_AT` that an approximate index must find when it is built."""
MEASURED_AT = 100
_QUERIES = 300
"""Queries on which recall is measured."""
_AIMED = 0.975
"""Recall that the number of scanned items is chosen for, so that :data:`RECALL` is reached on other queries, too."""
_LONGEST = 0.02
"""Largest share of the items that is scanned for the longest; where it takes more, inverted lists are made."""
_KEPT = 8
"""How many times more of the longest are kept than are scanned for :data:`MEASURED_AT`: filters need more."""
_MOST_FETCHED = _KEPT * MEASURED_AT
"""Items looked for at most before filtering; for more, all are scanned."""
_SPARE = 1.5
"""How many more are fetched than the filter should leave on average."""
_FEW = 0.1
"""Share of allowed items below which their vectors are copied before they are scanned."""
_BLOCK_VALUES = 16_000_000
"""Scores computed at a time for many queries, 64 MB."""
_NARROW = 8
"""Width of a group of scores below which a partition of all is as fast."""
_POINTS_PER_LIST = 39
"""Vectors for each list that k-means learns from; FAISS warns of fewer."""
_MORE_PROBES, _MOST_PROBED = 1.3, 0.25
"""How many times more lists are tried next when recall is too low, and the share of them at which that ends."""


class Found(NamedTuple):
    """The best items of each query, best first."""

    items: Rows
    """(queries, k) columns; :data:`NONE` where fewer are allowed."""
    scores: Scores
    """(queries, k) inner products; -inf where there is no item."""


@dataclass(frozen=True)
class Exact:
    """All vectors are compared with the query."""

    vectors: Scores
    """(items, dimensions) float32, in the order of the catalogue's columns."""

    def search(
        self, queries: Scores, k: int, heard: sp.csr_matrix | None = None, allowed: Allowed | None = None
    ) -> Found:
        """The ``k`` items with the largest inner product for each of ``queries`` (n, dimensions).

        ``heard`` (n, items) holds what each query leaves out, ``allowed`` (items,) is False for what all leave out.
        Raises UsageError for k below 1; a k above the number of items finds all.
        """
        k = _checked(k, len(self.vectors))
        with one_thread():
            if allowed is None or allowed.mean() > _FEW:
                return _scan(self.vectors, queries, k, heard, allowed)
            columns = np.flatnonzero(allowed)
            found = _scan(self.vectors[columns], queries, k, None if heard is None else heard[:, columns], None)
            return Found(np.append(columns, NONE)[found.items], found.scores)

    def arrays(self) -> Arrays:
        """What :func:`restore` makes the same index of."""
        return {"vectors": self.vectors}

    @property
    def about(self) -> dict[str, Any]:
        """For the artefact: how it searches, and the recall measured when it was built."""
        return {"search": "exact", "recall": 1.0}


@dataclass(frozen=True)
class Longest:
    """Only the longest vectors are compared with the query."""

    exact: Exact
    columns: Rows
    """(kept,) of the longest vectors, longest first."""
    vectors: Scores
    """(kept, dimensions) the longest vectors."""
    scanned: int
    """How many of them are scanned for :data:`MEASURED_AT` items."""
    recall: float
    """Share of the exact best :data:`MEASURED_AT` found by it, measured when it was built."""

    def search(
        self, queries: Scores, k: int, heard: sp.csr_matrix | None = None, allowed: Allowed | None = None
    ) -> Found:
        """As :meth:`Exact.search`, nearly all of the best."""
        return _filled(self, queries, k, heard, allowed)

    def nearly(
        self, queries: Scores, k: int, wanted: int, heard: sp.csr_matrix | None, allowed: Allowed | None
    ) -> Found:
        """The best ``k`` that remain of the longest vectors, of which as many are scanned as ``wanted`` items need."""
        size = min(self.scanned * -(-wanted // MEASURED_AT), len(self.columns))
        columns = self.columns[:size]
        part = None if heard is None else self._among(heard, size)
        found = _scan(self.vectors[:size], queries, k, part, None if allowed is None else allowed[columns])
        return Found(np.append(columns, NONE)[found.items], found.scores)

    def arrays(self) -> Arrays:
        """What :func:`restore` makes the same index of."""
        return {**self.exact.arrays(), "longest": self.columns, "longest_vectors": self.vectors}

    @property
    def about(self) -> dict[str, Any]:
        """For the artefact: how it searches, and the recall measured when it was built."""
        return {"search": "longest", "scanned": self.scanned, "recall": self.recall}

    def _among(self, heard: sp.csr_matrix, size: int) -> sp.csr_matrix:
        """``heard`` by the places of the longest ``size`` items."""
        places = self._places[heard.indices]
        kept = (places >= 0) & (places < size)
        ends = np.concatenate([[0], np.cumsum(kept)])[heard.indptr]
        return type(heard)((heard.data[kept], places[kept], ends), (heard.shape[0], size))

    @cached_property
    def _places(self) -> npt.NDArray[np.int32]:
        """(items,) the place of each among the longest, -1 for others."""
        places = np.full(len(self.exact.vectors), -1, np.int32)
        places[self.columns] = np.arange(len(self.columns))
        return places


@dataclass(frozen=True)
class Lists:
    """Vectors are kept in lists by direction, and only the lists that go best with the query are searched.

    The lists hold half precision; what they find is ranked anew by the exact vectors.
    """

    exact: Exact
    lists: Any
    """A faiss.IndexIVF."""
    probes: int
    """Lists that are searched for :data:`MEASURED_AT` items."""
    recall: float
    """Share of the exact best :data:`MEASURED_AT` found by it, measured when it was built."""

    def search(
        self, queries: Scores, k: int, heard: sp.csr_matrix | None = None, allowed: Allowed | None = None
    ) -> Found:
        """As :meth:`Exact.search`, nearly all of the best."""
        return _filled(self, queries, k, heard, allowed)

    def nearly(
        self, queries: Scores, k: int, wanted: int, heard: sp.csr_matrix | None, allowed: Allowed | None
    ) -> Found:
        """The best ``k`` that remain of the ``wanted`` found in the lists, by the exact inner products."""
        # More items are spread over more lists.
        probes = min(self.probes * -(-wanted // MEASURED_AT), self.lists.nlist)
        parameters = _faiss().SearchParametersIVF(nprobe=probes)
        _, columns = self.lists.search(np.ascontiguousarray(queries, np.float32), wanted, params=parameters)
        scores = np.matmul(self.exact.vectors[columns], queries[:, :, None])[:, :, 0]
        left_out = columns == NONE
        if allowed is not None:
            left_out |= ~allowed[columns]
        if heard is not None:
            left_out |= _is_heard(columns, heard)
        scores[left_out] = -np.inf
        return _first(columns, scores, k)

    def arrays(self) -> Arrays:
        """What :func:`restore` makes the same index of."""
        return {**self.exact.arrays(), "lists": _faiss().serialize_index(self.lists)}

    @property
    def about(self) -> dict[str, Any]:
        """For the artefact: how it searches, and the recall measured when it was built."""
        return {"search": "ivf", "lists": self.lists.nlist, "probes": self.probes, "recall": self.recall}


Index = Exact | Longest | Lists


def build(vectors: Scores, queries: Scores | None = None, large: int = LARGE, seed: int = SEED) -> Index:
    """An index of ``vectors`` (items, dimensions), approximate from ``large`` items on.

    It is exact, too, where no approximate one finds enough with less work. Recall is measured on some of ``queries``
    (n, dimensions), which should be like those of use: factors of listeners; without them, on some of the items.
    """
    exact = Exact(np.ascontiguousarray(vectors, np.float32))
    if len(vectors) < large:
        return exact
    rng = np.random.default_rng(seed)
    asked = exact.vectors if queries is None else queries
    sample = np.ascontiguousarray(asked[rng.permutation(len(asked))[:_QUERIES]], np.float32)
    with one_thread():
        best_items = exact.search(sample, MEASURED_AT).items
        return _longest(exact, best_items) or _lists(exact, sample, best_items, seed) or exact


def _longest(exact: Exact, best_items: Rows) -> Longest | None:
    """An index of the longest vectors, if the best items of queries (n, k) are among few of them."""
    by_length = np.argsort(-np.linalg.norm(exact.vectors, axis=1), kind="stable")
    places = np.empty(len(by_length), np.int64)
    places[by_length] = np.arange(len(by_length))
    places = places[best_items]
    scanned = int(np.quantile(places, _AIMED)) + 1
    if scanned > _LONGEST * len(by_length):
        return None
    kept = by_length[: _KEPT * scanned]
    return Longest(exact, kept, exact.vectors[kept], scanned, float(np.mean(places < scanned)))


def _lists(exact: Exact, sample: Scores, best_items: Rows, seed: int) -> Lists | None:
    """Inverted lists, if the best items of the ``sample`` are found in few of them."""
    inverted = _inverted(exact.vectors, seed)
    probes = 1
    while probes <= _MOST_PROBED * inverted.nlist:
        found = Lists(exact, inverted, probes, 0.0).nearly(sample, best_items.shape[1], MEASURED_AT, None, None)
        recall = float(np.mean([np.isin(a, b).mean() for a, b in zip(best_items, found.items, strict=True)]))
        if recall >= _AIMED:
            return Lists(exact, inverted, probes, recall)
        probes = int(probes * _MORE_PROBES) + 1
    return None


def _filled(
    index: Longest | Lists, queries: Scores, k: int, heard: sp.csr_matrix | None, allowed: Allowed | None
) -> Found:
    """What remains of more items than are asked for; all are scanned for queries for which too few remain."""
    k = _checked(k, len(index.exact.vectors))
    most_heard = 0 if heard is None else int(np.diff(heard.indptr).max(initial=0))
    spare = 1.0 if allowed is None else _SPARE / max(float(allowed.mean()), 1 / len(allowed))
    wanted = max(int((k + most_heard) * spare), MEASURED_AT)
    with one_thread():
        if wanted > _MOST_FETCHED:
            return index.exact.search(queries, k, heard, allowed)
        found = index.nearly(queries, k, wanted, heard, allowed)
        short = np.flatnonzero(found.items[:, -1] == NONE)
        if len(short):
            rest = index.exact.search(queries[short], k, None if heard is None else heard[short], allowed)
            found.items[short], found.scores[short] = rest
        return found


def restore(arrays: Arrays, about: Mapping[str, Any]) -> Index:
    """The index whose ``arrays()`` and ``about`` were saved; arrays may be mapped into memory, and are not copied."""
    # A slice of numpy's own memmap takes ten times as long as one of the array that it is.
    arrays = {name: np.asarray(values) for name, values in arrays.items()}
    exact = Exact(arrays["vectors"])
    if about["search"] == "exact":
        return exact
    if about["search"] == "longest":
        return Longest(exact, arrays["longest"], arrays["longest_vectors"], about["scanned"], about["recall"])
    faiss, stored = _faiss(), arrays["lists"]
    reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(stored), stored.size)
    lists = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
    # The lists point into the mapped file, which must not be closed before them.
    lists.referenced_objects = [stored]
    return Lists(exact, lists, about["probes"], about["recall"])


def best(scores: Scores, k: int) -> Rows:
    """Columns of the ``k`` highest of ``scores`` (items,), best first and equal ones in the order of columns.

    The highest k are in the k groups with the highest maxima, and maxima of groups are found faster than a partition
    of all scores. Of several that equal the last one, some are left out.
    """
    count = len(scores)
    k = min(k, count)
    if not k:
        return np.empty(0, np.int64)
    width = int((count / k) ** 0.5)
    groups = count // width
    if width < _NARROW:
        candidates = np.arange(count)
    else:
        highest = scores[: groups * width].reshape(width, groups).max(axis=0)
        chosen = np.argpartition(highest, groups - k)[groups - k :]
        candidates = (chosen + np.arange(0, groups * width, groups)[:, None]).ravel()
        candidates = np.concatenate([candidates, np.arange(groups * width, count)])
    values = scores[candidates]
    candidates = candidates[np.argpartition(values, len(values) - k)[len(values) - k :]]
    order: Rows = candidates[np.lexsort((candidates, -scores[candidates]))]
    return order


def one_thread() -> Any:
    """A context in which BLAS and OpenMP use one thread: requests run beside each other already."""
    return _libraries("faiss" in sys.modules).limit(limits=1)


@cache
def _libraries(with_faiss: bool) -> ThreadpoolController:
    """Finding the loaded libraries takes longer than a search, so it is done once, and again when FAISS is loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _faiss() -> Any:
    """FAISS, whose own types lack what it makes at import."""
    import faiss

    return faiss


def _checked(k: int, items: int) -> int:
    if k < 1:
        raise UsageError(f"{k} recommendations cannot be given; ask for 1 or more")
    return min(k, items)


def _scan(vectors: Scores, queries: Scores, k: int, heard: sp.csr_matrix | None, allowed: Allowed | None) -> Found:
    items = np.full((len(queries), k), NONE, np.int64)
    scores = np.full(items.shape, -np.inf, np.float32)
    rows = max(_BLOCK_VALUES // max(len(vectors), 1), 1)
    for first in range(0, len(queries), rows):
        some = queries[first : first + rows]
        # BLAS has a faster routine for one vector than for a matrix of one.
        block = (vectors @ some[0])[None] if len(some) == 1 else some @ vectors.T
        for row, values in enumerate(block, first):
            _leave_out(values, row, heard, allowed)
            top = best(values, k)
            items[row, : len(top)], scores[row, : len(top)] = top, values[top]
    items[np.isneginf(scores)] = NONE
    return Found(items, scores)


def _leave_out(values: Scores, row: int, heard: sp.csr_matrix | None, allowed: Allowed | None) -> None:
    if heard is not None:
        values[heard.indices[heard.indptr[row] : heard.indptr[row + 1]]] = -np.inf
    if allowed is not None:
        np.copyto(values, -np.inf, where=~allowed)


def _first(columns: Rows, scores: Scores, k: int) -> Found:
    """The first ``k`` of each row by ``scores``."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    items, ranked = np.take_along_axis(columns, order, 1), np.take_along_axis(scores, order, 1)
    items[np.isneginf(ranked)] = NONE
    return Found(items, ranked)


def _is_heard(columns: Rows, heard: sp.csr_matrix) -> Allowed:
    """Whether each of ``columns`` (n, fetched) is in its row of ``heard``."""
    rows = np.repeat(np.arange(len(columns)), np.diff(heard.indptr))
    keys = np.sort(rows * heard.shape[1] + heard.indices)
    wanted = np.arange(len(columns))[:, None] * heard.shape[1] + columns
    is_heard: Allowed = np.isin(wanted, keys)
    return is_heard


def _inverted(vectors: Scores, seed: int) -> Any:
    """FAISS's inverted lists by direction, about four times the root of the number of items."""
    faiss = _faiss()
    items, dimensions = vectors.shape
    lists = max(int(min(4 * items**0.5, items / _POINTS_PER_LIST)), 1)
    half, product = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    quantizer = faiss.IndexFlatIP(dimensions)
    index = faiss.IndexIVFScalarQuantizer(quantizer, dimensions, lists, half, product, False)
    index.cp.seed = seed
    index.cp.max_points_per_centroid = _POINTS_PER_LIST
    index.train(vectors)
    index.add(vectors)
    return index
