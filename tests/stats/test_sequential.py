"""Boundaries against rpact 3.3.4 (tests/oracles/sequential.json) and gsdesign (PyPI)."""

import json
from pathlib import Path

import numpy as np
import pytest
from gsdesign import h1, hupdate
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from bot.stats.plan_power import (
    conditional_power,
    current_drift,
    drift_for,
    expected_information,
    fixed_drift,
    inflation,
    plan_power,
    predictive_power,
)
from bot.stats.sequential import boundaries, crossing_probabilities, realised, type1_error
from bot.stats.spending import Spending

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "sequential.json").read_text())
DAYS = (4 / 14, 7 / 14, 11 / 14, 1.0)


def _name(row):
    return f"{row['looks']}-{row['rule']}-{row['gamma']}-{row['alpha']}"


def _cumulative_by_gsdesign(plan, r):
    """Alpha spent by each look, by gsdesign's Simpson recursion."""
    z, t = plan.z, plan.fractions
    spent = [2 * float(special.ndtr(-z[0]))]
    grid = h1(r, 0.0, t[0], -z[0], z[0])
    for k in range(1, len(z)):
        score, sd = np.sqrt(t[k - 1]) * grid[0], np.sqrt(t[k] - t[k - 1])
        edge = np.sqrt(t[k]) * z[k]
        out = special.ndtr((score - edge) / sd) + special.ndtr((-score - edge) / sd)
        spent.append(spent[-1] + float(grid[2] @ out))
        grid = hupdate(r, 0.0, t[k], -z[k], z[k], 0.0, t[k - 1], grid)
    return spent


@pytest.mark.parametrize("row", [r for r in ORACLE["designs"] if r["looks"] != "crowded"], ids=_name)
def test_boundaries_agree_with_rpact(row):
    """z to 6 digits, spent alpha and inflation, for 72 designs of rpact 3.3.4."""
    plan = boundaries(row["fractions"], row["alpha"], row["rule"], gamma=row["gamma"])
    for seen, expected in zip(plan.z, row["z"], strict=True):
        if expected == "Inf" or expected > 7.5:
            assert special.ndtr(-seen) < 1e-8  # rpact stops when alpha is right to 1e-8
        else:
            assert seen == pytest.approx(expected, abs=2e-6 + 1e-8 / np.exp(-expected * expected / 2))
    assert plan.cumulative_alpha == pytest.approx(row["spent"], abs=3e-8)
    assert inflation(plan, 0.8) == pytest.approx(row["inflation"], abs=2e-6)


@pytest.mark.parametrize("row", [r for r in ORACLE["designs"] if r["looks"] == "crowded"], ids=_name)
def test_crowded_looks_agree_with_gsdesign(row):
    """Looks at .5, .52, .54: rpact's grid is too coarse there (z off by 7e-4), gsdesign's fine one agrees."""
    plan = boundaries(row["fractions"], row["alpha"], row["rule"], gamma=row["gamma"])
    assert plan.cumulative_alpha == pytest.approx(_cumulative_by_gsdesign(plan, 300), abs=1e-11)
    assert plan.z == pytest.approx(row["z"], abs=1e-3)


@pytest.mark.parametrize("row", ORACLE["designs"][:12], ids=_name)
def test_expected_sample_agrees_with_rpact(row):
    """Mean sample over the fixed one, with no effect and with the effect of the design."""
    plan = boundaries(row["fractions"], row["alpha"], row["rule"], gamma=row["gamma"])
    cost = inflation(plan, 0.8)
    assert cost * expected_information(plan, drift_for(plan, 0.8)) == pytest.approx(row["asn_h1"], abs=1e-5)
    assert cost * expected_information(plan, 0.0) == pytest.approx(row["asn_h0"], abs=1e-5)


@pytest.mark.parametrize("row", ORACLE["errors"], ids=lambda row: row["name"])
def test_true_error_of_written_boundaries_agrees_with_rpact(row):
    """AML-03's nominal levels, peeking, and a frozen third boundary held at another day."""
    assert type1_error(row["z"], row["fractions"]) == pytest.approx(row["type1"], abs=1e-9)


def test_obrien_fleming_at_the_days_of_aml_03():
    """facts.md section 1, rpact asOF at 4, 7, 11, 14 of 14 days."""
    plan = boundaries(DAYS)
    assert plan.z == pytest.approx((4.033339, 2.964561, 2.291841, 2.023770), abs=1e-6)
    assert plan.nominal_p == pytest.approx((5.499e-5, 0.0030312, 0.0219148, 0.0429938), rel=1e-4)
    assert plan.cumulative_alpha == pytest.approx((5.49898e-5, 0.00305065, 0.0229009, 0.05), rel=1e-5)
    assert inflation(plan, 0.8) == pytest.approx(1.022012, abs=1e-6)
    assert sum(plan.alpha_at_look) == pytest.approx(plan.type1_error)


