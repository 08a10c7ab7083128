"""Who gets the model's predictions and who the baseline's."""

from __future__ import annotations

import numpy as np
import pytest

from tonearm.models.evaluate import FEWEST_BLOCKS
from tonearm.models.listeners import serves

BLOCK = np.repeat(np.arange(40), 5)
NOISE = np.random.default_rng(1).normal(0, 0.1, len(BLOCK))


@pytest.mark.parametrize(("gain", "served"), [(0.1, "model"), (0.0, "model"), (-0.1, "baseline")])
def test_the_baseline_is_served_where_the_model_is_worse_beyond_chance(gain: float, served: str) -> None:
    assert serves(np.ones(len(BLOCK)), 1 + gain + NOISE, BLOCK, seed=1) == served


def test_too_few_blocks_are_no_evidence_against_the_model() -> None:
    few = BLOCK % (FEWEST_BLOCKS - 1)
    assert serves(np.ones(len(BLOCK)), np.zeros(len(BLOCK)), few, seed=1) == "model"


def test_rows_of_few_blocks_that_are_alike_are_little_evidence() -> None:
    """One block of 160 rows is worse and all others are better: drawn row by row, the model would surely be worse."""
    block = np.r_[np.zeros(160), np.arange(1, 41)]
    losses = np.where(block == 0, 0.5, 1.2)
    assert serves(np.ones(len(block)), losses, block, seed=1) == "model"
