"""The effect on a metric of every kind: with its covariate, within its window, and never out of nothing."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bot.core.measure import known_units, measure
from bot.core.observation import SIDES, Cell, Observations, QuantileArm
from bot.core.registration import Registration, load
from bot.stats.effect import Effect
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

UNITS = 4000


def registration(metric: Mapping[str, Any], **changes: Any) -> Registration:
    """One metric, called m."""
    shape = {
        "id": "measure",
        "arms": {"control": "a", "treatment": "b"},
        "horizon_days": 28,
        "data": {"path": "x.parquet", "unit": "user", "arm": "arm"},
        "metrics": {"m": metric},
        "primary": {"metric": "m", "mde": {"relative": 0.1}},
        "sequential": {"looks": [28]},
        "cohorts": {"dimensions": {"locale": ["en", "jp"], "tenure": ["new"]}},
    }
    return load(shape | changes)


def observed(rows: Mapping[str, Any], columns: tuple[str, ...], **more: Any) -> Observations:
    """Observations of raw rows per side, in one cell."""
    cells = tuple(
        Cell(side, ("en", "new"), len(rows[side]), {"m": Sample.of(rows[side], columns)}) for side in SIDES
    )
    return Observations(cells=cells, **more)


def ancova(arms: list[Any]) -> tuple[float, float]:
    """Coefficient of the treatment, and the pooled slope, of y on treatment and x by least squares."""
    y, x = (np.concatenate([arm[:, at] for arm in arms]) for at in (0, 1))
    treated = np.repeat([0.0, 1.0], [len(arm) for arm in arms])
    found = np.linalg.lstsq(np.column_stack([np.ones_like(y), treated, x]), y, rcond=None)[0]
    return float(found[1]), float(found[2])


def visits(rng: np.random.Generator, lift: float) -> Any:
    """Per user useful turns, turns, and how useful they were before."""
    before = rng.gamma(4, 0.1, UNITS)
    turns = rng.poisson(4, UNITS) + 1
    useful = rng.binomial(turns, np.clip(0.3 * before + 0.2 + lift, 0, 1))
    return np.column_stack([useful, turns, before]).astype(float)


def test_a_ratio_is_adjusted_by_regression_on_its_linearised_rows() -> None:
    """The effect of least squares on each unit's linearised value, to the ninth digit."""
    rng = np.random.default_rng(5)
    rows = {"control": visits(rng, 0.0), "treatment": visits(rng, 0.02)}
    plan = registration({"kind": "ratio", "numerator": "u", "denominator": "t", "covariate": "b"})
    found = measure(plan, observed(rows, ("numerator", "denominator", "covariate")), "m")
    lines = []
    for side in SIDES:
        top, bottom, before = rows[side].T
        ratio = top.sum() / bottom.sum()
        lines.append(np.column_stack([ratio + (top - ratio * bottom) / bottom.mean(), before]))
    expected, slope = ancova(lines)
    assert found.cuped is not None
    assert found.effect.absolute == pytest.approx(expected, rel=1e-9)
    assert found.cuped.theta == pytest.approx(slope, rel=1e-9)
    assert found.cuped.variance_reduction > 0.01
    plain = rows["treatment"].sum(axis=0), rows["control"].sum(axis=0)
    assert found.plain.absolute == pytest.approx(plain[0][0] / plain[0][1] - plain[1][0] / plain[1][1])


def test_a_proportion_is_adjusted_by_its_covariate() -> None:
    """Least squares on the 0/1 rows."""
    rng = np.random.default_rng(6)
    rows = {}
    for side, lift in zip(SIDES, (0.0, 0.03), strict=True):
        before = rng.random(UNITS)
        rows[side] = np.column_stack([rng.random(UNITS) < 0.1 + 0.5 * before + lift, before]).astype(float)
    plan = registration({"kind": "proportion", "column": "c", "covariate": "b"})
    found = measure(plan, observed(rows, ("value", "covariate")), "m")
    assert found.effect.absolute == pytest.approx(ancova([rows[side] for side in SIDES])[0], rel=1e-9)
    assert found.cuped is not None
    assert found.cuped.variance_reduction == pytest.approx(0.08, abs=0.02)


def quantiles(value: float, **more: Any) -> dict[str, QuantileArm]:
    """Two arms of a p95 whose treatment is `value` slower, with their covariate."""
    before = {"before": 10.0, "before_sd": 2.0, "covariance": 160.0} | more
    return {
        side: QuantileArm(900, 800 + by, 100.0, **before) for side, by in zip(SIDES, (0, value), strict=True)
    }


QUANTILE = {"kind": "quantile", "q": 0.95, "column": "ms", "covariate": "b"}


