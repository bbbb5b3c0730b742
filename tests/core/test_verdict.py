"""The mechanical answer of a look, rule by rule, on ready statistics."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from bot.core.analysis import analyse
from bot.core.figures import MINUS
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.observation import Cell, Observations, Side
from bot.core.registration import Registration, load
from bot.core.strict_yaml import parse
from bot.stats.sample import Sample

GOOD = (Path(__file__).parents[1] / "data" / "registrations" / "good.yaml").read_text(encoding="utf-8")
N = 20_000

Arms = Mapping[str, tuple[float, float, float]]
"""Per metric: control mean, treatment mean, and the two-sided p-value they are to have."""


def registration(**changes: Any) -> Registration:
    """The good registration on a summary table, without cohorts, with some parts replaced."""
    data = parse(GOOD, name="x").data
    data["data"] = {"kind": "summary", "path": "x.csv"}
    del data["cohorts"]
    return load(data | changes)


def seen(arms: Arms, sizes: tuple[int, int] = (N, N), **more: Any) -> Observations:
    """Observations whose metrics have exactly these means and p-values."""
    means: dict[Side, dict[str, Sample]] = {"control": {}, "treatment": {}}
    for name, (control, treatment, p) in arms.items():
        gap = abs(treatment - control) or 1e-9
        se = gap / -stats.t.ppf(p / 2, sum(sizes) - 2) if p < 1 else 0.05 * control
        variance = se**2 / (1 / max(sizes[0], 1) + 1 / max(sizes[1], 1))
        means["control"][name] = Sample.summary(sizes[0], control, variance, "value")
        means["treatment"][name] = Sample.summary(sizes[1], treatment, variance, "value")
    cells = [Cell(side, (), n, means[side]) for side, n in zip(means, sizes, strict=True)]
    return Observations(cells=tuple(cells), summary=True, **more)


def look(number: int, arms: Arms, plan: Registration | None = None, **more: Any) -> LookResult:
    """One look at such observations."""
    return analyse(plan or registration(), "0" * 64, seen(arms, **more), look=number)


def test_p_of_4_percent_at_look_2_continues_in_words_a_pm_understands() -> None:
    """'We're at p<0.05, can we ship?' The plan's answer, its boundary, and when to ask again."""
    result = look(2, {"rate": (0.183, 0.187, 0.04), "csat": (4.21, 4.21, 0.9)})
    assert result.verdict == "continue"
    assert result.reasons == (
        "p = 0.040, and look 2 stops only below 0.0030.",
        "Nothing to decide before look 3 on day 11.",
    )
    assert result.primary.significant is False
    assert result.primary.effect.p == pytest.approx(0.04, rel=1e-6)  # type: ignore[union-attr]  # it has one


def test_the_same_p_ships_at_the_last_look() -> None:
    """0.04 is below the 0.043 that look 4 asks."""
    result = look(4, {"rate": (0.183, 0.187, 0.04), "csat": (4.21, 4.21, 0.9)})
    assert (result.verdict, result.primary.significant) == ("ship", True)
    assert result.reasons[0] == "rate moved by +2.2 %: p = 0.040, below the 0.043 that look 4 asks."
    assert result.alpha_spent == pytest.approx(0.05, abs=1e-9)


def test_the_last_look_without_effect_is_no_ship() -> None:
    """Enough units, nothing shown."""
    result = look(4, {"rate": (0.183, 0.1835, 0.5), "csat": (4.21, 4.21, 0.9)})
    assert (result.verdict, result.reasons[1]) == (
        "no-ship",
        "This was the last look: the effect was not shown.",
    )


def test_too_few_units_at_the_last_look_are_inconclusive() -> None:
    """No effect shown with half of the units needed is no evidence of no effect."""
    result = look(4, {"rate": (0.183, 0.1835, 0.5), "csat": (4.21, 4.21, 0.9)}, sizes=(5_000, 5_000))
    assert result.verdict == "inconclusive"
    assert "47 % of the units the plan needs" in result.reasons[1]


def test_a_significant_move_the_wrong_way_is_no_ship_at_once() -> None:
    """Crossing the lower boundary stops the experiment without a winner."""
    result = look(2, {"rate": (0.183, 0.17, 1e-5), "csat": (4.21, 4.21, 0.9)})
    assert result.verdict == "no-ship"
    assert result.reasons[-1] == "That is against the declared direction: stop."


def test_clears_mde_asks_for_the_declared_minimum_too() -> None:
    """Significant but below the minimum: go on, and at the last look no ship."""
    plan = registration(ship_rule="clears_mde")
    arms = {"rate": (0.183, 0.186, 1e-4), "csat": (4.21, 4.21, 0.9)}
    assert look(3, arms, plan).verdict == "continue"
    assert look(4, arms, plan).verdict == "no-ship"
    assert look(3, {**arms, "rate": (0.183, 0.19, 1e-4)}, plan).verdict == "ship"


def test_a_sample_ratio_mismatch_is_invalid_and_nothing_else_is_judged() -> None:
    """Even with a breached guardrail the verdict is about the data; the figures stay visible."""
    arms = {"rate": (0.183, 0.19, 1e-9), "csat": (4.21, 4.0, 1e-9)}
    result = look(2, arms, sizes=(20_000, 21_000))
    assert result.verdict == "invalid"
    assert result.reasons[0].startswith("Sample-ratio mismatch: 20,000 control and 21,000 treatment")
    assert (result.guardrails, result.primary.significant) == ((), None)
    assert look_json(result)["srm"]["ok"] is False
    assert look_json(result)["primary"]["p"] == pytest.approx(1e-9, rel=1e-3)


def test_an_empty_arm_is_invalid_and_says_which() -> None:
    """No crash, no p-value of 1."""
    result = look(1, {"rate": (0.183, 0.19, 0.5)}, sizes=(20_000, 0))
    assert result.verdict == "invalid"
    assert result.reasons[0] == "The treatment arm `l12` has no units."


def test_a_primary_without_variance_decides_nothing() -> None:
    """Undecided with its reason: continue at an early look, inconclusive at the last."""
    unknown = seen({"csat": (4.21, 4.21, 0.9)})
    cells = tuple(
        Cell(cell.side, (), N, {**cell.samples, "rate": Sample.summary(N, 0.2, None, "value")})
        for cell in unknown.cells
    )
    early, last = (
        analyse(registration(), "0" * 64, Observations(cells=cells, summary=True), look=n) for n in (1, 4)
    )
    assert (early.verdict, last.verdict) == ("continue", "inconclusive")
    shape = look_json(early)["primary"]
    assert (shape["p"], shape["significant"]) == (None, None)
    assert "variance is not known" in shape["reason"]


AML05 = [
    {"metric": "latency", "max": 800},
    {"metric": "csat", "max_relative_regression": 0.01},
    {"metric": "retention", "max_relative_regression": 0.005},
    {"metric": "spam", "max_relative_increase": 0.05},
]
AML05_ARMS = {
    "rate": (0.183, 0.194, 1e-4),
    "latency": (720.0, 740.0, 1e-6),
    "csat": (4.21, 4.15, 0.02),
    "retention": (0.512, 0.509, 0.18),
    "spam": (0.0041, 0.0041, 1.0),
}


def aml05(**changes: Any) -> LookResult:
    """AML-05's launch at its last look."""
    metrics = {name: {"kind": "mean"} for name in AML05_ARMS}
    plan = registration(guardrails=AML05, metrics=metrics, **changes)
    return look(4, AML05_ARMS, plan)