def test_nominal_alphas_of_aml_03_overspend_and_the_last_one_mends_it():
    """recomputed.md: .0001 .001 .01 .05 come to 0.0514456; 0.0484967 as the last level comes to .05."""
    written = boundaries(DAYS, 0.05, "nominal", alphas=[0.0001, 0.001, 0.01, 0.05])
    mended = boundaries(DAYS, 0.05, "nominal", alphas=[0.0001, 0.001, 0.01, 0.0484967])
    assert written.type1_error == pytest.approx(0.0514456, abs=5e-8)
    assert mended.type1_error == pytest.approx(0.05, abs=1e-7)
    assert mended.z[-1] == pytest.approx(1.972990, abs=1e-6)


def test_a_look_at_another_day_moves_its_boundary():
    """facts.md: look 2 at day 8 instead of 7 asks for 2.746034, then 2.307573 and 2.025664."""
    moved = realised(boundaries(DAYS), [4 / 14, 8 / 14])
    assert moved.z == pytest.approx((4.033339, 2.746034, 2.307573, 2.025664), abs=1e-6)
    assert moved.type1_error == pytest.approx(0.05, abs=1e-12)


def test_a_last_look_short_of_its_sample_spends_what_is_left():
    """Traffic was lower than planned: the final look at 90 % still tests at the whole alpha."""
    plan = realised(boundaries(DAYS), [0.25, 0.45, 0.7, 0.9], final=True)
    assert plan.fractions[-1] == 0.9
    assert plan.type1_error == pytest.approx(0.05, abs=1e-12)


def test_a_sample_beyond_the_plan_drops_later_looks_and_keeps_the_error():
    """An overrunning third look is the last: what lies behind it is gone, all alpha is spent."""
    plan = realised(boundaries(DAYS), [4 / 14, 7 / 14, 1.1])
    assert plan.fractions == (4 / 14, 7 / 14, 1.1)
    assert plan.type1_error == pytest.approx(0.05, abs=1e-12)


def test_exact_boundaries_moved_in_time_keep_the_error():
    """An exact plan spends along the line through what it had planned to have spent."""
    plan = boundaries(DAYS, 0.05, "exact-pocock")
    assert realised(plan, plan.fractions).z == pytest.approx(plan.z, abs=1e-9)
    assert realised(plan, [4 / 14, 8 / 14]).type1_error == pytest.approx(0.05, abs=1e-12)


def test_nominal_levels_stay_as_written_when_a_look_moves():
    """The moved plan shows what the levels come to; one more look than levels is refused."""
    plan = boundaries(DAYS, 0.05, "nominal", alphas=[0.0001, 0.001, 0.01, 0.05])
    moved = realised(plan, [4 / 14, 8 / 14])
    assert moved.z == plan.z
    assert moved.type1_error == pytest.approx(type1_error(plan.z, (4 / 14, 8 / 14, 11 / 14, 1.0)))
    with pytest.raises(ValueError, match="look 5 of a plan with 4 looks"):
        realised(plan, [0.1, 0.2, 0.3, 0.4, 0.5])


def test_one_look_is_the_fixed_test():
    """z 1.959964, all alpha, no inflation."""
    plan = boundaries([1.0])
    assert plan.z[0] == pytest.approx(1.959963984540054, abs=1e-12)
    assert inflation(plan, 0.8) == pytest.approx(1.0, abs=1e-9)


def test_spending_of_a_whole_alpha_ends_at_one():
    """Every spending function reaches alpha at information 1 and stays there."""
    for rule in (
        Spending("obrien-fleming", 0.05),
        Spending("pocock", 0.05),
        Spending("hwang-shih-decani", 0.05, gamma=-4.0),
        Spending("hwang-shih-decani", 0.05, gamma=0.0),
    ):
        assert rule.spent(1.0) == pytest.approx(0.05, rel=1e-12)
        assert rule.spent(1.3) == rule.spent(1.0)
        assert rule.spent(0.0) == 0.0


@given(
    st.lists(st.floats(0.03, 1.0), min_size=1, max_size=6, unique=True),
    st.sampled_from(["obrien-fleming", "pocock", "exact-pocock", "exact-obrien-fleming"]),
    st.floats(0.001, 0.2),
)
@settings(max_examples=40, deadline=None)
def test_more_alpha_never_asks_for_more(times, rule, alpha):
    """Boundaries fall when alpha grows, and the true error is the alpha asked for."""
    fractions = sorted({round(t, 2) for t in times} | {1.0})
    strict, loose = boundaries(fractions, alpha, rule), boundaries(fractions, 1.3 * alpha, rule)
    assert strict.type1_error == pytest.approx(alpha, rel=1e-9)
    # With spending functions this is guaranteed at the first look; exact shapes fall everywhere.
    assert loose.z[0] <= strict.z[0]
    if rule.startswith("exact"):
        assert all(b <= a for a, b in zip(strict.z, loose.z, strict=True))