def test_a_quantile_is_adjusted_by_its_covariate_in_all_and_per_cohort() -> None:
    """theta = 160 / 4, correlation .8: the standard error falls to .6 of the plain one."""
    cohorts = {"locale=en": quantiles(20), "locale=en,tenure=new": quantiles(30)}
    seen = Observations(cells=(), quantiles={"m": quantiles(10)}, cohort_quantiles={"m": cohorts})
    plan = registration(QUANTILE)
    found = [measure(plan, seen, "m", where) for where in ({}, {0: "en"}, {0: "en", 1: "new"})]
    assert [one.effect.absolute for one in found] == pytest.approx([10, 20, 30])
    assert found[0].plain.se == pytest.approx(100 * math.sqrt(2 / 900))
    assert found[1].effect.se / found[1].plain.se == pytest.approx(0.6)
    assert (known_units(plan, seen, "m"), known_units(plan, seen, "m", {0: "jp"})) == ((900, 900), (0, 0))
    few = measure(plan, seen, "m", {0: "jp"}).effect
    assert isinstance(few, Undecided)
    assert few.reason.startswith("an arm has too few units here for an interval of the quantile")
    bare = {side: QuantileArm(900, 800.0, 100.0) for side in SIDES}
    assert measure(plan, Observations(cells=(), quantiles={"m": bare}), "m").cuped is None


@pytest.mark.parametrize("kind", ["mean", "quantile"])
def test_a_covariate_that_moves_is_not_used(kind: str) -> None:
    """It was measured after exposure: the plain effect is judged, and the note says why."""
    rng = np.random.default_rng(7)
    rows = {side: rng.multivariate_normal([5, 5], [[1, 0.8], [0.8, 1]], UNITS) for side in SIDES}
    plan = registration(QUANTILE if kind == "quantile" else {"kind": "mean", "column": "y", "covariate": "b"})
    known = {"quantiles": {"m": quantiles(10)}}
    assert measure(plan, observed(rows, ("value", "covariate"), **known), "m").cuped is not None
    found = measure(plan, observed(rows, ("value", "covariate"), moving={"m": 1200}, **known), "m")
    assert found.cuped is None
    assert found.effect == found.plain
    assert found.no_cuped == (
        "without CUPED: the covariate changes for 1,200 units during the experiment, "
        "so it was measured after exposure"
    )


@pytest.mark.parametrize(
    ("held", "newest", "ready"),
    [
        (14, None, False),
        (27, None, False),
        (28, None, True),
        (28, 27, False),
        (28, 28, True),
        (None, None, True),
    ],
)
def test_a_metric_waits_for_its_window(held: float | None, newest: float | None, ready: bool) -> None:
    """28-day retention is not known before day 28, and not while the data lag behind it."""
    rng = np.random.default_rng(8)
    rows = {side: (rng.random((UNITS, 1)) < 0.4).astype(float) for side in SIDES}
    plan = registration({"kind": "proportion", "column": "kept", "window_days": 28})
    found = measure(plan, observed(rows, ("value",), day=held, last_day=newest), "m").effect
    assert isinstance(found, Effect) is ready
    if isinstance(found, Undecided):
        assert found.reason == "m needs 28 days, first complete on day 28: not yet"


@pytest.mark.parametrize("covariate", [False, True])
@pytest.mark.parametrize("mean", [0.0, 0.01, 0.05, 0.2, 1.0])
def test_a_control_mean_near_zero_gives_no_nonsense(mean: float, covariate: bool) -> None:
    """Fieller's interval where it is bounded, a reason where it is not; the absolute effect always."""
    rng = np.random.default_rng(9)
    centred = rng.multivariate_normal([0, 5], [[1, 0.5], [0.5, 1]], 1000)
    centred -= centred.mean(axis=0)
    rows = {side: centred + np.array([at, 5]) for side, at in zip(SIDES, (mean, mean + 0.1), strict=True)}
    metric = {"kind": "mean", "column": "y"} | ({"covariate": "b"} if covariate else {})
    names = ("value", "covariate")
    pick = slice(0, 2) if covariate else slice(0, 1)
    seen = observed({side: rows[side][:, pick] for side in SIDES}, names[pick])
    effect = measure(registration(metric), seen, "m").effect
    assert isinstance(effect, Effect)
    assert effect.absolute == pytest.approx(0.1)
    near = effect.control.sd / math.sqrt(1000) / mean if mean else math.inf
    if near > 1 / effect_margin(effect):
        assert isinstance(effect.ci_relative, Undecided)
        assert "0" in effect.ci_relative.reason
    else:
        assert effect.relative_method == ("fieller" if near > 0.1 else "delta")
        low, high = effect.ci_relative
        assert low < effect.relative < high


def effect_margin(effect: Effect) -> float:
    """The critical value of its interval."""
    return (effect.ci_absolute[1] - effect.absolute) / effect.se
