"""Spark learns nearly what the embedded ALS learns; how near at a million pairs, the benchmark measures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp

from tests.recommend.interactions import ITEMS, history, two_tastes
from tonearm.recommend import artefact
from tonearm.recommend.collaborative import spark_als
from tonearm.recommend.collaborative.als import Als
from tonearm.recommend.interactions import Interactions
from tonearm.settings import Settings

SMALL = Als(factors=4, regularization=5.0, iterations=4)


def test_pairs_carry_the_confidence_beyond_one(tmp_path: Path) -> None:
    counts = sp.csr_matrix(np.array([[0, 3], [1, 0]], np.float32))
    known = Interactions(counts, np.arange(2), np.arange(2))
    spark_als._write_pairs(replace(SMALL, alpha=20.0), known, tmp_path / "pairs.parquet")
    rows = pq.read_table(tmp_path / "pairs.parquet").to_pylist()
    assert rows == [{"listener": 0, "item": 1, "surplus": 19}, {"listener": 1, "item": 0, "surplus": 19}]


def test_the_regularisation_is_divided_by_how_often_it_is_counted() -> None:
    """Four listeners of two items each, two items of four listeners each: Spark multiplies by 2 and by 4."""
    known = Interactions(sp.csr_matrix(np.ones((4, 2), np.float32)), np.arange(4), np.arange(2))
    balance, regularization = spark_als._regularization(known, 8.0)
    of_listeners, of_items = 2 * regularization, 4 * regularization
    assert of_listeners * of_items == pytest.approx(8.0 * 8.0)
    # Items' factors that are longer by this make the listeners' regularisation the embedded one.
    assert of_listeners * balance**2 == pytest.approx(8.0)


@pytest.mark.spark
@pytest.mark.slow
def test_spark_tells_tastes_apart_and_is_saved_as_the_embedded_als(
    spark: None, settings: Settings, tmp_path: Path
) -> None:
    from tonearm.engine.spark import spark_engine

    local = msgspec.structs.replace(settings, spark_master="local[2]")
    local.scratch.mkdir(parents=True)
    for name in ("engine", "pairs", "artefact"):
        (tmp_path / name).mkdir()
    with spark_engine(local, tmp_path / "engine") as engine:
        fitted = spark_als.fit(SMALL, two_tastes(), engine, tmp_path / "pairs")
    scores = fitted.scores(history(0, 1, 2))[0]
    assert scores[:ITEMS].min() > scores[ITEMS:].max()
    artefact.save(tmp_path / "artefact", fitted.arrays(), {})
    again = SMALL.restore(artefact.load(tmp_path / "artefact")[0])
    np.testing.assert_array_equal(again.scores(history(0, 1, 2))[0], scores)
