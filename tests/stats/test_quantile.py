"""The clustered outer interval of Deng, Knoblich & Lu (2018), by simulation and closed form."""

import math

import numpy as np
import pytest
from scipy import stats

from bot.stats.cuped import adjusted_by
from bot.stats.quantile import (
    OuterLevels,
    QuantileSummary,
    outer_levels,
    quantile_arm,
    quantile_effect,
    quantile_side,
)
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

Q = 0.95


def _turns(rng, users, scale=1.0):
    """Latencies of users who are slow or fast as a whole: (user of each turn, latency)."""
    turns = rng.poisson(5, users) + 1
    user = np.repeat(np.arange(users), turns)
    slow = rng.normal(0, 0.5, users)
    return user, scale * np.exp(6 + slow[user] + rng.normal(0, 0.3, len(user)))


def _summary(user, latency, users):
    """What a source does: the quantile and per-user counts, then the values at the outer levels."""
    value = float(np.quantile(latency, Q))
    below = np.bincount(user, weights=latency <= value, minlength=users)
    counts = Sample.of(np.column_stack([below, np.bincount(user, minlength=users)]), ("below", "events"))
    levels = outer_levels(counts, Q)
    assert isinstance(levels, OuterLevels)
    low, high = (float(np.quantile(latency, level)) for level in (levels.low, levels.high))
    return QuantileSummary(value, counts, levels, low, high)


def test_independent_events_give_the_binomial_margin():
    """One event a unit: sqrt(q (1 - q) / n), as in the textbook."""
    below = (np.arange(10_000) < 9_500).astype(float)
    counts = Sample.of(np.column_stack([below, np.ones(10_000)]), ("below", "events"))
    levels = outer_levels(counts, Q)
    assert levels.margin == pytest.approx(1.959964, abs=1e-6)
    assert levels.high - Q == pytest.approx(levels.margin * math.sqrt(Q * (1 - Q) / 9_999), rel=1e-9)
    assert Q - levels.low == pytest.approx(levels.high - Q, rel=1e-12)


def test_the_standard_error_is_the_spread_over_experiments():
    """300 experiments of 1,000 users: the mean estimated se is the sd of the p95; treating turns as
    independent would give two thirds of it."""
    rng = np.random.default_rng(95)
    values, errors, naive = [], [], []
    for _ in range(300):
        user, latency = _turns(rng, 1000)
        summary = _summary(user, latency, 1000)
        values.append(summary.value)
        errors.append(math.sqrt(quantile_arm(summary).variance))
        levels = summary.levels
        naive.append(math.sqrt(Q * (1 - Q) / len(latency)) / ((levels.high - levels.low) / 2 / levels.margin))
    spread = np.std(values, ddof=1)
    # the sd of 300 values is known to 4 %: 3 standard errors
    assert np.mean(errors) == pytest.approx(spread, rel=0.13)
    assert np.mean(naive) < 0.75


def test_differences_of_p95_hold_their_error():
    """400 A/A experiments of 500 users an arm: rejections within 3 standard errors of .05."""
    rng = np.random.default_rng(96)
    rejected = 0
    for _ in range(400):
        arms = [_summary(*_turns(rng, 500), 500) for _ in range(2)]
        rejected += quantile_effect(*arms).p < 0.05
    assert rejected / 400 == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 400))


def test_a_slower_treatment_shows_as_an_ordinary_effect():
    """10 % slower: the same Effect shape as any metric, in milliseconds and as a fraction."""
    rng = np.random.default_rng(97)
    effect = quantile_effect(_summary(*_turns(rng, 4000), 4000), _summary(*_turns(rng, 4000, 1.1), 4000))
    assert effect.ci_relative[0] < 0.10 < effect.ci_relative[1]
    assert effect.p < 0.01
    assert effect.control.n == 4000
    assert effect.control.mean == pytest.approx(
        np.exp(6 + stats.norm.ppf(Q) * math.hypot(0.5, 0.3)), rel=0.05
    )


