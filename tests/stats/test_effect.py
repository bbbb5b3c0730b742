"""Effects against scipy on the raw rows, tea-tasting 1.14 and closed forms; laws by hypothesis."""

import math

import numpy as np
import pytest
import tea_tasting as tt
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from bot.stats.arm import Arm
from bot.stats.effect import compare, fieller, mean_effect, normal_score, proportion_effect, ratio_effect
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

ARMS = st.builds(Arm, st.integers(2, 10**7), st.floats(0.1, 1e3), st.floats(0.01, 1e3))


def _rows(seed, n, shift=0.0):
    rng = np.random.default_rng(seed)
    turns = rng.poisson(4, n) + 1.0
    clicks = rng.binomial(turns.astype(int), 0.3) + shift * turns
    return np.column_stack([clicks, turns])


def _samples(*arms):
    return [Sample.of(rows, ("clicks", "turns")) for rows in arms]


@pytest.mark.parametrize(("n_c", "n_t", "shift"), [(12, 9, 0.5), (300, 500, 0.05), (20_000, 5_000, 0.3)])
def test_welch_agrees_with_scipy_on_the_rows(n_c, n_t, shift):
    """t, df, p and interval to 1e-9 relative, p down to the smallest scipy gives."""
    control, treatment = _rows(1, n_c), _rows(2, n_t, shift)
    effect = mean_effect(*_samples(control, treatment), "clicks", alpha=0.02)
    expected = stats.ttest_ind(treatment[:, 0], control[:, 0], equal_var=False)
    interval = expected.confidence_interval(0.98)
    assert effect.statistic == pytest.approx(expected.statistic, rel=1e-10)
    assert effect.df == pytest.approx(expected.df, rel=1e-10)
    assert effect.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert effect.ci_absolute == pytest.approx((interval.low, interval.high), rel=1e-9)
    less = stats.ttest_ind(treatment[:, 0], control[:, 0], equal_var=False, alternative="less")
    assert effect.p_decrease == pytest.approx(less.pvalue, rel=1e-9)
    assert effect.p_increase == pytest.approx(1 - less.pvalue, abs=1e-12)


def test_welch_agrees_with_statsmodels():
    """An oracle that is not scipy: CompareMeans with unequal variances."""
    control, treatment = _rows(3, 40)[:, 0], _rows(4, 60, 0.2)[:, 0]
    effect = mean_effect(Sample.of(control, ("y",)), Sample.of(treatment, ("y",)), "y")
    t, p, df = CompareMeans(DescrStatsW(treatment), DescrStatsW(control)).ttest_ind(usevar="unequal")
    assert (effect.statistic, effect.p, effect.df) == pytest.approx((t, p, df), rel=1e-10)


@pytest.mark.parametrize("kind", ["mean", "ratio"])
def test_estimates_agree_with_tea_tasting(kind):
    """tea-tasting 1.14 on the rows: difference, statistic and p of a mean and of a ratio metric."""
    import pandas as pd  # only this oracle needs frames

    control, treatment = _rows(5, 400), _rows(6, 350, 0.03)
    frame = pd.DataFrame(np.concatenate([control, treatment]), columns=["clicks", "turns"])
    frame["variant"] = np.repeat([0, 1], [400, 350])
    metric = tt.Mean("clicks") if kind == "mean" else tt.RatioOfMeans("clicks", "turns")
    expected = tt.Experiment(m=metric).analyze(frame)["m"]
    samples = _samples(control, treatment)
    effect = mean_effect(*samples, "clicks") if kind == "mean" else ratio_effect(*samples, "clicks", "turns")
    assert effect.absolute == pytest.approx(expected.effect_size, rel=1e-10)
    assert effect.relative == pytest.approx(expected.rel_effect_size, rel=1e-10)
    assert effect.statistic == pytest.approx(expected.statistic, rel=1e-10)
    assert effect.p == pytest.approx(expected.pvalue, rel=1e-9)
    # tea-tasting's relative interval is on the log scale: close, not the same
    assert effect.ci_relative[0] == pytest.approx(expected.rel_effect_size_ci_lower, abs=0.01)


def test_the_ratio_variance_is_the_delta_methods():
    """Deng, Knoblich & Lu 2018 eq. 3 written out: (s_y^2 - 2 R s_xy + R^2 s_x^2) / (n x^2)."""
    rows = _rows(8, 500)
    y, x = rows.T
    ratio, cov = y.mean() / x.mean(), np.cov(rows.T)
    variance = (cov[0, 0] - 2 * ratio * cov[0, 1] + ratio**2 * cov[1, 1]) / (500 * x.mean() ** 2)
    effect = ratio_effect(*_samples(rows, _rows(9, 500)), "clicks", "turns")
    assert effect.control.mean == pytest.approx(ratio)
    assert effect.control.variance == pytest.approx(variance, rel=1e-10)


