"""Looks at numbers nobody would want: each ends in a verdict with words, none in an exception or a NaN."""

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.analysis import analyse
from bot.core.look import LookResult
from bot.core.look_json import look_json
from bot.core.observation import SIDES, Cell, Observations
from bot.core.registration import load
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

RATIO = ("numerator", "denominator", "covariate")
COHORTS = tuple(itertools.product(("en", "jp", None), ("new", None)))


def _registration(primary: str, **sequential: Any) -> Any:
    return load(
        {
            "id": "hostile",
            "arms": {"control": "c", "treatment": "t"},
            "horizon_days": 14,
            "data": {"path": "x.parquet", "unit": "user", "arm": "arm", "day": "day"},
            "metrics": {
                "rate": {"kind": "mean", "column": "rate", "covariate": "before"},
                "clicks": {
                    "kind": "ratio",
                    "numerator": "clicks",
                    "denominator": "turns",
                    "covariate": "past",
                },
            },
            "primary": {"metric": primary, "baseline": 0.5, "sd": 1.0, "mde": {"relative": 0.05}},
            "sequential": {"looks": [4, 14], **sequential},
            "guardrails": [
                {"metric": "clicks" if primary == "rate" else "rate", "max_relative_increase": 0.05}
            ],
            "cohorts": {
                "dimensions": {"locale": ["en", "jp"], "tenure": ["new"]},
                "max_relative_regression": 0.03,
            },
        }
    )


def _look(primary: str, samples: list[tuple[Sample, Sample]], look: int = 2, **sequential: Any) -> LookResult:
    """samples: per arm and cohort, the mean's and the ratio's."""
    places = itertools.product(SIDES, COHORTS)
    cells = tuple(
        Cell(side, cohort, rate.n, {"rate": rate, "clicks": clicks})
        for (side, cohort), (rate, clicks) in zip(places, samples, strict=True)
    )
    seen = Observations(cells=cells, first_day=1, last_day=14)
    return analyse(_registration(primary, **sequential), "0" * 64, seen, look=look)


@st.composite
def _pairs(draw: st.DrawFn, n: int) -> tuple[Sample, Sample]:
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    # Centre and spread of the values: sensible, constant, nothing, huge, tiny, negative, unknown, far from 0.
    centre, spread = draw(
        st.sampled_from(
            [
                (1, 1),
                (1, 1),
                (1, 0),
                (0, 0),
                (1e150, 1e150),
                (1e-150, 1e-150),
                (-1, 1),
                (1, math.nan),
                (1e9, 1),
            ]
        )
    )
    made = []
    for columns in (("value", "covariate"), RATIO):
        root = rng.normal(size=(len(columns), len(columns))) * spread
        cov = root @ root.T if n > 1 else np.full(root.shape, math.nan)
        made.append(Sample(n, columns, rng.normal(5, 1, len(columns)) * centre if n else cov[0], cov))
    return made[0], made[1]


@st.composite
def _experiments(draw: st.DrawFn) -> list[tuple[Sample, Sample]]:
    n = draw(st.sampled_from([2, 3, 50, 10**6]))
    sizes = st.sampled_from([n, n, n, n, n + 1, 1, 0])
    return [draw(_pairs(draw(sizes))) for _ in range(2 * len(COHORTS))]


@given(
    st.sampled_from(["rate", "clicks"]),
    _experiments(),
    st.sampled_from([1, 2]),
    st.sampled_from(
        [
            {},
            {"spending": "pocock", "sided": 1},
            {"spending": "exact-pocock"},
            {"spending": "haybittle-peto"},
            {"futility": {"spending": "obrien-fleming"}},
            {"information": "units", "planned_units": 400},
        ]
    ),
)
@settings(deadline=None, max_examples=30)
def test_every_look_has_a_verdict_reasons_and_json_without_nan(
    primary: str, samples: list[tuple[Sample, Sample]], look: int, plan: dict[str, Any]
) -> None:
    """Empty arms, single units, constants, 1e150, negative denominators, unknown variances, in any mix."""
    result = _look(primary, samples, look, **plan)
    assert result.verdict
    assert result.reasons
    json.dumps(look_json(result), allow_nan=False)


def _sound(n: int, rate: float, turns: float = 5.0, sd: float = 1.0) -> tuple[Sample, Sample]:
    clicks = Sample(n, RATIO, np.array([1.0, turns, 0.0]), np.eye(3))
    return Sample(n, ("value", "covariate"), np.array([rate, 0.0]), np.diag([sd * sd, 1.0])), clicks


def test_a_cohort_whose_denominator_is_negative_leaves_no_weighted_effect() -> None:
    """Refunds outweigh sales in one cohort: a weight below 0 makes no average."""
    arm = [*[_sound(1000, 1.0, turns=-20.0)] * 2, *[_sound(1000, 1.0)] * 4]
    found = _look("clicks", [*arm, *arm]).post_stratified
    assert isinstance(found, Undecided)
    assert "mean denominator of clicks is negative" in found.reason


def test_an_effect_beyond_the_last_digit_of_its_interval_has_an_adjusted_one() -> None:
    """1e9 against 2e9 with an sd of 1e-4 and 6e8 units: the interval has no width in doubles."""
    control, treatment = [_sound(10**8, 1e9, sd=1e-4)] * 6, [_sound(10**8, 2e9, sd=1e-4)] * 6
    found = _look("rate", [*control, *treatment]).primary
    assert found.significant is True
    assert look_json(_look("rate", [*control, *treatment]))["primary"]["adjusted"] is not None


@pytest.mark.parametrize("sd", [1e-9, 1e9])
def test_one_cohort_with_a_spread_of_its_own_scale_leaves_no_heterogeneity(sd: float) -> None:
    """A variance 1e18 times the others' is no random-effects model: undecided, with the figures."""
    arm = [_sound(1000, 1.0, sd=sd), *[_sound(1000, 1.0)] * 5]
    found = json.dumps(look_json(_look("rate", [*arm, *arm]))["heterogeneity"])
    assert "too far apart" in found or "at least 2 cohorts" in found
