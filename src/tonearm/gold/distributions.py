"""Probabilities and quantiles of distributions, as `scipy.stats` has them, from the functions beneath it.

Loading `scipy.stats` takes several times as long as a small build's statistics; `scipy.special` has the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]


def t_two_sided(t: Numbers, freedom: Numbers) -> Numbers:
    """Probability of a Student's t at least as far from 0; NaN where an argument is, or without a degree of freedom."""
    return np.asarray(2 * special.stdtr(freedom, -np.abs(t)))


def t_quantile(p: Numbers | float, freedom: Numbers) -> Numbers:
    """Quantile of Student's t."""
    return np.asarray(special.stdtrit(freedom, p))


def normal_quantile(p: Numbers) -> Numbers:
    """Quantile of the standard normal distribution."""
    return np.asarray(special.ndtri(p))


def skewed_two_sided(z: Numbers, skewness: Numbers) -> Numbers:
    """Probability of a standardised value at least as far out on either side, by Pearson's type III distribution.

    It is the gamma distribution moved and turned to the given skewness, the normal one where that is 0.
    """
    skewness = np.where(np.abs(skewness) > _NOT_SKEWED, skewness, np.where(np.isnan(skewness), np.nan, _NOT_SKEWED))
    shape, turned = 4 / skewness**2, z * np.sign(skewness)
    place = np.maximum(shape + turned * np.sqrt(shape), 0.0)
    below, above = special.gammainc(shape, place), special.gammaincc(shape, place)
    return np.asarray(np.minimum(2 * np.minimum(below, above), 1.0))


_NOT_SKEWED = 1e-3
"""Below it the distribution is the normal one for all that a p-value shows."""


def f_survival(f: Numbers, above: float, below: Numbers) -> Numbers:
    """Probability of a larger F with ``above`` and ``below`` degrees of freedom."""
    return np.asarray(special.fdtrc(above, below, f))


def chi2_quantile(p: float, freedom: Numbers) -> Numbers:
    """Quantile of the chi-squared distribution."""
    return np.asarray(2 * special.gammaincinv(np.asarray(freedom) / 2, p))


def poisson_at_least(count: Numbers, mean: Numbers) -> Numbers:
    """Probability of ``count`` or more events where ``mean`` are expected."""
    least = np.ceil(count)
    return np.where(least > 0, special.gammainc(np.where(least > 0, least, 1), mean), 1.0) + 0 * mean


def poisson_at_most(count: Numbers, mean: Numbers) -> Numbers:
    """Probability of ``count`` or fewer events where ``mean`` are expected."""
    return np.asarray(special.gammaincc(np.floor(count) + 1, mean))


def poisson_detectable(mean: Numbers, level: Numbers, power: float) -> Numbers:
    """The larger mean of which a test of ``mean`` at this level, two-sided, is passed with a chance of ``power``."""
    least = np.ceil(special.pdtrik(1 - level / 2, mean)) + 1
    return chi2_quantile(power, 2 * least) / 2


def adjusted(p: Numbers) -> Numbers:
    """Each row of p-values as Benjamini and Hochberg (1995) adjust them."""
    tests = p.shape[1]
    order = np.argsort(p, axis=1)
    scaled = np.take_along_axis(p, order, axis=1) * tests / np.arange(1, tests + 1)
    least = np.minimum.accumulate(scaled[:, ::-1], axis=1)[:, ::-1]
    found = np.empty_like(p)
    np.put_along_axis(found, order, np.minimum(least, 1.0), axis=1)
    return found


def ranks(values: Numbers) -> Numbers:
    """The rank of each value from 1 on; equal ones share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((counts.cumsum() - (counts - 1) / 2)[place])
