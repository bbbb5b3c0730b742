"""Effects on raw rows against scipy and exact arithmetic, to the ninth digit of p, however small p is."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import tea_tasting as tt
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from bot.stats.arm import Arm
from bot.stats.cohort import post_stratified
from bot.stats.cuped import cuped_effect
from bot.stats.effect import compare, fieller, mean_effect, proportion_effect, ratio_effect
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

EPS = 2.220446049250313e-16
SMALLEST = 1e-300


def _exact_p(t: float, df: int) -> Decimal:
    """Two-sided p of t with an even number of degrees of freedom: a finite sum, in 700 digits.

    1 - sin a (1 + 1/2 cos^2 a + 1.3/(2.4) cos^4 a + ...), tan a = t / sqrt(df) (Abramowitz & Stegun 26.7.4).
    """
    with localcontext() as context:
        context.prec = 700
        square = Decimal(t) ** 2
        cosine2 = df / (df + square)
        term = total = Decimal(1)
        for k in range(1, df // 2):
            term *= Decimal(2 * k - 1) / (2 * k) * cosine2
            total += term
        return 1 - (square / (df + square)).sqrt() * total


@pytest.mark.parametrize("n", [2, 5, 50, 1000, 5000])
@pytest.mark.parametrize("t", [0.01, 1.0, 1.96, 5.0, 8.3, 12.0, 20.0, 28.0, 36.0, 60.0, 1e4])
def test_p_is_exact_in_the_far_tail(n, t):
    """Equal arms of n units have 2n - 2 degrees of freedom: p to 1e-9 down to 1e-300, against exact sums."""
    effect = compare(Arm(n, 0.0, 1.0), Arm(n, t * math.sqrt(2 / n), 1.0))
    assert effect.df == pytest.approx(2 * n - 2, rel=1e-14)
    expected = _exact_p(effect.statistic, 2 * n - 2)
    if expected > Decimal(SMALLEST):
        assert abs(Decimal(effect.p) / expected - 1) < Decimal("1e-9")
    else:
        assert effect.p < 1.01 * SMALLEST


@pytest.mark.parametrize("z", [5, 8, 12, 16, 20, 24, 28, 32, 36])
def test_p_of_rows_is_scipys_out_to_z_36(z):
    """20,000 and 30,000 rows whose difference is pushed to z: p from 6e-7 to 1e-280, relative 1e-9."""
    rng = np.random.default_rng(z)
    control, treatment = rng.gamma(2.0, 1.5, 20_000), rng.gamma(2.0, 1.4, 30_000)
    se = math.sqrt(control.var(ddof=1) / 20_000 + treatment.var(ddof=1) / 30_000)
    treatment += control.mean() - treatment.mean() + z * se
    expected = stats.ttest_ind(treatment, control, equal_var=False)
    effect = mean_effect(Sample.of(control, ("y",)), Sample.of(treatment, ("y",)), "y")
    assert expected.pvalue > SMALLEST
    assert effect.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert effect.z == pytest.approx(z, rel=0.02)


def _shaped(seed, n, centre, scale):
    return centre + scale * np.random.default_rng(seed).gamma(0.8, 1.0, n)


@given(
    seed=st.integers(0, 10**6),
    sizes=st.tuples(st.integers(2, 300), st.integers(2, 300)),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    ratio=st.floats(0.02, 50),
    centre=st.sampled_from([0.0, 1.0, -30.0, 1e5, 1e9]),
    shift=st.floats(0, 30),
)
@settings(deadline=None, max_examples=100)
def test_welch_is_scipys_at_any_size_and_scale(seed, sizes, scale, ratio, centre, shift):
    """Also 2 units, spreads 50 times apart, and means a thousand million sds from 0.

    Each arm's mean is one double, in scipy as here: its last bit moves t by EPS * mean / se, which is allowed
    for on top of 1e-9.
    """
    control = _shaped(seed, sizes[0], centre * scale, scale)
    treatment = _shaped(seed + 1, sizes[1], centre * scale, scale * ratio) + shift * scale
    expected = stats.ttest_ind(treatment, control, equal_var=False)
    effect = mean_effect(Sample.of(control, ("y",)), Sample.of(treatment, ("y",)), "y")
    moved = 16 * EPS * max(abs(control).max(), abs(treatment).max()) / effect.se
    assert effect.df == pytest.approx(expected.df, rel=1e-9 + 100 * moved)
    assert effect.statistic == pytest.approx(expected.statistic, rel=1e-10, abs=moved + 1e-10)
    hazard = abs(effect.statistic) + 2  # how fast log p moves with t, at most
    # df moves p too, most with few units
    assert effect.p == pytest.approx(expected.pvalue, rel=1e-9 + hazard**2 * 100 * moved)


def _exact_moments(rows):
    values = [Fraction(float(x)) for x in rows]
    mean = sum(values) / len(values)
    return mean, sum((x - mean) ** 2 for x in values) / (len(values) - 1)


@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), centre=st.sampled_from([0.0, 1e6, 1e9, 1.7e12]))
@settings(deadline=None, max_examples=60)
def test_variance_is_that_of_exact_fractions(seed, n, centre):
    """Rows around 1.7e12 with sd 1: nothing is lost but what the rows themselves have rounded away."""
    rows = centre + np.random.default_rng(seed).normal(0.0, 1.0, n)
    mean, variance = _exact_moments(rows)
    sample = Sample.of(rows, ("y",))
    assert abs(Fraction(sample.mean_of("y")) - mean) <= Fraction(2 * EPS) * abs(mean) + Fraction(1, 10**15)
    assert sample.variance("y") == pytest.approx(float(variance), rel=1e-9)
    halves = Sample.of(rows[: n // 2], ("y",)), Sample.of(rows[n // 2 :], ("y",))
    rounding = 20 * EPS * centre / math.sqrt(float(variance))  # of the halves' means, each one double
    assert Sample.merge_all(halves).variance("y") == pytest.approx(float(variance), rel=1e-9 + rounding)


@pytest.mark.parametrize("lift", [0.0, 0.01, 0.1, 0.3])
def test_a_ratio_is_welch_on_its_linearised_rows(lift):
    """Each unit's (y - R x) / mean(x) + R, per arm, given to scipy: the same t, df and p."""
    rng, lines, samples = np.random.default_rng(4), [], []
    for rate in (0.3, 0.3 + lift):
        turns = rng.poisson(4, 8000) + 1.0
        clicks = rng.binomial(turns.astype(int), rng.beta(20 * rate, 20 * (1 - rate), 8000)).astype(float)
        r = clicks.mean() / turns.mean()
        lines.append((clicks - r * turns) / turns.mean() + r)
        samples.append(Sample.of(np.column_stack([clicks, turns]), ("clicks", "turns")))
    expected = stats.ttest_ind(lines[1], lines[0], equal_var=False)
    effect = ratio_effect(*samples, "clicks", "turns")
    assert effect.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert effect.df == pytest.approx(expected.df, rel=1e-9)
    assert effect.p == pytest.approx(max(expected.pvalue, 0.0), rel=1e-9, abs=SMALLEST)