def test_the_relative_interval_is_the_delta_methods():
    """Gradient of m_t / m_c written out, with the variances of both means."""
    c, t = Arm(4000, 4.21, 1.1), Arm(5000, 4.15, 1.2)
    effect = compare(c, t)
    se = math.sqrt(t.variance / c.mean**2 + t.mean**2 * c.variance / c.mean**4)
    margin = stats.t.ppf(0.975, effect.df)
    assert effect.relative == pytest.approx(4.15 / 4.21 - 1)
    assert effect.ci_relative == pytest.approx((effect.relative - margin * se, effect.relative + margin * se))
    assert effect.relative_method == "delta"


@given(ARMS, ARMS)
@settings(deadline=None)
def test_swapping_the_arms_turns_the_sign(c, t):
    """Differences, statistics and sides turn; p stays."""
    there, back = compare(c, t), compare(t, c)
    assert back.absolute == -there.absolute
    assert back.statistic == -there.statistic
    assert back.p == pytest.approx(there.p, rel=1e-9)
    assert back.p_decrease == pytest.approx(there.p_increase, rel=1e-9)
    assert back.ci_absolute == pytest.approx((-there.ci_absolute[1], -there.ci_absolute[0]))


@given(ARMS, ARMS, st.floats(1e-3, 1e3))
@settings(deadline=None)
def test_units_of_measurement_do_not_matter(c, t, k):
    """Seconds or milliseconds: absolute figures scale, relative ones and p stay."""
    one = compare(c, t)
    other = compare(Arm(c.n, k * c.mean, k * c.sd), Arm(t.n, k * t.mean, k * t.sd))
    assert other.absolute == pytest.approx(k * one.absolute, rel=1e-9, abs=1e-9 * k)
    assert other.relative == pytest.approx(one.relative, rel=1e-9, abs=1e-9)
    assert other.p == pytest.approx(one.p, rel=1e-6, abs=1e-300)


@given(ARMS, ARMS, st.floats(-50, 50))
@settings(deadline=None)
def test_the_zero_of_measurement_does_not_matter_to_the_difference(c, t, shift):
    """A constant added to every unit leaves the absolute result alone."""
    assume(abs(t.mean - c.mean) > 1e-3)
    one = compare(c, t)
    other = compare(Arm(c.n, c.mean + shift, c.sd), Arm(t.n, t.mean + shift, t.sd))
    assert other.absolute == pytest.approx(one.absolute, rel=1e-6)
    assert other.ci_absolute == pytest.approx(one.ci_absolute, rel=1e-6, abs=1e-6)


def test_a_control_mean_near_zero_gets_fiellers_interval():
    """All ratios r at which treatment - r control is not significant, and only those."""
    c, t = Arm(50, 0.5, 1.0), Arm(50, 0.8, 1.0)
    effect = compare(c, t)
    assert effect.relative_method == "fieller"
    margin = -special.stdtrit(effect.df, 0.025)
    for end in effect.ci_relative:
        distance = abs(t.mean - (1 + end) * c.mean)
        assert distance == pytest.approx(margin * math.sqrt(t.variance + (1 + end) ** 2 * c.variance))
    low, high = fieller(Arm(50, -0.5, 1.0), Arm(50, -0.8, 1.0), float(margin))
    assert (low, high) == pytest.approx(effect.ci_relative)


def test_a_control_mean_of_nothing_leaves_the_absolute_effect():
    """Relative undecided with a reason; the difference and its p are there."""
    vague = compare(Arm(50, 0.05, 1.0), Arm(50, 0.8, 1.0))
    assert vague.relative == pytest.approx(15.0)
    assert "cannot be told from 0" in vague.ci_relative.reason
    assert vague.p < 0.001
    none = compare(Arm(50, 0.0, 1.0), Arm(50, 0.8, 1.0))
    assert isinstance(none.relative, Undecided)
    assert none.absolute == 0.8


def test_p_keeps_its_digits_far_out():
    """2 * (1 - cdf) is 0 from z = 8.5 on; tails are not."""
    effect = compare(Arm(10**6, 0.0, 1.0), Arm(10**6, 30 * math.sqrt(2e-6), 1.0))
    assert effect.statistic == pytest.approx(30)
    assert effect.p == pytest.approx(2 * stats.t.sf(30, effect.df), rel=1e-9)
    assert effect.p == pytest.approx(2 * float(stats.norm.sf(30)), rel=0.2)
    assert 0 < effect.p < 1e-190


@pytest.mark.parametrize("t", [0.0, -1.3, 8.0, 37.0, 60.0])
def test_normal_score_has_the_ts_tail(t):
    """The z with the same p, continuous beyond the smallest double (z near 37.5)."""
    z = normal_score(t, 1e6)
    assert z == pytest.approx(t, rel=1e-3, abs=1e-9)
    assert abs(z) <= abs(t)
    assert abs(normal_score(3.0, 4.0)) < 2.2


