"""Statistics from summaries, with SciPy: intervals, comparisons, effect sizes and verdicts.

Listens of one session, or of one day, are not independent: an album is twelve listens of nearly the same mood. So the
unit is the session (the day, where days are compared), the mean of a unit's listens is one observation, and SQL reduces
a listener to mean, standard deviation and number of units before these functions are called. They all work on whole
columns; NaN means not known, and stays NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tonearm.gold.distributions import adjusted, t_quantile, t_two_sided

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

CONFIDENCE = 0.95
SIGNIFICANT = 0.05
"""Largest share of false findings among the findings of one listener and table."""
POWER = 0.8
"""Chance with which a difference of the detectable size is found (Cohen 1988)."""
ENOUGH_UNITS = 10
"""Sessions (or days) on each side below which a mean says more about chance than about the listener: its 95 %
interval spans 1.4 standard deviations."""
ROUNDING = 1e-9
"""A smaller standard deviation is the rounding error of equal numbers: the units are all alike."""


class Comparison(NamedTuple):
    """A difference with its interval, p-value (uncorrected), effect size, standard error and degrees of freedom."""

    difference: Numbers
    low: Numbers
    high: Numbers
    p: Numbers
    effect: Numbers
    error: Numbers
    freedom: Numbers


def mean_interval(mean: Numbers, stddev: Numbers, n: Numbers) -> tuple[Numbers, Numbers]:
    """The t interval of each mean of ``n`` units; NaN below two units."""
    half = quantile(n - 1) * stddev / np.sqrt(np.where(n > 1, n, np.nan))
    return mean - half, mean + half


def against(mean: Numbers, stddev: Numbers, n: Numbers, expected: Numbers | float = 0.0) -> Comparison:
    """Student's one-sample t test of each mean of ``n`` units against ``expected``; effect is Cohen's d."""
    n = np.where(n > 1, n, np.nan)
    # Units that are all the same do not show how much units vary.
    spread = np.where(stddev > ROUNDING, stddev, np.nan)
    low, high = mean_interval(mean, spread, n)
    difference, error = mean - expected, spread / np.sqrt(n)
    p = t_two_sided(difference / error, n - 1)
    return Comparison(difference, low - expected, high - expected, p, difference / spread, error, n - 1)


def welch(
    mean_a: Numbers, stddev_a: Numbers, n_a: Numbers, mean_b: Numbers, stddev_b: Numbers, n_b: Numbers
) -> Comparison:
    """Welch's t test of a against b; effect is Cohen's d with the pooled standard deviation.

    Welch (1947) for the degrees of freedom. NaN where a side has fewer than two units or both have no spread.
    """
    n_a, n_b = (np.where(n > 1, n, np.nan) for n in (n_a, n_b))
    of_a, of_b = stddev_a**2 / n_a, stddev_b**2 / n_b
    error = np.where(np.maximum(stddev_a, stddev_b) > ROUNDING, np.sqrt(of_a + of_b), np.nan)
    freedom = error**4 / (of_a**2 / (n_a - 1) + of_b**2 / (n_b - 1))
    difference = mean_a - mean_b
    half = quantile(freedom) * error
    return Comparison(
        difference,
        difference - half,
        difference + half,
        t_two_sided(difference / error, freedom),
        difference / np.where(np.isnan(error), np.nan, pooled(stddev_a, n_a, stddev_b, n_b)),
        error,
        freedom,
    )


def pooled(stddev_a: Numbers, n_a: Numbers, stddev_b: Numbers, n_b: Numbers) -> Numbers:
    """The standard deviation within two groups together; NaN where there is none."""
    freedom = n_a + n_b - 2
    found = np.sqrt(((n_a - 1) * stddev_a**2 + (n_b - 1) * stddev_b**2) / np.where(freedom > 0, freedom, np.nan))
    return np.where(found > ROUNDING, found, np.nan)


def false_discovery(p: Numbers, family: npt.NDArray[np.int64]) -> Numbers:
    """``p`` corrected for the number of tests by Benjamini and Hochberg (1995), within each ``family``.

    A family is a number per row, in practice the listener; NaN was not tested and does not count.
    """
    corrected = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    tested = tested[np.argsort(family[tested], kind="stable")]
    starts = np.flatnonzero(np.diff(family[tested], prepend=-1))
    sizes = np.diff(np.append(starts, len(tested)))
    # The rows of a matrix are corrected at once, so families of one size go together.
    for size in np.unique(sizes):
        members = tested[starts[sizes == size][:, None] + np.arange(size)]
        corrected[members] = adjusted(p[members])
    return corrected


def level_of_another(corrected_p: Numbers, family: npt.NDArray[np.int64]) -> Numbers:
    """The uncorrected p with which each test that found nothing would have found something; NaN for all others.

    It is Benjamini and Hochberg's for one finding more than the ``family`` has.
    """
    is_tested, is_found = ~np.isnan(corrected_p), corrected_p < SIGNIFICANT
    tests, findings = (np.bincount(family, flags)[family] for flags in (is_tested, is_found))
    return np.asarray(SIGNIFICANT * (findings + 1) / np.where(is_tested & ~is_found, tests, np.nan))


def detectable(error: Numbers, freedom: Numbers, level: Numbers) -> Numbers:
    """The smallest difference that a test at this level finds with a chance of 80 %, by Student's t.

    The minimum detectable effect (Bloom 1995): so many standard errors as lie between 0 and the level, and from there
    to the difference.
    """
    return np.asarray((t_quantile(1 - level / 2, freedom) + t_quantile(POWER, freedom)) * error)


def concluded(
    difference: Numbers, p: Numbers, error: Numbers, freedom: Numbers, family: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """What tests that are corrected within each ``family`` conclude, as the columns that every such table has.

    ``p_corrected``, ``verdict`` and, where nothing was found, ``detectable_difference``.
    """
    corrected = false_discovery(p, family)
    return {
        "detectable_difference": detectable(error, freedom, level_of_another(corrected, family)),
        "p_corrected": corrected,
        "verdict": verdicts(difference, corrected),
    }


def verdicts(difference: Numbers, corrected_p: Numbers) -> npt.NDArray[np.str_]:
    """One of VERDICTS for each comparison; ``corrected_p`` is NaN where there was too little evidence to test."""
    significant = corrected_p < SIGNIFICANT
    return np.select(
        [np.isnan(corrected_p), significant & (difference > 0), significant & (difference < 0)],
        ["insufficient", "higher", "lower"],
        "not_shown",
    )


def quantile(freedom: Numbers) -> Numbers:
    """Standard errors on each side of a mean that its interval spans; NaN without a degree of freedom."""
    # Units are counted, so that many rows have the same number of them, and a quantile takes microseconds.
    distinct, place = np.unique(freedom, return_inverse=True)
    found = t_quantile((1 + CONFIDENCE) / 2, np.where(distinct > 0, distinct, np.nan))
    return found[place.reshape(np.shape(freedom))]
