"""One-sided, Haybittle-Peto and futility plans: rpact 3.3.4 (tests/oracles/plans.json), and their laws."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from gsdesign import h1, hupdate
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from bot.stats.futility import Futility
from bot.stats.plan_power import conditional_power, cost, drift_for, inflation, plan_power, predictive_power
from bot.stats.sequential import (
    UnplannedLookError,
    boundaries,
    crosses,
    is_futile,
    plan_exits,
    realised,
    type1_error,
)

DESIGNS = json.loads((Path(__file__).parents[1] / "oracles" / "plans.json").read_text())["designs"]
DAYS = (4 / 14, 7 / 14, 11 / 14, 1.0)
FACTS = (
    ("obrien-fleming", 1.022012, (4.033339, 2.964561, 2.291841, 2.023770)),
    ("pocock", 1.197722, (2.326906, 2.389590, 2.336186, 2.364159)),
    ("exact-obrien-fleming", 1.024461, (3.796544, 2.869917, 2.289402, 2.029338)),
    ("exact-pocock", 1.192269, (2.352028,) * 4),
)
EQUAL = (
    (2, (2.796510, 1.977431), 1.00779, 2.178272, 1.11041),
    (3, (3.471091, 2.454432, 2.004036), 1.01741, 2.289478, 1.16639),
    (4, (4.048591, 2.862786, 2.337455, 2.024295), 1.02385, 2.361298, 1.20248),
    (5, (4.561742, 3.225639, 2.633723, 2.280871, 2.040073), 1.02841, 2.413176, 1.22859),
    (6, (5.028296, 3.555542, 2.903088, 2.514148, 2.248722, 2.052793), 1.03184, 2.453211, 1.24883),
)


def _name(row):
    loss = row["futility"]
    extra = (
        "" if not loss else f"-{loss['rule']}{loss['gamma'] or ''}-{'binding' if loss['binding'] else 'free'}"
    )
    rule = f"{row['rule']}{row['gamma'] or row['interim_z'] or ''}"
    return f"{row['looks']}-{rule}-{row['alpha']}-sided{row['sided']}{extra}"


def _plan(row, direction=1):
    loss = row["futility"]
    futility = loss and Futility(loss["rule"], row["beta"], loss["gamma"], loss["binding"])
    return boundaries(
        row["fractions"],
        row["alpha"],
        row["rule"],
        gamma=row["gamma"],
        interim_z=row["interim_z"],
        sided=row["sided"],
        direction=direction,
        futility=futility,
    )


def _list(values):
    return values if isinstance(values, list) else [values]


@pytest.mark.parametrize("row", DESIGNS, ids=_name)
def test_plans_agree_with_rpact(row):
    """Bounds of efficacy and futility, what they spend, inflation, expected sizes: 263 designs, 6 digits."""
    plan = _plan(row)
    # Where rpact solves for Haybittle and Peto's last look, it stops when alpha is right to 1e-8.
    digits = 2e-6 if row["rule"] == "haybittle-peto" else 1e-6
    for seen, expected in zip(plan.z, row["z"], strict=True):
        if expected == "Inf" or expected > 6:
            assert special.ndtr(-seen) < 1e-8
        else:
            assert seen == pytest.approx(expected, abs=digits)
    assert plan.cumulative_alpha == pytest.approx(row["spent"], abs=3e-8)
    found = cost(plan, 1 - row["beta"])
    assert (found.inflation, found.drift) == pytest.approx((row["inflation"], row["drift"]), abs=digits)
    assert found.expected_h0 == pytest.approx(row["asn_h0"], abs=digits)
    assert found.expected_between == pytest.approx(row["asn_h01"], abs=digits)
    assert found.expected_h1 == pytest.approx(row["asn_h1"], abs=digits)
    if row["futility"]:
        known = _list(row["futility"]["z"])  # rpact leaves out the last, where it meets the efficacy bound
        assert plan.futility.z[:-1] == pytest.approx(known, abs=1e-6)
        assert plan.futility.z[-1] == plan.z[-1]
        assert plan.futility.cumulative_beta == pytest.approx(row["futility"]["lost"], abs=1e-9)


@pytest.mark.parametrize(("rule", "cost_of", "z"), FACTS, ids=lambda value: str(value)[:20])
def test_the_four_designs_at_the_days_of_aml_03(rule, cost_of, z):
    """facts.md section 1: boundaries and inflation at 4, 7, 11, 14 of 14 days."""
    plan = boundaries(DAYS, 0.05, rule)
    assert plan.z == pytest.approx(z, abs=1e-6)
    assert inflation(plan, 0.8) == pytest.approx(cost_of, abs=1e-6)


@pytest.mark.parametrize(("looks", "fleming", "fleming_cost", "pocock", "pocock_cost"), EQUAL)
def test_exact_boundaries_at_equal_looks(looks, fleming, fleming_cost, pocock, pocock_cost):
    """facts.md section 1: the classical tables for 2 to 6 looks."""
    times = [(k + 1) / looks for k in range(looks)]
    one, other = boundaries(times, 0.05, "exact-obrien-fleming"), boundaries(times, 0.05, "exact-pocock")
    assert one.z == pytest.approx(fleming, abs=1e-6)
    assert other.z == pytest.approx((pocock,) * looks, abs=1e-6)
    assert inflation(one, 0.8) == pytest.approx(fleming_cost, abs=1e-5)
    assert inflation(other, 0.8) == pytest.approx(pocock_cost, abs=1e-5)


def test_expected_sizes_of_the_reference_plan():
    """facts.md: LD-OBF needs .8425 of the fixed sample under H1 and 1.016 under H0."""
    found = cost(boundaries(DAYS), 0.8)
    assert found.expected_h1 == pytest.approx(0.8425, abs=5e-5)
    assert found.expected_h0 == pytest.approx(1.016, abs=5e-4)
    assert found.expected_h1 < found.expected_between < found.expected_h0 < found.inflation


def test_haybittle_peto_agrees_with_gsdesign():
    """The type-I error of z 3, 3, 3 and the solved last look, by gsdesign's Simpson recursion."""
    plan = boundaries(DAYS, 0.05, "haybittle-peto")
    assert plan.z[:3] == (3.0, 3.0, 3.0)
    z, t, fine = plan.z, plan.fractions, 100
    spent = 2 * float(special.ndtr(-z[0]))
    grid = h1(fine, 0.0, t[0], -z[0], z[0])
    for k in range(1, 4):
        score, sd, edge = np.sqrt(t[k - 1]) * grid[0], np.sqrt(t[k] - t[k - 1]), np.sqrt(t[k]) * z[k]
        out = special.ndtr((score - edge) / sd) + special.ndtr((-score - edge) / sd)
        spent += float(grid[2] @ out)
        grid = hupdate(fine, 0.0, t[k], -z[k], z[k], 0.0, t[k - 1], grid)
    assert spent == pytest.approx(0.05, abs=1e-10)


