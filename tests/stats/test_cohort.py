"""Cohort floors, the post-stratified effect, heterogeneity against metafor, AML-06 reconciled."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.stats.arm import Arm
from bot.stats.cohort import Claim, judge_cohort, judge_cohorts, post_stratified, rake
from bot.stats.effect import compare, mean_effect
from bot.stats.guardrail import Status, Threshold
from bot.stats.heterogeneity import heterogeneity, relative_heterogeneity
from bot.stats.reconciliation import Stratum, reconcile
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

METAFOR = json.loads((Path(__file__).parents[1] / "oracles" / "heterogeneity.json").read_text())["cases"]
FLOOR = Threshold("max_relative_regression", 0.03)
AML_06 = (
    Stratum("locale=en", 55, 55, 0.183, 0.190),
    Stratum("locale=jp", 30, 30, 0.196, 0.180),
    Stratum("locale=mixed", 15, 15, 0.178, 0.183),
)


def _locale(before, after, n=20_000, sd=0.142):
    return compare(Arm(n, before, sd), Arm(n, after, sd))


def test_aml_06_effects_and_aggregate():
    """recomputed.md: EN +3.83 %, JP -8.16 %, mixed +2.81 %, and -0.11 % over all, not +2.8 %."""
    effects = [_locale(s.mean_control, s.mean_treatment) for s in AML_06]
    assert [e.relative for e in effects] == pytest.approx([0.0383, -0.0816, 0.0281], abs=5e-5)
    overall = post_stratified(effects, [0.55, 0.30, 0.15])
    assert overall.control.mean == pytest.approx(0.18615)
    assert overall.treatment.mean == pytest.approx(0.18595)
    assert overall.relative == pytest.approx(-0.0011, abs=5e-5)
    assert (
        judge_cohort(effects[1], FLOOR, n=20_000, needed=10_503, min_adequacy=0.8).judgement.status == "veto"
    )


def test_aml_06_cannot_be_reconciled():
    """The claimed 0.184 to 0.189 is in none of its cohorts, and no mix of them gives it."""
    found = reconcile(AML_06, (0.184, 0.189))
    assert not found.ok
    assert found.aggregate_rel == pytest.approx(0.0272, abs=5e-5)
    assert found.cohort_weighted_rel == pytest.approx(-0.0011, abs=5e-5)
    assert found.mix_shift == 0.0
    assert found.unexplained == pytest.approx(0.0282, abs=5e-5)
    assert found.reason.startswith(
        "aggregate +2.72%, cohorts -0.11%, mix shift +0.00%: +2.82% is in no cohort"
    )
    assert reconcile(AML_06).ok


def test_simpsons_paradox_is_a_mix_shift():
    """Every cohort gains, the aggregate loses, because the treatment has more of the low cohort."""
    strata = [Stratum("new", 2000, 8000, 0.10, 0.11), Stratum("old", 8000, 2000, 0.30, 0.31)]
    found = reconcile(strata)
    assert not found.ok
    assert found.aggregate_rel < 0 < found.cohort_weighted_rel
    assert found.aggregate_rel == pytest.approx(found.cohort_weighted_rel + found.mix_shift)
    assert found.unexplained == pytest.approx(0, abs=1e-12)
    assert "different cohort mixes" in found.reason
    few = [Stratum("new", 8, 10, 0.10, 0.11), Stratum("old", 10, 8, 0.30, 0.31)]
    assert "Simpson" in reconcile(few).reason


@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0.1, 9), st.floats(0.1, 9)),
        min_size=1,
        max_size=6,
    )
)
@settings(deadline=None)
def test_the_decomposition_leaves_nothing_over(cells):
    """Aggregate of the units is cohorts plus mix, whatever the cells."""
    strata = [Stratum(str(i), *cell) for i, cell in enumerate(cells)]
    n_c, n_t, m_c, m_t = (np.array(column, dtype=float) for column in zip(*cells, strict=True))
    means = float(np.average(m_c, weights=n_c)), float(np.average(m_t, weights=n_t))
    found = reconcile(strata, means)
    assert found.unexplained == pytest.approx(0, abs=1e-9)
    assert found.aggregate_rel == pytest.approx(means[1] / means[0] - 1, abs=1e-9)


def test_a_ratio_metric_is_weighed_by_its_denominator():
    """The aggregate of ratios weighs by turns, while the mix is a matter of users."""
    strata = [
        Stratum("a", 100, 100, 0.2, 0.3, weights=(900, 950)),
        Stratum("b", 100, 100, 0.5, 0.5, weights=(100, 50)),
    ]
    found = reconcile(strata)
    control, treatment = 0.9 * 0.2 + 0.1 * 0.5, 0.95 * 0.3 + 0.05 * 0.5
    assert found.aggregate_rel == pytest.approx(treatment / control - 1)
    assert found.mix_p == 1.0


def test_what_cannot_be_reconciled_is_undecided():
    """No units, a cohort in one arm only, a control mean of 0."""
    assert "no cohort has units" in reconcile([Stratum("a", 0, 0, 1, 1)]).reason
    assert "cohort b has units in one arm" in reconcile([AML_06[0], Stratum("b", 3, 0, 1, 1)]).reason
    assert "control mean is 0" in reconcile([Stratum("a", 5, 5, 0.0, 1.0)]).reason
    assert "is not finite" in reconcile(AML_06, (0.184, math.nan)).reason


def test_an_underpowered_cohort_is_shown_and_never_evidence():
    """70 % of the units: the figures stay, the status is underpowered, whatever they say."""
    bad = _locale(0.196, 0.150)
    found = judge_cohort(bad, FLOOR, n=700, needed=1000, min_adequacy=0.8)
    assert found.judgement.status is Status.UNDERPOWERED
    assert found.adequacy == 0.7
    assert found.judgement.measured == bad.relative
    assert found.judgement.reason == "700 units an arm, 70% of the 1000 needed (minimum 80%): no evidence"
    assert not found.judgement.blocks("harm")
    assert judge_cohort(bad, FLOOR, n=800, needed=1000, min_adequacy=0.8).judgement.status is Status.VETO
    none = judge_cohort(Undecided("no units"), FLOOR, n=0, needed=1000, min_adequacy=0.8)
    assert none.judgement.status is Status.UNDECIDED


def _claims():
    """Two harms, one gain, one cohort too small, one without an effect; p of .0008, .02, .001, 1e-8."""
    scores = ((3.353, 1), (2.326, 1), (-3.291, 1), (5.73, 0.5))
    claims = [
        Claim(
            compare(Arm(10**6, 1.0, 1.0), Arm(10**6, 1 - z * math.sqrt(2) / 1000, 1.0)),
            int(1000 * part),
            1000,
        )
        for z, part in scores
    ]
    return [*claims, Claim(Undecided("no units"), 1000, 1000)]


def test_the_levels_of_cohorts_are_shared_among_the_adequate_ones():
    """Three of five are a family: each gets a third, or by Holm a third, a half, the whole."""
    levels = {
        name: [
            one.judgement.alpha
            for one in judge_cohorts(_claims(), FLOOR, min_adequacy=0.8, alpha=0.06, correction=name)
        ]
        for name in ("none", "bonferroni", "holm")
    }
    assert levels["none"] == [0.06] * 5
    assert levels["bonferroni"] == pytest.approx([0.02, 0.02, 0.02, 0.06, 0.06])
    assert levels["holm"] == pytest.approx([0.02, 0.03, 0.06, 0.06, 0.06])
    assert judge_cohorts([], FLOOR, min_adequacy=0.8, correction="holm") == []


def test_a_correction_keeps_the_chance_of_any_false_alarm_over_many_cohorts():
    """12 cohorts in which nothing happens, floor 0: some veto in alpha / 2 of the experiments at most."""
    rng = np.random.default_rng(20261123)
    runs, floor = 500, Threshold("max_relative_regression", 0.0)
    alarms = {"none": 0, "bonferroni": 0, "holm": 0}
    for means in rng.normal(1.0, 1e-3, (runs, 12, 2)):
        claims = [Claim(compare(Arm(10**6, c, 1.0), Arm(10**6, t, 1.0)), 1, 1) for c, t in means.tolist()]
        for name in alarms:
            judged = judge_cohorts(claims, floor, min_adequacy=0.8, correction=name)
            alarms[name] += any(one.judgement.status is Status.VETO for one in judged)
    exact = 1 - (1 - 0.025) ** 12
    assert alarms["none"] / runs == pytest.approx(exact, abs=3 * math.sqrt(exact / runs))
    assert 0 < alarms["bonferroni"] == alarms["holm"]
    assert alarms["holm"] / runs <= 0.025 + 3 * math.sqrt(0.025 / runs)


def test_raking_meets_the_declared_margins_and_keeps_the_odds():
    """Deming & Stephan: both margins exact, the odds ratio of the observed cells unchanged."""
    cells = {
        ("en", "new"): 40.0,
        ("en", "old"): 20.0,
        ("jp", "new"): 10.0,
        ("jp", "old"): 30.0,
        (None, "old"): 9.0,
    }
    weights = rake(cells, {0: {"en": 0.55, "jp": 0.45}, 1: {"new": 0.3, "old": 0.7}})
    assert weights["en", "new"] + weights["en", "old"] == pytest.approx(0.55, abs=1e-11)
    assert weights["en", "new"] + weights["jp", "new"] == pytest.approx(0.30, abs=1e-11)
    odds = weights["en", "new"] * weights["jp", "old"] / (weights["en", "old"] * weights["jp", "new"])
    assert odds == pytest.approx(40 * 30 / (20 * 10), rel=1e-9)
    assert (None, "old") not in weights
    assert rake({("en",): 3.0, ("jp",): 5.0}, {0: {"en": 0.9, "jp": 0.1}}) == pytest.approx(
        {("en",): 0.9, ("jp",): 0.1}
    )


def test_a_declared_share_without_units_cannot_be_weighted():
    """Undecided, with the value's name; so are margins that the empty cells contradict."""
    assert (
        "jp has a declared share of 50.0% and no units"
        in rake({("en",): 3.0}, {0: {"en": 0.5, "jp": 0.5}}).reason
    )
    corner = {("en", "new"): 1.0, ("jp", "old"): 1.0}
    margins = {0: {"en": 0.5, "jp": 0.5}, 1: {"new": 0.9, "old": 0.1}}
    assert "no weights" in rake(corner, margins).reason


