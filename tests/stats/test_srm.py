"""Sample ratio against scipy, and its true error when asked repeatedly."""

import numpy as np
import pytest
from scipy import stats

from bot.stats.srm import mix_p, srm
from bot.stats.undecided import Undecided


@pytest.mark.parametrize(("n", "allocation"), [((5000, 5200), 0.5), ((900, 110), 0.1), ((0, 30), 0.5)])
def test_the_p_is_scipys_chi_square(n, allocation):
    """Also for uneven allocations and an empty arm."""
    total = sum(n)
    expected = stats.chisquare(n, [total * (1 - allocation), total * allocation])
    result = srm(*n, allocation)
    assert result.p == pytest.approx(expected.pvalue, rel=1e-10)
    assert result.chi2 == pytest.approx(expected.statistic, rel=1e-10)
    assert result.ok == (expected.pvalue >= 0.001)
    assert result.share == n[1] / total


def test_no_units_is_undecided_and_an_impossible_allocation_refused():
    """Nothing to test is not a fine split."""
    assert isinstance(srm(0, 0), Undecided)
    with pytest.raises(ValueError, match="allocation"):
        srm(1, 1, 1.0)


def test_four_looks_raise_the_false_alarms_to_what_facts_say():
    """facts.md: at .001 checked at 4 looks the type-I error is .00312; 60,000 simulated experiments."""
    rng = np.random.default_rng(20261123)
    arrivals = rng.binomial(2500, 0.5, (60_000, 4)).cumsum(axis=1)
    totals = 2500 * np.arange(1, 5)
    bad = np.abs(arrivals - totals / 2) / np.sqrt(totals / 4) > stats.norm.isf(0.0005)
    one = srm(int(totals[0] - arrivals[0, 0]), int(arrivals[0, 0]))
    assert one.ok != bad[0, 0]
    error = float(bad.any(axis=1).mean())
    assert error == pytest.approx(0.00312, abs=3 * np.sqrt(0.00312 / 60_000))


def test_the_cohort_mix_is_scipys_contingency():
    """Arms by cohorts without correction; cohorts without units do not count."""
    control, treatment = [500, 300, 150, 0], [520, 330, 90, 0]
    expected = stats.chi2_contingency([control[:3], treatment[:3]], correction=False)
    assert mix_p(control, treatment) == pytest.approx(expected.pvalue, rel=1e-10)
    assert isinstance(mix_p([5], [4]), Undecided)
    assert isinstance(mix_p([5, 5], [0, 0]), Undecided)
