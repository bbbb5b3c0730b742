"""AML-05 through a registration: what each correction and each spending makes of its matrix at a look."""

import math

import pytest
from scipy import optimize, stats

from bot.core.guardrail_table import guardrails
from bot.core.lint import check_registration
from bot.core.look import GuardrailResult
from bot.core.observation import Cell, Observations, QuantileArm
from bot.core.registration import Registration
from bot.stats.guardrail import Status
from bot.stats.sample import Sample

N = 50_000
AML_05 = """
id: aml-05-reranker
hypothesis: {intervention: do(reranker = l12), h0: no lift, h1: a lift, disconfirming: [no lift]}
arms: {control: a, treatment: b}
horizon_days: 14
data: {path: x.parquet, unit: user_id, arm: arm, day: day}
metrics:
  useful_answer_rate: {kind: mean, column: useful}
  jp_useful_answer_rate: {kind: mean, column: useful_jp}
  latency: {kind: quantile, q: 0.95, column: latency}
  csat: {kind: mean, column: csat}
  retention: {kind: mean, column: retention}
  spam: {kind: mean, column: spam}
primary: {metric: useful_answer_rate, baseline: 0.183, sd: 0.142, mde: {relative: 0.03}}
sequential: {looks: [4, 7, 11, 14], spending: obrien-fleming}
guardrails:
  - {metric: latency, max: 800}
  - {metric: csat, max_relative_regression: 0.01SPENDING}
  - {metric: retention, max_relative_regression: 0.005}
  - {metric: spam, max_relative_increase: 0.05}
  - {metric: jp_useful_answer_rate, max_relative_regression: 0.03}
correction: CORRECTION
"""
FIGURES = {  # before, after and two-sided p as AML-05 prints them
    "csat": (4.21, 4.15, 0.02),
    "retention": (0.512, 0.509, 0.18),
    "spam": (0.0041, 0.0041, 1.0),
    "jp_useful_answer_rate": (0.171, 0.174, 0.04),
}
LAST = (4 / 14, 7 / 14, 11 / 14, 1.0)


def registered(correction: str, spending: str = "") -> Registration:
    """AML-05's guardrails, with CSAT's own spending."""
    text = AML_05.replace("CORRECTION", correction)
    registration, _ = check_registration(
        text.replace("SPENDING", f", spending: {spending}" if spending else ""), "x.yaml"
    )
    assert registration is not None
    return registration


def spread(before: float, after: float, p: float) -> float:
    """The sd of both arms that gives this p; a tenth of the mean where the arms are equal."""
    if after == before:
        return before / 10
    z = float(optimize.brentq(lambda t: 2 * stats.t.sf(t, 2 * N - 2) - p, 0.0, 40.0))
    return abs(after - before) / z / math.sqrt(2 / N)


def matrix() -> Observations:
    """A look that saw the matrix; latency 720 and 740 ms, far below its line."""
    cells = []
    for side, at in (("control", 0), ("treatment", 1)):
        samples = {
            name: Sample(N, ("value",), [figures[at]], [[spread(*figures) ** 2]])
            for name, figures in FIGURES.items()
        }
        cells.append(Cell(side, (), N, samples))
    latency = {"control": QuantileArm(N, 720.0, 2_000.0), "treatment": QuantileArm(N, 740.0, 2_000.0)}
    return Observations(cells=tuple(cells), quantiles={"latency": latency})


def judged(correction: str, spending: str = "", held: tuple[float, ...] = LAST) -> list[GuardrailResult]:
    """The guardrails in declared order."""
    return list(guardrails(registered(correction, spending), matrix(), held, final=len(held) == len(LAST)))


def test_under_the_intersection_union_test_it_is_the_matrix_as_printed() -> None:
    """CSAT vetoes at p = .02, retention is a near-veto at .18, the others are clear."""
    found = judged("iut")
    assert [str(one.judgement.status) for one in found] == ["clear", "veto", "near-veto", "clear", "clear"]
    assert {one.judgement.alpha for one in found} == {0.05}
    assert found[1].judgement.p == pytest.approx(0.02)
    assert {one.spending for one in found} == {"none"}


@pytest.mark.parametrize("correction", ["bonferroni", "holm"])
def test_at_an_adjusted_alpha_of_one_percent_csat_does_not_veto(correction: str) -> None:
    """recomputed.md: .02 is above .05/5 = .01, so the printed veto does not follow from its own rule."""
    found = judged(correction)
    assert [str(one.judgement.status) for one in found] == [
        "clear", "near-veto", "near-veto", "clear", "clear",
    ]  # fmt: skip
    assert found[1].judgement.alpha == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("spending", "held", "level", "status"),
    [
        # rpact 3.3.4 asOF and asP at 4, 7, 11, 14 of 14: nominal p of each look
        ("obrien-fleming", LAST, 0.0429938, Status.VETO),
        ("obrien-fleming", LAST[:3], 0.0219148, Status.VETO),
        ("obrien-fleming", LAST[:2], 0.0030312, Status.NEAR_VETO),
        ("pocock", LAST, 0.018071, Status.NEAR_VETO),
        ("pocock", LAST[:1], 0.019970, Status.NEAR_VETO),
        ("none", LAST[:1], 0.05, Status.VETO),
    ],
)
def test_a_spending_sets_the_level_at_each_look(
    spending: str, held: tuple[float, ...], level: float, status: Status
) -> None:
    """The same p = .02 vetoes or does not by what the look may spend; the others keep all of alpha."""
    found = judged("iut", spending, held)
    assert found[1].judgement.alpha == pytest.approx(level, abs=1e-6)
    assert found[1].judgement.status is status
    assert found[1].spending == spending
    assert found[2].judgement.alpha == 0.05


def test_a_spending_has_its_part_of_a_corrected_alpha() -> None:
    """Bonferroni over five: .01 is spent by O'Brien-Fleming, the interval is that of the look's level."""
    alone, whole = judged("bonferroni", "obrien-fleming", LAST[:2])[1], judged("iut", "none", LAST)[1]
    # rpact 3.3.4 asOF, alpha .01, 4, 7, 11, 14 of 14: nominal p 3.0176e-07 1.4378493e-04 ...
    assert alone.judgement.alpha == pytest.approx(1.4378493e-04, rel=1e-6)
    assert alone.judgement.interval is not None
    assert whole.judgement.interval is not None
    assert alone.judgement.interval[0] < whole.judgement.interval[0]
