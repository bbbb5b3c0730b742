"""Sample sizes against statsmodels and R; figures of AML-03 and AML-01 as recomputed."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestIndPower

from bot.stats.plan_power import inflation
from bot.stats.power import (
    adequacy,
    arms_of,
    detectable,
    detectable_proportion,
    harmonic,
    n_normal,
    n_per_arm,
    n_per_arm_proportion,
    power_at,
    t_power,
)
from bot.stats.root import find_root
from bot.stats.sequential import boundaries

SD, MDE = 0.142, 0.03 * 0.183


def test_aml_03_needs_10503_units_an_arm():
    """recomputed.md: 10,502.88 by TTestIndPower and R power.t.test, not 36,840."""
    assert n_per_arm(SD, MDE) == pytest.approx(10_502.88, abs=0.005)
    assert n_per_arm(SD, MDE, variance_reduction=0.5) == pytest.approx(5_251.93, abs=0.015)


def test_aml_03_with_four_looks():
    """10,735 and 5,368 an arm with the O'Brien-Fleming inflation 1.022012."""
    cost = inflation(boundaries([4 / 14, 7 / 14, 11 / 14, 1]), 0.8)
    assert math.ceil(n_per_arm(SD, MDE, inflation=cost)) == 10_735
    assert math.ceil(n_per_arm(SD, MDE, inflation=cost, variance_reduction=0.5)) == 5_368


def test_aml_01_needs_2168_units_an_arm():
    """R power.prop.test(p1=.31, p2=.35, power=.8): 2168.05; at 8,700 the power is .9999."""
    assert n_per_arm_proportion(0.31, 0.04) == pytest.approx(2168.05, abs=0.01)
    sd = math.sqrt(0.33 * 0.67)
    assert power_at(8_700, sd, 0.04) == pytest.approx(0.9999, abs=1e-4)


@pytest.mark.parametrize(("size", "alpha", "power"), [(2.0, 0.05, 0.8), (0.5, 0.01, 0.9), (0.02, 0.05, 0.95)])
def test_sizes_agree_with_statsmodels(size, alpha, power):
    """Noncentral t, both tails, from 5 units an arm to 65,000."""
    expected = TTestIndPower().solve_power(size, alpha=alpha, power=power)
    assert n_per_arm(1.0, size, alpha, power) == pytest.approx(expected, rel=1e-6)
    n = math.ceil(expected)
    assert t_power(n, size, alpha) == pytest.approx(TTestIndPower().power(size, n, alpha), rel=1e-8)


@given(st.floats(50, 1e7), st.floats(0.1, 50), st.floats(0.5, 0.95), st.floats(0, 0.9))
@settings(deadline=None, max_examples=40)
def test_the_detectable_effect_needs_that_many_units(n, sd, power, reduction):
    """detectable and n_per_arm are inverse."""
    effect = detectable(n, sd, 0.05, power, variance_reduction=reduction, inflation=1.02)
    back = n_per_arm(sd, effect, 0.05, power, variance_reduction=reduction, inflation=1.02)
    assert back == pytest.approx(n, rel=1e-6)
    assert power_at(n, sd, effect, variance_reduction=reduction, inflation=1.02) == pytest.approx(
        power, rel=1e-6
    )


def test_a_tiny_effect_is_the_normal_size():
    """With millions of units t and normal agree."""
    assert n_per_arm(1.0, 0.002) == pytest.approx(n_normal(1.0, 0.002), rel=1e-5)
    assert n_normal(1.0, 0.1, inflation=1.1) == pytest.approx(1.1 * n_normal(1.0, 0.1))


def test_a_huge_effect_needs_two_units():
    """Below two units there is no variance to test with."""
    assert n_per_arm(1.0, 50.0) == 2.0


@pytest.mark.parametrize("share", [0.5, 0.2, 0.75])
@pytest.mark.parametrize(("size", "power"), [(0.0387, 0.8), (0.5, 0.9)])
def test_unequal_arms_agree_with_statsmodels(share, size, power):
    """TTestIndPower with ratio=: both arms, not the equal-arm size over the smaller share."""
    ratio = share / (1 - share)
    control = TTestIndPower().solve_power(size, alpha=0.05, power=power, ratio=ratio)
    found = arms_of(n_per_arm(1.0, size, 0.05, power, share=share), share)
    assert found == pytest.approx((control, control * ratio), rel=1e-6)
    assert harmonic(*found) == pytest.approx(n_per_arm(1.0, size, 0.05, power, share=share))


