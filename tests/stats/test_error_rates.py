"""The promise itself: errors and coverage of whole experiments by simulation, fixed seeds.

The trials of `benchmarks/simulation.py`, each with as many replications as a second allows: every figure
within 3 standard errors of nominal, as in the table that the benchmark prints with 20,000.
"""

import numpy as np
import pytest

from benchmarks.trials import TRIALS
from benchmarks.trials.tally import Tally
from bot.stats.arm import mean_arm, ratio_arm
from bot.stats.sample import Sample

REPLICATIONS = {
    "cuped": 250,
    "ratio": 250,
    "rules": 2000,
    "one-sided": 800,
    "other-days": 300,
    "stopped": 40,
    "stopped-futile": 40,
    "repeated": 3000,
    "relative": 1000,
    "welch": 10_000,
    "quantile": 120,
    "post-stratified": 3000,
    "false-veto": 800,
    "watched": 150,
    "noninferiority": 1500,
    "sample-ratio": 1200,
    "cohorts": 600,
}


def test_every_trial_is_run_here() -> None:
    """A new trial belongs into this table too."""
    assert sorted(REPLICATIONS) == sorted(TRIALS)


@pytest.mark.parametrize("name", REPLICATIONS)
def test_errors_and_coverage_are_nominal(name: str) -> None:
    """Within 3 standard errors, or on the right side where only a bound is promised."""
    rows = TRIALS[name](np.random.default_rng(14), REPLICATIONS[name])
    assert rows
    assert [(row.what, row.nominal, row.seen) for row in rows if not row.ok] == []


@pytest.mark.parametrize(
    ("hits", "bound", "ok"),
    [(70, "=", True), (71, "=", False), (29, "=", False), (29, "<=", True), (71, "<=", False)],
)
def test_a_row_is_ok_within_three_standard_errors(hits: int, bound: str, ok: bool) -> None:
    """1,000 replications of .05: a standard error is .00689, so 29.3 to 70.7 hits are within 3."""
    assert Tally("x", 0.05, hits, 1000, bound).ok is ok


def test_a_ratio_arm_is_a_mean_arm_when_every_unit_has_one_event() -> None:
    """The delta method with a constant denominator is the plain mean."""
    rng = np.random.default_rng(18)
    sample = Sample.of(np.column_stack([rng.normal(2, 1, 50), np.ones(50)]), ("y", "x"))
    ratio, mean = ratio_arm(sample, "y", "x"), mean_arm(sample, "y")
    assert abs(ratio.sd - mean.sd) < 1e-12
    assert ratio.mean == mean.mean