def test_haybittle_peto_whose_interim_looks_spend_everything_is_refused():
    """Five looks at z 2 spend more than .05 before the last."""
    with pytest.raises(ValueError, match=r"at z 2 spend 0\.\d+, all of alpha 0\.05"):
        boundaries([0.2, 0.4, 0.6, 0.8, 1], 0.05, "haybittle-peto", interim_z=2.0)


@pytest.mark.parametrize("rule", ["obrien-fleming", "pocock", "exact-pocock", "haybittle-peto"])
def test_one_side_of_a_two_sided_plan_is_nearly_the_one_sided_plan_at_half_alpha(rule):
    """They differ only by paths that cross below first and above later."""
    both = boundaries(DAYS, 0.05, rule)
    one = boundaries(DAYS, 0.025, rule, sided=1)
    assert both.z == pytest.approx(one.z, abs=2e-4)
    assert one.type1_error == pytest.approx(0.025, abs=1e-10)


def test_written_levels_of_a_one_sided_plan_are_one_sided():
    """Nominal .01 asks for z 2.326348, peeking at .05 for 1.644854; the true error says what they come to."""
    written = boundaries(DAYS, 0.05, "nominal", alphas=[0.01] * 4, sided=1)
    peeking = boundaries(DAYS, 0.05, "none", sided=1)
    assert written.z == pytest.approx((2.326348,) * 4, abs=1e-6)
    assert peeking.z == pytest.approx((1.644854,) * 4, abs=1e-6)
    assert written.nominal_p == pytest.approx((0.01,) * 4)
    assert peeking.type1_error == pytest.approx(type1_error(peeking.z, DAYS, sided=1))
    assert peeking.type1_error > 0.1


