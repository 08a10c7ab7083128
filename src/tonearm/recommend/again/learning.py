"""How both models of re-listening learn: from the newest moments of a listener's sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tonearm.errors import NotEnoughData
from tonearm.recommend.again.blend import Blend, learn
from tonearm.recommend.again.candidates import PARTS, Candidates, candidates

if TYPE_CHECKING:
    from tonearm.recommend.again.history import History, Numbers

    Wanted = Callable[[History, Candidates], Numbers]

NEWEST = 800
"""Newest listens that are learned from; more change the weights little and take longer."""
FEWEST = 30


def learned(name: str, history: History, until: int | None, parts: tuple[str, ...], wanted: Wanted) -> Blend:
    """Weights of ``parts`` under which candidates that are ``wanted`` stand out, by what was heard before ``until``."""
    until = len(history) if until is None else until
    # The history's end is the last session's, and what is learned must not see what follows `until`.
    until = int(history.opening[until]) if until < len(history) else until
    begin = int(history.opening[max(until - NEWEST, 0)]) if until else 0
    values, choice, shares = [], [], []
    for found in candidates(history, begin, until):
        asked = found.of(found.moment + 1 < history.end[found.moment])
        share = wanted(history, asked)
        total = np.bincount(asked.moment, share, until)[asked.moment]
        kept = asked.of(total > 0)
        values.append(kept.values)
        choice.append(kept.moment)
        shares.append((share / np.where(total > 0, total, 1.0))[total > 0])
    columns = [PARTS.index(part) for part in parts]
    chosen = np.concatenate(choice) if choice else np.zeros(0, dtype=np.int64)
    if (choices := len(np.unique(chosen))) < FEWEST:
        raise NotEnoughData(
            name, f"are {choices}", f"{FEWEST} listens after which something known was heard in the same session"
        )
    blend = learn(parts, np.concatenate(values)[:, columns], chosen, np.concatenate(shares))
    weights = np.zeros(len(PARTS))
    weights[columns] = blend.weights
    return Blend(PARTS, weights, blend.choices)
