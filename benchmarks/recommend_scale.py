"""What training on many simulated listeners takes: CPU time and memory of ALS, and the same by Spark with --spark.

Listeners are simulated and written to a folder; a fresh process reads them and trains with the settings that are
served. Its CPU time is that of the fit alone; its peak memory that of the whole process. NDCG@10 is of some listeners'
last sessions. With --spark, another world of about --spark-pairs pairs is trained by both, and the gain of Spark's
NDCG over the embedded ALS's is given with its interval.

    python benchmarks/recommend_scale.py --listeners 1000 100000 --items 50000 --spark --json
    python benchmarks/recommend_scale.py --listeners 100000 --repeated 10 --iterations 2

The second line is for time and memory of a million listeners, whose simulation would take longer than their training.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from measure import finish, measure, note
from tonearm.recommend.collaborative.als import Als
from tonearm.recommend.evaluate.metrics import gain, hits, interval, ndcg, ranked
from tonearm.recommend.interactions import Interactions
from tonearm.recommend.simulate import Habits, simulate

HABITS = Habits(sessions=8, slate=12, playlists=0, unbiased=1)
"""About fifty known items for each listener."""
ASKED = 2_000
"""Listeners on whom NDCG is measured."""
ITERATIONS = 7
"""More find nothing better on so many listeners, which the paired gain over the default shows."""
BLOCK = 50
"""Listeners scored at a time: few, so that the peak of memory is that of the training."""
K = 10
SPARK_ITEMS, PAIRS_PER_LISTENER = 5_000, 105
SPARK_HABITS = Habits(sessions=18, playlists=0, unbiased=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--listeners", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--factors", type=int, default=Als.factors)
    parser.add_argument("--iterations", type=int, nargs="+", default=[ITERATIONS, Als.iterations])
    parser.add_argument("--repeated", type=int, default=1, help="every listener stands for so many that hear the same")
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--spark-pairs", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where worlds are kept for the next run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    als = Als(factors=options.factors, iterations=options.iterations[0])
    if options.train:
        print(json.dumps(trained(options.train, als, options.repeated, options.seed)))
        return
    figures: dict[str, Any] = {"items": options.items, "factors": als.factors, "seed": options.seed}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        for listeners in options.listeners:
            world = (options.folder or Path(name)) / f"{listeners}x{options.items}"
            make(world, listeners, options.items, options.seed)
            figures |= measured(world, listeners * options.repeated, options)
        if options.spark:
            figures |= by_spark(Path(name), Als(factors=options.factors), options.spark_pairs, options.seed)
    finish(figures, options.json)


def measured(world: Path, listeners: int, options: argparse.Namespace) -> dict[str, Any]:
    """What training takes with each number of iterations, and how much better the first is than the last."""
    figures: dict[str, Any] = {}
    reached = []
    for iterations in options.iterations:
        note(f"training on {listeners:,} listeners, {iterations} iterations")
        own = {"train": world, "factors": options.factors, "iterations": iterations, "repeated": options.repeated}
        arguments = [str(part) for name, value in own.items() for part in (f"--{name}", value)]
        taken = measure([sys.executable, __file__, *arguments, "--seed", str(options.seed)])
        found = json.loads(taken.output.splitlines()[-1]) | {"peak_mb": taken.peak_mb}
        reached.append(np.array(found.pop("each")))
        figures |= {f"{listeners}_listeners_{iterations}_iterations_{key}": value for key, value in found.items()}
    if len(reached) > 1:
        fewer = gain(reached[0], reached[-1], np.arange(len(reached[0])), options.seed)
        figures[f"{listeners}_listeners_gain_of_first_over_last"] = str(fewer)
    return figures


def make(folder: Path, listeners: int, items: int, seed: int) -> None:
    """A world in ``folder``, unless it is there."""
    if (folder / "logged.npz").exists():
        return
    note(f"simulating {listeners:,} listeners of {items:,} items")
    lived = simulate(listeners, items, HABITS, seed)
    folder.mkdir(parents=True, exist_ok=True)
    sp.save_npz(folder / "known.npz", lived.known.counts, compressed=False)
    sp.save_npz(folder / "logged.npz", lived.logged[:ASKED], compressed=False)


def trained(folder: Path, als: Als, repeated: int, seed: int) -> dict[str, Any]:
    """What fitting takes, in this process, and how good it is."""
    counts = sp.csr_matrix(sp.load_npz(folder / "known.npz"))
    if repeated > 1:
        counts = sp.vstack([counts] * repeated, format="csr")
    known = Interactions(counts, np.arange(counts.shape[0]), np.arange(counts.shape[1]))
    began_s = time.process_time()
    fitted = als.fit(known, seed)
    fit_s = time.process_time() - began_s
    reached = found(fitted, known, sp.csr_matrix(sp.load_npz(folder / "logged.npz")))
    return {
        "pairs": counts.nnz,
        "fit_cpu_s": fit_s,
        "cpu_s_an_iteration": fit_s / als.iterations,
        "ndcg@10": str(interval(reached, np.arange(len(reached)), seed)),
        "each": reached.tolist(),
    }


def found(fitted: Any, known: Interactions, logged: sp.csr_matrix) -> np.ndarray:
    """NDCG@10 of the first listeners, a block at a time."""
    parts = []
    for first in range(0, min(ASKED, logged.shape[0]), BLOCK):
        rows = slice(first, min(first + BLOCK, ASKED, logged.shape[0]))
        histories, test = known.counts[rows], logged[rows]
        parts.append(ndcg(hits(ranked(fitted.scores(histories), histories, K), test), np.diff(test.indptr), K))
    return np.concatenate(parts)


def by_spark(folder: Path, als: Als, pairs: int, seed: int) -> dict[str, Any]:
    """The same world by Spark and by the embedded ALS."""
    import msgspec

    from tonearm.engine.spark import spark_engine
    from tonearm.recommend.collaborative import spark_als
    from tonearm.settings import load_settings

    lived = simulate(pairs // PAIRS_PER_LISTENER, SPARK_ITEMS, SPARK_HABITS, seed)
    known = replace(lived.known, features=None)
    note(f"training on {known.counts.nnz:,} pairs")
    began_s = time.process_time()
    embedded = found(als.fit(known, seed), known, lived.logged)
    embedded_s = time.process_time() - began_s
    note("training the same by Spark")
    settings = msgspec.structs.replace(load_settings(folder / "home", {}), spark_master="local[2]")
    settings.scratch.mkdir(parents=True)
    (folder / "spark").mkdir()
    with spark_engine(settings, folder, known.counts.nnz) as engine:
        began_s = time.perf_counter()
        fitted = spark_als.fit(als, known, engine, folder / "spark", seed)
        spark_s = time.perf_counter() - began_s
    spark = found(fitted, known, lived.logged)
    return {
        "spark_pairs": known.counts.nnz,
        "spark_listeners_asked": len(spark),
        "spark_s": spark_s,
        "embedded_cpu_s": embedded_s,
        "spark_ndcg@10": float(spark.mean()),
        "embedded_ndcg@10": float(embedded.mean()),
        "spark_gain": str(gain(spark, embedded, np.arange(len(spark)), seed)),
    }


if __name__ == "__main__":
    main()
