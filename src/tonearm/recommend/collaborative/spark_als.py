"""The ALS of `recommend/collaborative/als.py`, trained by Spark ML for more listeners than one machine can hold.

The result is the embedded model: it is saved, mapped, folded in and explained by the same code.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tonearm.models.model import SEED
from tonearm.recommend.collaborative.item_weights import weighted

if TYPE_CHECKING:
    from tonearm.engine.spark import SparkEngine
    from tonearm.recommend.collaborative.als import Als, FittedAls
    from tonearm.recommend.interactions import Interactions
    from tonearm.recommend.part import Scores


_PAIRS_PER_BLOCK = 5_000_000


def fit(als: Als, known: Interactions, engine: SparkEngine, folder: Path, seed: int = SEED) -> FittedAls:
    """What ``als.fit(known)`` learns but for Spark's way of regularising, without the items' features.

    ``folder`` is empty and can be read by all of Spark's workers: pairs go in and factors come out as Parquet.
    """
    from pyspark.ml.recommendation import ALS

    balance, regularization = _regularization(known, als.regularization)
    blocks = max(engine.session.sparkContext.defaultParallelism, known.counts.nnz // _PAIRS_PER_BLOCK)
    _write_pairs(als, known, folder / "pairs.parquet")
    model = ALS(
        userCol="listener",
        itemCol="item",
        ratingCol="surplus",
        implicitPrefs=True,
        rank=als.factors,
        maxIter=als.iterations,
        regParam=regularization,
        alpha=1.0,
        numUserBlocks=blocks,
        numItemBlocks=blocks,
        seed=seed,
    ).fit(engine.session.read.parquet(str(folder / "pairs.parquet")))
    model.itemFactors.write.parquet(str(folder / "items"))
    return als.restore({"items": balance * _factors(folder / "items", len(known.items), als.factors)})


def _write_pairs(als: Als, known: Interactions, path: Path) -> None:
    """Listener, item and confidence less 1, which Spark adds to each rating, a row for each pair."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pairs = weighted(known.counts, als.plays).tocoo()
    surplus = (als.alpha * pairs.data - 1).astype("float32")
    columns = {"listener": pairs.row.astype("int32"), "item": pairs.col.astype("int32"), "surplus": surplus}
    pq.write_table(pa.table(columns), path)


def _regularization(known: Interactions, regularization: float) -> tuple[float, float]:
    """Factor by which Spark's item factors become the embedded ones, and Spark's regularisation.

    Spark multiplies the regularisation of a row by its number of pairs (Zhou et al. 2008, ALS-WR), the embedded ALS
    does not. Longer factors of items and shorter ones of listeners give the same scores, so only the product of both
    sides' regularisation counts, and the lengths are balanced afterwards.
    """
    of_listener, of_item = (
        known.counts.nnz / max(np.count_nonzero(known.counts.getnnz(axis=axis)), 1) for axis in (1, 0)
    )
    return float((of_item / of_listener) ** 0.25), float(regularization / np.sqrt(of_item * of_listener))


def _factors(folder: Path, items: int, factors: int) -> Scores:
    """(items, factors) zeros for an item that nobody heard, of which Spark learns nothing."""
    import pyarrow.parquet as pq

    learned = pq.read_table(folder)
    vectors = np.zeros((items, factors), np.float32)
    values = learned["features"].combine_chunks().flatten().to_numpy()
    vectors[learned["id"].to_numpy()] = values.reshape(-1, factors)
    return vectors
