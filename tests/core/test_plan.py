"""The figures of AML-03, recomputed: what `lookout plan` says of the reference's inputs."""

import math
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.power import TTestIndPower

from bot.core.lint import check_registration
from bot.core.plan import LaunchPlan, work_out

FOLDER = Path(__file__).parents[1] / "data" / "registrations"


def worked_out(text: str) -> LaunchPlan:
    """The plan of a registration."""
    registration, findings = check_registration(text, "x.yaml")
    assert registration is not None
    return work_out(registration, "0" * 64, findings)


@pytest.fixture
def aml03() -> str:
    """AML-03: baseline .183, sd .142, mde 3 %, CUPED 50 %, looks 4, 7, 11, 14 of 14."""
    text = (FOLDER / "good.yaml").read_text(encoding="utf-8")
    text = text.replace("mde: {relative: 0.03}", "mde: {relative: 0.03}\n  cuped: {variance_reduction: 0.5}")
    shares = "{en: 0.55, jp: 0.30, mixed: 0.15}"
    text = text.replace("{en: 0.7, jp: 0.3}", shares).replace("[en, jp]", "[en, jp, mixed]")
    return text.replace("eligible_per_day: 20000", "eligible_per_day: 200000")


def test_sizes_are_those_of_statsmodels_and_rpact(aml03: str) -> None:
    """10,502.88 fixed (TTestIndPower), inflation 1.022012 (rpact asOF), 10,735 and 5,368 per arm."""
    primary = worked_out(aml03).to_json()["primary"]
    assert primary["n_per_arm_fixed"] == pytest.approx(10_502.88, abs=0.005)
    assert primary["inflation"] == pytest.approx(1.022012, abs=5e-7)
    assert primary["n_per_arm"] == 10_735
    assert primary["n_per_arm_cuped"] == 5_368


def test_boundaries_are_lan_demets_o_brien_fleming(aml03: str) -> None:
    """facts: cumulative alpha, z and nominal p at information 4/14, 7/14, 11/14, 1."""
    plan = worked_out(aml03).to_json()
    assert [look["z"] for look in plan["looks"]] == pytest.approx(
        [4.033339, 2.964561, 2.291841, 2.023770], abs=2e-6
    )
    assert [look["alpha_spent"] for look in plan["looks"]] == pytest.approx(
        [5.49898e-5, 0.00305065, 0.0229009, 0.05], rel=2e-5
    )
    assert [look["day"] for look in plan["looks"]] == [4, 7, 11, 14]
    assert plan["type1_error"] == pytest.approx(0.05, abs=1e-9)


def test_cohorts_have_their_size_and_days(aml03: str) -> None:
    """Units of all cohorts in both arms until the cohort has what its claim needs."""
    mixed = worked_out(aml03).to_json()["cohorts"][2]
    assert mixed == {
        "cohort": "locale=mixed",
        "share": 0.15,
        "n_per_arm_needed": 5_368,
        "total_needed": 71_574,
        "days": pytest.approx(0.35787),
        "powered": True,
    }


def test_nominal_alphas_show_their_true_error(aml03: str) -> None:
    """.0001, .001, .01, .05 at those looks come to 0.0514456, and the linter names the right last alpha."""
    nominal = aml03.replace(
        "spending: obrien-fleming", "spending: nominal\n  alphas: [0.0001, 0.001, 0.01, 0.05]"
    )
    plan = worked_out(nominal)
    assert plan.type1_error == pytest.approx(0.0514456, abs=5e-8)
    (finding,) = [one for one in plan.findings if one.code == "R136"]
    assert (finding.level, "0.0484967 (z 1.972990)" in finding.hint) == ("warning", True)
    mended = worked_out(nominal.replace("0.05]", "0.0484967]"))
    assert [one.code for one in mended.findings if one.code == "R136"] == []


@pytest.mark.parametrize(
    ("looks", "error"), [("[2, 4, 6, 8, 10]", 0.1417), (str(list(range(1, 15))), 0.2196)]
)
def test_peeking_shows_its_true_error(aml03: str, looks: str, error: float) -> None:
    """Five equal looks at .05 come to 14.17 %, fourteen daily ones to 21.96 %."""
    text = aml03.replace("[4, 7, 11, 14]", looks).replace("obrien-fleming", "none")
    plan = worked_out(text)
    assert plan.to_json()["type1_error"] == pytest.approx(error, abs=5e-5)
    assert [one.level for one in plan.findings if one.code == "R136"] == ["error"]


def test_a_plan_without_sd_says_why_it_has_no_size(aml03: str) -> None:
    """Null with a reason, never a guess; the boundaries are there all the same."""
    plan = worked_out(aml03.replace("  sd: 0.142\n", "")).to_json()
    assert plan["primary"]["n_per_arm_fixed"] is None
    assert plan["primary"]["reason"] == "primary.sd is missing"
    assert len(plan["looks"]) == 4
    assert plan["cohorts"] == []


