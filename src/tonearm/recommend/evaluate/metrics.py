"""Metrics of rankings, for all listeners at once: one number for each, so that they can be paired and bootstrapped.

A ranking is (n, k) columns of items, best first, -1 where fewer than k are left to recommend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tonearm.models.model import SEED

if TYPE_CHECKING:
    import numpy.typing as npt
    import scipy.sparse as sp

    Ranking = npt.NDArray[np.int64]
    Hits = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]

NOTHING = -1
CLICK_PAGE, CLICK_PAGES = 10, 50
"""The Million Playlist challenge shows ten tracks at a time and counts at most fifty refreshes, then 51."""
RESAMPLES = 2000
OUTSIDE = 0.025
"""Share of the draws beyond each end of a 95 % interval."""


class Interval(NamedTuple):
    """A mean over listeners with its 95 % interval."""

    value: float
    low: float
    high: float


def ranked(scores: npt.NDArray[np.floating], heard: sp.csr_matrix, k: int) -> Ranking:
    """The ``k`` best items of each row of (n, items) scores, without what was heard; equal scores by column."""
    open_scores = np.array(scores, dtype=np.float32)
    rows = np.repeat(np.arange(heard.shape[0]), np.diff(heard.indptr))
    open_scores[rows, heard.indices] = -np.inf
    k = min(k, scores.shape[1])
    best = np.sort(np.argpartition(-open_scores, k - 1, axis=1)[:, :k], axis=1)
    values = np.take_along_axis(open_scores, best, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    is_left = ~np.isneginf(np.take_along_axis(values, order, axis=1))
    return np.where(is_left, np.take_along_axis(best, order, axis=1), NOTHING)


def hits(ranking: Ranking, held_out: sp.csr_matrix) -> Hits:
    """(n, k) whether each recommended item is one of those held out."""
    width = held_out.shape[1]
    rows = np.repeat(np.arange(held_out.shape[0]), np.diff(held_out.indptr))
    wanted = rows * width + held_out.indices
    found = np.isin(np.arange(len(ranking))[:, None] * width + ranking, wanted)
    return np.asarray(found & (ranking != NOTHING))


def ndcg(found: Hits, n_held_out: npt.NDArray[np.integer], k: int) -> Numbers:
    """Gain of each hit discounted by the logarithm of its rank, over that of the best possible ranking."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    best = np.concatenate([[0.0], np.cumsum(discounts)])
    return np.asarray(found[:, :k] @ discounts[: found.shape[1]] / best[np.clip(n_held_out, 1, k)])


def recall(found: Hits, n_held_out: npt.NDArray[np.integer], k: int) -> Numbers:
    """Hits over the most that k places could hold (Liang et al. 2018, also for the Million Song Dataset)."""
    return np.asarray(found[:, :k].sum(axis=1) / np.clip(n_held_out, 1, k))


def r_precision(found: Hits, n_held_out: npt.NDArray[np.integer]) -> Numbers:
    """Share of hits among as many recommendations as items are held out."""
    places = np.arange(found.shape[1])[None, :] < n_held_out[:, None]
    return np.asarray((found & places).sum(axis=1) / np.maximum(n_held_out, 1))


def clicks(found: Hits) -> Numbers:
    """Pages of ten to turn before the first hit; 51 without one (RecSys challenge 2018)."""
    first = found[:, : CLICK_PAGE * CLICK_PAGES].argmax(axis=1)
    return np.where(found[:, : CLICK_PAGE * CLICK_PAGES].any(axis=1), first // CLICK_PAGE, CLICK_PAGES + 1)


def coverage(ranking: Ranking, n_items: int) -> float:
    """Share of the catalogue that is recommended to anyone."""
    return len(np.unique(ranking[ranking != NOTHING])) / n_items


def popularity_lift(ranking: Ranking, histories: sp.csr_matrix, popularity: Numbers) -> float:
    """How many times more popular the recommendations are than what the same listeners hear; 1 is as popular.

    ``popularity`` is the number of listeners of each item; each listener weighs the same.
    """
    heard = histories.astype(bool)
    own = np.asarray(heard @ popularity).ravel() / np.maximum(np.diff(heard.indptr), 1)
    places = ranking != NOTHING
    recommended = (popularity[ranking] * places).sum(axis=1) / np.maximum(places.sum(axis=1), 1)
    return float(recommended.mean() / own.mean())


def interval(values: Numbers, listeners: npt.NDArray[np.integer], seed: int = SEED) -> Interval:
    """Mean of ``values`` with its interval; all of a listener's values are drawn together."""
    sums, counts = _by_listener(values, listeners)
    drawn = _draws(len(sums), seed)
    return _interval(values.mean(), (drawn @ sums) / (drawn @ counts))


def gain(values: Numbers, baseline: Numbers, listeners: npt.NDArray[np.integer], seed: int = SEED) -> Interval:
    """How much higher the mean of ``values`` is than the baseline's for the same listeners, as a share of it."""
    (own, _), (other, _) = _by_listener(values, listeners), _by_listener(baseline, listeners)
    drawn = _draws(len(own), seed)
    return _interval(values.mean() / baseline.mean() - 1, (drawn @ own) / (drawn @ other) - 1)


def _by_listener(values: Numbers, listeners: npt.NDArray[np.integer]) -> tuple[Numbers, Numbers]:
    _, position = np.unique(listeners, return_inverse=True)
    return np.bincount(position, values).astype(float), np.bincount(position).astype(float)


def _draws(n: int, seed: int) -> Numbers:
    """(draws, n) how often each listener is in each bootstrap sample."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(float)


def _interval(value: float, drawn: Numbers) -> Interval:
    low, high = np.quantile(drawn, [OUTSIDE, 1 - OUTSIDE])
    return Interval(float(value), float(low), float(high))