@given(st.floats(-4, 4))
@settings(max_examples=20, deadline=None)
def test_opposite_drifts_cross_opposite_sides(drift):
    """Turning the effect round turns the exits round."""
    plan = boundaries(DAYS)
    there = crossing_probabilities(plan.z, plan.fractions, drift)
    back = crossing_probabilities(plan.z, plan.fractions, -drift)
    assert [pair[::-1] for pair in back] == [pytest.approx(pair, abs=1e-14) for pair in there]


def test_power_is_what_the_drift_was_asked_for():
    """drift_for and plan_power are inverse; one look needs z_{alpha/2} + z_beta."""
    plan = boundaries(DAYS)
    assert plan_power(plan, drift_for(plan, 0.9)) == pytest.approx(0.9, abs=1e-10)
    assert fixed_drift(0.05, 0.8) == pytest.approx(2.801585, abs=1e-6)


def test_conditional_power_of_one_remaining_look_has_a_closed_form():
    """Phi of the distance to the last boundary, in sd of what is left."""
    plan = boundaries([0.5, 1.0])
    z, drift = 1.7, 2.8
    need = (plan.z[1] - z * 0.5**0.5 - drift * 0.5) / 0.5**0.5
    assert conditional_power(plan, 0, z, drift) == pytest.approx(float(special.ndtr(-need)), abs=1e-14)
    down = conditional_power(plan, 0, -z, -drift, direction=-1)
    assert down == pytest.approx(conditional_power(plan, 0, z, drift), abs=1e-14)


def test_predictive_power_of_one_remaining_look_has_a_closed_form():
    """With a flat prior B(1) given B(t) has variance (1 - t)/t around its trend."""
    plan = boundaries([0.5, 1.0])
    z = 1.7
    need = (plan.z[1] - z / 0.5**0.5) / ((1 - 0.5) / 0.5) ** 0.5
    assert predictive_power(plan, 0, z) == pytest.approx(float(special.ndtr(-need)), abs=1e-9)


def test_conditional_power_at_the_end_is_the_decision():
    """Crossed is 1, not crossed at the last look is 0, crossed the wrong way is 0."""
    plan = boundaries(DAYS)
    assert conditional_power(plan, 3, 2.03, 0.0) == 1.0
    assert conditional_power(plan, 3, 2.02, 9.9) == 0.0
    assert conditional_power(plan, 1, -3.0, 3.0) == 0.0
    assert 0.8 < conditional_power(plan, 1, 2.05, current_drift(plan, 1, 2.05)) < 1.0


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ([], "at least one look"),
        ([0.5, 0.5], "must rise"),
        ([-0.1, 1], "must rise"),
        ([0.5, float("nan")], "must"),
    ],
)
def test_fractions_that_do_not_rise_are_refused(fractions, message):
    """The message says what the fractions were."""
    with pytest.raises(ValueError, match=message):
        boundaries(fractions)


@pytest.mark.parametrize(
    "arguments",
    [
        {"spending": "bonferroni"},
        {"alpha": 0.0},
        {"spending": "hwang-shih-decani"},
        {"gamma": 1.0},
        {"spending": "nominal"},
        {"spending": "nominal", "alphas": [0.01, 0.04]},
        {"spending": "nominal", "alphas": [0.01, 0.02, 0.03, 1.2]},
    ],
)
def test_a_rule_that_cannot_be_is_refused(arguments):
    """Unknown rules, impossible alphas, missing or superfluous parameters."""
    with pytest.raises(ValueError, match=r"alpha|gamma|rule"):
        boundaries(DAYS, **arguments)


@pytest.mark.parametrize("gamma", [5e-324, -5e-324, 1e-13, -1e-9, 1e-9])
def test_hwang_shih_decani_near_gamma_0_spends_evenly(gamma):
    """The limit of its function is alpha t, to the last digits of a gamma too small to be multiplied."""
    assert Spending("hwang-shih-decani", 0.05, gamma).spent(0.55) == pytest.approx(0.0275, rel=1e-8)


def test_hwang_shih_decani_takes_any_gamma():
    """All at once or all at the end, without overflow; mirrored in between."""
    assert Spending("hwang-shih-decani", 0.05, 5000.0).spent(0.5) == pytest.approx(0.05)
    assert Spending("hwang-shih-decani", 0.05, -5000.0).spent(0.5) == 0.0
    assert Spending("hwang-shih-decani", 0.05, -5000.0).spent(1.0) == 0.05
    front, back = (Spending("hwang-shih-decani", 0.05, gamma).spent(0.3) for gamma in (4.0, -4.0))
    assert front == pytest.approx(0.05 - Spending("hwang-shih-decani", 0.05, -4.0).spent(0.7), rel=1e-12)
    assert back < 0.015 < front
