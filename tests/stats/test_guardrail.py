"""The statuses of contracts.md, AML-05's matrix, corrections and false vetoes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from statsmodels.stats.multitest import multipletests

from bot.stats.effect import Arm, Effect, compare
from bot.stats.guardrail import (
    Judgement,
    Status,
    Threshold,
    adjusted_alphas,
    false_veto_probability,
    judge,
    judge_all,
)
from bot.stats.sequential import type1_error
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


def test_five_guardrails_veto_a_clean_launch_one_time_in_nine():
    """1 - .975^5: only one direction is harm, so not the reference's 1 - .95^5 = .226."""
    assert false_veto_probability(5) == pytest.approx(1 - 0.975**5)
    assert false_veto_probability(5, correction="bonferroni") == pytest.approx(1 - 0.995**5)
    assert false_veto_probability(0) == 0.0


def test_watching_at_every_look_costs_and_thresholds_help():
    """Four looks raise it; a threshold 3 standard errors away nearly rules it out."""
    looks = (4 / 14, 7 / 14, 11 / 14, 1.0)
    watched = false_veto_probability(1, fractions=looks)
    assert watched == pytest.approx(type1_error([1.959964] * 4, looks) / 2, rel=1e-6)
    far = false_veto_probability(1, limits_in_se=[3.0])
    assert far == pytest.approx(0.00134990, rel=1e-5)
    with pytest.raises(ValueError, match="1 limits for 2 guardrails"):
        false_veto_probability(2, limits_in_se=[3.0])


def test_false_vetoes_by_simulation():
    """40,000 clean launches with 3 guardrails, 2 looks and thresholds at 1 and 2.5 standard errors."""
    rng = np.random.default_rng(5)
    steps = rng.normal(size=(40_000, 3, 2)) * np.sqrt(0.5)
    score = steps.cumsum(axis=2)
    z = score / np.sqrt([0.5, 1.0])
    limits = np.array([0.0, 1.0, 2.5])
    crossed = score / np.array([0.5, 1.0]) < -limits[:, None]  # estimate in units of the last look's se
    veto = (crossed & (z < -1.959964)).any(axis=(1, 2)).mean()
    expected = false_veto_probability(3, fractions=(0.5, 1.0), limits_in_se=list(limits))
    assert veto == pytest.approx(expected, abs=3 * math.sqrt(expected / 40_000))


def test_a_judgement_is_a_value():
    """Equal figures, equal judgements: what the record compares."""
    assert judge(*CSAT) == judge(*CSAT)
    assert isinstance(judge(*CSAT), Judgement)