def test_one_sided_sizes_agree_with_r():
    """power.t.test(delta=.5, sd=1, power=.9, sig.level=.025, alternative="one.sided"): 85.03129.

    power.prop.test(p1=.31, p2=.35, power=.8, alternative="one.sided"): 1707.657607.
    """
    assert n_per_arm(1.0, 0.5, 0.025, 0.9, sided=1) == pytest.approx(85.03129, rel=1e-6)
    assert n_per_arm_proportion(0.31, 0.04, sided=1) == pytest.approx(1707.657607, rel=1e-9)
    assert detectable(85.03129, 1.0, 0.025, 0.9, sided=1) == pytest.approx(0.5, rel=1e-6)


def test_proportions_going_down_and_in_unequal_arms():
    """R power.prop.test(p1=.31, p2=.28, power=.9): 4854.103267; Fleiss, Levin & Paik eq. 4.19 for 80:20."""
    assert n_per_arm_proportion(0.31, -0.03, 0.05, 0.9) == pytest.approx(4854.103267, rel=1e-9)
    p1, p2, r = 0.31, 0.35, 0.25
    mean = (p1 + r * p2) / (1 + r)
    root = 1.959963984540054 * math.sqrt((r + 1) * mean * (1 - mean))
    root += 0.8416212335729143 * math.sqrt(r * p1 * (1 - p1) + p2 * (1 - p2))
    control = root**2 / (r * (p2 - p1) ** 2)
    assert arms_of(n_per_arm_proportion(p1, 0.04, share=0.2), 0.2) == pytest.approx((control, r * control))


@given(st.floats(200, 1e7), st.floats(0.01, 0.99), st.sampled_from([1, -1]), st.floats(0.1, 0.9))
@settings(deadline=None, max_examples=40)
def test_the_detectable_proportion_needs_that_many_units(n, baseline, direction, share):
    """detectable_proportion and n_per_arm_proportion are inverse, where a proportion is far enough."""
    room = 1 - baseline if direction > 0 else baseline
    assume(n_per_arm_proportion(baseline, direction * room * 0.999, share=share) * 1.1 < n)
    gap = detectable_proportion(n, baseline, direction=direction, share=share, inflation=1.1)
    back = n_per_arm_proportion(baseline, direction * gap, share=share, inflation=1.1)
    assert back == pytest.approx(n, rel=1e-6)


def test_adequacy_is_what_there_is_over_what_is_needed():
    """AML-06 calls a cohort under-powered below 0.8."""
    assert adequacy(800, 1000) == 0.8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: n_per_arm(0.0, 0.1), "sd must be positive"),
        (lambda: n_per_arm(1.0, 0.0), "cannot be detected"),
        (lambda: n_per_arm(1.0, 1e-9), "cannot be detected"),
        (lambda: n_per_arm(1.0, 0.1, 0.9, 0.8), "alpha < power"),
        (lambda: n_per_arm(1.0, 0.1, variance_reduction=1.0), "variance_reduction"),
        (lambda: n_per_arm_proportion(0.98, 0.04), "between 0 and 1"),
        (lambda: detectable(1, 1.0), "at least 2 units"),
        (lambda: detectable_proportion(10, 0.5), "too few to tell any proportion from 0.5"),
        (lambda: n_per_arm(1.0, 0.1, share=1.0), "share must lie between 0 and 1"),
        (lambda: adequacy(1, 0), "needed must be positive"),
        (lambda: find_root(lambda x: x + 5, 0.0, 1.0), "no root between 0 and 1"),
    ],
)
def test_impossible_questions_are_refused(call, message):
    """The message names the value."""
    with pytest.raises(ValueError, match=message):
        call()


@given(st.floats(-5, 5), st.floats(0.1, 3))
@settings(deadline=None)
def test_roots_are_found(root, steepness):
    """Rising or falling, also when it lies at an end."""
    for sign in (1, -1):
        found = find_root(lambda x, s=sign: s * math.tanh(steepness * (x - root)), -5.0, 5.0)
        assert found == pytest.approx(root, abs=1e-8)


@pytest.mark.parametrize(
    ("alpha", "expected"), [(1e-3, 22848.8938), (1e-6, 43986.99474), (1e-9, 64658.13594)]
)
def test_small_alphas_have_a_size(alpha, expected):
    """Where scipy's noncentral t gives NaN in the far tail: R's power.t.test(delta=.00549, sd=.142)."""
    assert n_per_arm(0.142, 0.03 * 0.183, alpha) == pytest.approx(expected, rel=1e-7)