def test_post_stratifying_by_the_arms_own_mix_is_the_plain_mean():
    """With equal cohort counts in both arms, weights n/N give the pooled difference, with less variance."""
    rng = np.random.default_rng(2)
    rows = {(a, c): rng.normal(c + 0.1 * a, 1.0, 300 * (c + 1)) for a in (0, 1) for c in (0, 1, 2)}
    cells = {key: Sample.of(x, ("y",)) for key, x in rows.items()}
    effects = [mean_effect(cells[0, c], cells[1, c], "y") for c in range(3)]
    weighted = post_stratified(effects, [1, 2, 3])
    pooled = mean_effect(*[Sample.merge_all([cells[a, c] for c in range(3)]) for a in (0, 1)], "y")
    assert weighted.absolute == pytest.approx(pooled.absolute, rel=1e-9)
    expected = math.sqrt(sum((share / 6) ** 2 * e.se**2 for share, e in zip((1, 2, 3), effects, strict=True)))
    assert weighted.se == pytest.approx(expected, rel=1e-12)
    assert weighted.se < pooled.se
    assert "33.3%" in post_stratified([effects[0], Undecided("no units")], [2, 1]).reason
    assert post_stratified([effects[0], Undecided("no units")], [2, 0]).absolute == effects[0].absolute
    with pytest.raises(ValueError, match="shares"):
        post_stratified(effects, [1, -1, 1])


