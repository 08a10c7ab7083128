"""How near the parts come to the oracle on simulated listeners, whose true taste is known, and what is caught.

Worlds are simulated anew for each seed (``recommend/simulate.py``). *unbiased* is the test with slates in which every
item is as likely: NDCG@10 as a share of the oracle's, which ranks by the true utilities. *logged* is the test of the
last sessions, against popularity. The settings of the parts are their own; those of *als tuned* are chosen on an inner
split of each world's known sessions; *corrected for exposure* divides scores by how often an item is met. Intervals
are of listeners drawn anew, of all worlds together.

    python benchmarks/recommend_simulated.py --seeds 5 --json
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from measure import finish, note
from tonearm.recommend.collaborative.als import Als
from tonearm.recommend.collaborative.ease import Ease
from tonearm.recommend.collaborative.features import Features
from tonearm.recommend.collaborative.popularity import Popularity
from tonearm.recommend.evaluate.metrics import Interval, gain, hits, ndcg, ranked
from tonearm.recommend.evaluate.protocols import divided
from tonearm.recommend.interactions import Interactions
from tonearm.recommend.part import Part
from tonearm.recommend.simulate import Habits, Simulated, simulate

K = 10
GRID = [(factors, penalty) for factors in (12, 32, 64) for penalty in (10.0, 75.0, 300.0)]
"""Factors and regularisation of the tuned ALS."""
CORRECTED = Ease(name="ease corrected for exposure", popularity_power=0.5, dropout=0.9, plays=0.0)
"""Slates favour items by the root of their popularity, by which scores are divided here. The dropout and the weight of
plays were chosen in the world of seed 101, which is not among those reported."""
SABOTAGES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "shuffled_ids": lambda scores, rng: scores[:, rng.permutation(scores.shape[1])],
    "shuffled_listeners": lambda scores, rng: scores[rng.permutation(len(scores))],
    "off_by_one": lambda scores, _: np.roll(scores, 1, axis=1),
    "sign_flipped": lambda scores, _: -scores,
}
Found = dict[str, list[np.ndarray]]
"""By recommender, each world's NDCG of its listeners."""


@dataclass(frozen=True)
class Tuned:
    """ALS with the settings of :data:`GRID` that were best on a fifth of what is known."""

    name: str = "als tuned"

    def fit(self, known: Interactions, seed: int = 1) -> Any:
        histories, held_out = divided(known.counts, 0.2, seed)
        inner = replace(known, counts=histories)

        def reached(settings: tuple[int, float]) -> float:
            scores = _als(*settings).fit(inner, seed).scores(histories)
            return float(measured(scores, histories, held_out).mean())

        return _als(*max(GRID, key=reached)).fit(known, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--listeners", type=int, default=1_200)
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began_s = time.process_time()
    shape = options.listeners, options.items
    tests = {"unbiased": Found(), "logged": Found()}
    for seed in range(1, options.seeds + 1):
        lived = simulate(*shape, Habits(playlists=0), seed)
        for name, scores in _scored(lived, parts(), seed):
            for test, found in tests.items():
                found.setdefault(name, []).append(measured(scores, lived.known.counts, getattr(lived, test)))
    figures: dict[str, Any] = {"listeners": shape[0], "items": shape[1], "worlds": options.seeds}
    figures |= {f"{name}_share_of_oracle": _share(tests["unbiased"], name, "oracle") for name in tests["unbiased"]}
    figures |= {f"{name}_ndcg@10_logged": _mean(found) for name, found in tests["logged"].items()}
    figures |= _caught(tests["logged"]) | _tasteless(shape, options.seeds)
    finish(figures | {"cpu_s": time.process_time() - began_s}, options.json)


def parts() -> list[Part]:
    without = Ease(name="ease without genres", feature_weight=0)
    return [Popularity(), Features(), Als(), Tuned(), Ease(), without, CORRECTED]


def measured(scores: np.ndarray, heard: sp.csr_matrix, test: sp.csr_matrix) -> np.ndarray:
    """NDCG@10 of each listener."""
    return ndcg(hits(ranked(scores, heard, K), test), np.diff(test.indptr), K)


def _als(factors: int, penalty: float) -> Als:
    return Als(factors=factors, regularization=penalty)


def _scored(lived: Simulated, recommenders: list[Part], seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Scores of the oracle, of each recommender, and of sabotaged ones."""
    yield "oracle", lived.world.utilities()
    for part in recommenders:
        note(f"world {seed}: {part.name}")
        scores = part.fit(lived.known, seed).scores(lived.known.counts)
        yield part.name, scores
        if part.name == "ease":
            rng = np.random.default_rng(seed)
            yield from ((name, sabotage(scores, rng)) for name, sabotage in SABOTAGES.items())


def _caught(logged: Found) -> dict[str, Any]:
    """For each sabotage, the gain over popularity, whose interval is above 0 for the intact recommender only."""
    return {f"{name}_over_popularity": _share(logged, name, "popularity", less=1) for name in ("ease", *SABOTAGES)}


def _tasteless(shape: tuple[int, int], seeds: int) -> dict[str, Any]:
    """Gains over popularity in worlds without taste, whose intervals should not be above 0."""
    found: Found = {}
    for seed in range(1, seeds + 1):
        lived = simulate(*shape, Habits(taste=0, mood=0, playlists=0), seed)
        for name, scores in _scored(lived, [Popularity(), Als(), Ease()], seed):
            found.setdefault(name, []).append(measured(scores, lived.known.counts, lived.logged))
    return {
        f"{name}_over_popularity_without_taste": _share(found, name, "popularity", less=1) for name in ("als", "ease")
    }


def _mean(worlds: list[np.ndarray]) -> str:
    return f"{np.concatenate(worlds).mean():.4f}"


def _share(found: Found, name: str, other: str, less: int = 0) -> str:
    """The share of ``other`` that it reaches, ``less`` 1 for the gain over it, with its interval."""
    one, best = np.concatenate(found[name]), np.concatenate(found[other])
    by = Interval(*(part + 1 - less for part in gain(one, best, np.arange(len(one)))))
    return f"{by.value:.3f} ({by.low:.3f} to {by.high:.3f})"


if __name__ == "__main__":
    main()
