"""CUPED against ordinary least squares (statsmodels) and tea-tasting, and its undecided cases."""

import numpy as np
import pytest
import statsmodels.api as sm

from bot.stats.cuped import cuped_effect, cuped_ratio_effect
from bot.stats.effect import mean_effect, ratio_effect
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided


def _arm(seed, n, lift):
    """Skewed metric with a covariate that explains about half of it."""
    rng = np.random.default_rng(seed)
    before = rng.gamma(2.0, 1.0, n)
    return np.column_stack([0.7 * before + rng.gamma(1.0, 1.0, n) + lift, before])


def _ratio_arm(seed, n, rate):
    rng = np.random.default_rng(seed)
    taste = rng.beta(4, 8, n)
    turns, turns_before = rng.poisson(6, n) + 1, rng.poisson(5, n) + 1
    useful = rng.binomial(turns, np.clip(taste + rate, 0, 1))
    return np.column_stack([useful, turns, rng.binomial(turns_before, taste), turns_before]).astype(float)


COLUMNS = ("useful", "turns", "useful_pre", "turns_pre")


def test_theta_and_the_adjusted_difference_are_those_of_ancova():
    """theta is the slope of y ~ arm + x, and the adjusted difference its arm coefficient's."""
    control, treatment = _arm(1, 300, 0.0), _arm(2, 200, 0.2)
    result = cuped_effect(*[Sample.of(r, ("y", "x")) for r in (control, treatment)], "y", "x")
    rows = np.concatenate([control, treatment])
    arm = np.repeat([0.0, 1.0], [300, 200])
    fit = sm.OLS(rows[:, 0], sm.add_constant(np.column_stack([arm, rows[:, 1]]))).fit()
    assert result.theta == pytest.approx(fit.params[2], rel=1e-10)
    assert result.effect.absolute == pytest.approx(fit.params[1], rel=1e-10)


def test_the_adjusted_effect_is_welch_on_adjusted_rows():
    """y - theta (x - mean x) per unit, then an ordinary mean."""
    control, treatment = _arm(3, 150, 0.0), _arm(4, 170, 0.3)
    result = cuped_effect(*[Sample.of(r, ("y", "x")) for r in (control, treatment)], "y", "x", alpha=0.01)
    centre = np.concatenate([control, treatment])[:, 1].mean()
    adjusted = [r[:, 0] - result.theta * (r[:, 1] - centre) for r in (control, treatment)]
    expected = mean_effect(*[Sample.of(a, ("y",)) for a in adjusted], "y", alpha=0.01)
    for name in ("absolute", "relative", "se", "p", "df", "ci_relative"):
        assert getattr(result.effect, name) == pytest.approx(getattr(expected, name), rel=1e-8)
    assert result.variance_reduction == pytest.approx(1 - (expected.se / result.plain.se) ** 2, rel=1e-8)
    assert 0.3 < result.variance_reduction < 0.7


def test_a_ratio_is_adjusted_by_linearised_rows():
    """Both ratios linearised per unit at the arm's value; the difference keeps the ratio's scale."""
    arms = _ratio_arm(5, 4000, 0.0), _ratio_arm(6, 4000, 0.02)
    samples = [Sample.of(r, COLUMNS) for r in arms]
    result = cuped_ratio_effect(*samples, ("useful", "turns"), ("useful_pre", "turns_pre"))
    plain = ratio_effect(*samples, "useful", "turns")
    lines = []
    for rows in arms:
        mean = rows.mean(axis=0)
        now, before = mean[0] / mean[1], mean[2] / mean[3]
        lines.append(
            np.column_stack(
                [
                    now + (rows[:, 0] - now * rows[:, 1]) / mean[1],
                    before + (rows[:, 2] - before * rows[:, 3]) / mean[3],
                ]
            )
        )
    expected = cuped_effect(*[Sample.of(x, ("y", "x")) for x in lines], "y", "x")
    assert result.theta == pytest.approx(expected.theta, rel=1e-9)
    assert result.effect.absolute == pytest.approx(expected.effect.absolute, rel=1e-9)
    assert result.effect.p == pytest.approx(expected.effect.p, rel=1e-8)
    assert result.plain == plain
    assert result.variance_reduction > 0.05


def test_tea_tasting_agrees_on_large_samples():
    """tea-tasting 1.14 takes theta over both arms together; with a small effect that is nearly the same."""
    import pandas as pd  # only this oracle needs frames
    import tea_tasting as tt

    arms = _arm(7, 5000, 0.0), _arm(8, 5000, 0.05)
    frame = pd.DataFrame(np.concatenate(arms), columns=["y", "x"])
    frame["variant"] = np.repeat([0, 1], 5000)
    expected = tt.Experiment(m=tt.Mean("y", "x")).analyze(frame)["m"]
    result = cuped_effect(*[Sample.of(r, ("y", "x")) for r in arms], "y", "x")
    assert result.effect.absolute == pytest.approx(expected.effect_size, rel=1e-3)
    assert result.effect.statistic == pytest.approx(expected.statistic, rel=1e-3)


def test_an_unbalanced_covariate_shows():
    """The arms differed before the experiment: balance_p is small."""
    control, treatment = _arm(9, 500, 0.0), _arm(10, 500, 0.0)
    treatment[:, 1] += 0.5
    result = cuped_effect(*[Sample.of(r, ("y", "x")) for r in (control, treatment)], "y", "x")
    assert result.balance_p < 1e-6
    even = cuped_effect(*[Sample.of(r, ("y", "x")) for r in (control, _arm(10, 500, 0.0))], "y", "x")
    assert even.balance_p > 0.01


def test_what_cuped_cannot_do_is_undecided():
    """A constant covariate, an unknown covariance, a covariate that is the metric."""
    rows = _arm(11, 50, 0.0)
    good = Sample.of(rows, ("y", "x"))
    flat = Sample.of(np.column_stack([rows[:, 0], np.ones(50)]), ("y", "x"))
    assert "covariate x: no variance" in cuped_effect(flat, flat, "y", "x").reason
    blind = Sample(50, ("y", "x"), good.mean, np.where(np.eye(2), good.cov, np.nan))
    assert "covariance" in cuped_effect(good, blind, "y", "x").reason
    assert "control: covariate: x: 0 units" not in str(cuped_effect(good, good, "y", "x"))
    few = Sample.of(rows[:1], ("y", "x"))
    assert "control: y: 1 unit" in cuped_effect(few, good, "y", "x").reason
    same = Sample.of(np.column_stack([rows[:, 0], rows[:, 0]]), ("y", "x"))
    assert isinstance(cuped_effect(same, same, "y", "x"), Undecided)
    zero = Sample.of(_ratio_arm(1, 30, 0) * np.array([1, 1, 1, 0]), COLUMNS)
    assert "turns_pre has mean 0" in str(
        cuped_ratio_effect(zero, zero, ("useful", "turns"), ("useful_pre", "turns_pre"))
    )