def test_too_few_units_for_the_quantile_are_undecided():
    """20 users cannot bound a p95; no users, no variance and values that do not rise say so."""
    rng = np.random.default_rng(98)
    below = rng.binomial(3, Q, 20).astype(float)
    counts = Sample.of(np.column_stack([below, np.full(20, 3.0)]), ("below", "events"))
    assert "20 units are too few, the interval reaches 1." in outer_levels(counts, 0.99).reason
    assert "the interval reaches -" in outer_levels(counts, 0.01).reason
    assert isinstance(outer_levels(Sample.empty(("below", "events")), Q), Undecided)
    flat = Sample.of([[1.0, 2.0]] * 9, ("below", "events"))
    assert "does not vary" in outer_levels(flat, Q).reason
    levels = OuterLevels(0.94, 0.96, 1.96)
    broken = QuantileSummary(700.0, counts, levels, 710.0, 690.0)
    good = _summary(*_turns(rng, 500), 500)
    assert "control: the values at the outer levels, 710 and 690" in quantile_effect(broken, good).reason
    assert "treatment: " in quantile_effect(good, broken).reason
    with pytest.raises(ValueError, match="between 0 and 1"):
        outer_levels(counts, 95)


def _with_history(rng, users):
    """An arm of users whose slowness before the experiment says something of that during it."""
    turns = rng.poisson(5, users) + 1
    user = np.repeat(np.arange(users), turns)
    slow = rng.normal(0, 0.5, users)
    latency = np.exp(6 + slow[user] + rng.normal(0, 0.3, len(user)))
    summary = _summary(user, latency, users)
    below = np.bincount(user, weights=latency <= summary.value, minlength=users)
    rows = np.column_stack([below, turns, np.exp(slow + rng.normal(0, 0.2, users))])
    counts = Sample.of(rows, ("below", "events", "before"))
    return QuantileSummary(summary.value, counts, summary.levels, summary.low, summary.high)


def test_cuped_takes_from_a_quantile_what_the_covariate_explains():
    """300 A/A experiments of 600 users an arm: the estimates' spread is the adjusted standard error, less
    than without the covariate by what is realised, and rejections are within 3 standard errors of .05."""
    rng = np.random.default_rng(99)
    plain, adjusted, errors, reductions, rejected = [], [], [], [], 0
    for _ in range(300):
        arms = [_with_history(rng, 600) for _ in range(2)]
        found = adjusted_by(*(quantile_side(arm, "before") for arm in arms), "p95", "before")
        plain.append(found.plain.absolute)
        adjusted.append(found.effect.absolute)
        errors.append(found.effect.se)
        reductions.append(found.variance_reduction)
        rejected += found.effect.p < 0.05
    # the sd of 300 values is known to 4 %: 3 standard errors
    assert np.mean(errors) == pytest.approx(np.std(adjusted, ddof=1), rel=0.13)
    assert np.mean(reductions) > 0.25
    assert 1 - np.var(adjusted) / np.var(plain) == pytest.approx(np.mean(reductions), abs=0.1)
    assert rejected / 300 == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 300))


def test_the_contributions_of_units_have_the_variance_of_the_arm():
    """Bahadur's contribution of each unit, written out: its variance, and covariance with the covariate."""
    arm = _with_history(np.random.default_rng(100), 800)
    side = quantile_side(arm, "before")
    counts, share = arm.counts, arm.counts.mean_of("below") / arm.counts.mean_of("events")
    density = (arm.levels.high - arm.levels.low) / (arm.high - arm.low)
    scale = -1 / (counts.mean_of("events") * density)
    weights = {"line": {"below": scale, "events": -share * scale}, "before": {"before": 1.0}}
    line = counts.linear(weights)
    assert line.variance("line") == pytest.approx(side.metric.sd**2, rel=1e-12)
    assert line.covariance("line", "before") == pytest.approx(side.covariance, rel=1e-12)
    assert side.covariance > 0
    assert (side.metric, side.covariate.mean) == (quantile_arm(arm), counts.mean_of("before"))


def test_a_covariate_nobody_has_is_undecided():
    """Its reason is said; the arm without it stands."""
    arm = _with_history(np.random.default_rng(101), 300)
    blind = Sample(300, arm.counts.columns, arm.counts.mean * [1, 1, np.nan], arm.counts.cov)
    assert "covariate: before: the mean is not finite" in str(
        quantile_side(QuantileSummary(arm.value, blind, arm.levels, arm.low, arm.high), "before")
    )
