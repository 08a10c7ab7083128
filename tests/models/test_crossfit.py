"""Fits that are made once, and cross-fitted models."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from tonearm.models.crossfit import MOST_KEPT, once


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