def test_intervals_at_another_level():
    """The same comparison, wider; nothing else moves."""
    effect = compare(Arm(100, 1.0, 0.5), Arm(100, 1.2, 0.5))
    wide = effect.at(0.001)
    assert wide.p == effect.p
    assert wide.ci_absolute[0] < effect.ci_absolute[0] < effect.ci_absolute[1] < wide.ci_absolute[1]
    assert wide.alpha == 0.001


def test_a_proportion_needs_no_variance():
    """Summaries of 0/1 columns: the unpooled comparison, Welch on the 0/1 rows."""
    rows = [np.repeat([1.0, 0.0], [k, n - k]) for k, n in ((310, 1000), (390, 1100))]
    bare = [Sample.summary(len(r), float(r.mean()), None, "converted") for r in rows]
    effect = proportion_effect(*bare, "converted")
    expected = stats.ttest_ind(rows[1], rows[0], equal_var=False)
    assert (effect.statistic, effect.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-10)
    full = proportion_effect(*[Sample.of(r, ("converted",)) for r in rows], "converted")
    assert full.p == pytest.approx(effect.p, rel=1e-10)


@pytest.mark.parametrize(
    ("control", "treatment", "message"),
    [
        (Sample.summary(0, math.nan, None, "y"), Sample.summary(9, 1.0, 1.0, "y"), "control: y: 0 units"),
        (Sample.summary(9, 1.0, 1.0, "y"), Sample.of([1.0], ("y",)), "treatment: y: 1 unit, at least 2"),
        (Sample.summary(9, 1.0, None, "y"), Sample.summary(9, 1.0, 1.0, "y"), "variance is not known"),
        (Sample.summary(9, math.inf, 1.0, "y"), Sample.summary(9, 1.0, 1.0, "y"), "mean is not finite"),
        (Sample.summary(9, 1.0, -2.0, "y"), Sample.summary(9, 1.0, 1.0, "y"), "variance -2 is not possible"),
        (Sample.of([0.1] * 7, ("y",)), Sample.of([0.3] * 9, ("y",)), "y: no variance in either arm"),
    ],
)
def test_what_cannot_be_computed_says_why(control, treatment, message):
    """Empty arms, single units, unknown or impossible variance, constants: never 0, never p = 1."""
    effect = mean_effect(control, treatment, "y")
    assert isinstance(effect, Undecided)
    assert message in effect.reason
    assert str(effect) == f"undecided: {effect.reason}"


def test_what_is_no_proportion_or_ratio_says_so():
    """A mean above 1, a column that is not 0/1, a denominator of 0."""
    share = Sample.summary(100, 0.4, None, "y")
    assert "no proportion" in proportion_effect(Sample.summary(100, 1.4, None, "y"), share, "y").reason
    assert "not 0 or 1" in proportion_effect(Sample.summary(100, 0.4, 0.01, "y"), share, "y").reason
    zero = Sample.of([[1.0, 0.0], [2.0, 0.0]], ("a", "b"))
    assert "b has mean 0" in ratio_effect(zero, zero, "a", "b").reason
    empty = Sample.empty(("a", "b"))
    assert "0 units" in ratio_effect(empty, empty, "a", "b").reason


def test_few_events_in_unequal_arms_decide_nothing():
    """5 events against 1 at 4 : 1 is no evidence; equal arms, or events enough, are judged."""

    def told(events, units):
        samples = [Sample.summary(n, e / n, None, "y") for e, n in zip(events, units, strict=True)]
        return proportion_effect(*samples, "y")

    assert "1.2 events expected in the smaller arm" in told((5, 1), (10_000, 2_500)).reason
    assert "expected in the smaller arm" in told((9_990, 2_499), (10_000, 2_500)).reason
    assert told((5, 1), (10_000, 10_000)).p == pytest.approx(0.1024, abs=1e-3)
    assert told((80, 20), (10_000, 2_500)).p == pytest.approx(1.0)


def test_unequal_arms_keep_five_per_cent_where_they_are_judged():
    """2,000 A/A tests of a share of .008, 10,000 against 2,500 units."""
    rng = np.random.default_rng(29)
    called = 0
    for events in zip(rng.binomial(10_000, 0.008, 2000), rng.binomial(2_500, 0.008, 2000), strict=True):
        samples = [Sample.summary(n, e / n, None, "y") for e, n in zip(events, (10_000, 2_500), strict=True)]
        found = proportion_effect(*samples, "y")
        called += not isinstance(found, Undecided) and found.p < 0.05
    assert called <= 0.05 * 2000 + 3 * (0.05 * 0.95 * 2000) ** 0.5
