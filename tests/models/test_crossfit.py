"""Fits that are made once, and cross-fitted models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tonearm.models.crossfit import MOST_KEPT, CrossSpread, Errors, a_few_each, line_of_words, once


def counted(made: list[int]) -> Callable[[], int]:
    def make() -> int:
        made.append(len(made))
        return made[-1]

    return make


def test_the_same_examples_are_learned_from_once() -> None:
    made: list[int] = []
    rows = pd.DataFrame({"x": [1.0, 2.0]})
    assert [once("once", each, 1, counted(made)) for each in (rows, rows.copy())] == [0, 0]
    for model, examples, seed in (("another", rows, 1), ("once", rows.assign(x=[1.0, 2.5]), 1), ("once", rows, 2)):
        once(model, examples, seed, counted(made))
    assert len(made) == 4


def test_only_the_newest_fits_are_kept() -> None:
    made: list[int] = []
    rows = pd.DataFrame({"x": [1.0]})
    for seed in (0, *range(1, MOST_KEPT + 1), 0):
        once("bounded", rows, seed, counted(made))
    assert len(made) == MOST_KEPT + 2


def test_a_fit_that_fails_is_tried_again() -> None:
    rows = pd.DataFrame({"x": [1.0]})
    for number in (3, 4):
        try:
            once("fails", rows, number, lambda: 1 // 0)
        except ZeroDivisionError:
            assert once("fails", rows, number, lambda number=number: number) == number


def test_no_group_outweighs_another() -> None:
    group = np.array(["a"] * 50 + ["b"] * 2 + ["c"])
    drawn = a_few_each(group, 3, seed=1)
    assert [int(drawn[group == name].sum()) for name in "abc"] == [3, 2, 1]
    assert (drawn != a_few_each(group, 3, seed=2)).any()


def test_a_row_has_no_part_in_its_own_interval() -> None:
    """Fold 0 is predicted far worse than the others, whose intervals alone are then wide."""
    rng = np.random.default_rng(1)
    fold, predicted = np.repeat([0, 1, 2], 400), np.full(1200, 0.5)
    actual = predicted + rng.normal(0, np.where(fold == 0, 1.0, 0.01))
    errors = Errors(predicted, actual, np.full(1200, "all", dtype=object), fold)
    around = CrossSpread.of(errors).around(predicted, errors.stratum, fold)
    width = around[:, 95] - around[:, 5]
    assert width[fold == 0].max() < 0.1 and width[fold > 0].min() > 0.5


def test_each_stratum_has_errors_of_its_own_and_what_is_rare_those_of_all() -> None:
    rng = np.random.default_rng(2)
    stratum = np.array(["well known"] * 500 + ["hardly"] * 500 + ["rare"] * 20, dtype=object)
    predicted = np.zeros(1020)
    actual = rng.normal(0, np.where(stratum == "hardly", 1.0, 0.1))
    spread = Errors(predicted, actual, stratum, np.zeros(1020)).spread()
    asked = np.array(["well known", "hardly", "rare", "never met"], dtype=object)
    low = spread.around(np.zeros(4), asked)[:, 5]
    assert low[:2] == pytest.approx([-0.1645, -1.645], rel=0.15)
    assert low[2] == low[3] and low[1] < low[2] < low[0]


def test_words_that_few_names_have_say_nothing() -> None:
    names = pd.DataFrame({"words": ["sad waltz", "happy polka"] * 10 + ["lonely word"]})
    line = line_of_words("words", 0.01).fit(names, np.r_[np.tile([0.0, 1.0], 10), 0.9])
    asked = ["sad waltz", "happy polka", "lonely word", "of nothing"]
    sad, happy, lonely, unknown = line.predict(pd.DataFrame({"words": asked}))
    assert sad < 0.2 < 0.8 < happy
    assert lonely == pytest.approx(unknown)
