"""Logistic regression whose weights are drawn towards given ones: a baseline's, or zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

STEEPEST = 1e-5
"""Slope of the mean loss below which the optimum is reached: predictions move in the fifth digit at most."""


def logistic(
    x: Numbers,
    actual: Numbers,
    towards: Numbers,
    pull: Numbers,
    weight: Numbers | None = None,
    begin: Numbers | None = None,
) -> Numbers:
    """Intercept and weights of the columns of ``x``, each drawn ``towards`` its own value as strongly as its ``pull``.

    ``weight`` is how much each row counts, 1 by default, and ``begin`` where the search begins. With few columns and
    many rows, Newton's method is the fastest.
    """
    z = np.column_stack([np.ones(len(x)), x])
    counts = np.ones(len(x)) if weight is None else weight

    def loss(b: Numbers) -> tuple[float, Numbers]:
        odds, apart = z @ b, b - towards
        value = counts @ (np.logaddexp(0, odds) - actual * odds) + 0.5 * pull @ apart**2
        return float(value), z.T @ (counts * (expit(odds) - actual)) + pull * apart

    def curvature(b: Numbers) -> Numbers:
        p = expit(z @ b)
        return np.asarray((z * (counts * p * (1 - p))[:, None]).T @ z + np.diag(pull))

    start = towards if begin is None else begin
    limit = {"gtol": STEEPEST * float(counts.sum())}
    return np.asarray(minimize(loss, start, jac=True, hess=curvature, method="trust-exact", options=limit).x)