@given(
    hits=st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    more=st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
)
@settings(deadline=None, max_examples=50)
def test_a_proportion_is_welch_on_its_rows(hits, more):
    """0/1 rows given to scipy."""
    rows = [np.repeat([1.0, 0.0], pair) for pair in zip(hits, more, strict=True)]
    expected = stats.ttest_ind(rows[1], rows[0], equal_var=False)
    effect = proportion_effect(*[Sample.of(r, ("y",)) for r in rows], "y")
    assume(not isinstance(effect, Undecided))  # few events in unequal arms
    assert effect.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-11)
    assert effect.p == pytest.approx(expected.pvalue, rel=1e-9, abs=SMALLEST)


@given(
    st.floats(0.2, 50),
    st.floats(-50, 50),
    st.floats(0.001, 10),
    st.floats(0.001, 10),
    st.floats(1.0, 4.0),
    st.sampled_from([1e-9, 1.0, 1e9]),
    st.sampled_from([1, -1]),
)
@settings(deadline=None)
def test_fieller_ends_where_the_ratio_is_just_rejected(m_c, m_t, sd_c, sd_t, margin, unit, sign):
    """Both ends solve |m_t - r m_c| = margin sqrt(v_t + r^2 v_c), found by scipy's brentq on that alone."""
    control, treatment = Arm(2, sign * unit * m_c, unit * sd_c), Arm(2, sign * unit * m_t, unit * sd_t)
    interval = fieller(control, treatment, margin)
    v_c, v_t = sd_c * sd_c / 2, sd_t * sd_t / 2
    if margin * math.sqrt(v_c) >= m_c:
        assert isinstance(interval, Undecided)
        return

    def distance(r: float) -> float:
        return abs(m_t - r * m_c) / math.sqrt(v_t + r * r * v_c) - margin

    middle = m_t / m_c
    if margin * math.sqrt(v_c) > 0.999 * m_c:
        return  # the ends are as good as unbounded, and brentq has no bracket
    reach = (abs(middle) + 1) * 1e7
    ends = [optimize.brentq(distance, middle, middle + side * reach, xtol=1e-14) for side in (-1, 1)]
    assert interval == pytest.approx([end - 1 for end in ends], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        (Arm(50, 0.0, 1e-200), Arm(50, 1.0, 1e-200)),
        (Arm(50, 1.0, 1e200), Arm(50, 2.0, 1.0)),
        (Arm(2, 1e300, 1e290), Arm(2, -1e300, 1e290)),
    ],
)
def test_what_a_double_cannot_hold_is_undecided(control, treatment):
    """Variances that under- or overflow: never a division by 0, a NaN or p = 1."""
    effect = compare(control, treatment)
    assert isinstance(effect, Undecided)
    assert "beyond double precision: state the metric in another unit" in effect.reason


