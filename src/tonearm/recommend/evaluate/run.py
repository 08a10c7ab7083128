"""A recommender asked about every split of a dataset, and how good its answers are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tonearm.errors import UnknownName
from tonearm.models.model import SEED
from tonearm.recommend.collaborative.als import Als
from tonearm.recommend.collaborative.ease import Ease
from tonearm.recommend.collaborative.features import Features
from tonearm.recommend.collaborative.neighbours import Neighbours
from tonearm.recommend.collaborative.popularity import Popularity
from tonearm.recommend.collaborative.taste import Taste
from tonearm.recommend.evaluate import metrics
from tonearm.recommend.evaluate.protocols import PROTOCOLS, Split
from tonearm.recommend.hybrid import Hybrid

if TYPE_CHECKING:
    import numpy.typing as npt
    import scipy.sparse as sp

    from tonearm.recommend.evaluate.datasets import Dataset
    from tonearm.recommend.evaluate.metrics import Numbers, Ranking
    from tonearm.recommend.part import Fitted, Part

    Ask = Callable[[], Ranking]
    Model = Callable[[Split, int], Ask]

DEPTH = 100
"""Places that are ranked: as many as the longest metric looks at."""
ALS_WITH_FEATURES = Als(name="als+features", factors=128, feature_weight=2.0, plays=2.0)
PARTS: Mapping[str, Part] = {
    part.name: part
    for part in (
        Popularity(),
        Features(),
        Neighbours(),
        Ease(penalty=100, dropout=0, listener_power=0, popularity_power=0, feature_weight=0, plays=0),
        Ease(name="ease+features"),
        Als(),
        ALS_WITH_FEATURES,
        Taste(),
    )
}
"""By name; ``ease`` and ``als`` are the references: tuned, but by binary interactions alone."""
HYBRID = Hybrid((ALS_WITH_FEATURES, PARTS["ease+features"], Taste(), Neighbours(rarity=2, plays=1), Features(plays=1)))
WITHOUT_FEATURES = Hybrid((Als(factors=128, plays=2), Ease(feature_weight=0), Neighbours(rarity=2, plays=1)))


@dataclass(frozen=True)
class Evaluation:
    """How good a recommender is for each listener asked about, and over the catalogue."""

    listeners: npt.NDArray[np.int64]
    values: Mapping[str, Numbers]
    """By metric, one for each listener."""
    coverage: float
    """Share of the items that are recommended to anyone, in ten places."""
    popularity_lift: float | None
    """How many times more popular these are than what the same listeners hear; None where nobody has heard them."""

    @classmethod
    def joined(cls, several: list[Evaluation]) -> Evaluation:
        """All their listeners; coverage and popularity lift on average."""
        lifts = [one.popularity_lift for one in several]
        return cls(
            np.concatenate([one.listeners for one in several]),
            {name: np.concatenate([one.values[name] for one in several]) for name in several[0].values},
            float(np.mean([one.coverage for one in several])),
            None if None in lifts else float(np.mean(np.array(lifts, dtype=float))),
        )


def evaluate(
    dataset: Dataset,
    protocol: str,
    model: Model,
    seed: int = SEED,
    progress: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """Fit and ask a model on every split of a protocol; ``progress`` is called with the number of splits done."""
    if protocol not in PROTOCOLS:
        raise UnknownName("protocol", protocol, PROTOCOLS)
    found = []
    for split in PROTOCOLS[protocol](dataset, seed):
        found.append(judged(split, model(split, seed)()))
        progress(len(found))
    return Evaluation.joined(found)


def judged(split: Split, ranking: Ranking) -> Evaluation:
    """The metrics of a ranking, for those of whom something was held out."""
    n_held_out = np.diff(split.held_out.indptr)
    asked = np.flatnonzero(n_held_out)
    found, n = metrics.hits(ranking, split.held_out)[asked], n_held_out[asked]
    top = ranking[asked, :10]
    popularity = np.bincount(split.known.counts.indices, minlength=split.known.counts.shape[1]).astype(float)
    return Evaluation(
        split.listeners[asked],
        {
            "ndcg@10": metrics.ndcg(found, n, 10),
            "ndcg@100": metrics.ndcg(found, n, 100),
            "recall@20": metrics.recall(found, n, 20),
            "recall@50": metrics.recall(found, n, 50),
            "r_precision": metrics.r_precision(found, n),
        },
        metrics.coverage(top, split.known.counts.shape[1] if split.candidates is None else split.candidates.sum()),
        None if split.candidates is not None else metrics.popularity_lift(top, split.histories[asked], popularity),
    )


def model_of(name: str, dataset: Dataset) -> Model:
    """A recommender by its name: a part, ``hybrid``, or ``hybrid+friends``; UnknownName if there is no such."""
    if name in PARTS:
        return of_part(PARTS[name])
    if name in (HYBRID_NAME, WITH_FRIENDS):
        return of_hybrid(WITHOUT_FEATURES if is_bare(dataset) else HYBRID, with_friends=name == WITH_FRIENDS)
    raise UnknownName("recommender", name, MODELS)


def is_bare(dataset: Dataset) -> bool:
    """Whether nothing describes the items."""
    return dataset.taggings is None and dataset.interactions.features is None


HYBRID_NAME, WITH_FRIENDS = "hybrid", "hybrid+friends"
MODELS = (*PARTS, HYBRID_NAME, WITH_FRIENDS)


def of_part(part: Part) -> Model:
    """A part as a model to evaluate."""

    def fit(split: Split, seed: int) -> Ask:
        fitted = part.fit(split.known, seed)
        return lambda: ranked_by(fitted, split)

    return fit


def ranked_by(fitted: Fitted, split: Split) -> Ranking:
    """The best items of a fitted part for those whom a split asks about."""
    scores = fitted.scores(split.histories)
    if split.candidates is not None:
        scores[:, ~split.candidates] = -np.inf
    return metrics.ranked(scores, split.histories, DEPTH)


def of_hybrid(hybrid: Hybrid, with_friends: bool = False, popularity_penalty: float = 0.0) -> Model:
    """A hybrid as a model to evaluate, that sees what friends heard or does not."""

    def fit(split: Split, seed: int) -> Ask:
        known = split.known if with_friends else replace(split.known, friends=None)
        fitted = hybrid.fit(known, seed, split.describe)
        friends = heard_by_friends(split) if with_friends else None

        def ask() -> Ranking:
            found = fitted.recommend(split.histories, DEPTH, split.candidates, friends, popularity_penalty)
            return found.items

        return ask

    return fit


def heard_by_friends(split: Split) -> sp.csr_matrix | None:
    """(n, items) how many friends of those asked about heard each item, as far as it is known."""
    return None if split.friends is None else split.friends @ split.known.heard()


def figures(found: Evaluation, seed: int = SEED) -> dict[str, Any]:
    """The means with their intervals over listeners, as what is printed."""
    intervals = {name: metrics.interval(values, found.listeners, seed) for name, values in found.values.items()}
    return {
        **{name: one.value for name, one in intervals.items()},
        "coverage@10": found.coverage,
        "popularity_lift": found.popularity_lift,
        "intervals": {name: [one.low, one.high] for name, one in intervals.items()},
        "n": len(np.unique(found.listeners)),
        "seed": seed,
    }
