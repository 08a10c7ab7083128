"""Missing features, completed by what the others of the row make likely."""

from __future__ import annotations

import numpy as np
import pytest

from tonearm.models.completion import Completion

KNOWN = np.random.default_rng(1).normal(size=(500, 1)) + np.random.default_rng(2).normal(size=(500, 9)) * 0.1


def test_a_missing_twin_gets_nearly_the_value_of_the_other() -> None:
    learned = Completion.of(KNOWN)
    (row,) = learned.standard(np.where(np.arange(9) == 4, np.nan, KNOWN[:1]))
    assert row[4] == pytest.approx(row.mean(), abs=0.2)


def test_each_row_is_completed_as_if_alone_whatever_is_missing_in_others() -> None:
    learned = Completion.of(KNOWN)
    rng = np.random.default_rng(3)
    rows = np.where(rng.random((40, 9)) < rng.choice([0, 0.3, 1], (40, 1)), np.nan, KNOWN[:40])
    together = learned.standard(rows)
    alone = np.concatenate([learned.standard(row[None]) for row in rows])
    assert np.isfinite(together).all()
    assert together == pytest.approx(alone)
    assert (together[np.isnan(rows).all(axis=1)] == 0).all()