def test_a_ratio_that_a_double_cannot_hold_leaves_the_difference():
    """A control mean of 1e-300 with nearly no spread: the difference is sound, a relative effect is not."""
    effect = compare(Arm(50, 1e-300, 1e-302), Arm(50, 1e20, 1.0))
    assert effect.p < 1e-9
    assert isinstance(effect.relative, Undecided)
    assert "beyond double precision" in effect.relative.reason


MEANS = st.floats(-1e12, 1e12)
SPREADS = st.one_of(st.just(0.0), st.floats(1e-12, 1e12))


@given(st.integers(2, 10**12), MEANS, SPREADS, st.integers(2, 10**12), MEANS, SPREADS)
@settings(deadline=None, max_examples=150)
def test_no_effect_is_a_nan_or_lies_outside_its_interval(n_c, m_c, sd_c, n_t, m_t, sd_t):
    """Whatever the arms: figures that are numbers, intervals around their estimate, or Undecided."""
    effect = compare(Arm(n_c, m_c, sd_c), Arm(n_t, m_t, sd_t))
    if isinstance(effect, Undecided):
        return
    assert effect.ci_absolute[0] <= effect.absolute <= effect.ci_absolute[1]
    assert 0 <= effect.p <= 1
    assert effect.p_decrease + effect.p_increase == pytest.approx(1)
    assert 0.999 <= effect.df <= n_c + n_t
    assert not math.isnan(effect.z)
    if not isinstance(effect.ci_relative, Undecided):
        assert effect.ci_relative[0] <= effect.relative <= effect.ci_relative[1]


