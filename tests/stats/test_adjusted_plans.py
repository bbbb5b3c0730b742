"""Inference after stopping, one-sided and with futility: rpact 3.3.4, laws, coverage by simulation."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from bot.stats.adjusted import Adjusted, adjusted, repeated, repeated_p, stopped
from bot.stats.arm import Arm
from bot.stats.effect import Effect, compare
from bot.stats.futility import Futility
from bot.stats.plan_power import conditional_power
from bot.stats.sequential import boundaries, is_futile, realised
from bot.stats.undecided import Undecided

ORACLE = Path(__file__).parents[1] / "oracles" / "stopping_one_sided.json"
CASES = json.loads(ORACLE.read_text())["cases"]
DAYS = (4 / 14, 7 / 14, 11 / 14, 1.0)
FREE, BINDING = Futility("pocock", 0.2), Futility("pocock", 0.2, binding=True)
RULES = ("obrien-fleming", "pocock", "exact-obrien-fleming", "exact-pocock")


def _effect(z, n=1_000_000):
    """Arms with control mean 2 and this z at se 0.01."""
    sd = 0.01 * math.sqrt(n / 2)
    effect = compare(Arm(n, 2.0, sd), Arm(n, 2.0 + 0.01 * z, sd))
    assert isinstance(effect, Effect)
    return effect


def _case(case):
    return f"{case['rule']}-{case['futility']}-{case['binding']}-look{case['look']}-{case['z']:.1f}"


@pytest.mark.parametrize("case", CASES, ids=_case)
def test_one_sided_inference_agrees_with_rpact(case):
    """p, median-unbiased estimate and interval where it stopped, conditional power where it goes on."""
    futility = case["futility"] and Futility(case["futility"], 0.2, binding=case["binding"])
    plan = boundaries(case["fractions"], case["alpha"], case["rule"], sided=1, futility=futility)
    look, z = case["look"], case["z"]
    drift = stopped(plan, look, z)
    if case["p"] is None:
        assert isinstance(drift, Undecided)
    else:
        unit = case["estimate"] / z * math.sqrt(plan.fractions[look])
        assert drift.p == pytest.approx(case["p"], abs=1e-9)
        # rpact looks for these to 1e-6
        assert drift.ci[0] * unit == pytest.approx(case["ends"][0], abs=1e-6)
        seen, theirs = (drift.estimate * unit, drift.ci[1] * unit), (case["median"], case["ends"][1])
        if futility is None or futility.binding:
            assert seen == pytest.approx(theirs, abs=1e-6)
        else:  # rpact takes it as not obeyed; ours holds when it was, too
            assert all(ours >= other - 1e-6 for ours, other in zip(seen, theirs, strict=True))
    if not case["crossed"] and case["conditional"] is not None:
        assumed = case["assumed"] * math.sqrt(1400)  # the drift of that mean at n = 1400
        assert conditional_power(plan, look, z, assumed) == pytest.approx(case["conditional"], abs=1e-8)


@pytest.mark.parametrize("futility", [None, FREE, BINDING], ids=["none", "free", "binding"])
@pytest.mark.parametrize("sided", [1, 2])
@pytest.mark.parametrize("rule", [*RULES, "haybittle-peto"])
def test_the_p_at_the_last_boundary_is_alpha(rule, sided, futility):
    """Just crossing at the last look: p is alpha and the interval ends at 0, whatever the plan."""
    plan = boundaries(DAYS, 0.05, rule, sided=sided, futility=futility)
    drift = stopped(plan, plan.last, plan.z[-1])
    assert drift.p == pytest.approx(0.05, abs=1e-9)
    assert drift.ci[0] == pytest.approx(0.0, abs=1e-7)
    assert drift.ci[0] < drift.estimate < drift.ci[1]


@pytest.mark.parametrize("futility", [None, FREE, BINDING], ids=["none", "free", "binding"])
@pytest.mark.parametrize("sided", [1, 2])
@pytest.mark.parametrize("rule", RULES)
def test_the_repeated_p_at_a_boundary_is_alpha(rule, sided, futility):
    """At every look, also when looks were held at other times than planned."""
    plan = boundaries(DAYS, 0.05, rule, sided=sided, futility=futility)
    for stands in (plan, realised(plan, [4 / 14, 8 / 14]), realised(plan, [0.2, 0.5, 0.7, 0.9], final=True)):
        for look in (1, 3):
            assert repeated_p(stands, look, stands.z[look]) == pytest.approx(0.05, rel=1e-5)


def test_the_repeated_p_of_haybittle_and_peto_is_that_of_the_last_look():
    """The looks before ask for the same z at every alpha."""
    plan = boundaries(DAYS, 0.05, "haybittle-peto", sided=1)
    assert repeated_p(plan, 3, plan.z[3]) == pytest.approx(0.05, rel=1e-6)
    assert isinstance(repeated_p(plan, 1, 2.0), Undecided)


def test_one_sided_inference_is_that_of_the_declared_direction():
    """A p near 1 and an upper bound below 0 when the treatment is worse; nothing stops there."""
    up, down = (boundaries(DAYS, 0.05, sided=1, direction=d) for d in (1, -1))
    worse = stopped(up, 3, -3.0)
    assert worse.p > 0.99
    assert worse.ci[0] < worse.estimate < worse.ci[1] < 0
    better = stopped(down, 3, -3.0)
    assert down.cumulative_alpha[2] < better.p < 0.05  # whatever z, having crossed earlier is more extreme
    assert better.ci[1] < 0
    assert isinstance(stopped(up, 1, -4.0), Undecided)
    assert not isinstance(stopped(down, 1, -4.0), Undecided)


def test_one_look_of_a_one_sided_plan_is_the_ordinary_one_sided_test():
    """p of the direction, and the interval of level 1 - 2 alpha, both ways round."""
    effect = _effect(2.2)
    result = adjusted(boundaries([1.0], 0.05, sided=1), 0, effect)
    assert result.p == pytest.approx(effect.p_increase, rel=1e-9)
    assert result.ci == pytest.approx(effect.at(0.1).ci_absolute, rel=1e-5)
    other = adjusted(boundaries([1.0], 0.05, sided=1, direction=-1), 0, effect)
    assert other.p == pytest.approx(effect.p_decrease, rel=1e-9)
    assert other.ci == pytest.approx(result.ci, rel=1e-5)


def test_the_repeated_interval_of_a_one_sided_plan_is_bounded_by_its_z():
    """Two-sided with the boundary on both sides, so that 0 is outside just when the look crosses."""
    plan, effect = boundaries(DAYS, 0.05, sided=1), _effect(2.2)
    result = repeated(plan, 1, effect)
    assert isinstance(result, Adjusted)
    assert result.ci[0] == pytest.approx(effect.absolute - plan.z[1] * effect.se, rel=1e-5)
    assert result.ci[0] < 0 < effect.ci_absolute[0]
    loose = boundaries([0.5, 1.0], 0.9, "pocock", sided=1)
    assert isinstance(repeated(loose, 1, effect), Undecided)


@pytest.mark.parametrize("futility", [FREE, BINDING], ids=["free", "binding"])
def test_an_experiment_stopped_for_futility_has_its_estimate(futility):
    """At look 2, below the bound but above 0, in both directions; above the bound it is still running."""
    up, down = (boundaries(DAYS, 0.05, direction=d, futility=futility) for d in (1, -1))
    z = up.futility.z[1] - 0.2
    assert z > 0
    assert is_futile(up, 1, z)
    found, mirrored = stopped(up, 1, z), stopped(down, 1, -z)
    assert found.ci[0] < 0 < found.estimate < found.ci[1]
    assert found.p > 0.05
    assert (mirrored.estimate, *mirrored.ci) == pytest.approx((-found.estimate, -found.ci[1], -found.ci[0]))
    assert isinstance(stopped(up, 1, up.futility.z[1] + 0.2), Undecided)


def test_futility_that_does_not_bind_neither_shrinks_p_nor_the_interval():
    """p and the end away from the declared direction as without it; the other end is further, if anything."""
    plain, free = boundaries(DAYS, 0.05), boundaries(DAYS, 0.05, futility=FREE)
    for look, z in ((2, 2.6), (3, 1.1), (3, -0.4)):
        seen, without = stopped(free, look, z), stopped(plain, look, z)
        assert seen.p == pytest.approx(without.p, abs=1e-10)
        assert seen.ci[0] == pytest.approx(without.ci[0], abs=1e-7)
        assert seen.ci[1] >= without.ci[1] - 1e-7


def _curves(plan, look):
    """Interval and estimate over z at a look, on a grid fine enough for a simulation, below and above."""
    below = np.linspace(plan.futility.z[look] - 4, plan.futility.z[look] - 1e-9, 9)
    z = np.concatenate([below, np.linspace(plan.z[look], plan.z[look] + 4, 9)])
    found = [stopped(plan, look, float(one)) for one in z]
    return z, [[d.ci[0] for d in found], [d.ci[1] for d in found], [d.estimate for d in found]]


@pytest.mark.parametrize("sided", [1, 2])
def test_intervals_cover_when_binding_futility_is_obeyed(sided):
    """4,000 stopped experiments each without an effect and with the planned one: within 3 standard errors."""
    plan = boundaries([0.4, 0.7, 1.0], 0.05, "pocock", sided=sided, futility=BINDING)
    rng, times, runs = np.random.default_rng(7), np.array(plan.fractions), 4000
    curves = [_curves(plan, look) for look in range(3)]
    level = 1 - 0.1 / sided
    for truth in (0.0, plan.futility.drift):
        steps = rng.normal(size=(runs, 3)) * np.sqrt(np.diff(times, prepend=0))
        z = (np.cumsum(steps, axis=1) + truth * times) / np.sqrt(times)
        ends = (z >= np.array(plan.z)) | (z < np.array(plan.futility.z))
        look, covered, above = ends.argmax(axis=1), 0, 0
        for k, (grid, values) in enumerate(curves):
            low, high, estimate = (np.interp(z[look == k, k], grid, one) for one in values)
            covered += int(((low <= truth) & (truth <= high)).sum())
            above += int((estimate > truth).sum())
        assert covered / runs == pytest.approx(level, abs=3 * math.sqrt(level * (1 - level) / runs))
        assert above / runs == pytest.approx(0.5, abs=3 * math.sqrt(0.25 / runs))
