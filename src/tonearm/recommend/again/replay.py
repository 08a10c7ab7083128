"""How well re-listening is predicted: a history is replayed, and each moment is answered from what was before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tonearm.models.model import SEED
from tonearm.recommend.again import activation, next_in_session
from tonearm.recommend.again.activation import soonest
from tonearm.recommend.again.candidates import before_sessions, candidates, openings, top
from tonearm.recommend.again.evidence import earlier

if TYPE_CHECKING:
    from tonearm.recommend.again.blend import Blend
    from tonearm.recommend.again.candidates import Candidates
    from tonearm.recommend.again.history import History, Numbers, Places

LAST = 0.2
"""Share of the listens, the newest, that is asked about and never learned from."""
HITS = (1, 10)
RESAMPLES = 2_000
DEPTH = 200
"""Items ranked at each moment; the rest of a session is hardly ever longer."""
_WINDOW = 1_000
"""Listens looked back at for the most recent items."""
MODELS = ("next in session", "hear again")
BASELINES = ("markov", "most recent", "most heard")


@dataclass(frozen=True)
class Replay:
    """What each model and baseline found at every moment of the last fifth that its session went on."""

    session: Places
    """(n,) session of the moment."""
    metrics: Mapping[tuple[str, str], Numbers]
    """By model and metric (``hr@1``, ``hr@10``, ``r_precision``), (n,) from 0 to 1."""

    def mean(self, model: str, metric: str) -> float:
        """The metric over all moments; never-heard items can be hit by none and count as misses."""
        return float(self.metrics[model, metric].mean())

    def gain(self, model: str, baseline: str, metric: str, seed: int = SEED) -> tuple[float, float, float]:
        """How much more the model finds than the baseline, as a share of that, with its 95 % interval.

        Whole sessions are drawn anew, the same for both.
        """
        of = np.unique(self.session, return_inverse=True)[1]
        ours, theirs = (np.bincount(of, self.metrics[name, metric]) for name in (model, baseline))
        drawn = np.random.default_rng(seed).integers(0, len(ours), (RESAMPLES, len(ours)))
        ratios = ours[drawn].sum(axis=1) / np.maximum(theirs[drawn].sum(axis=1), 1e-9) - 1.0
        low, high = np.percentile(ratios, [2.5, 97.5]).tolist()
        return float(ours.sum() / max(theirs.sum(), 1e-9) - 1.0), low, high


def replay(history: History) -> Replay:
    """Both models and the baselines over the last fifth; weights are learned before it."""
    begin = int(history.opening[int(len(history) * (1.0 - LAST))])
    blends = {"next in session": next_in_session.fit(history, begin), "hear again": activation.fit(history, begin)}
    at = np.arange(begin, len(history))
    at = at[at + 1 < history.end[at]]
    answers: dict[str, list[tuple[Places, Places, Places]]] = {name: [] for name in blends}
    for found in candidates(history, begin, len(history)):
        asked = found.of(found.moment + 1 < history.end[found.moment])
        for name, blend in blends.items():
            answers[name].append(_ranked(asked, blend))
    ranked = {name: _joined(parts) for name, parts in answers.items()} | baselines(history, at)
    metrics: dict[tuple[str, str], Numbers] = {}
    for name, one in ranked.items():
        metrics |= {(name, metric): values for metric, values in _metrics(history, at, history.end[at], one).items()}
    return Replay(history.session[at], metrics)


def replay_openings(history: History) -> Replay:
    """What to hear again before a session, against the same baselines: every session of the last fifth is asked about.

    Relevant are the different items of the whole session.
    """
    begin = int(history.opening[int(len(history) * (1.0 - LAST))])
    blend = activation.fit_opening(history, begin)
    opened = np.unique(history.opening[begin:])
    opened = opened[opened > 0]
    parts = [_ranked(found, blend) for found in before_sessions(history, openings(history, opened))]
    at, end = opened - 1, history.end[opened]
    answers = {"hear again": _joined(parts)} | {
        name: found for name, found in baselines(history, at).items() if name != "markov"
    }
    metrics: dict[tuple[str, str], Numbers] = {}
    for name, one in answers.items():
        metrics |= {(name, metric): values for metric, values in _metrics(history, at, end, one).items()}
    return Replay(history.session[opened], metrics)


def _ranked(found: Candidates, blend: Blend) -> tuple[Places, Places, Places]:
    place, rank = top(found, blend.score(found.values), DEPTH)
    return found.moment[place], found.item[place], rank


def _joined(parts: list[tuple[Places, Places, Places]]) -> tuple[Places, Places, Places]:
    moment, item, rank = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return moment, item, rank


def baselines(history: History, at: Places) -> dict[str, tuple[Places, Places, Places]]:
    """Moment, item and rank of the answers of each baseline.

    *Markov*: what followed the current item most often, the newest first among equals. *Most recent*: what was heard
    last. *Most heard*: the favourites of the whole history so far.
    """
    return {
        "markov": _markov(history, at),
        "most recent": _most_recent(history, at),
        "most heard": _most_heard(history, at),
    }


def _markov(history: History, at: Places) -> tuple[Places, Places, Places]:
    row, position = earlier(history.item, at, len(history))
    is_same = (history.session[position + 1] == history.session[position]) & (position + 1 <= at[row])
    row, following = row[is_same], position[is_same] + 1
    keys, inverse, counts = np.unique(
        row * len(history.ids) + history.item[following], return_inverse=True, return_counts=True
    )
    newest = np.zeros(len(keys), dtype=np.int64)
    np.maximum.at(newest, inverse, following)
    row, item = np.divmod(keys, len(history.ids))
    order = np.lexsort((-newest, -counts, row))
    row = row[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    return at[row], item[order], rank


def _most_recent(history: History, at: Places) -> tuple[Places, Places, Places]:
    position = at[:, None] - np.arange(_WINDOW)
    is_newest = (position >= 0) & (_next_heard(history)[np.maximum(position, 0)] > at[:, None])
    rank = np.cumsum(is_newest, axis=1) - 1
    row, column = np.nonzero(is_newest & (rank < DEPTH))
    return at[row], history.item[position[row, column]], rank[row, column]


def _next_heard(history: History) -> Places:
    """(n,) position of the next listen of each listen's item; past the end where there is none."""
    order = np.argsort(history.item, kind="stable")
    following = np.append(order[1:], len(history))
    is_last = np.append(history.item[order[1:]] != history.item[order[:-1]], True)
    found = np.empty(len(history), dtype=np.int64)
    found[order] = np.where(is_last, len(history), following)
    return found


