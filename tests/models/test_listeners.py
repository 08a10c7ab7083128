"""Who gets the model's predictions and who the baseline's."""

from __future__ import annotations

import numpy as np
import pytest

from tonearm.models.evaluate import FEWEST_BLOCKS
from tonearm.models.listeners import serves

BLOCK = np.repeat(np.arange(40), 5)
NOISE = np.random.default_rng(1).normal(0, 0.1, len(BLOCK))


@pytest.mark.parametrize(("gain", "served"), [(0.1, "model"), (0.0, "baseline"), (-0.1, "baseline")])
def test_the_model_is_served_where_it_is_better_beyond_chance(gain: float, served: str) -> None:
    assert serves(np.ones(len(BLOCK)), 1 + gain + NOISE, BLOCK, seed=1) == served


def test_too_few_blocks_are_no_evidence_for_the_model() -> None:
    few = BLOCK % (FEWEST_BLOCKS - 1)
    assert serves(np.zeros(len(BLOCK)), np.ones(len(BLOCK)), few, seed=1) == "baseline"


def test_rows_of_few_blocks_that_are_alike_are_little_evidence() -> None:
    """One block of 160 rows is better and all others are worse: drawn row by row, the model would surely be better."""
    block = np.r_[np.zeros(160), np.arange(1, 41)]
    losses = np.where(block == 0, 1.5, 0.8)
    assert serves(np.ones(len(block)), losses, block, seed=1) == "baseline"


def test_a_listener_without_a_pattern_is_hardly_ever_given_the_model() -> None:
    given = [
        serves(np.ones(len(BLOCK)), 1 + np.random.default_rng(seed).normal(0, 0.1, len(BLOCK)), BLOCK, 1) == "model"
        for seed in range(60)
    ]
    assert sum(given) <= 4