def test_crossing_is_decided_by_the_p_of_the_plan():
    """Two-sided by the two-sided p, one-sided by that of the declared direction; z = inf by neither."""
    both, one = boundaries(DAYS), boundaries(DAYS, sided=1)
    assert crosses(both, 3, 0.042, 0.979)
    assert not crosses(one, 3, 0.042, 0.979)
    assert crosses(one, 3, 0.08, 0.04)
    assert not crosses(both, 3, 0.08, 0.04)
    never = boundaries([0.001, 1.0])
    assert math.isinf(never.z[0])
    assert not crosses(never, 0, 0.0, 0.0)


FREE = Futility("obrien-fleming", 0.2)
BINDING = Futility("obrien-fleming", 0.2, binding=True)


@pytest.mark.parametrize("sided", [1, 2])
@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("obrien-fleming", {}),
        ("pocock", {}),
        ("exact-obrien-fleming", {}),
        ("exact-pocock", {}),
        ("haybittle-peto", {}),
        ("nominal", {"alphas": [0.001, 0.005, 0.01, 0.04]}),
    ],
)
def test_futility_keeps_alpha_and_power(rule, more, sided):
    """The power with futility obeyed is that asked for; alpha holds without stopping or, binding, with it."""
    without = boundaries(DAYS, 0.05, rule, sided=sided, **more)
    free = boundaries(DAYS, 0.05, rule, sided=sided, futility=FREE, **more)
    binding = boundaries(DAYS, 0.05, rule, sided=sided, futility=BINDING, **more)
    assert free.z == pytest.approx(without.z, abs=1e-9)
    assert free.cumulative_alpha == pytest.approx(without.cumulative_alpha, abs=1e-10)
    for plan in (free, binding):
        assert plan_power(plan, plan.futility.drift) == pytest.approx(0.8, abs=1e-9)
        assert drift_for(plan, 0.8) == pytest.approx(plan.futility.drift, abs=1e-8)
        assert plan.futility.cumulative_beta[-1] == pytest.approx(0.2, abs=1e-9)
        assert plan.futility.z[-1] == plan.z[-1]
        assert all(low < high for low, high in zip(plan.futility.z[:-1], plan.z[:-1], strict=True))
    assert inflation(free, 0.8) > inflation(without, 0.8)
    ignored = math.fsum(one.up + one.down for one in plan_exits(binding, 0.0, futility=False))
    assert ignored == pytest.approx(binding.type1_error, abs=1e-15)
    if rule != "nominal":
        success = math.fsum(one.up for one in plan_exits(binding, 0.0))
        assert success == pytest.approx(0.05 / sided, abs=1e-9)
        assert binding.type1_error == pytest.approx(success, abs=1e-12 if sided == 1 else 0.025)
        assert binding.z[-1] < free.z[-1]
        assert type1_error(binding.z, DAYS, sided) > 0.05  # what it comes to when nobody stops
        assert inflation(binding, 0.8) < inflation(free, 0.8)


@pytest.mark.parametrize("futility", [FREE, BINDING], ids=["free", "binding"])
def test_futility_of_a_two_sided_plan_is_that_of_one_side(futility):
    """Almost the one-sided design at half of alpha; the bounds of efficacy stay symmetric."""
    both = boundaries(DAYS, 0.05, futility=futility)
    one = boundaries(DAYS, 0.025, sided=1, futility=futility)
    assert both.z == pytest.approx(one.z, abs=1e-5)
    assert both.futility.z == pytest.approx(one.futility.z, abs=1e-5)
    assert both.futility.drift == pytest.approx(one.futility.drift, abs=1e-5)


@pytest.mark.parametrize("futility", [FREE, BINDING], ids=["free", "binding"])
def test_exits_of_a_plan_with_futility_are_those_of_a_simulation(futility):
    """200,000 two-sided experiments with no effect and with the planned one: within 4 standard errors."""
    plan = boundaries(DAYS, 0.05, "pocock", futility=futility)
    times, rng = np.array(DAYS), np.random.default_rng(20261123)
    for drift in (0.0, plan.futility.drift):
        steps = rng.normal(size=(200_000, 4)) * np.sqrt(np.diff(times, prepend=0))
        z = (np.cumsum(steps, axis=1) + drift * times) / np.sqrt(times)
        running = np.ones(len(z), dtype=bool)
        for k, found in enumerate(plan_exits(plan, drift)):
            up, down = z[:, k] >= plan.z[k], z[:, k] <= -plan.z[k]
            futile = ~up & ~down & (z[:, k] < plan.futility.z[k])
            for stops, expected in ((up, found.up), (down, found.down), (futile, found.futile)):
                spread = math.sqrt(expected * (1 - expected) / len(z))
                assert (running & stops).mean() == pytest.approx(expected, abs=4 * spread + 1e-5)
            running &= ~(up | down | futile)
        assert not running.any()


