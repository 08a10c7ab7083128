import numpy as np
import pytest
from scipy import stats

from tonearm.gold.statistics import against, detectable, false_discovery, level_of_another, verdicts, welch


def summary(*units: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation and number of each list of units."""
    means, spreads = [np.mean(u) for u in units], [np.std(u, ddof=1) for u in units]
    return np.array(means), np.array(spreads), np.array([float(len(u)) for u in units])


def test_from_summaries_comes_what_scipy_says_of_the_units() -> None:
    a, b = [0.2, 0.5, 0.4, 0.9], [0.1, 0.3, 0.2]
    one, two = against(*summary(a), 0.3), welch(*summary(a), *summary(b))
    of_one, of_two = stats.ttest_1samp(a, 0.3), stats.ttest_ind(a, b, equal_var=False)
    assert one.p[0] == pytest.approx(of_one.pvalue)
    assert [one.low[0] + 0.3, one.high[0] + 0.3] == pytest.approx(list(of_one.confidence_interval(0.95)))
    assert two.p[0] == pytest.approx(of_two.pvalue)
    assert [two.low[0], two.high[0]] == pytest.approx(list(of_two.confidence_interval(0.95)))


def test_units_that_are_alike_but_for_rounding_have_no_effect_no_interval_and_no_p() -> None:
    alike = np.array([0.1]), np.array([1e-17]), np.array([50.0])
    for found in (against(*alike, 0.10000000000000002), welch(*alike, *alike), welch(*alike, *alike[:2], alike[2] + 1)):
        assert np.isnan([found.low[0], found.high[0], found.p[0], found.effect[0]]).all()
        assert found.difference[0] == pytest.approx(0)


def test_p_values_are_corrected_within_each_family_and_the_untested_do_not_count() -> None:
    p = np.array([0.01, 0.5, np.nan, 0.04, 0.02])
    corrected = false_discovery(p, np.array([0, 1, 0, 0, 1]))
    assert corrected == pytest.approx([0.02, 0.5, np.nan, 0.04, 0.04], nan_ok=True)
    assert list(verdicts(np.array([1.0, 1, 1, -1, 0]), corrected)) == [
        *("higher", "not_shown", "insufficient", "lower", "not_shown"),
    ]


def test_the_level_is_that_of_one_finding_more() -> None:
    corrected = np.array([0.5, np.nan, 0.5, 0.001, 0.9, 0.3])
    # One test alone and one that was not made; four of which one is a finding.
    level = level_of_another(corrected, np.array([0, 0, 1, 1, 1, 1]))
    assert level == pytest.approx([0.05, np.nan, 0.025, np.nan, 0.025, 0.025], nan_ok=True)


def test_a_difference_of_the_detectable_size_is_found_in_four_of_five() -> None:
    rng = np.random.default_rng(1)
    for level in (0.05, 0.001):
        smallest = detectable(np.array([20**-0.5]), np.array([19.0]), np.array([level]))
        units = rng.normal(smallest, 1, (4000, 20))
        found = against(units.mean(axis=1), units.std(axis=1, ddof=1), np.full(4000, 20.0)).p < level
        assert found.mean() == pytest.approx(0.8, abs=0.04)
