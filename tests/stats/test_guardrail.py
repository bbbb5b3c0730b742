"""The statuses of contracts.md, AML-05's matrix, corrections and false vetoes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from statsmodels.stats.multitest import multipletests

from bot.stats.arm import Arm
from bot.stats.effect import Effect, compare
from bot.stats.guardrail import (
    Judgement,
    Status,
    Threshold,
    adjusted_alphas,
    judge,
    judge_all,
)
from bot.stats.undecided import Undecided

N = 50_000


def _effect(before, after, p):
    """Two arms with these means and two-sided p."""
    if p >= 1:
        return compare(Arm(N, before, 0.1 * before), Arm(N, after, 0.1 * before))

    def off(sd):
        effect = compare(Arm(N, before, sd), Arm(N, after, sd))
        return math.log(effect.p) - math.log(p)

    scale = abs(after - before) * math.sqrt(N)
    sd = optimize.brentq(off, scale / 40, scale * 10)
    effect = compare(Arm(N, before, sd), Arm(N, after, sd))
    assert isinstance(effect, Effect)
    return effect


# The reference's AML-05 matrix: before, after, p as printed there.
CSAT = (_effect(4.21, 4.15, 0.02), Threshold("max_relative_regression", 0.01))
RETENTION = (_effect(0.512, 0.509, 0.18), Threshold("max_relative_regression", 0.005))
SPAM = (_effect(0.0041, 0.0041, 1.0), Threshold("max_relative_increase", 0.05))
LATENCY = (_effect(720.0, 740.0, 0.3), Threshold("max", 800.0))
JP = (_effect(0.171, 0.174, 0.04), Threshold("max_relative_regression", 0.03))
MATRIX = [LATENCY, CSAT, RETENTION, SPAM, JP]


def test_aml_05_under_the_intersection_union_test():
    """CSAT -1.43 % at p = .02 is a veto, retention -0.59 % at p = .18 a near-veto, the rest clear."""
    found = judge_all(MATRIX, alpha=0.05, correction="iut")
    assert [j.status for j in found] == ["clear", "veto", "near-veto", "clear", "clear"]
    assert found[1].measured == pytest.approx(-0.0143, abs=5e-5)
    assert found[2].measured == pytest.approx(-0.0059, abs=5e-5)
    assert [j.blocks("harm") for j in found] == [False, True, False, False, False]
    assert [j.blocks("noninferiority") for j in found] == [False, True, True, False, False]


@pytest.mark.parametrize("correction", ["bonferroni", "holm"])
def test_aml_05_under_bonferroni_or_holm_has_no_veto(correction):
    """recomputed.md: .02 is above .05/5 = .01, so CSAT is a near-veto there."""
    found = judge_all(MATRIX, alpha=0.05, correction=correction)
    assert [j.status for j in found] == ["clear", "near-veto", "near-veto", "clear", "clear"]
    assert found[1].alpha == pytest.approx(0.01)


def test_the_reason_has_the_figures():
    """Estimate, interval, threshold, p and level in one line."""
    found = judge(*CSAT)
    assert found.reason.startswith("-1.43% [-2.6")
    assert found.reason.endswith(
        "threshold -1.00%: crossed, and the harm is significant (p = 0.02 below 0.05)"
    )


@pytest.mark.parametrize(
    ("relative", "se", "status"),
    [
        (-0.005, 0.002, Status.CLEAR),  # [-0.9 %, -0.1 %]: harmed, but inside the tolerance
        (-0.005, 0.004, Status.UNPROVEN),  # [-1.3 %, +0.3 %]
        (0.030, 0.030, Status.UNPROVEN),  # good, but [-2.9 %, +8.9 %]
        (-0.011, 0.006, Status.NEAR_VETO),  # z 1.8
        (-0.011, 0.005, Status.VETO),  # z 2.2
    ],
)
@pytest.mark.parametrize("harm", ["decrease", "increase"])
def test_every_status_in_both_directions(relative, se, status, harm):
    """A threshold of 1 % on a metric of which less, or more, is worse."""
    sign = 1 if harm == "decrease" else -1
    sd = se * math.sqrt(N / 2)
    effect = compare(Arm(N, 1.0, sd), Arm(N, 1.0 + sign * relative, sd))
    kinds = {
        "decrease": ["max_relative_regression"],
        "increase": ["max_relative_regression", "max_relative_increase"],
    }
    for kind in kinds[harm]:
        assert judge(effect, Threshold(kind, 0.01, harm=harm)).status is status


@pytest.mark.parametrize(
    ("before", "after", "se", "status"),
    [
        (720, 740, 5, Status.CLEAR),
        (720, 790, 10, Status.UNPROVEN),
        (720, 805, 10, Status.VETO),
        (805, 806, 10, Status.NEAR_VETO),
        (830, 805, 2, Status.NEAR_VETO),
    ],
)
def test_a_level_is_judged_on_the_treatment(before, after, se, status):
    """p95 at most 800: the treatment's level decides the crossing, the difference whether it did harm."""
    sd = se * math.sqrt(N)
    effect = compare(Arm(N, before, sd), Arm(N, after, sd))
    assert judge(effect, Threshold("max", 800)).status is status
    mirrored = compare(Arm(N, -before, sd), Arm(N, -after, sd))
    assert judge(mirrored, Threshold("min", -800)).status is status


