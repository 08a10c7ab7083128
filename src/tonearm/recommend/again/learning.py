"""How the models of re-listening learn: from the newest moments of a listener's sessions, or from their openings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from tonearm.errors import NotEnoughData
from tonearm.recommend.again.blend import Blend, learn
from tonearm.recommend.again.candidates import PARTS, Candidates, before_sessions, candidates, openings

if TYPE_CHECKING:
    from tonearm.recommend.again.history import History, Numbers

    Wanted = Callable[[History, Candidates], Numbers]

NEWEST = 800
"""Newest listens that are learned from; more change the weights little and take longer."""
NEWEST_SESSIONS = 120
FEWEST = 30


def moments(history: History, until: int | None = None) -> Iterator[Candidates]:
    """Candidates of the newest moments before position ``until`` at which their session went on."""
    until = _whole(history, until)
    begin = int(history.opening[max(until - NEWEST, 0)]) if until else 0
    for found in candidates(history, begin, until):
        yield found.of(found.moment + 1 < history.end[found.moment])


def session_openings(history: History, until: int | None = None) -> Iterator[Candidates]:
    """Candidates right before each of the newest sessions before position ``until``."""
    opened = np.unique(history.opening[: _whole(history, until)])
    yield from before_sessions(history, openings(history, opened[opened > 0][-NEWEST_SESSIONS:]))


def _whole(history: History, until: int | None) -> int:
    """The end of the last whole session before ``until``: what is learned must not see what follows."""
    until = len(history) if until is None else until
    return int(history.opening[until]) if until < len(history) else until


def learned(name: str, history: History, asked: Iterable[Candidates], parts: tuple[str, ...], wanted: Wanted) -> Blend:
    """Weights of ``parts`` under which the candidates that are ``wanted`` stand out; 0 for other parts.

    Raises NotEnoughData where there are fewer than 30 moments with a candidate that is wanted.
    """
    values, choice, shares = [], [], []
    for found in asked:
        share = wanted(history, found)
        total = np.bincount(found.moment, share, len(history))[found.moment]
        kept = found.of(total > 0)
        values.append(kept.values)
        choice.append(kept.moment)
        shares.append(share[total > 0] / total[total > 0])
    columns = [PARTS.index(part) for part in parts]
    chosen = np.concatenate(choice) if choice else np.zeros(0, dtype=np.int64)
    if (choices := len(np.unique(chosen))) < FEWEST:
        raise NotEnoughData(name, f"are {choices}", f"{FEWEST} moments after which something known was heard again")
    blend = learn(parts, np.concatenate(values)[:, columns], chosen, np.concatenate(shares))
    weights = np.zeros(len(PARTS))
    weights[columns] = blend.weights
    return Blend(PARTS, weights, blend.choices)
