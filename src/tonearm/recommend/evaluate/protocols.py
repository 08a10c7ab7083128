"""How interactions are split into what is known and what is to be found.

*weak*: everyone is known by four fifths of what they heard. *strong*: listeners of whom nothing was learned, by four
fifths of their history. *three*: the same by three items. *unseen*: by items that nobody was known to have heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tonearm.errors import NotEnoughData
from tonearm.models.model import SEED
from tonearm.recommend.collaborative.cut import cut

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.evaluate.datasets import Dataset
    from tonearm.recommend.interactions import Interactions, Rows

    Describe = Callable[[sp.csr_matrix], sp.csr_matrix | None]

HELD_OUT, FOLDS = 0.2, 5
FEW = 3


@dataclass(frozen=True)
class Split:
    """What a recommender may learn from, whom it is asked about, and what they heard besides."""

    known: Interactions
    histories: sp.csr_matrix
    """(n, items) counts of those asked about."""
    held_out: sp.csr_matrix
    """(n, items) what they heard besides; to be found."""
    listeners: Rows
    """(n,) who they are, by their row in the dataset."""
    describe: Describe
    """The items' features without the tags that give away a (known listeners, items) matrix."""
    friends: sp.csr_matrix | None = None
    """(n, known listeners) 1 where two are friends."""
    candidates: npt.NDArray[np.bool_] | None = None
    """(items,) what may be recommended; None is everything."""


def weak(dataset: Dataset, seed: int = SEED) -> Iterator[Split]:
    """One split: a fifth of each listener's items is held out, with the tags they gave them."""
    everyone = dataset.interactions
    histories, held_out = divided(everyone.counts, seed)
    rows = np.arange(len(everyone.listeners))
    describe = _describe(dataset, rows, None if dataset.taggings is None else dataset.taggings.given_to(held_out))
    known = replace(everyone, counts=histories, features=describe(no_pairs(histories)))
    yield Split(known, histories, held_out, rows, describe, everyone.friends)


def strong(dataset: Dataset, seed: int = SEED) -> Iterator[Split]:
    """Five splits: the listeners of a fold are unknown, and with them all tags that they gave."""
    for fold in _folds(len(dataset.interactions.listeners), seed):
        histories, held_out = divided(dataset.interactions.counts[fold], seed)
        yield _of_strangers(dataset, fold, histories, held_out)


def three(dataset: Dataset, seed: int = SEED) -> Iterator[Split]:
    """As *strong*, but only three items of each listener are known."""
    for fold in _folds(len(dataset.interactions.listeners), seed):
        histories, held_out = cut(
            dataset.interactions.counts[fold], np.full(len(fold), FEW), np.random.default_rng(seed)
        )
        yield _of_strangers(dataset, fold, histories, held_out)


def unseen(dataset: Dataset, seed: int = SEED) -> Iterator[Split]:
    """As *strong*, but a fifth of the items is unknown too, and only these are ranked."""
    counts = dataset.interactions.counts
    everyone = _folds(counts.shape[0], seed), _folds(counts.shape[1], seed + 1)
    for fold, new in zip(*everyone, strict=True):
        is_new = np.isin(np.arange(counts.shape[1]), new)
        histories, held_out = (_columns_only(counts[fold], which) for which in (~is_new, is_new))
        split = _of_strangers(dataset, fold, histories, held_out)
        known = replace(split.known, counts=_columns_only(split.known.counts, ~is_new))
        yield replace(split, known=known, candidates=is_new)


PROTOCOLS: dict[str, Callable[[Dataset, int], Iterator[Split]]] = {
    "weak": weak,
    "strong": strong,
    "three": three,
    "unseen": unseen,
}


def divided(counts: sp.csr_matrix, seed: int) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Four fifths of each listener's items, and the fifth that is held out."""
    lengths = np.diff(counts.indptr)
    return cut(counts, lengths - np.round(lengths * HELD_OUT).astype(int), np.random.default_rng(seed))


def _columns_only(counts: sp.csr_matrix, columns: npt.NDArray[np.bool_]) -> sp.csr_matrix:
    """The matrix in its shape, with nothing but some of its columns."""
    kept = sp.csr_matrix(counts @ sp.diags(columns.astype(counts.dtype)))
    kept.eliminate_zeros()
    return kept


def _folds(n: int, seed: int) -> list[Rows]:
    if n < FOLDS:
        raise NotEnoughData("evaluation", f"are {n}", f"{FOLDS} listeners and items")
    return [np.sort(part) for part in np.array_split(np.random.default_rng(seed).permutation(n), FOLDS)]


def _of_strangers(dataset: Dataset, fold: Rows, histories: sp.csr_matrix, held_out: sp.csr_matrix) -> Split:
    everyone = dataset.interactions
    others = np.setdiff1d(np.arange(len(everyone.listeners)), fold)
    friends = None if everyone.friends is None else everyone.friends[fold][:, others]
    describe = _describe(dataset, others, None if dataset.taggings is None else dataset.taggings.given_by(fold))
    known = replace(everyone.of_listeners(others), features=describe(no_pairs(everyone.counts[others])))
    return Split(known, histories, held_out, fold, describe, friends)


def _describe(dataset: Dataset, known: Rows, without: npt.NDArray[np.bool_] | None) -> Describe:
    """Features without some taggings, and without those that give away what the known listeners heard besides."""

    def describe(held_out: sp.csr_matrix) -> sp.csr_matrix | None:
        if dataset.taggings is None or without is None:
            return dataset.interactions.features
        pairs = held_out.tocoo()
        whole = sp.csr_matrix((pairs.data, (known[pairs.row], pairs.col)), dataset.interactions.counts.shape)
        return dataset.described(without | dataset.taggings.given_to(whole)).features

    return describe


def no_pairs(like: sp.csr_matrix) -> sp.csr_matrix:
    """A matrix of the same shape that holds nothing."""
    return sp.csr_matrix(like.shape, dtype=like.dtype)