def test_a_plan_for_a_decrease_mirrors_that_for_an_increase():
    """The same bounds; futile, likely to succeed or not by the declared direction."""
    up, down = (boundaries(DAYS, sided=1, direction=d, futility=FREE) for d in (1, -1))
    assert (up.z, up.futility) == (down.z, down.futility)
    low = up.futility.z[1] - 0.1
    assert is_futile(up, 1, low)
    assert is_futile(down, 1, -low)
    assert not is_futile(down, 1, low - 5)
    assert not is_futile(up, 3, -5.0)
    assert conditional_power(up, 1, 1.2, 2.5) == conditional_power(down, 1, -1.2, -2.5)
    assert conditional_power(up, 1, 1.2, 2.5, direction=-1) == 0.0
    assert predictive_power(up, 1, 1.2) == pytest.approx(predictive_power(down, 1, -1.2))


@pytest.mark.parametrize("sided", [1, 2])
@pytest.mark.parametrize("futility", [None, FREE, BINDING], ids=["none", "free", "binding"])
def test_conditional_power_averages_to_the_power(sided, futility):
    """Over what the first look may show under a drift, weighted: the power of the whole plan under it."""
    plan, drift = boundaries(DAYS, 0.05, "pocock", sided=sided, futility=futility), 2.0
    first = math.sqrt(plan.fractions[0]) * drift
    low, high = (plan.floor[0] if futility else (-plan.z[0] if sided == 2 else first - 8)), plan.z[0]
    nodes, weights = np.polynomial.legendre.leggauss(60)
    z = (high - low) / 2 * nodes + (high + low) / 2
    density = np.exp(-0.5 * (z - first) ** 2) / math.sqrt(2 * math.pi) * weights * (high - low) / 2
    later = sum(w * conditional_power(plan, 0, float(x), drift) for w, x in zip(density, z, strict=True))
    crossed = float(special.ndtr(first - plan.z[0]))
    assert crossed + later == pytest.approx(plan_power(plan, drift), abs=1e-9)


def test_conditional_power_of_a_look_that_has_stopped():
    """Crossed is 1, binding futility 0; futility that does not bind leaves what going on would bring."""
    free, binding = (boundaries(DAYS, 0.05, sided=1, futility=one) for one in (FREE, BINDING))
    assert conditional_power(free, 1, free.z[1], 0.0) == 1.0
    assert conditional_power(binding, 1, binding.futility.z[1] - 0.01, 3.0) == 0.0
    assert 0 < conditional_power(free, 1, free.futility.z[1] - 0.01, 3.0) < 1
    assert conditional_power(free, 1, -9.0, 3.0) < 1e-6


RULES = {
    "obrien-fleming": {},
    "pocock": {},
    "hwang-shih-decani": {"gamma": -2.0},
    "exact-obrien-fleming": {},
    "exact-pocock": {},
    "haybittle-peto": {},
}


@pytest.mark.parametrize("futility", [None, FREE, BINDING], ids=["none", "free", "binding"])
@pytest.mark.parametrize("sided", [1, 2])
@pytest.mark.parametrize("rule", RULES)
def test_a_realised_plan_keeps_alpha_whatever_the_looks_were(rule, sided, futility):
    """Moved, over-running and under-running looks, the latter the last."""
    plan = boundaries(DAYS, 0.05, rule, sided=sided, futility=futility, **RULES[rule])
    cases = (([2 / 14, 8 / 14], False), ([4 / 14, 7 / 14, 1.15], False), ([0.25, 0.45, 0.7, 0.9], True))
    for held, final in cases:
        stands = realised(plan, held, final=final)
        success = math.fsum(one.up for one in plan_exits(stands, 0.0, futility=False))
        assert success == pytest.approx(0.05 / sided, abs=1e-9)
        assert stands.type1_error <= 0.05 + 1e-9
        assert stands.fractions[: len(held)] == tuple(held)
        assert stands.last == (3 if held[-1] < 0.8 else len(held) - 1)
        assert (stands.futility is None) == (futility is None)
        if futility:
            assert stands.futility.drift == plan.futility.drift
            assert stands.futility.z[-1] == stands.z[-1]
    same = realised(plan, plan.fractions[:2])
    assert same.z == pytest.approx(plan.z, abs=1e-8)
    if futility:
        assert same.futility.z == pytest.approx(plan.futility.z, abs=1e-6)


