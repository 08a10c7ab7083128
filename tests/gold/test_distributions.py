"""The same numbers as scipy.stats, which takes too long to load for every build."""

from __future__ import annotations

import numpy as np
from scipy import stats

from tonearm.gold import distributions as ours

FREEDOM = np.array([1.0, 2.5, 9, 30, 1e4, np.nan])
COUNTS = np.array([0.0, 1, 2, 7, 40, 3])
MEANS = np.array([0.1, 1.0, 2.5, 9, 30, 2])


def test_students_t() -> None:
    t = np.array([0.0, 0.5, -2, 8, 3, 1])
    np.testing.assert_allclose(ours.t_two_sided(t, FREEDOM), 2 * stats.t.sf(np.abs(t), FREEDOM), rtol=1e-9)
    np.testing.assert_allclose(ours.t_quantile(0.975, FREEDOM), stats.t.ppf(0.975, FREEDOM), rtol=1e-9)


def test_the_normal_distribution_and_ranks_are_equal_to_the_last_digit() -> None:
    p, values = np.array([0.0, 0.001, 0.5, 0.975, 1.0]), np.array([3.0, -1, 3, 0, 3, 7, -1])
    np.testing.assert_array_equal(ours.normal_quantile(p), stats.norm.ppf(p))
    np.testing.assert_array_equal(ours.ranks(values), stats.rankdata(values))


def test_f_and_chi_squared() -> None:
    f = np.array([0.0, 0.5, 1, 8, 3, 1])
    np.testing.assert_allclose(ours.f_survival(f, 2, FREEDOM), stats.f.sf(f, 2, FREEDOM), rtol=1e-9)
    np.testing.assert_allclose(ours.chi2_quantile(0.025, FREEDOM), stats.chi2.ppf(0.025, FREEDOM), rtol=1e-9)


def test_a_skewed_distribution_is_pearsons() -> None:
    z, skewness = np.array([0.5, 3.0, 4.0, -2.0, 3.0, -9.0, np.nan]), np.array([0.3, 0.8, -0.2, 0.5, 0.0, 1.0, 0.1])
    # SciPy writes infinitely small tails of the distribution beyond its end, which is at −2 / skewness.
    tails = [
        2 * min(stats.pearson3.sf(v, s), stats.pearson3.cdf(v, s)) for v, s in zip(z[:5], skewness[:5], strict=True)
    ]
    np.testing.assert_allclose(ours.skewed_two_sided(z, skewness), [*tails, 0.0, np.nan], rtol=0.01)


def test_poisson() -> None:
    np.testing.assert_allclose(ours.poisson_at_least(COUNTS, MEANS), stats.poisson.sf(COUNTS - 1, MEANS), rtol=1e-9)
    np.testing.assert_allclose(ours.poisson_at_most(COUNTS, MEANS), stats.poisson.cdf(COUNTS, MEANS), rtol=1e-9)


def test_what_a_test_of_counts_can_detect() -> None:
    mean, level = np.array([0.5, 4.0, 30.0]), np.array([0.05, 0.001, 0.01])
    larger = ours.poisson_detectable(mean, level, 0.8)
    least = stats.poisson.isf(level / 2, mean) + 1
    np.testing.assert_allclose(stats.poisson.sf(least - 1, larger), 0.8, rtol=1e-9)
    assert (2 * stats.poisson.sf(least - 1, mean) <= level).all()


def test_false_discovery() -> None:
    p = np.random.default_rng(0).uniform(size=(5, 12)) ** 3
    np.testing.assert_allclose(ours.adjusted(p), stats.false_discovery_control(p, axis=1), rtol=1e-12)