def test_what_cannot_be_judged_is_undecided():
    """No effect, no relative effect, a negative base: with the reason, and blocking noninferiority."""
    threshold = Threshold("max_relative_regression", 0.01)
    for effect in (
        Undecided("csat: the variance is not known"),
        compare(Arm(9, 0.0, 1.0), Arm(9, 1.0, 1.0)),
        compare(Arm(9, 0.01, 1.0), Arm(9, 1.0, 1.0)),
        compare(Arm(900, -1.0, 0.1), Arm(900, -1.1, 0.1)),
    ):
        found = judge(effect, threshold)
        assert found.status is Status.UNDECIDED
        assert found.reason
        assert found.blocks("noninferiority")
        assert not found.blocks("harm")


def test_a_threshold_that_cannot_be_is_refused():
    """Unknown kinds and negative fractions."""
    with pytest.raises(ValueError, match="unknown threshold 'below'"):
        Threshold("below", 1.0)
    with pytest.raises(ValueError, match="0 or more"):
        Threshold("max_relative_regression", -0.01)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.01, 0.2))
@settings(deadline=None, max_examples=12)  # multipletests takes 60 ms a call
def test_corrections_reject_what_statsmodels_rejects(ps, alpha):
    """multipletests' decisions for Bonferroni and Holm."""
    for correction in ("bonferroni", "holm"):
        levels = adjusted_alphas(ps, alpha, correction)
        # at an exact tie of p and level statsmodels rejects, we do not: a veto needs p below
        expected = multipletests(np.array(ps), alpha * (1 - 1e-12), method=correction)[0]
        assert [p < level for p, level in zip(ps, levels, strict=True)] == list(expected)
    assert adjusted_alphas(ps, alpha, "iut") == [alpha] * len(ps)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.01, 0.2))
@settings(deadline=None, max_examples=40)
def test_a_spending_takes_its_part_after_the_correction(ps, alpha):
    """Every test at a tenth of its part: the same as the whole procedure at a tenth of alpha."""
    for correction in ("iut", "bonferroni", "holm"):
        tenth = [lambda part: part / 10] * len(ps)
        found = adjusted_alphas(ps, alpha, correction, tenth)
        assert found == pytest.approx(adjusted_alphas(ps, alpha / 10, correction))


def test_holm_hands_on_what_a_rejected_test_had_whatever_its_spending():
    """p .004 and .02 at part .03: the first is rejected at .03, so the second has .06 and a tenth of it."""
    levels = [lambda part: part / 10, lambda part: part]
    assert adjusted_alphas([0.004, 0.02], 0.06, "holm", levels) == pytest.approx([0.006, 0.03])
    assert adjusted_alphas([0.007, 0.02], 0.06, "holm", levels) == pytest.approx([0.006, 0.03])
    assert adjusted_alphas([0.007, 0.04], 0.06, "holm", levels) == pytest.approx([0.003, 0.03])
    with pytest.raises(ValueError, match="2 levels for 1 tests"):
        adjusted_alphas([0.1], 0.05, "iut", levels)


def test_a_judgement_is_a_value():
    """Equal figures, equal judgements: what the record compares."""
    assert judge(*CSAT) == judge(*CSAT)
    assert isinstance(judge(*CSAT), Judgement)
