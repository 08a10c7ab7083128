"""One listener alone: were the artists that were heard next ranked first, and is the rest of a playlist found?

Of each listener of a home, artists of the catalogue that were first heard in a window of the history are ranked among
all artists of the catalogue not heard before it, by what was heard before: in each tenth from the half on, and in the
last fifth. Weights are learned from before the window. Beside the recommender stand popularity (how often the
catalogue's playlists have the artist), content alone (sound and genre), popularity within the listener's genres, and
the shared playlists alone.

Playlists are held out in five folds, those with much in common together; genres that only they show are hidden. The
rest of each is ranked among all tracks by one of its tracks.

Intervals are 95 % over artists, or groups of playlists, drawn anew 2,000 times; gains are paired.

    python benchmarks/one_listener.py --home HOME --json
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from measure import finish
from tonearm.lake import open_lake
from tonearm.models.evaluate import draws, outside_of
from tonearm.models.model import SEED
from tonearm.recommend import catalogue
from tonearm.recommend.learning.listeners import ORIGINS, Heard, Question, places_of_artists, predicted
from tonearm.recommend.learning.songs import Continued, continued, ndcg
from tonearm.recommend.model import Recommender, parts_of
from tonearm.recommend.signals import BASELINES, counting

RESAMPLES = 2000
WINDOWS = {"tenths": ORIGINS, "last fifth": (0.8, 1.0)}
MODEL = "recommender"
FOR_LISTENERS = {
    "popularity": counting(lists=1.0),
    "content": counting(sound=1.0, genre=1.0),
    "popular in genres": BASELINES["listener"],
    "shared playlists": counting(artists=1.0),
}
FOR_SONGS = {
    "popularity": counting(popularity=1.0),
    "content": counting(sound=1.0, genre=1.0),
    "artist, then content": BASELINES["song"],
    "shared playlists": counting(playlists=1.0, artists=1.0),
}
Weights = Mapping[str, "np.ndarray[Any, Any]"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="a built home with histories and a catalogue")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    tables = catalogue.read(open_lake(str(options.home / "lake")))
    rows, listens = parts_of(Recommender().examples(tables, datetime.now(UTC)))
    found: dict[str, Any] = {"seed": SEED, "tracks": int(rows.is_listed.sum())}
    for name, shares in WINDOWS.items():
        ranked = pd.concat(list(_found(predicted(rows, Heard.of(listens, rows), shares))), ignore_index=True)
        for k, who in enumerate([None, *sorted(ranked.listener.unique())]):
            own = ranked if who is None else ranked[ranked.listener == who]
            # A listener's name is nobody's business.
            found |= _compared(own, f"artists, {name}, {'all' if who is None else f'listener {k}'}", "artist")
    lists = pd.DataFrame(_continued(continued(rows[rows.is_listed].reset_index(drop=True), SEED)))
    finish(found | _compared(lists, "playlists", "group"), options.json)


def _found(asked: Iterable[tuple[str, Question, Any]]) -> Iterator[pd.DataFrame]:
    """A row for each artist that was found and each ranking: its gain, place and percentile."""
    for listener, one, learned in asked:
        artists = np.unique(one.artist[one.is_new & one.finds_artist])
        among = len(np.unique(one.artist[one.is_new]))
        ideal = 1 / np.log2(np.arange(2, len(artists) + 2))
        for name, weights in {MODEL: learned, **FOR_LISTENERS}.items():
            place = places_of_artists(one, one.values @ weights)[artists]
            gain = 1 / np.log2(1 + place)
            yield pd.DataFrame(
                {
                    **{"listener": listener, "artist": artists, "by": name, "gain": gain},
                    # Shares of the best possible sum, times the number of artists, so that their mean is the NDCG.
                    **{f"ndcg@{k}": gain * (place <= k) * len(place) / ideal[:k].sum() for k in (10, 100)},
                    **{f"recall@{k}": (place <= k) * 1.0 for k in (50, 200)},
                    "percentile": 1 - (place - 1) / max(among - 1, 1),
                }
            )


def _continued(asked: Iterable[Continued]) -> Iterator[dict[str, Any]]:
    for one in asked:
        for name, weights in {MODEL: one.weights, **FOR_SONGS}.items():
            scores = np.where(one.may, one.values @ weights, -np.inf)
            first = np.argsort(-scores, kind="stable")[:100]
            measured = {f"ndcg@{k}": ndcg(scores, one.others, k) for k in (10, 100)}
            yield {"group": one.group, "by": name, **measured, "recall@100": float(np.isin(one.others, first).mean())}


def _compared(rows: pd.DataFrame, what: str, block: str) -> dict[str, Any]:
    """Each ranking's means with intervals, and what the recommender gains on each other ranking."""
    own = rows[rows.by == MODEL]
    metrics = [name for name in rows.columns if name not in ("listener", "artist", "group", "by")]
    found: dict[str, Any] = {f"{what}: n": len(own)}
    for name, part in rows.groupby("by", sort=False):
        for metric in metrics:
            key = f"{what}: {metric} by {name}"
            found[key] = _interval(part[metric].to_numpy(), part[block].to_numpy())
            if name != MODEL:
                apart = own[metric].to_numpy() - part[metric].to_numpy()
                found[f"{what}: {metric} gained on {name}"] = _interval(apart, own[block].to_numpy())
    return found


def _interval(values: Any, block: Any) -> list[float]:
    """Mean and its 95 % interval, whole blocks drawn anew."""
    means = np.concatenate([(d @ values.astype(float)) / d.total for d in draws(block.astype(str), SEED, RESAMPLES)])
    outside = outside_of(block.astype(str))
    return [round(float(v), 4) for v in (values.mean(), *np.quantile(means, [outside, 1 - outside]))]


if __name__ == "__main__":
    main()
