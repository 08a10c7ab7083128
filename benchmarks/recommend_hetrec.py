"""How well recommenders rank what listeners of hetrec2011-lastfm-2k heard but they were not shown.

*weak* holds out a fifth of everyone's artists, with several seeds; *strong* listeners who are new, by four fifths of
their history in five folds; *three* the same listeners by three artists; *unseen* artists that nobody was known to
have heard. Gains are over tuned ALS, paired by listener, with 95 % intervals from a bootstrap over listeners.

    python benchmarks/recommend_hetrec.py --path hetrec2011-lastfm-2k --json
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from measure import finish, note
from tonearm.recommend.evaluate import datasets, metrics
from tonearm.recommend.evaluate.protocols import Split, strong, three, unseen, weak
from tonearm.recommend.evaluate.run import DEPTH, HYBRID, PARTS, Evaluation, heard_by_friends, judged, ranked_by

BASELINE = "als"
PENALTY = 0.05
"""What a doubling of an artist's listeners costs in the dialled hybrid; chosen on an inner split."""
Found = dict[str, Evaluation]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, required=True, help="the dataset's folder")
    parser.add_argument("--seeds", type=int, default=5, help="of weak")
    parser.add_argument("--seed", type=int, default=1, help="the first, and that of the folds")
    parser.add_argument("--protocols", nargs="+", default=["weak", "strong", "unseen"])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    dataset = datasets.load("hetrec2011", options.path)
    figures: dict[str, Any] = {"seed": options.seed}
    for protocol in options.protocols:
        found = defaultdict(list)
        for splits in asked(dataset, protocol, options.seed, options.seeds):
            for name, one in answered(splits, options.seed).items():
                found[name].append(one)
                note(f"{name:34} {one.values['ndcg@10'].mean():.4f}")
        figures |= summary({name: Evaluation.joined(several) for name, several in found.items()}, options.seed)
    finish(figures, options.json)


def asked(dataset: datasets.Dataset, protocol: str, seed: int, seeds: int) -> Iterator[dict[str, Split]]:
    """Splits that share what is known, so that a recommender is fitted once for all of them."""
    if protocol == "weak":
        for one in range(seed, seed + seeds):
            yield {"weak": next(weak(dataset, one))}
    elif protocol == "strong":
        for many, few in zip(strong(dataset, seed), three(dataset, seed), strict=True):
            yield {"strong": many, "three": few}
    else:
        for one in unseen(dataset, seed):
            yield {"unseen": one}


def answered(splits: dict[str, Split], seed: int) -> Found:
    """Every part and the hybrid, asked about each split."""
    known = next(iter(splits.values())).known
    found = {}
    for name, part in PARTS.items():
        fitted = part.fit(known, seed)
        for protocol, split in splits.items():
            found[f"{protocol}/{name}"] = judged(split, ranked_by(fitted, split))
    # The hybrid's ranker learns from what was heard, which an artist without listeners never was.
    return found if "unseen" in splits else found | hybrids(splits, seed)


def hybrids(splits: dict[str, Split], seed: int) -> Found:
    """The hybrid as it is, with a penalty on popularity, and with what friends heard."""
    first = next(iter(splits.values()))
    examples = HYBRID.examples(first.known, seed, first.describe)
    fitted = HYBRID.fitted(first.known, HYBRID.ranker(examples.without_friends(), seed), seed)
    with_friends = replace(fitted, ranker=HYBRID.ranker(examples, seed))
    found = {}
    for protocol, split in splits.items():
        rank = split.histories, DEPTH, split.candidates
        found[f"{protocol}/hybrid"] = judged(split, fitted.recommend(*rank).items)
        if protocol in ("weak", "strong"):
            dialled = fitted.recommend(*rank, popularity_penalty=PENALTY)
            found[f"{protocol}/hybrid, dialled"] = judged(split, dialled.items)
            social = with_friends.recommend(*rank, friends=heard_by_friends(split))
            found[f"{protocol}/hybrid+friends"] = judged(split, social.items)
    return found


def summary(found: Found, seed: int) -> dict[str, Any]:
    """Means with intervals, and the paired gain over tuned ALS."""
    figures: dict[str, Any] = {}
    for name, one in found.items():
        baseline = found[f"{name.split('/')[0]}/{BASELINE}"]
        for metric in ("ndcg@10", "ndcg@100", "recall@20"):
            of_metric = metrics.interval(one.values[metric], one.listeners, seed)
            figures |= written(f"{name} {metric}", of_metric)
        gain = metrics.gain(one.values["ndcg@10"], baseline.values["ndcg@10"], one.listeners, seed)
        figures |= written(f"{name} gain over {BASELINE}", gain)
        figures[f"{name} coverage@10"] = one.coverage
        figures[f"{name} popularity lift"] = one.popularity_lift
        figures[f"{name} listeners"] = len(np.unique(one.listeners))
    return figures


def written(name: str, interval: metrics.Interval) -> dict[str, float]:
    return {name: interval.value, f"{name} low": interval.low, f"{name} high": interval.high}


if __name__ == "__main__":
    main()
