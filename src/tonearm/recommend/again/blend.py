"""Weights of evidence, learned from the choices a listener made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.recommend.again.history import Numbers, Places

    Values = npt.NDArray[np.float32]

PENALTY = 1.0
"""Strength of the ridge penalty, in choices: with few choices weights stay near 0."""
_STEPS, _HALVINGS, _LEAST_GAIN = 25, 8, 1e-4
"""Newton's steps at most, how often one is halved, and the gain per choice below which there is no other."""


@dataclass(frozen=True)
class Blend:
    """What each part of the evidence weighs; a score is the sum of its parts, so it explains itself."""

    parts: tuple[str, ...]
    weights: Numbers
    choices: int
    """Choices it was learned from."""

    def score(self, values: Values) -> Numbers:
        """(n,) scores of the candidates with ``values`` (n, parts); higher is better."""
        return np.asarray(values @ self.weights)

    def contributions(self, values: Values) -> Numbers:
        """(n, parts) what each part adds to the score."""
        return np.asarray(values * self.weights)


def learn(parts: tuple[str, ...], values: Values, choice: Places, wanted: Numbers) -> Blend:
    """The weights under which the candidates that were chosen are likeliest (conditional logit, McFadden 1974).

    ``values`` (n, parts) are those of candidates, ``choice`` (n,) the number of the choice each belongs to, rising, and
    ``wanted`` (n,) the share of it that was chosen; the shares of a choice add up to 1.
    """
    if not len(values):
        return Blend(parts, np.zeros(len(parts)), 0)
    scale = values.std(axis=0) + np.float32(1e-6)
    choices = _Choices(values / scale, np.flatnonzero(np.diff(choice, prepend=-1)), wanted.astype(np.float32))
    weights = np.zeros(len(parts))
    loss = choices.loss(weights)
    for _ in range(_STEPS):
        slope, curve = choices.slopes(weights)
        step, gained = np.linalg.solve(curve, slope), 0.0
        # The loss is convex, but a whole step of Newton's may overshoot.
        for _ in range(_HALVINGS):
            gained = loss - choices.loss(weights - step)
            if gained >= 0:
                break
            step /= 2
        weights, loss = (weights - step, loss - gained) if gained > 0 else (weights, loss)
        if gained < _LEAST_GAIN * len(choices.starts):
            break
    return Blend(parts, weights / scale, len(choices.starts))


@dataclass(frozen=True)
class _Choices:
    """Candidates of choices with what was chosen: the loss of weights, its slope and its curvature."""

    values: Values
    starts: Places
    """First candidate of each choice."""
    wanted: Values

    def loss(self, weights: Numbers) -> float:
        scores, highest, total, _ = self._likely(weights)
        missed = float((np.log(total) + highest).sum(dtype=np.float64) - (self.wanted @ scores))
        return missed + PENALTY * float(weights @ weights) / 2

    def slopes(self, weights: Numbers) -> tuple[Numbers, Numbers]:
        """The slope of the loss and its matrix of second derivatives."""
        *_, share = self._likely(weights)
        weighted = self.values * share[:, None]
        means = np.add.reduceat(weighted, self.starts, axis=0)
        slope = self.values.T @ (share - self.wanted) + PENALTY * weights
        curve = self.values.T @ weighted - means.T @ means + PENALTY * np.eye(len(weights))
        return slope, curve

    def _likely(self, weights: Numbers) -> tuple[Values, Values, Values, Values]:
        """Scores; the highest and the total of each choice; each candidate's probability of being chosen."""
        scores = self.values @ weights.astype(np.float32)
        lengths = np.diff(np.append(self.starts, len(scores)))
        highest = np.maximum.reduceat(scores, self.starts)
        raised = np.exp(scores - np.repeat(highest, lengths))
        total = np.add.reduceat(raised, self.starts)
        return scores, highest, total, raised / np.repeat(total, lengths)