@pytest.mark.parametrize("case", METAFOR, ids=lambda c: f"tau2={c['tau2']:.2g}")
def test_heterogeneity_agrees_with_metafor(case):
    """metafor 3.8-1 rma(method="REML"): Q, p, tau2, mean, shrunk effects (blup), Hartung-Knapp (adhoc)."""
    found = heterogeneity(case["y"], case["v"])
    assert found.q == pytest.approx(case["q"], rel=1e-8)
    assert found.p == pytest.approx(case["p"], rel=1e-8)
    scale = float(np.mean(case["v"]))
    assert found.tau2 == pytest.approx(case["tau2"], rel=1e-5, abs=1e-7 * scale)
    assert found.mean == pytest.approx(case["mean"], rel=1e-5, abs=1e-6 * math.sqrt(scale))
    assert found.shrunk == pytest.approx(case["shrunk"], rel=1e-4, abs=1e-6 * math.sqrt(scale))
    assert found.i2 == pytest.approx(max(0, 1 - found.df / found.q))
    assert found.mean_se == pytest.approx(case["mean_se"], rel=1e-4)
    assert found.mean_ci == pytest.approx(case["mean_ci"], rel=1e-4)
    assert found.shrunk_sd == pytest.approx(case["shrunk_sd"], rel=1e-4)


def test_two_stages_agree_with_the_mixed_model():
    """statsmodels mixedlm on rows, random slope of the arm by cohort: tau2 within a few per cent."""
    import pandas as pd  # only this oracle needs frames

    rng = np.random.default_rng(20)
    slopes = rng.normal(0.3, 0.5, 24)
    cohort = np.repeat(np.arange(24), 200)
    arm = np.tile([0.0, 1.0], 2400)
    y = slopes[cohort] * arm + rng.normal(size=4800)
    frame = pd.DataFrame({"y": y - 0.0, "arm": arm, "cohort": cohort})
    fit = smf.mixedlm("y ~ C(cohort) + arm", frame, groups="cohort", re_formula="0 + arm").fit(
        method="powell"
    )
    effects = [
        mean_effect(*[Sample.of(y[(cohort == c) & (arm == a)], ("y",)) for a in (0, 1)], "y")
        for c in range(24)
    ]
    found = heterogeneity([e.absolute for e in effects], [e.se**2 for e in effects])
    assert found.tau2 == pytest.approx(float(fit.cov_re.iloc[0, 0]), rel=0.05)
    assert found.mean == pytest.approx(float(fit.params["arm"]), abs=0.01)


def test_aml_06_is_heterogeneous():
    """JP against the others: Q says so, and shrinking keeps the order."""
    found = relative_heterogeneity([_locale(s.mean_control, s.mean_treatment) for s in AML_06])
    assert found.p < 1e-10
    assert found.i2 > 0.9
    assert found.shrunk[1] < found.shrunk[2] < found.shrunk[0]


def test_one_cohort_has_no_heterogeneity():
    """Undecided, as for cohorts without variance; cohorts without an effect are left out."""
    assert isinstance(heterogeneity([0.1], [0.2]), Undecided)
    assert isinstance(heterogeneity([0.1, 0.2], [0.2, 0.0]), Undecided)
    two = [_locale(0.18, 0.19), Undecided("no units"), _locale(0.2, 0.2)]
    assert relative_heterogeneity(two).df == 1
