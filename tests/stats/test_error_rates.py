"""The promise itself: errors and coverage of whole experiments by simulation, fixed seeds.

A small version of the table that benchmarks print: each figure within 3 standard errors of nominal.
"""

import math

import numpy as np

from bot.stats.cuped import CupedEffect, cuped_effect
from bot.stats.effect import mean_arm, mean_effect, ratio_arm, ratio_effect
from bot.stats.sample import Sample
from bot.stats.sequential import boundaries

LOOKS = (4 / 14, 7 / 14, 11 / 14, 1.0)


def _within(seen, nominal, replications):
    return abs(seen - nominal) <= 3 * math.sqrt(nominal * (1 - nominal) / replications)


def _covariance(x, y):
    return ((x - x.mean(1, keepdims=True)) * (y - y.mean(1, keepdims=True))).sum(1) / (x.shape[1] - 1)


def _samples(y, x):
    """One two-column sample a row, without a Python loop over the data."""
    n, means = y.shape[1], (y.mean(1), x.mean(1))
    parts = zip(*means, _covariance(y, y), _covariance(y, x), _covariance(x, x), strict=True)
    return [Sample(n, ("y", "x"), np.array([a, b]), np.array([[p, q], [q, r]])) for a, b, p, q, r in parts]


def test_four_looks_with_cuped_on_skewed_data_keep_five_per_cent():
    """1,500 A/A experiments, 400 users an arm, gamma metric with a covariate, O'Brien-Fleming looks."""
    rng = np.random.default_rng(14)
    replications, users = 1500, 400
    plan = boundaries(LOOKS)
    arms = []
    for _ in range(2):
        before = rng.gamma(1.5, 1.0, (replications, users))
        arms.append((0.7 * before + rng.gamma(1.0, 1.0, before.shape), before))
    crossed = np.zeros(replications, dtype=bool)
    for fraction, bound in zip(plan.fractions, plan.z, strict=True):
        n = round(users * fraction)
        control, treatment = (_samples(y[:, :n], x[:, :n]) for y, x in arms)
        for i, pair in enumerate(zip(control, treatment, strict=True)):
            found = cuped_effect(*pair, "y", "x")
            assert isinstance(found, CupedEffect)
            crossed[i] |= abs(found.effect.z) >= bound
    assert _within(crossed.mean(), 0.05, replications)


def test_intervals_of_ratio_metrics_cover():
    """3,000 experiments, 300 users an arm, a true effect: absolute and relative intervals hold 95 %."""
    rng = np.random.default_rng(15)
    replications, users = 3000, 300
    rates = 0.30, 0.33
    arms = []
    for rate in rates:
        turns = rng.poisson(5, (replications, users)) + 1
        taste = rng.beta(20 * rate, 20 * (1 - rate), turns.shape)
        arms.append(_samples(rng.binomial(turns, taste).astype(float), turns.astype(float)))
    absolute = relative = 0
    truth = rates[1] - rates[0]
    for control, treatment in zip(*arms, strict=True):
        effect = ratio_effect(control, treatment, "y", "x")
        absolute += effect.ci_absolute[0] <= truth <= effect.ci_absolute[1]
        relative += effect.ci_relative[0] <= truth / rates[0] <= effect.ci_relative[1]
    assert _within(absolute / replications, 0.95, replications)
    assert _within(relative / replications, 0.95, replications)


def test_peeking_without_a_plan_does_what_the_reference_fears():
    """4,000 A/A experiments looked at five times at .05: 14.17 % are called, not 5 %."""
    rng = np.random.default_rng(16)
    walks = rng.normal(size=(4000, 5)).cumsum(axis=1) / np.sqrt(np.arange(1, 6))
    assert _within((np.abs(walks) > 1.959964).any(axis=1).mean(), 0.14168933, 4000)


def test_the_relative_interval_covers_when_the_control_mean_is_near_zero():
    """Fieller with a control mean of 5.5 standard errors: 4,000 experiments hold 95 %."""
    rng = np.random.default_rng(17)
    covered = by_fieller = 0
    for control, treatment in zip(
        _samples(*(rng.normal(0.55, 1.0, (4000, 100)) for _ in range(2))),
        _samples(*(rng.normal(0.825, 1.0, (4000, 100)) for _ in range(2))),
        strict=True,
    ):
        effect = mean_effect(control, treatment, "y")
        interval = effect.ci_relative
        by_fieller += effect.relative_method == "fieller"
        covered += isinstance(interval, tuple) and interval[0] <= 0.5 <= interval[1]
    assert _within(covered / 4000, 0.95, 4000)
    assert by_fieller > 3900


def test_a_ratio_arm_is_a_mean_arm_when_every_unit_has_one_event():
    """The delta method with a constant denominator is the plain mean."""
    rng = np.random.default_rng(18)
    sample = Sample.of(np.column_stack([rng.normal(2, 1, 50), np.ones(50)]), ("y", "x"))
    ratio, mean = ratio_arm(sample, "y", "x"), mean_arm(sample, "y")
    assert abs(ratio.sd - mean.sd) < 1e-12
    assert ratio.mean == mean.mean