def _most_heard(history: History, at: Places) -> tuple[Places, Places, Places]:
    openings, session = np.unique(history.opening[at], return_inverse=True)
    favourites = np.stack([_favourites(history, opening) for opening in openings.tolist()])
    depth = favourites.shape[1]
    return np.repeat(at, depth), favourites[session].ravel(), np.tile(np.arange(depth), len(at))


def _favourites(history: History, known: int) -> Places:
    counts = np.bincount(history.item[:known], minlength=len(history.ids))
    return np.argsort(-counts, kind="stable")[:DEPTH]


def _metrics(history: History, at: Places, end: Places, answers: tuple[Places, Places, Places]) -> dict[str, Numbers]:
    """Each metric at every moment of ``at``, of what is heard up to ``end``; all answers are to one of the moments."""
    moment, item, rank = answers
    row = np.searchsorted(at, moment)
    relevant = _relevant(history, at, end)
    is_next = history.item[moment + 1] == item
    is_in_rest = soonest(history, moment, item) < end[row]
    found = {f"hr@{k}": np.bincount(row[is_next & (rank < k)], minlength=len(at)).astype(float) for k in HITS}
    hits = np.bincount(row[is_in_rest & (rank < relevant[row])], minlength=len(at))
    return {**found, "r_precision": hits / relevant}


def _relevant(history: History, at: Places, end: Places) -> Places:
    """(n,) different items after each moment and before its ``end``."""
    lengths = end - at - 1
    row = np.repeat(np.arange(len(at)), lengths)
    position = at[row] + 1 + np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    is_last = _next_heard(history)[position] >= end[row]
    return np.bincount(row[is_last], minlength=len(at))
