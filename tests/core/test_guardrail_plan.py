"""What `lookout plan` says of guardrails, against launches simulated user by user."""

import math

import numpy as np
import pytest
from scipy import stats

from bot.core.lint import check_registration
from bot.core.plan import work_out

PLAN = """
id: guarded
hypothesis: {intervention: do(a = b), h0: no lift, h1: a lift, disconfirming: [no lift]}
arms: {control: a, treatment: b}
allocation: 0.4
horizon_days: 14
traffic: {eligible_per_day: 500}
data: {path: x.parquet, unit: user_id, arm: arm, day: day}
metrics:
  rate: {kind: mean, column: rate}
  csat: {kind: mean, column: csat}
  latency: {kind: quantile, q: 0.95, column: latency}
  spam: {kind: proportion, column: spam}
primary: {metric: rate, baseline: 1.0, sd: 0.5, mde: {relative: 0.03}}
sequential: {looks: [7, 14], spending: obrien-fleming}
guardrails:
  - {metric: csat, max_relative_regression: 0.02, baseline: 4.0, sd: 1.0, spending: pocock}
  - {metric: latency, max: 760, baseline: 720, sd: 800}
  - {metric: spam, max_relative_increase: 0.2, baseline: 0.1}
  - {metric: rate, max_relative_regression: 0.02}
"""
UNITS = 7_000
RUNS = 40_000


def planned(text: str = PLAN) -> dict:
    """`guardrails` of the plan's JSON."""
    registration, _ = check_registration(text, "x.yaml")
    assert registration is not None
    return work_out(registration, "0" * 64).to_json()["guardrails"]


def simulated(seed: int, sd: float, treatment: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arm means at half and all of the units and the se of each: shapes (RUNS, 2), (RUNS, 2), (2, 2)."""
    rng = np.random.default_rng(seed)
    means = []
    for units, shift in ((0.6 * UNITS, 0.0), (0.4 * UNITS, treatment)):
        halves = rng.normal(size=(RUNS, 2)) * sd / math.sqrt(units / 2) + shift
        means.append(np.stack([halves[:, 0], halves.mean(axis=1)], axis=1))
    errors = [[sd / math.sqrt(units * part) for part in (0.5, 1.0)] for units in (0.6 * UNITS, 0.4 * UNITS)]
    return means[0], means[1], np.array(errors)


def near(p: float) -> float:
    """Three standard errors."""
    return 3 * math.sqrt(max(p * (1 - p), 1e-6) / RUNS)


def test_a_relative_guardrail_clears_and_vetoes_as_often_as_planned() -> None:
    """CSAT, Pocock at two equal looks (rpact asP: z 2.156999, 2.200977), 60:40 split."""
    found = planned()["each"][0]
    bounds = np.array([2.156999, 2.200977])
    for harm, name in ((0.0, "false_veto_probability"), (-0.16, "power_to_veto")):
        control, treatment, errors = simulated(1, 1.0, harm)
        difference, se = treatment - control, np.hypot(*errors)
        vetoed = ((difference < -0.02 * 4.0) & (difference / se < -bounds)).any(axis=1).mean()
        assert found[name] == pytest.approx(vetoed, abs=near(vetoed))
        if harm == 0:
            clear = (difference[:, 1] - bounds[1] * se[1] > -0.08).mean()
            assert found["power_to_clear"] == pytest.approx(clear, abs=near(clear))
    assert (found["spending"], found["upper_bound"]) == ("pocock", False)


def test_an_absolute_guardrail_is_bounded_and_its_power_that_of_the_last_look() -> None:
    """A p95 at most 760 ms from 720: the treatment's level crosses, the difference is the harm."""
    found = planned()["each"][1]
    assert found["upper_bound"] is True
    control, treatment, errors = simulated(2, 800.0, 0.0)
    z = (treatment - control) / np.hypot(*errors)
    vetoed = ((treatment > 40) & (z > 1.959964)).any(axis=1).mean()
    assert vetoed - near(vetoed) <= found["false_veto_probability"] <= 0.05
    clear = (treatment[:, 1] + 1.959964 * errors[1, 1] < 40).mean()
    assert found["power_to_clear"] == pytest.approx(clear, abs=near(clear))
    control, treatment, errors = simulated(3, 800.0, 80.0)
    z = (treatment - control) / np.hypot(*errors)
    power = ((treatment > 40) & (z > 1.959964))[:, 1].mean()
    assert found["power_to_veto"] == pytest.approx(power, abs=near(power))


def test_a_proportion_needs_its_baseline_alone_and_the_primary_lends_its_own() -> None:
    """Closed form: Phi(d - 1.96) with d the threshold over sqrt(p q / n) or the primary's sd."""
    each = planned()["each"]
    n = 1 / (1 / (0.6 * UNITS) + 1 / (0.4 * UNITS))
    spam = 0.2 * 0.1 / math.sqrt(0.1 * 0.9 / n)
    rate = 0.02 / (0.5 / math.sqrt(n))
    assert each[2]["power_to_clear"] == pytest.approx(stats.norm.cdf(spam - 1.959964), rel=1e-5)
    assert each[3]["power_to_clear"] == pytest.approx(stats.norm.cdf(rate - 1.959964), rel=1e-5)


def test_the_choices_stand_side_by_side() -> None:
    """What a spending saves in false vetoes, and what it costs in power, for each and for the set."""
    found = planned()
    for one in found["each"]:
        assert list(one["choices"]) == ["none", "pocock", "obrien-fleming"]
        assert one["choices"][one["spending"]]["power_to_clear"] == one["power_to_clear"]
        assert one["choices"]["none"]["power_to_clear"] > one["choices"]["obrien-fleming"]["power_to_clear"]
        assert one["choices"]["obrien-fleming"]["power_to_clear"] > one["choices"]["pocock"]["power_to_clear"]
    vetoes = [choice["false_veto_probability"] for choice in found["choices"].values()]
    assert vetoes[0] > vetoes[1]
    each = [one["false_veto_probability"] for one in found["each"]]
    assert found["false_veto_probability"] == pytest.approx(1 - math.prod(1 - p for p in each))


def test_without_figures_it_is_a_bound_and_says_so() -> None:
    """Null with the reason, and "at most"."""
    found = planned(PLAN.replace(", baseline: 4.0, sd: 1.0", ""))
    assert found["each"][0]["power_to_clear"] is None
    assert found["each"][0]["reason"] == "baseline is not given"
    assert (found["upper_bound"], "at most" in found["reason"]) == (True, True)
    none = planned(PLAN.replace("traffic: {eligible_per_day: 500}\n", "").replace("  sd: 0.5,", ""))
    assert none["each"][0]["upper_bound"] is False  # the sample the plan needs stands in for the traffic


def test_what_can_have_no_power_says_why() -> None:
    """A level beyond its line already, an sd that is missing, a window that outlasts the looks."""
    beyond = planned(PLAN.replace("baseline: 720", "baseline: 770"))["each"][1]
    assert (beyond["power_to_veto"], beyond["reason"]) == (
        None,
        "the baseline lies beyond the threshold already",
    )
    assert beyond["power_to_clear"] < 0.01
    bare = planned(PLAN.replace(", sd: 800", ""))["each"][1]
    assert bare["reason"] == "sd is not given"
    late = planned(PLAN.replace("column: csat", "column: csat, window_days: 28"))["each"][0]
    assert late["reason"] == "the looks end before the metric's window does"