@pytest.mark.parametrize("rule", ["obrien-fleming", "pocock", "hwang-shih-decani"])
def test_an_unplanned_look_spends_by_the_function(rule):
    """A peek at day 9 between looks 2 and 3: all three planned looks are there still, alpha holds."""
    plan = boundaries(DAYS, 0.05, rule, **RULES[rule])
    peek = realised(plan, [4 / 14, 7 / 14, 9 / 14], extra=1)
    assert peek.fractions == (4 / 14, 7 / 14, 9 / 14, 11 / 14, 1.0)
    assert peek.z[:2] == pytest.approx(plan.z[:2], abs=1e-12)
    assert peek.cumulative_alpha[2] == pytest.approx(plan.spending.spent(9 / 14), abs=1e-12)
    assert peek.type1_error == pytest.approx(0.05, abs=1e-12)
    assert peek.z[-1] > plan.z[-1] - 1e-9


@pytest.mark.parametrize("rule", ["exact-obrien-fleming", "exact-pocock", "haybittle-peto", "none"])
def test_a_rule_without_a_function_has_nothing_for_an_unplanned_look(rule):
    """It is refused with the reason, and so is one look more than there are levels."""
    plan = boundaries(DAYS, 0.05, rule)
    with pytest.raises(UnplannedLookError, match=f"{rule} does not say what such a look may spend"):
        realised(plan, [4 / 14, 7 / 14, 9 / 14], extra=1)


def test_futility_at_a_later_look_is_stricter_for_the_same_effect():
    """Held on day 9 instead of 7, more power has been lost, so more is asked, for the effect of the plan."""
    plan = boundaries(DAYS, futility=FREE)
    later = realised(plan, [4 / 14, 9 / 14])
    assert later.futility.z[0] == pytest.approx(plan.futility.z[0], abs=1e-9)
    assert plan.futility.z[1] < later.futility.z[1] < plan.futility.z[2]
    assert later.futility.cumulative_beta[:2] == pytest.approx(FREE.lost((4 / 14, 9 / 14, 1))[:2], abs=1e-10)


@given(
    st.lists(st.integers(2, 19), min_size=1, max_size=5, unique=True),
    st.sampled_from([1, 2]),
    st.booleans(),
    st.floats(0.05, 0.4),
    st.floats(-8, 4),
)
@settings(max_examples=25, deadline=None)
def test_any_futility_design_has_its_power(twentieths, sided, binding, beta, gamma):
    """Whatever the looks and the way beta is spent, the power is 1 - beta and alpha holds."""
    times = [t / 20 for t in sorted(twentieths)] + [1.0]
    rule = Futility("hwang-shih-decani", beta, gamma, binding)
    plan = boundaries(times, 0.05, sided=sided, futility=rule)
    assert plan_power(plan, plan.futility.drift) == pytest.approx(1 - beta, abs=1e-8)
    success = math.fsum(one.up for one in plan_exits(plan, 0.0, futility=False))
    assert success == pytest.approx(0.05 / sided, abs=1e-8)
    assert plan.type1_error <= 0.05 + 1e-8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sided": 3}, "one-sided or two-sided"),
        ({"interim_z": 3.0}, "interim_z belongs to haybittle-peto"),
        ({"spending": "haybittle-peto", "interim_z": -1.0}, "lies above 0"),
        ({"futility": Futility("pocock", 0.96)}, "power 0.04 is not above the type-I error, 0.05"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(arguments, message):
    """Sides, interim levels and power that make no sense; the message names the value."""
    with pytest.raises(ValueError, match=message):
        boundaries(DAYS, **arguments)


@pytest.mark.parametrize("rule", ["exact-pocock", "none", "nominal"])
def test_futility_spends_by_a_function_only(rule):
    """Other rules do not say how much power may be lost at a look."""
    with pytest.raises(ValueError, match=r"function|nominal"):
        Futility(rule, 0.2)