def test_the_matrix_of_aml_05_under_the_intersection_union_test() -> None:
    """CSAT -1.43 % with p = 0.02 vetoes; retention -0.59 % with p = 0.18 is a near-veto."""
    result = aml05()
    assert result.verdict == "veto"
    assert {one.metric: str(one.judgement.status) for one in result.guardrails} == {
        "latency": "clear",
        "csat": "veto",
        "retention": "near-veto",
        "spam": "unproven",
    }
    csat = look_json(result)["guardrails"][1]
    assert csat["effect_rel"] == pytest.approx(-0.01425, abs=1e-5)
    assert (csat["threshold"], csat["kind"], csat["adjusted_alpha"]) == (
        0.01,
        "max_relative_regression",
        0.05,
    )
    assert csat["p"] == pytest.approx(0.02, rel=1e-6)
    assert result.reasons == (
        f"csat fell 1.43 % ({MINUS}2.62 … {MINUS}0.23), and its line is {MINUS}1 %. "
        "Chance does not explain it (p = 0.020, judged at 0.05): veto.",
        "rate moved by +6.0 % (p < 0.001); that does not outweigh it: nothing ships.",
    )


@pytest.mark.parametrize(("correction", "level"), [("bonferroni", "0.0125"), ("holm", "0.0167")])
def test_under_bonferroni_or_holm_the_same_csat_does_not_veto(correction: str, level: str) -> None:
    """0.02 is above 0.05/4 and 0.05/3: a near-veto, named, to be acknowledged by whoever ships."""
    result = aml05(correction=correction)
    assert result.verdict == "ship"
    assert str(result.guardrails[1].judgement.status) == "near-veto"
    assert result.reasons[-1] == "The decision must acknowledge what is named above."
    assert any(
        reason.startswith("csat fell 1.43 %") and f"It may be chance (p = 0.020, judged at {level})" in reason
        for reason in result.reasons
    )