def test_a_proportion_needs_no_sd(aml03: str) -> None:
    """AML-01: 31 % to 35 % needs 2,168 per arm (R power.prop.test), times the plan's inflation."""
    text = aml03.replace(
        "{kind: mean, column: rate, covariate: rate_pre}", "{kind: proportion, column: rate}"
    )
    text = text.replace("  sd: 0.142\n", "").replace("baseline: 0.183", "baseline: 0.31")
    text = text.replace("mde: {relative: 0.03}\n  cuped: {variance_reduction: 0.5}", "mde: {absolute: 0.04}")
    primary = worked_out(text).to_json()["primary"]
    assert primary["n_per_arm_fixed"] == pytest.approx(2_168.05, abs=0.01)
    assert primary["n_per_arm"] == 2_216


@pytest.mark.parametrize(
    ("old", "new"), [("sd: 0.142", "sd: 1.0e300"), ("mde: {relative: 0.03}", "mde: {absolute: 1.0e-300}")]
)
def test_figures_that_cannot_belong_together_have_no_size_and_a_reason(
    aml03: str, old: str, new: str
) -> None:
    """Whatever is typed: the plan is worked out, its sizes are null with the reason."""
    primary = worked_out(aml03.replace(old, new)).to_json()["primary"]
    assert (primary["n_per_arm_fixed"], primary["n_per_arm"], primary["n_per_arm_cuped"]) == (
        None,
        None,
        None,
    )
    assert primary["reason"]


AML_01 = """
id: aml-01-taste-quiz
hypothesis:
  intervention: do(onboarding = taste-quiz)
  h0: week-2 retention stays at 31 %
  h1: it rises by 4 points, to 35 %
  disconfirming: [quiz answers do not steer the recommendations]
arms: {control: popular, treatment: quiz}
horizon_days: 35
traffic: {eligible_per_day: 3500}
data: {path: x.parquet, unit: user_id, arm: arm, day: day}
metrics:
  retained: {kind: proportion, column: retained, window_days: 14}
  csat: {kind: mean, column: csat}
primary: {metric: retained, baseline: 0.31, mde: {absolute: 0.04}, claimed_n_per_arm: 8700}
sequential: {looks: [35], spending: none}
guardrails:
  - {metric: csat, max_relative_regression: 0.01, baseline: 4.2, sd: 1.1}
"""


def test_aml_01_needs_a_quarter_of_what_it_says() -> None:
    """recomputed.md: 2,168 by the pooled z, no inflation at one look, power .9999 at the claimed 8.7K."""
    plan = worked_out(AML_01)
    found = plan.to_json()
    assert found["primary"]["n_per_arm_fixed"] == pytest.approx(2_168.05, abs=0.01)
    assert (found["primary"]["n_per_arm"], found["primary"]["inflation"]) == (2_169, 1.0)
    (claim,) = plan.findings
    assert (claim.code, claim.line) == ("R140", 15)
    assert "is 8,700, but 2,168.05 one look, 2,169.00 with the sequential plan" in claim.message
    assert found["runtime_days"] == pytest.approx(2 * 2_169 / 3500 + 13)
    # 4 days of 4,350 people a day, the last of whom are complete on day 17
    assert worked_out_at(AML_01.replace("3500", "4350"), 17)["primary"]["power"] == pytest.approx(
        0.9999, abs=1e-4
    )


def worked_out_at(text: str, days: int) -> dict[str, object]:
    """What so many days show, as JSON."""
    registration, _ = check_registration(text, "x.yaml")
    assert registration is not None
    found: dict[str, object] = work_out(registration, "0" * 64, days=days).to_json()["at_days"]
    return found


def test_aml_03_with_the_figures_it_claims_is_warned_of_each(aml03: str) -> None:
    """36,840 and 18,420 are 3.4 times too many, and the inflation is 2.2 %, not 4 to 6."""
    claims = "claimed_n_per_arm: 36840\n  claimed_n_per_arm_cuped: 18420\n  claimed_inflation: 1.05\n  cuped"
    plan = worked_out(aml03.replace("cuped", claims))
    assert [one.code for one in plan.findings] == ["R140", "R141", "R143"]
    assert "inflate the sample by 1.022012" in plan.findings[2].message
    right = claims.replace("36840", "10503").replace("18420", "5368").replace("1.05", "1.02")
    assert worked_out(aml03.replace("cuped", right)).findings == ()


def test_expected_sizes_are_those_of_rpact(aml03: str) -> None:
    """facts.md: expected over fixed sample .8425 under H1 and 1.016 under H0 (rpact asOF)."""
    primary = worked_out(aml03).to_json()["primary"]
    fixed = 5_251.92
    assert primary["n_per_arm_expected"]["h1"] / fixed == pytest.approx(0.8425, abs=5e-5)
    assert primary["n_per_arm_expected"]["h0"] / fixed == pytest.approx(1.016, abs=5e-4)
    assert primary["n_per_arm_expected"]["h0"] > primary["n_per_arm_expected"]["midway"]


