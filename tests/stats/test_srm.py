"""Sample ratio against scipy, and its true error when asked repeatedly."""

from fractions import Fraction
from math import factorial

import numpy as np
import pytest
from scipy import stats

from bot.stats.srm import mix_p, split_p, srm, srm_anytime
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


def test_the_anytime_p_is_the_closed_form():
    """A uniform prior (concentration 2): the Bayes factor is c! t! / (c + t + 1)! over the null's 2^-n."""
    for c, t in ((3, 9), (0, 12), (40, 41)):
        factor = Fraction(factorial(c) * factorial(t), factorial(c + t + 1)) * 2 ** (c + t)
        expected = min(1.0, float(1 / factor))
        assert srm_anytime([(c, t)], concentration=2.0) == pytest.approx(expected, rel=1e-10)
    # scipy's beta-binomial is the mixture with the number of orders in it, as the binomial has.
    beta = stats.betabinom.pmf(6, 10, 0.5, 1.5) / stats.binom.pmf(6, 10, 0.25)
    assert srm_anytime([(4, 6)], 0.25, concentration=2.0) == pytest.approx(min(1.0, 1 / beta), rel=1e-10)


def test_the_anytime_p_keeps_the_strongest_evidence_so_far():
    """It never rises again, and neither order nor repetition of the same counts changes it."""
    days = [(10_000, 10_700), (30_000, 30_100)]
    assert srm_anytime(days) == srm_anytime(days[:1]) == srm_anytime([*days, *days])
    assert srm_anytime(days[1:]) > 0.5
    assert srm_anytime([(10**9, 10**9 + 1_000_000)]) < 1e-9


def test_the_anytime_p_needs_units_and_a_possible_allocation():
    """Nothing to test is not a fine split."""
    assert isinstance(srm_anytime([(0, 0)]), Undecided)
    with pytest.raises(ValueError, match="allocation"):
        srm_anytime([(1, 1)], 0.0)


def test_asked_daily_for_two_weeks_it_keeps_its_error_and_the_chi_square_does_not():
    """20,000 experiments of 14 days: at .05 at most .05 ever cross (fixed-horizon chi-square: above .2)."""
    rng = np.random.default_rng(20261123)
    runs, days, a_day = 20_000, 14, 20_000
    treatment = rng.binomial(a_day, 0.5, (runs, days)).cumsum(axis=1)
    control = a_day * np.arange(1, days + 1) - treatment
    lowest = np.minimum(_anytime(control, treatment), 1).min(axis=1)
    for run in range(20):  # the product's own figure for single runs
        one = list(zip(control[run].tolist(), treatment[run].tolist(), strict=True))
        assert srm_anytime(one) == pytest.approx(float(lowest[run]), rel=1e-6)
    z = np.abs(treatment - control) / np.sqrt(control + treatment)
    assert float((z > stats.norm.isf(0.025)).any(axis=1).mean()) > 0.2
    assert float((lowest < 0.05).mean()) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def _anytime(control, treatment):
    """1 over the Bayes factor at each time, from scipy's beta-binomial for all runs at once."""
    from scipy import special

    mixture = special.betaln(5000 + control, 5000 + treatment) - special.betaln(5000, 5000)
    return np.exp(-(mixture + (control + treatment) * np.log(2)))


@pytest.mark.parametrize(
    ("n", "allocation"), [((3, 12), 0.5), ((80, 20), 0.1), ((0, 9), 0.5), ((499, 400), 0.4)]
)
def test_a_small_split_is_tested_exactly(n, allocation):
    """Twice the smaller binomial tail; with an even allocation that is scipy's own two-sided test."""
    total = sum(n)
    tails = stats.binom.cdf(n[1], total, allocation), stats.binom.sf(n[1] - 1, total, allocation)
    assert split_p(*n, allocation) == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-10)
    if allocation == 0.5:
        assert split_p(*n) == pytest.approx(stats.binomtest(n[1], total, 0.5).pvalue, rel=1e-10)
    assert split_p(0, 0) == 1.0


def test_a_large_split_is_tested_by_chi_square():
    """From 1,000 units on the two agree to a few per cent, and chi-square is what the whole is tested by."""
    assert split_p(5_000, 5_200) == srm(5_000, 5_200).p
    assert split_p(540, 470) == pytest.approx(stats.binomtest(470, 1010, 0.5).pvalue, rel=0.15)