def test_noninferiority_asks_every_guardrail_to_exclude_its_line() -> None:
    """Not crossed is not enough: unproven at the last look is inconclusive, before it go on."""
    arms = {"rate": (0.183, 0.194, 1e-6), "csat": (4.21, 4.19, 0.3)}
    plan = registration(guardrail_rule="noninferiority")
    assert [look(n, arms, plan).verdict for n in (3, 4)] == ["continue", "inconclusive"]
    assert look(4, {**arms, "csat": (4.21, 4.22, 1e-3)}, plan).verdict == "ship"


def test_a_look_on_another_day_uses_the_boundary_of_the_information_there() -> None:
    """facts: look 2 held at day 8 instead of 7 has z 2.746034, then 2.307573, 2.025664."""
    result = analyse(registration(), "0", seen({"rate": (0.183, 0.187, 0.04)}), look=2, day=8)
    assert result.planned is False
    assert result.primary.boundary_z == pytest.approx(2.746034, abs=2e-6)
    assert result.plan.z[2:] == pytest.approx((2.307573, 2.025664), abs=2e-6)
    assert result.notes[0].startswith("Held on day 8 instead of day 7")


def test_a_look_before_the_one_before_it_is_refused() -> None:
    """Information cannot go backwards."""
    with pytest.raises(ValueError, match="does not come after"):
        analyse(registration(), "0", seen({"rate": (0.183, 0.187, 0.04)}), look=2, day=3)


def test_futility_stops_a_look_that_points_nowhere() -> None:
    """With a futility boundary a clearly absent effect stops at look 3; without one it goes on."""
    arms = {"rate": (0.183, 0.182, 0.6), "csat": (4.21, 4.21, 0.9)}
    sequential = {"looks": [4, 7, 11, 14], "futility": {"spending": "obrien-fleming"}}
    assert look(3, arms, registration(sequential=sequential)).verdict == "stop-futility"
    assert look(3, arms).verdict == "continue"
    assert (
        look(3, {**arms, "rate": (0.183, 0.186, 0.1)}, registration(sequential=sequential)).verdict
        == "continue"
    )


def test_adjusted_figures_and_conditional_power_are_reported() -> None:
    """Repeated interval while it goes on, stage-wise once it stopped; power only before the last look."""
    going = look_json(look(2, {"rate": (0.183, 0.187, 0.04)}))["primary"]
    done = look_json(look(4, {"rate": (0.183, 0.187, 0.04)}))["primary"]
    assert going["adjusted"]["method"] == "repeated"
    assert 0.5 < going["conditional_power"] < 1
    assert done["adjusted"]["method"] == "stage-wise"
    assert done["conditional_power"] is None
    assert done["adjusted"]["p"] > done["p"]
