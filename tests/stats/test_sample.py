"""Sufficient statistics against numpy on the rows, and the laws of merging."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from bot.stats.effect import mean_effect
from bot.stats.sample import Sample

ROWS = arrays(
    np.float64,
    st.tuples(st.integers(1, 20), st.just(2)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)


def _close(a, b, scale=1e12):
    assert a.n == b.n
    assert a.mean == pytest.approx(b.mean, rel=1e-9, abs=1e-8)
    assert np.allclose(a.cov, b.cov, rtol=1e-9, atol=1e-9 * scale, equal_nan=True)


@given(ROWS)
@settings(deadline=None)
def test_a_sample_is_numpys_mean_and_covariance(rows):
    """Means and unbiased covariance of the rows; a single unit has no variance."""
    sample = Sample.of(rows, ("a", "b"))
    assert sample.mean == pytest.approx(rows.mean(axis=0), rel=1e-12, abs=1e-9)
    if len(rows) == 1:
        assert np.isnan(sample.cov).all()
    else:
        assert np.allclose(sample.cov, np.cov(rows.T), rtol=1e-9, atol=1e-3)


@given(ROWS, ROWS, ROWS)
@settings(deadline=None, max_examples=50)
def test_merging_does_not_depend_on_order_or_grouping(a, b, c):
    """Associative, commutative, and the same as all rows at once; an empty sample changes nothing."""
    x, y, z = (Sample.of(rows, ("a", "b")) for rows in (a, b, c))
    whole = Sample.of(np.concatenate([a, b, c]), ("a", "b"))
    _close(x.merge(y).merge(z), whole)
    _close(x.merge(y.merge(z)), whole)
    _close(z.merge(x).merge(y), whole)
    _close(Sample.merge_all([x, y, z, Sample.empty(("a", "b"))]), whole)


@given(ROWS, ROWS)
@settings(deadline=None, max_examples=60)
def test_subtracting_a_part_leaves_the_rest(a, b):
    """(a + b) - b is a to rounding; an empty part takes nothing, the whole leaves nothing."""
    x, y = (Sample.of(rows, ("a", "b")) for rows in (a, b))
    whole = x.merge(y)
    _close(whole.subtract(y), x)
    _close(whole.subtract(x), y)
    assert whole.subtract(Sample.empty(("a", "b"))) == whole
    assert whole.subtract(whole) == Sample.empty(("a", "b"))


def test_subtracting_keeps_the_digits_of_a_large_mean():
    """Timestamps with a spread of 1: a double at 1e12 resolves 1.2e-4, which is all that is lost."""
    rng = np.random.default_rng(17)
    rest, part = (np.round(rng.normal(0, 1, 5000) * 2**10) / 2**10 + 2.0**40 for _ in range(2))
    left = Sample.of(np.concatenate([rest, part]), ("y",)).subtract(Sample.of(part, ("y",)))
    assert left.n == 5000
    assert left.mean_of("y") - 2.0**40 == pytest.approx((rest - 2.0**40).mean(), abs=2.5e-4)
    assert left.variance("y") == pytest.approx(np.var(rest - 2.0**40, ddof=1), rel=2e-5)


def test_what_is_no_part_is_not_subtracted():
    """More units, other columns, more variance than the whole has."""
    whole = Sample.of([1.0, 2.0, 3.0, 4.0], ("y",))
    with pytest.raises(ValueError, match="a part of 5 units cannot be of a whole of 4"):
        whole.subtract(Sample.of(np.arange(5.0), ("y",)))
    with pytest.raises(ValueError, match="cannot subtract x from y"):
        whole.subtract(Sample.of([1.0], ("x",)))
    with pytest.raises(ValueError, match="varies more than the whole of 4 units can"):
        whole.subtract(Sample.of([-9.0, 9.0], ("y",)))


def test_equal_whole_numbers_have_no_variance():
    """Sums about a shift of nothing but sevens leave exactly 0, for any count."""
    for n in (2, 3, 10, 99_999):
        assert Sample.from_sums(("y",), n, [0.0], [7.0 * n], [[49.0 * n]]).variance("y") == 0


def test_digits_survive_a_mean_of_1e12():
    """facts.md: raw sums of squares give t .03 instead of 3.88 at mean 1.7e12; centred ones keep it."""
    rng = np.random.default_rng(7)
    small = [rng.normal(m, 1.0, 2000) for m in (0.0, 0.12)]
    large = [np.round(x * 2**10) / 2**10 + 2.0**40 for x in small]  # exact in doubles, mean 1.1e12
    away = [x - 2.0**40 for x in large]
    expected = stats.ttest_ind(away[1], away[0], equal_var=False)
    variances = [np.var(x, ddof=1) for x in away]
    se = np.sqrt(sum(variances) / 2000)

    whole = [Sample.of(x, ("y",)) for x in large]
    parts = [Sample.merge_all([Sample.of(p, ("y",)) for p in np.array_split(x, 7)]) for x in large]
    near = [
        Sample.from_sums(("y",), 2000, [x[0]], [np.sum(x - x[0])], [[np.sum((x - x[0]) ** 2)]]) for x in large
    ]
    for arms in (whole, parts, near):
        # a double at 1e12 resolves 1.2e-4, which is all that is lost
        assert mean_effect(*arms, "y").absolute == pytest.approx(expected.statistic * se, abs=2.5e-4)
        assert [arm.variance("y") for arm in arms] == pytest.approx(variances, rel=1e-5)


def test_sums_about_a_shift_are_the_rows():
    """What an engine returns gives the same sample as the rows."""
    rng = np.random.default_rng(3)
    rows = rng.gamma(2.0, 3.0, (500, 3)) + 40
    shift = np.array([45.0, 44.0, 47.0])
    away = rows - shift
    columns = ("a", "b", "c")
    _close(Sample.from_sums(columns, 500, shift, away.sum(0), away.T @ away), Sample.of(rows, columns), 1)


def test_a_missing_product_leaves_only_that_covariance_unknown():
    """NaN in the products is NaN in the covariance, nowhere else."""
    sample = Sample.from_sums(("a", "b"), 10, [0, 0], [5, 7], [[9, np.nan], [np.nan, 8]])
    assert np.isnan(sample.covariance("a", "b"))
    assert sample.variance("a") == pytest.approx((9 - 2.5) / 9)
    assert sample.pick("b").columns == ("b",)


def test_a_summary_without_variance_keeps_it_unknown():
    """A null variance of a summary table is NaN, also after a merge."""
    known, unknown = Sample.summary(10, 2.0, 1.5, "y"), Sample.summary(20, 5.0, None, "y")
    assert known.variance("y") == 1.5
    merged = known.merge(unknown)
    assert np.isnan(merged.variance("y"))
    assert merged.mean_of("y") == pytest.approx(4.0)


def test_linear_combinations_carry_their_covariance():
    """The sample of a + 2b and a - b is the one of rows so combined; unused unknown columns do not matter."""
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(50, 2)) @ np.array([[1.0, 0.4], [0.0, 1.0]])
    combined = np.column_stack([rows[:, 0] + 2 * rows[:, 1], rows[:, 0] - rows[:, 1]])
    weights = {"sum": {"a": 1.0, "b": 2.0}, "gap": {"a": 1.0, "b": -1.0}}
    _close(Sample.of(rows, ("a", "b")).linear(weights), Sample.of(combined, ("sum", "gap")), 1)


def test_json_keeps_every_bit():
    """A recorded sample is the sample, unknown variance included."""
    rng = np.random.default_rng(11)
    for sample in (
        Sample.of(rng.normal(size=(9, 2)), ("a", "b")),
        Sample.summary(7, 0.1, None, "y"),
        Sample.empty(("a",)),
    ):
        assert Sample.from_json(json.loads(json.dumps(sample.to_json()))) == sample


def test_a_sample_cannot_be_changed_or_be_wrong():
    """Arrays are read-only; shapes, names and counts are checked."""
    sample = Sample.summary(3, 1.0, 1.0, "y")
    with pytest.raises(ValueError, match="read-only"):
        sample.mean[0] = 2.0
    with pytest.raises(ValueError, match="1 columns"):
        Sample(3, ("y",), np.zeros(2), np.zeros((1, 1)))
    with pytest.raises(ValueError, match="named twice"):
        Sample(3, ("y", "y"), np.zeros(2), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="-1 units"):
        Sample(-1, ("y",), np.zeros(1), np.zeros((1, 1)))
    with pytest.raises(KeyError, match="no column 'x' in sample of y"):
        sample.mean_of("x")
    with pytest.raises(ValueError, match="different columns"):
        sample.merge(Sample.summary(3, 1.0, 1.0, "x"))
    with pytest.raises(ValueError, match="nothing to merge"):
        Sample.merge_all([])
    assert sample != 3
