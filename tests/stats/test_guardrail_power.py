"""False vetoes and powers of guardrails: closed forms, simulation with a fixed seed, rpact's boundaries."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bot.stats.guardrail_power import (
    CHOICES,
    any_of,
    both_above,
    clear_probability,
    false_veto_probability,
    level_at,
    reached,
    shared,
    veto_bounds,
    veto_probability,
)
from bot.stats.sequential import type1_error

LOOKS = (4 / 14, 7 / 14, 11 / 14, 1.0)
RUNS = 40_000


def scores(seed: int, drift: float, looks: tuple[float, ...], arms: int = 1) -> np.ndarray:
    """Z of harm at each look, of so many independent guardrails: shape (RUNS, arms, looks)."""
    steps = np.diff((0.0, *looks))
    rng = np.random.default_rng(seed)
    walk = (rng.normal(size=(RUNS, arms, len(looks))) * np.sqrt(steps) + drift * steps).cumsum(axis=2)
    return walk / np.sqrt(looks)


def near(probability: float) -> float:
    """Three standard errors of a simulated probability."""
    return 3 * math.sqrt(probability * (1 - probability) / RUNS)


def test_five_guardrails_veto_a_clean_launch_one_time_in_nine():
    """1 - .975^5: only one direction is harm, so not the reference's 1 - .95^5 = .226."""
    assert false_veto_probability(5) == pytest.approx(1 - 0.975**5)
    assert false_veto_probability(5, correction="bonferroni") == pytest.approx(1 - 0.995**5)
    assert false_veto_probability(5, correction="holm") == pytest.approx(1 - 0.995**5)
    assert false_veto_probability(0) == 0.0
    assert any_of([0.5, 1.0]) == 1.0


def test_watching_at_every_look_costs_and_thresholds_help():
    """Four looks raise it; a threshold 3 standard errors away nearly rules it out."""
    watched = false_veto_probability(1, fractions=LOOKS)
    # a path that was once significantly better may still turn: 3e-6 more than half the two-sided error
    assert watched == pytest.approx(type1_error([1.959964] * 4, LOOKS) / 2, rel=1e-4)
    assert watched > type1_error([1.959964] * 4, LOOKS) / 2
    far = false_veto_probability(1, limits_in_se=[3.0])
    assert far == pytest.approx(0.00134990, rel=1e-5)
    with pytest.raises(ValueError, match="1 limits for 2 guardrails"):
        false_veto_probability(2, limits_in_se=[3.0])
    with pytest.raises(ValueError, match="1 spendings for 2 guardrails"):
        false_veto_probability(2, spendings=["none"])


def test_a_spending_keeps_a_watched_guardrail_at_its_level():
    """rpact 3.3.4 asOF and asP at 4, 7, 11, 14 of 14: both spend .025 a side, none spends .0616."""
    expected = {
        "obrien-fleming": [4.033339, 2.964561, 2.291841, 2.023770],
        "pocock": [2.326906, 2.389590, 2.336186, 2.364159],
    }
    for spending, bounds in expected.items():
        assert veto_bounds(0.05, spending, LOOKS) == pytest.approx(bounds, abs=2e-6)
        assert veto_probability(0.05, spending, LOOKS) == pytest.approx(0.025, rel=1e-5)
    assert veto_probability(0.05, "none", LOOKS) == pytest.approx(0.06162, abs=5e-6)


def test_the_level_at_a_look_is_that_of_the_information_there_was():
    """rpact asOF: look 2 on day 8 of 14 instead of 7 has z 2.746034; the last look spends what is left."""
    moved = level_at([4 / 14, 8 / 14], 0.05, "obrien-fleming")
    assert moved == pytest.approx(2 * stats.norm.sf(2.746034), rel=1e-5)
    early = level_at([0.5, 0.9], 0.05, "pocock", final=True)
    assert early > level_at([0.5, 0.9], 0.05, "pocock")
    assert level_at([0.5, 0.9], 0.05, "none", final=True) == 0.05
    assert level_at([0.001], 0.05, "obrien-fleming") == 1e-15


@pytest.mark.parametrize("spending", CHOICES)
def test_false_vetoes_and_vetoes_of_harm_by_simulation(spending):
    """40,000 launches with 3 guardrails at four looks, thresholds at 0, 1 and 2.5 standard errors."""
    limits = np.array([0.0, 1.0, 2.5])
    for harm in (0.0, 2.0):
        z = scores(11, harm, LOOKS, arms=3)
        bounds = np.array([veto_bounds(0.05, spending, LOOKS, limit) for limit in limits])
        vetoed = (z > bounds).any(axis=2)
        for guardrail, limit in enumerate(limits):
            expected = veto_probability(0.05, spending, LOOKS, limit, harm)
            assert vetoed[:, guardrail].mean() == pytest.approx(expected, abs=near(expected) + 1e-9)
        if harm == 0:
            whole = false_veto_probability(
                3, fractions=LOOKS, limits_in_se=list(limits), spendings=[spending] * 3
            )
            assert vetoed.any(axis=1).mean() == pytest.approx(whole, abs=near(whole))


def test_the_power_to_clear_has_a_closed_form():
    """Phi(d - z): 97.5 % at twice the critical value, .8 where a test of that size has .8."""
    assert clear_probability(0.05, 2 * 1.959964) == pytest.approx(0.975, rel=1e-6)
    assert clear_probability(0.05, 1.959964 + 0.841621) == pytest.approx(0.8, rel=1e-6)
    z = scores(3, 0.0, (1.0,))[:, 0, 0]
    assert (z + 1.959964 < 2.5).mean() == pytest.approx(clear_probability(0.05, 2.5), abs=near(0.7))


@given(st.floats(0, 4), st.floats(0, 4), st.sampled_from(CHOICES))
@settings(deadline=None, max_examples=15)
def test_a_farther_threshold_vetoes_less_and_clears_more(limit, more, spending):
    """Monotone in the threshold, and never above the probability of significance alone."""
    near_by, far = (veto_probability(0.05, spending, LOOKS, d) for d in (limit, limit + more))
    assert far <= near_by * (1 + 1e-9) <= veto_probability(0.05, spending, LOOKS) * (1 + 2e-9)
    assert clear_probability(0.05, limit + more) >= clear_probability(0.05, limit)


def test_corrections_share_alpha():
    """Bonferroni, and the first step of Holm, divide it; the intersection-union test does not."""
    assert [shared(0.05, 5, how) for how in ("iut", "bonferroni", "holm")] == [0.05, 0.01, 0.01]


@pytest.mark.parametrize(("first", "second", "correlation"), [(0.3, -0.2, 0.7), (-3, 1, 0.5), (2, 2, 0.05)])
def test_two_scores_at_once_agree_with_scipy(first, second, correlation):
    """scipy.stats.multivariate_normal of the mirrored scores."""
    both = stats.multivariate_normal(cov=[[1, correlation], [correlation, 1]]).cdf([-first, -second])
    assert both_above(first, second, correlation) == pytest.approx(both, abs=1e-7)
    with pytest.raises(ValueError, match="between 0 and 1"):
        both_above(0, 0, 1.0)


def test_a_look_that_cannot_be_reached_adds_nothing():
    """Bounds at infinity; the drift is that at the last look, whatever its fraction."""
    assert reached([math.inf, 2.0], [0.5, 1.0], 1.0) == pytest.approx(stats.norm.sf(1.0))
    assert reached([2.0], [0.7], 1.0) == pytest.approx(stats.norm.sf(1.0))
