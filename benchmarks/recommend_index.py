"""What finding the best items costs beside the bare product, and beside FAISS's flat index, on trained factors.

Factors are trained: ALS on simulated listeners (``recommend/simulate.py``, as many genres as --clusters) of as many
items as asked for. Each figure is a ratio of CPU times, one thread, of pairs of calls that follow each other within
one run; the median of the pairs is given with the range of the middle half. One query at a time, as requests come.

    python benchmarks/recommend_index.py --items 1000000 --trained FOLDER --json

FOLDER keeps the factors for the next run, since training a million items takes most of the time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from measure import finish, note
from tonearm.recommend.artefact import load, save
from tonearm.recommend.collaborative.index import MEASURED_AT, Exact, build, one_thread, restore
from tonearm.recommend.collaborative.precomputed import by_cosine
from tonearm.recommend.simulate import Habits, simulate

HEARD = 50
"""Items that each query leaves out."""
QUERIES = 200
FLAT_QUERIES = 30
"""Queries put to what scans everything at a million items."""
SMALLER = ((20_000, 64), (50_000, 64), (100_000, 128))
"""Sizes at which the exact scan is measured besides the whole."""
LOOKUPS = 100_000
REGULARIZATION, ALPHA = 75.0, 20.0
"""Of :class:`tonearm.recommend.collaborative.als.Als`."""
QUERYING = 20_000
"""Listeners whose factors are kept."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--trained-items", type=int, default=100_000, help="items that take part in all iterations")
    parser.add_argument("--listeners", type=int, default=120_000)
    parser.add_argument("--clusters", type=int, default=64)
    parser.add_argument("--factors", type=int, default=128)
    parser.add_argument("--iterations", type=int, default=6)
    parser.add_argument("--trained", type=Path, help="folder with factors of an earlier run, or to keep them in")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        vectors, queries = factors(options, options.trained or Path(name) / "factors")
        figures: dict[str, Any] = {"items": len(vectors), "factors": vectors.shape[1], "seed": options.seed}
        rng = np.random.default_rng(options.seed)
        asked = queries[rng.permutation(len(queries))]
        for items, dimensions in (*SMALLER, vectors.shape):
            if items <= len(vectors):
                part = np.ascontiguousarray(vectors[:items, :dimensions])
                figures |= exact(part, np.ascontiguousarray(asked[:QUERIES, :dimensions]), rng)
        # Recall is measured at the build on the one half, and here on the other.
        figures |= approximate(vectors, asked[: len(asked) // 2], asked[len(asked) // 2 :][:QUERIES], options.seed)
        figures |= lookup(vectors[:20_000], Path(name), rng)
    finish(figures, options.json)


def factors(options: argparse.Namespace, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Factors of all items and of some listeners."""
    paths = folder / "items.npy", folder / "listeners.npy"
    if not all(path.exists() for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        for path, values in zip(paths, trained(options), strict=True):
            np.save(path, values)
    items, listeners = (np.load(path) for path in paths)
    return items, listeners


def trained(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """ALS with the settings that are served, in which only the most popular items take part in all iterations.

    All others are solved in the last half iteration, from the same listeners' factors, which takes a tenth of the time.
    """
    from implicit.cpu.als import AlternatingLeastSquares

    note(f"simulating {options.listeners:,} listeners of {options.items:,} items")
    habits = Habits(sessions=10, slate=12, playlists=0, unbiased=1)
    heard = simulate(options.listeners, options.items, habits, options.seed, options.clusters).known.heard()
    popular = np.argsort(-np.bincount(heard.indices, minlength=options.items), kind="stable")[: options.trained_items]
    part = heard[:, np.sort(popular)]
    note(f"training {options.factors} factors on {part.nnz:,} of {heard.nnz:,} pairs")
    model = AlternatingLeastSquares(
        factors=options.factors,
        regularization=REGULARIZATION,
        alpha=ALPHA,
        iterations=options.iterations,
        num_threads=1,
        random_state=options.seed,
    )
    with one_thread():
        model.fit(
            part, show_progress=False, callback=lambda at, seconds, _: note(f"iteration {at + 1}: {seconds:.0f} s")
        )
        vectors = np.zeros((options.items, options.factors), np.float32)
        confidences = sp.csr_matrix(ALPHA * heard.T)
        model.solver(confidences, vectors, model.user_factors, REGULARIZATION, num_threads=1)
    return vectors, model.user_factors[:QUERYING]


def exact(vectors: np.ndarray, queries: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """The scan of :class:`Exact` with items left out, over the matrix–vector product alone."""
    note(f"exact scan of {len(vectors):,} × {vectors.shape[1]}")
    index = Exact(vectors)
    heard = some_heard(len(vectors), len(queries), rng)
    queries = queries[:FLAT_QUERIES] if len(vectors) > 200_000 else queries
    name = f"exact_{len(vectors)}x{vectors.shape[1]}"
    found: dict[str, Any] = {}
    for k in (10, 100):
        ours = [lambda row=row, k=k: index.search(queries[row : row + 1], k, heard[row]) for row in range(len(queries))]
        bare = [lambda row=row: vectors @ queries[row] for row in range(len(queries))]
        found |= ratios(f"{name}_top{k}_over_product", ours, bare)
    return found | {f"{name}_queries": len(queries)}


def approximate(vectors: np.ndarray, learned: np.ndarray, asked: np.ndarray, seed: int) -> dict[str, Any]:
    """Inverted lists against FAISS's flat index and our own scan, and how many of the best they find."""
    import faiss

    note("building an approximate index")
    began_s = time.process_time()
    index = build(vectors, learned, large=1, seed=seed)
    assert not isinstance(index, Exact)
    found: dict[str, Any] = {f"ann_{key}": value for key, value in index.about.items()}
    found["ann_build_cpu_s"] = time.process_time() - began_s
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        save(Path(folder), index.arrays(), index.about)
        mapped = restore(*load(Path(folder)))
        note("measuring the mapped index")
        for k in (10, MEASURED_AT):
            ours, best = mapped.search(asked, k).items, index.exact.search(asked, k).items
            found[f"ann_recall@{k}"] = float(np.mean([np.isin(a, b).mean() for a, b in zip(best, ours, strict=True)]))
        found["ann_recall_queries"] = len(asked)
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)
        some = range(min(FLAT_QUERIES, len(asked)))
        lists = [lambda row=row: mapped.search(asked[row : row + 1], MEASURED_AT) for row in some]
        scans = {
            "faiss_flat": [lambda row=row: flat.search(asked[row : row + 1], MEASURED_AT) for row in some],
            "exact_scan": [lambda row=row: index.exact.search(asked[row : row + 1], MEASURED_AT) for row in some],
        }
        with one_thread():
            for name, calls in scans.items():
                found |= ratios(f"{name}_over_ann", calls, lists)
            # Many queries at once let the flat index use a matrix product, which one request cannot.
            found["faiss_flat_in_batch_over_ann"] = cpu_s(lambda: flat.search(asked, MEASURED_AT)) / cpu_s(
                lambda: [mapped.search(asked[row : row + 1], MEASURED_AT) for row in range(len(asked))]
            )
    return found


def lookup(vectors: np.ndarray, folder: Path, rng: np.random.Generator) -> dict[str, Any]:
    """The table of the best 200 of each item: made, mapped, and asked for one item at a time."""
    from tonearm.recommend.collaborative.precomputed import Neighbours

    note("precomputing neighbours")
    began_s = time.process_time()
    table = by_cosine(vectors)
    made_s = time.process_time() - began_s
    kept = folder / "table"
    kept.mkdir()
    save(kept, table.arrays(), {})
    mapped = Neighbours.restore(load(kept)[0])
    columns = rng.integers(0, len(vectors), LOOKUPS).tolist()
    taken = cpu_s(lambda: [mapped.of(column) for column in columns])
    return {
        "neighbours_items": len(vectors),
        "neighbours_cpu_s": made_s,
        "neighbours_mb": sum(values.nbytes for values in table.arrays().values()) / 1e6,
        "neighbours_lookup_us": taken / LOOKUPS * 1e6,
    }


def some_heard(items: int, queries: int, rng: np.random.Generator) -> list[sp.csr_matrix]:
    columns = [np.unique(rng.integers(0, items, HEARD)) for _ in range(queries)]
    return [sp.csr_matrix((np.ones(len(heard), np.float32), heard, [0, len(heard)]), (1, items)) for heard in columns]


Calls = list[Callable[[], Any]]


def ratios(name: str, ours: Calls, other: Calls) -> dict[str, Any]:
    """How many times the CPU time of ``other`` each of ``ours`` takes, call by call."""
    ours[0](), other[0]()
    each = np.array([(cpu_s(a), cpu_s(b)) for a, b in zip(ours, other, strict=True)])
    low, middle, high = np.quantile(each[:, 0] / each[:, 1], [0.25, 0.5, 0.75])
    return {
        name: float(middle),
        f"{name}_middle_half": f"{low:.3g} {high:.3g}",
        f"{name}_ms": f"{1e3 * np.median(each[:, 0]):.3g} {1e3 * np.median(each[:, 1]):.3g}",
    }


def cpu_s(call: Callable[[], Any]) -> float:
    began = time.process_time_ns()
    call()
    return (time.process_time_ns() - began) / 1e9


if __name__ == "__main__":
    main()