def test_unequal_arms_need_what_statsmodels_says(aml03: str) -> None:
    """A tenth in treatment: TTestIndPower(ratio=1/9) 52,511 and 5,835, in all 58,346, not 105,029."""
    text = aml03.replace("allocation: 0.5", "allocation: 0.1").replace("[4, 7, 11, 14]", "[14]")
    found = worked_out(text.replace("\n  cuped: {variance_reduction: 0.5}", "")).to_json()["primary"]
    control = TTestIndPower().solve_power(0.03 * 0.183 / 0.142, alpha=0.05, power=0.8, ratio=1 / 9)
    assert found["n_control"] == pytest.approx(control, rel=1e-4)
    assert found["n_treatment"] == pytest.approx(control / 9, rel=1e-3)
    assert found["total_needed"] == found["n_control"] + found["n_treatment"]
    n = found["n_per_arm_fixed"]
    assert n == pytest.approx(2 / (1 / control + 9 / control), rel=1e-6)  # their harmonic mean


def test_a_one_sided_plan_at_half_alpha_is_the_two_sided_one(aml03: str) -> None:
    """Sizes and detectable effects; only the other tail, 3e-6 of power, is missing."""
    sided = aml03.replace("  looks:", "  sided: 1\n  looks:").replace(
        "horizon_days", "alpha: 0.025\nhorizon_days"
    )
    one, two = worked_out(sided).to_json(), worked_out(aml03).to_json()
    assert one["primary"]["n_per_arm_fixed"] == pytest.approx(two["primary"]["n_per_arm_fixed"], rel=1e-4)
    assert one["horizon"]["primary"]["mde_abs"] == pytest.approx(
        two["horizon"]["primary"]["mde_abs"], rel=1e-4
    )


@pytest.mark.parametrize(
    "kind", ["{kind: ratio, numerator: a, denominator: b}", "{kind: quantile, q: 0.9, column: a}"]
)
def test_ratios_and_quantiles_are_sized_by_the_sd_of_a_units_contribution(aml03: str, kind: str) -> None:
    """The same sd, the same size; without it the reason says what is missing."""
    text = aml03.replace("{kind: mean, column: rate, covariate: rate_pre}", kind)
    primary = worked_out(text).to_json()["primary"]
    assert primary["n_per_arm_fixed"] == pytest.approx(10_502.88, abs=0.005)
    bare = worked_out(text.replace("  sd: 0.142\n", "")).to_json()["primary"]
    assert (bare["n_per_arm"], bare["reason"]) == (None, "primary.sd is missing")


def test_the_horizon_shows_what_its_traffic_can(aml03: str) -> None:
    """With the units needed the declared effect has the declared power; a cohort, by simulation."""
    text = aml03.replace("eligible_per_day: 200000", "eligible_per_day: 766.9")  # 14 days are 10,736.6 units
    found = worked_out(text).to_json()["horizon"]
    assert found["primary"]["power"] == pytest.approx(0.8, abs=1e-4)
    assert found["primary"]["mde_rel"] == pytest.approx(0.03, rel=1e-4)
    english = found["cohorts"][0]
    assert (english["cohort"], english["n_per_arm"]) == ("locale=en", pytest.approx(0.55 * 5368.3))
    assert english["mde_rel"] == pytest.approx(0.03 / math.sqrt(0.55), rel=1e-3)
    rng = np.random.default_rng(8)
    times = np.array([4, 7, 11, 14]) / 14
    drift = 0.03 * 0.183 / (0.142 * math.sqrt(0.5)) * math.sqrt(english["n_per_arm"] / 2)
    steps = np.diff(times, prepend=0.0)
    score = (rng.normal(size=(40_000, 4)) * np.sqrt(steps) + drift * steps).cumsum(axis=1)
    won = (score / np.sqrt(times) > [4.033339, 2.964561, 2.291841, 2.023770]).any(axis=1).mean()
    assert english["power"] == pytest.approx(won, abs=3 * math.sqrt(0.25 / 40_000))


def test_other_days_show_more_or_less(aml03: str) -> None:
    """Four times the days find half the effect; without traffic, or before the window, a reason."""
    week, month = worked_out_at(aml03, 7), worked_out_at(aml03, 28)
    assert month["primary"]["mde_abs"] == pytest.approx(week["primary"]["mde_abs"] / 2, rel=1e-4)
    bare = worked_out_at(aml03.replace("traffic: {eligible_per_day: 200000}\n", ""), 7)
    assert (bare["primary"], bare["reason"]) == (None, "traffic.eligible_per_day is not declared")
    early = worked_out_at(AML_01, 13)
    assert early["units"] == 0
    assert early["primary"]["mde_abs"] is None
    assert "too few" in early["primary"]["reasons"]["mde_abs"]
