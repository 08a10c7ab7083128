"""A logistic regression drawn towards given weights."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tonearm.models.logistic import logistic

RNG = np.random.default_rng(5)
X = RNG.normal(size=(800, 3))
ACTUAL = (RNG.random(800) < 1 / (1 + np.exp(1 - 2 * X[:, 0]))).astype(float)
ZERO, PULL = np.zeros(4), np.array([0.0, 5.0, 5.0, 5.0])


def test_drawn_to_zero_it_is_scikit_learns() -> None:
    other = LogisticRegression(C=0.2, tol=1e-8).fit(X, ACTUAL)
    assert logistic(X, ACTUAL, ZERO, PULL) == pytest.approx([*other.intercept_, *other.coef_[0]], abs=1e-4)


def test_the_stronger_the_pull_the_nearer_to_what_it_is_drawn_to() -> None:
    towards = np.array([0.0, -1.0, 0.5, 0.0])
    apart = [abs(logistic(X, ACTUAL, towards, np.full(4, pull)) - towards).max() for pull in (0.1, 100, 1e9)]
    assert apart == sorted(apart, reverse=True)
    assert apart[-1] < 1e-4


def test_a_row_that_counts_twice_is_two_rows() -> None:
    weight = np.where(np.arange(800) < 200, 2.0, 1.0)
    twice = logistic(np.concatenate([X, X[:200]]), np.concatenate([ACTUAL, ACTUAL[:200]]), ZERO, PULL)
    assert logistic(X, ACTUAL, ZERO, PULL, weight) == pytest.approx(twice, abs=1e-4)


def test_where_the_search_begins_does_not_matter() -> None:
    far = np.array([3.0, -3.0, 3.0, -3.0])
    assert logistic(X, ACTUAL, ZERO, PULL, begin=far) == pytest.approx(logistic(X, ACTUAL, ZERO, PULL), abs=1e-4)
