"""The figures of AML-03, recomputed: what `lookout plan` says of the reference's inputs."""

from pathlib import Path

import pytest

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
