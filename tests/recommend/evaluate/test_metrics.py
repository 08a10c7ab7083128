from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from tonearm.recommend.evaluate import metrics


def matrix(rows: list[list[int]]) -> sp.csr_matrix:
    return sp.csr_matrix(np.array(rows, dtype="float32"))


def test_the_best_unheard_items_come_first_and_equal_ones_by_column() -> None:
    scores = np.array([[0.1, 0.9, 0.5, 0.5], [0.4, 0.3, 0.2, 0.1]])
    found = metrics.ranked(scores, matrix([[0, 1, 0, 0], [1, 1, 1, 0]]), 3)
    np.testing.assert_array_equal(found, [[2, 3, 0], [3, metrics.NOTHING, metrics.NOTHING]])


def test_hits_ndcg_recall_and_r_precision_by_hand() -> None:
    ranking = np.array([[2, 0, 1], [3, metrics.NOTHING, metrics.NOTHING]])
    held_out = matrix([[1, 1, 0, 0], [0, 0, 1, 0]])
    found, n = metrics.hits(ranking, held_out), np.array([2, 1])
    np.testing.assert_array_equal(found, [[False, True, True], [False, False, False]])
    gained, best = 1 / np.log2(3) + 1 / np.log2(4), 1 + 1 / np.log2(3)
    np.testing.assert_allclose(metrics.ndcg(found, n, 3), [gained / best, 0])
    np.testing.assert_allclose(metrics.recall(found, n, 2), [0.5, 0])
    np.testing.assert_allclose(metrics.r_precision(found, n), [0.5, 0])


def test_nothing_recommended_is_no_hit_even_for_the_last_item() -> None:
    """-1 would otherwise count as the last column of the row before."""
    assert not metrics.hits(np.array([[0], [metrics.NOTHING]]), matrix([[0, 1], [0, 0]])).any()


def test_clicks_count_pages_of_ten() -> None:
    found = np.zeros((3, 500), dtype=bool)
    found[0, 9] = found[1, 10] = True
    np.testing.assert_array_equal(metrics.clicks(found), [0, 1, 51])


def test_coverage_and_popularity_lift_by_hand() -> None:
    ranking = np.array([[0, 1], [0, metrics.NOTHING]])
    assert metrics.coverage(ranking, 4) == 0.5
    lift = metrics.popularity_lift(ranking, matrix([[0, 0, 1, 0], [0, 0, 0, 1]]), np.array([6.0, 2.0, 2.0, 3.0]))
    assert lift == pytest.approx((4 + 6) / (2 + 3))


def test_the_interval_draws_listeners_and_not_rows() -> None:
    values, listeners = np.repeat([0.0, 1.0] * 20, 50), np.repeat(np.arange(40), 50)
    by_listener = metrics.interval(values, listeners)
    by_row = metrics.interval(values, np.arange(len(values)))
    assert by_listener.value == by_row.value == 0.5
    assert by_listener.low < 0.4 < by_row.low < 0.5 < by_listener.high < 0.7


def test_a_paired_gain_is_a_share_of_the_baseline() -> None:
    baseline = np.random.default_rng(0).random(500)
    found = metrics.gain(baseline * 1.1, baseline, np.arange(500))
    np.testing.assert_allclose(found, 0.1, atol=1e-9)
    low, high = metrics.gain(baseline[::-1].copy(), baseline, np.arange(500))[1:]
    assert low < 0 < high
