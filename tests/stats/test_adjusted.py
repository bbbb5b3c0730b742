"""Inference after stopping against rpact 3.3.4 (tests/oracles/stopping.json), and by simulation."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.stats.adjusted import adjusted, repeated, repeated_p, stopped
from bot.stats.arm import Arm
from bot.stats.effect import Effect, compare
from bot.stats.futility import Futility
from bot.stats.plan_power import drift_for
from bot.stats.sequential import boundaries
from bot.stats.undecided import Undecided

CASES = json.loads((Path(__file__).parents[1] / "oracles" / "stopping.json").read_text())["cases"]
DAYS = (4 / 14, 7 / 14, 11 / 14, 1.0)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['rule']}-look{c['look']}")
def test_stage_wise_inference_agrees_with_rpact(case):
    """Median-unbiased estimate, interval and p of six stopped experiments."""
    plan = boundaries(case["fractions"], 0.05, case["rule"])
    drift = stopped(plan, case["look"], case["z"])
    unit = case["estimate"] / case["z"] * math.sqrt(plan.fractions[case["look"]])
    # At the first look rpact gives the one-sided p of a two-sided design; there ours is the fixed test's.
    assert drift.p == pytest.approx(case["p"] * (2 if case["look"] == 0 else 1), rel=1e-6)
    seen = [drift.estimate * unit, drift.ci[0] * unit, drift.ci[1] * unit]
    assert seen == pytest.approx([case["median"], case["low"], case["high"]], abs=2e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['rule']}-look{c['look']}")
def test_repeated_intervals_agree_with_rpact(case):
    """The interval with the boundary as critical value, and the smallest alpha that crosses."""
    plan = boundaries(case["fractions"], 0.05, case["rule"])
    look, unit = case["look"], case["estimate"] / case["z"]
    ends = case["estimate"] - plan.z[look] * unit, case["estimate"] + plan.z[look] * unit
    assert ends == pytest.approx((case["repeated_low"], case["repeated_high"]), abs=1e-6)
    # rpact searches p to 1e-6 and not above one half
    assert min(repeated_p(plan, look, case["z"]), 0.5) == pytest.approx(case["repeated_p"], abs=2e-6)


def _effect(z, n=1_000_000):
    """Arms with control mean 2 and this z at se 0.01."""
    sd = 0.01 * math.sqrt(n / 2)
    effect = compare(Arm(n, 2.0, sd), Arm(n, 2.0 + 0.01 * z, sd))
    assert isinstance(effect, Effect)
    return effect


def test_one_look_needs_no_adjustment():
    """Without interim looks the adjusted result is the ordinary one."""
    effect = _effect(2.5)
    result = adjusted(boundaries([1.0]), 0, effect)
    assert result.estimate == pytest.approx(effect.absolute, rel=1e-9)
    assert result.ci == pytest.approx(effect.ci_absolute, rel=1e-5)
    assert result.ci_rel == pytest.approx(effect.ci_relative, rel=1e-5)
    assert result.p == pytest.approx(effect.p, rel=1e-9)


def test_a_negative_control_mean_turns_the_relative_interval():
    """Relative to -2 an increase is a decrease, with its interval the right way round."""
    effect = compare(Arm(10**6, -2.0, 7.0), Arm(10**6, -1.975, 7.0))
    result = adjusted(boundaries([1.0]), 0, effect)
    assert result.estimate > 0 > result.estimate_rel
    assert result.ci_rel == pytest.approx(effect.ci_relative, rel=1e-5)


def test_relative_estimates_that_cannot_be_had_are_undecided():
    """A control mean near 0: the absolute adjusted result is there all the same."""
    plan = boundaries([1.0])
    vague = adjusted(plan, 0, compare(Arm(50, 0.05, 1.0), Arm(50, 0.8, 1.0)))
    assert vague.estimate_rel == pytest.approx(15.0, rel=1e-6)
    assert isinstance(vague.ci_rel, Undecided)
    none = adjusted(plan, 0, compare(Arm(50, 0.0, 1.0), Arm(50, 0.8, 1.0)))
    assert isinstance(none.estimate_rel, Undecided)
    assert none.estimate == pytest.approx(0.8)


def test_stopping_early_shrinks_the_estimate():
    """At look 3 the median-unbiased estimate lies below the ordinary one; signs mirror."""
    plan = boundaries(DAYS)
    up, down = adjusted(plan, 2, _effect(2.6)), adjusted(plan, 2, _effect(-2.6))
    assert 0 < up.estimate_rel < _effect(2.6).relative
    assert down.estimate == pytest.approx(-up.estimate, rel=1e-9)
    assert down.ci == pytest.approx((-up.ci[1], -up.ci[0]), rel=1e-7)
    assert up.p == pytest.approx(down.p)


def test_a_running_experiment_has_no_stage_wise_estimate():
    """Not crossed at look 2: undecided, but the repeated interval is there and wider."""
    plan, effect = boundaries(DAYS), _effect(2.05)
    assert isinstance(adjusted(plan, 1, effect), Undecided)
    wide = repeated(plan, 1, effect)
    assert wide.ci_rel[0] < 0 < effect.ci_relative[0]
    assert wide.p > 0.05 > effect.p


@pytest.mark.parametrize("look", range(4))
@pytest.mark.parametrize("z", [12.0, 50.0, 400.0])
def test_an_enormous_z_at_any_look_has_its_interval(look, z):
    """At a late look it says above all that the looks before did not cross; the drift stays near them."""
    plan = boundaries(DAYS)
    found = stopped(plan, look, z)
    mirrored = stopped(plan, look, -z)
    assert found.ci[0] < found.estimate < found.ci[1]
    assert (-mirrored.ci[1], -mirrored.ci[0]) == pytest.approx(found.ci, rel=1e-9)
    naive = z / math.sqrt(plan.fractions[look])
    assert found.estimate == pytest.approx(naive, abs=1e-6) if look == 0 else found.estimate < naive
    assert found.p < 0.05


def test_repeated_p_of_written_levels_is_undecided():
    """Nominal levels say nothing about another alpha; a look that cannot cross has no interval."""
    plan = boundaries(DAYS, 0.05, "nominal", alphas=[0, 0.001, 0.01, 0.04])
    assert isinstance(repeated_p(plan, 1, 2.0), Undecided)
    assert isinstance(repeated(plan, 0, _effect(2.0)), Undecided)


def test_repeated_p_stays_between_its_ends():
    """Nothing seen is 1, an overwhelming effect is at most 1e-10."""
    plan = boundaries(DAYS)
    assert repeated_p(plan, 1, 0.0) == 1.0
    assert repeated_p(plan, 3, 12.0) == 1e-10


def test_adjusted_intervals_cover_and_estimates_are_median_unbiased():
    """4,000 stopped experiments, half of them with the design effect: within 3 standard errors."""
    plan = boundaries(DAYS, 0.05, "pocock")
    rng = np.random.default_rng(20261123)
    times = np.array(plan.fractions)
    cache = {}
    for truth in (0.0, drift_for(plan, 0.8)):
        steps = rng.normal(size=(2000, 4)) * np.sqrt(np.diff(times, prepend=0))
        z = (np.cumsum(steps, axis=1) + truth * times) / np.sqrt(times)
        crossed = np.abs(z) >= np.array(plan.z)
        look = np.where(crossed.any(axis=1), crossed.argmax(axis=1), 3)
        covered = above = 0
        for k, value in zip(look, z[np.arange(2000), look], strict=True):
            key = int(k), round(float(value) / 0.02) * 0.02  # far below the simulation's error
            if key not in cache:
                cache[key] = stopped(
                    plan, key[0], max(abs(key[1]), plan.z[k] if k < 3 else 0) * np.sign(key[1])
                )
            drift = cache[key]
            covered += drift.ci[0] <= truth <= drift.ci[1]
            above += drift.estimate > truth
        assert covered / 2000 == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 2000))
        assert above / 2000 == pytest.approx(0.5, abs=3 * math.sqrt(0.25 / 2000))


@pytest.mark.parametrize("sided", [1, 2])
@pytest.mark.parametrize("z", [-0.5, 1.0, 2.5])
def test_futility_that_does_not_bind_may_have_been_obeyed_or_not(sided, z):
    """At the last look: the upper end and the estimate are those of a plan it binds in, the lower end and p
    those of a plan without; counted as ignored throughout, the upper end missed in 4.4 % instead of 2.5."""
    plan = boundaries(DAYS, 0.025 * sided, sided=sided, futility=Futility("obrien-fleming", 0.2))
    bound = replace(plan, futility=replace(plan.futility, rule=replace(plan.futility.rule, binding=True)))
    ours, obeyed, ignored = (stopped(one, 3, z) for one in (plan, bound, replace(plan, futility=None)))
    assert (ours.ci[1], ours.estimate) == pytest.approx((obeyed.ci[1], obeyed.estimate), rel=1e-8)
    assert (ours.ci[0], ours.p) == pytest.approx((ignored.ci[0], ignored.p), rel=1e-8)
    assert ours.ci[1] > ignored.ci[1]