def _table(rng):
    """Per user: a mean, a ratio, a share, each with what it was before; two arms and a small effect."""
    users = 6000
    arm = np.repeat([0, 1], users // 2)
    level = rng.gamma(2.0, 1.0, users)
    turns, before = rng.poisson(5, users) + 1, rng.poisson(5, users) + 1
    taste = np.clip(rng.beta(3, 7, users) + 0.01 * arm, 0, 1)
    return pd.DataFrame(
        {
            "variant": arm,
            "csat": level + rng.normal(0, 1, users) + 0.03 * arm,
            "csat_pre": level + rng.normal(0, 1, users),
            "clicks": rng.binomial(turns, taste),
            "turns": turns,
            "clicks_pre": rng.binomial(before, taste),
            "turns_pre": before,
            "bought": (rng.random(users) < 0.1 + 0.02 * arm).astype(int),
        }
    ).astype(float)


def test_all_metrics_of_one_data_set_agree_with_tea_tasting():
    """Without covariates to 1e-9, relative effects too; with one to 1e-3, since tea-tasting's theta counts
    the difference between the arms."""
    frame = _table(np.random.default_rng(21))
    found = tt.Experiment(
        csat=tt.Mean("csat"),
        bought=tt.Mean("bought"),
        clicks=tt.RatioOfMeans("clicks", "turns"),
        csat_cuped=tt.Mean("csat", "csat_pre"),
    ).analyze(frame)
    arms = [
        Sample.of(rows.drop(columns="variant"), frame.columns[1:]) for _, rows in frame.groupby("variant")
    ]
    ours = {
        "csat": mean_effect(*arms, "csat"),
        "bought": proportion_effect(*arms, "bought"),
        "clicks": ratio_effect(*arms, "clicks", "turns"),
    }
    for name, effect in ours.items():
        expected = found[name]
        assert effect.control.mean == pytest.approx(expected.control, rel=1e-12)
        assert effect.absolute == pytest.approx(expected.effect_size, rel=1e-9)
        assert effect.ci_absolute == pytest.approx(
            (expected.effect_size_ci_lower, expected.effect_size_ci_upper), rel=1e-9
        )
        assert effect.relative == pytest.approx(expected.rel_effect_size, rel=1e-9)
        assert effect.p == pytest.approx(expected.pvalue, rel=1e-9)
    cuped = cuped_effect(*arms, "csat", "csat_pre").effect
    assert cuped.absolute == pytest.approx(found["csat_cuped"].effect_size, rel=1e-3)
    assert cuped.se < 0.9 * ours["csat"].se


def test_the_relative_interval_is_tea_tastings_on_the_log_scale():
    """tea-tasting takes exp(log ratio -+ t s) - 1, s^2 the delta variance of the log; ours s * ratio."""
    frame = _table(np.random.default_rng(22))
    expected = tt.Experiment(csat=tt.Mean("csat")).analyze(frame)["csat"]
    arms = [Sample.of(rows["csat"], ("csat",)) for _, rows in frame.groupby("variant")]
    effect = mean_effect(*arms, "csat")
    ends = np.log1p([expected.rel_effect_size_ci_lower, expected.rel_effect_size_ci_upper])
    theirs = (ends[1] - ends[0]) / 2 * (1 + effect.relative)
    assert (effect.ci_relative[1] - effect.ci_relative[0]) / 2 == pytest.approx(theirs, rel=1e-3)


def test_the_normal_score_has_the_same_tail_as_the_t():
    """What the boundary is asked about: ndtr(-z) = stdtr(df, -t) at every distance."""
    for n in (3, 30, 3000):
        for t in (0.5, 3.0, 9.0, 20.0):
            effect = compare(Arm(n, 0.0, 1.0), Arm(n, t * math.sqrt(2 / n), 1.0))
            assert 2 * float(special.ndtr(-effect.z)) == pytest.approx(effect.p, rel=1e-9)


def test_few_units_that_weigh_much_have_few_degrees_of_freedom():
    """Satterthwaite by hand: strata of 12 and 100 units with sd 1, weights .9 and .1, both arms alike."""
    strata = [compare(Arm(n, 5.0, 1.0), Arm(n, 5.5, 1.0)) for n in (12, 100)]
    parcels = 0.81 / 12, 0.01 / 100
    arm = sum(parcels) ** 2 / (parcels[0] ** 2 / 11 + parcels[1] ** 2 / 99)
    effect = post_stratified(strata, (0.9, 0.1))
    assert effect.df == pytest.approx(2 * arm)
    assert effect.p == pytest.approx(2 * stats.t.sf(effect.statistic, 2 * arm), rel=1e-9)
