"""The demo's experiment: two weeks of a reranker test, made up, the same at every run.

200,000 users enter evenly over fourteen days, half of them in each arm. The first days are unlucky for the
treatment, so that day 7 tempts (p = 0.040) and must not decide; by day 14 the lift is plain. CSAT falls by
0.6 %, which its guardrail of 1 % allows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bot.stats.cuped import CupedEffect, cuped_effect
from bot.stats.root import find_root
from bot.stats.sample import Sample

if TYPE_CHECKING:
    import pyarrow as pa

USERS = 200_000
DAYS = 14
SEED = 20_261_103

BASELINE, SD = 0.183, 0.142
"""Of the useful-answer rate, per user; AML-03's figures."""

CORRELATION = 0.5**0.5
"""Between the weeks before and the experiment: CUPED then halves the variance."""

RATED, ASKED = 0.3, 0.6
"""Share of users who rated an answer, and who answered the survey."""

TEMPTING = ((7, 0.04), (11, 0.03))
"""Days by which the p-value is made to be this: below 0.05, and above what the plan asks at that look."""

WORDS: Mapping[str, Mapping[str, float]] = {
    "locale": {"en": 0.55, "jp": 0.30, "mixed": 0.15},
    "tenure": {"new": 0.25, "returning": 0.75},
    "device": {"mobile": 0.50, "desktop": 0.25, "app": 0.25},
}
"""The cohorts and their shares."""

LAST_LIFT = 0.042
CSAT_CHANGE = -0.006

Array: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class DemoData:
    """Where the demo's experiment was written."""

    registration: Path
    data: Path
    id: str = "us-mle-02-reranker-l12"


def write(folder: Path) -> DemoData:
    """Write reranker.yaml and the Parquet file it names into `folder`; takes less than a second."""
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    files = DemoData(folder / "reranker.yaml", folder / "reranker-exposure.parquet")
    table = columns()
    pq.write_table(table, files.data, use_dictionary=["arm", *WORDS])
    files.registration.write_text(REGISTRATION, encoding="utf-8")
    return files


def columns() -> "pa.Table":
    """One row per user, on the day they entered."""
    import pyarrow as pa

    rng = np.random.default_rng(SEED)
    treated = rng.random(USERS) < 0.5
    day = np.sort(rng.integers(1, DAYS + 1, USERS))
    before, rate = _rates(rng)
    rated = rng.random(USERS) < RATED
    rate = _lifted(rate, before, treated, rated, day)
    csat = np.clip(rng.normal(4.21, 0.55, USERS), 1, 5)
    csat = np.where(treated, csat * (1 + CSAT_CHANGE), csat)
    asked = rng.random(USERS) < ASKED
    # The p95 of a log-normal lies exp(1.645 sd) above its median.
    latency = np.where(treated, 452.0, 440.0) * np.exp(0.3 * rng.standard_normal(USERS))
    flags = rng.gamma(0.17, 0.0041 / 0.17, USERS)
    return pa.table(
        {
            "user_id": _numbers(rng.permutation(USERS)),
            "day": _numbers(day),
            "arm": _words(["l6", "l12"], treated),
            **{name: _words(list(shares), _drawn(rng, shares)) for name, shares in WORDS.items()},
            "useful_answer_rate": _numbers(rate, rated),
            "useful_answer_rate_pre": _numbers(before),
            "csat": _numbers(csat, asked),
            "latency_ms": _numbers(np.round(latency, 1)),
            "spam_flag_rate": _numbers(flags),
        }
    )


def _drawn(rng: np.random.Generator, shares: Mapping[str, float]) -> npt.NDArray[np.int64]:
    """Which of the values each user has."""
    return rng.choice(len(shares), USERS, p=list(shares.values()))


def _rates(rng: np.random.Generator) -> tuple[Array, Array]:
    """The useful-answer rate before and during, sharing the part that makes them correlate.

    Sums of gamma variables of one scale are gamma variables: mean k s, variance k s^2.
    """
    scale = SD**2 / BASELINE
    shape = BASELINE / scale
    common = rng.gamma(CORRELATION * shape, scale, USERS)
    own = [rng.gamma((1 - CORRELATION) * shape, scale, USERS) for _ in range(2)]
    return common + own[0], common + own[1]


def _lifted(rate: Array, before: Array, treated: Mask, rated: Mask, day: npt.NDArray[np.int64]) -> Array:
    """The rate with the true lift of each period, found so that each tempting look sees its p-value."""
    lifted, start = rate.copy(), 0
    for end, p in TEMPTING:
        period = treated & (day > start) & (day <= end)
        until = rated & (day <= end)
        lift = _lift(lifted[until], before[until], treated[until], period[until], p)
        lifted[period] *= 1 + lift
        start = end
    lifted[treated & (day > start)] *= 1 + LAST_LIFT
    return lifted


def _lift(rate: Array, before: Array, treated: Mask, period: Mask, p: float) -> float:
    """The lift of `period` at which the CUPED test over all of these users has p-value p."""
    control = Sample.of(np.column_stack([rate[~treated], before[~treated]]), ("rate", "before"))

    def excess(lift: float) -> float:
        moved = np.where(period, rate * (1 + lift), rate)[treated]
        treatment = Sample.of(np.column_stack([moved, before[treated]]), ("rate", "before"))
        found = cuped_effect(control, treatment, "rate", "before")
        assert isinstance(found, CupedEffect)  # noqa: S101 - there are thousands of users in both arms
        return p - (found.effect.p if found.effect.statistic > 0 else 2 - found.effect.p)

    return find_root(excess, -0.1, 0.1, tolerance=1e-7)


def _numbers(values: npt.NDArray[Any], known: Mask | None = None) -> "pa.Array":
    """A column of numbers, null where they are not known."""
    import pyarrow as pa

    return pa.array(values, mask=None if known is None else ~known)


def _words(names: Sequence[str], which: npt.NDArray[Any]) -> "pa.Array":
    """A column of a few words."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(_numbers(which.astype(np.int64)), pa.array(list(names)))


REGISTRATION = """\
# The rule written before the result. Its hash is over the content: comments and spaces do not count.
id: us-mle-02-reranker-l12
title: Reranker MiniLM-L6 to L12
owner: applied-ml
hypothesis:
  intervention: do(reranker = MiniLM-L12)
  h0: MiniLM-L12 gives the same or a worse useful-answer rate per user than MiniLM-L6 over 14 days
  h1: MiniLM-L12 lifts the useful-answer rate per user over 14 days
  prior_evidence:
    - NDCG@10 on golden-500 is 6 % higher offline
    - correlation of offline and online effects 0.68 over the last 90 days
  disconfirming:
    - a cohort that falls by 3 % or more
    - CSAT that falls by 1 % or more
    - a p95 turn latency above 800 ms
  prior_probability: 0.75
population: users with a search in the two weeks before, in no other experiment
arms: {control: l6, treatment: l12}
allocation: 0.5
horizon_days: 14
power: 0.80
alpha: 0.05
traffic: {eligible_per_day: 14286}
data:
  path: reranker-exposure.parquet
  unit: user_id
  arm: arm
  day: day
metrics:
  useful_answer_rate: {kind: mean, column: useful_answer_rate, covariate: useful_answer_rate_pre}
  csat: {kind: mean, column: csat}
  turn_latency_ms: {kind: quantile, q: 0.95, column: latency_ms}
  spam_flag_rate: {kind: mean, column: spam_flag_rate}
primary:
  metric: useful_answer_rate
  direction: increase
  baseline: 0.183
  sd: 0.142
  mde: {relative: 0.03}
  cuped: {variance_reduction: 0.5}
ship_rule: significant
sequential:
  looks: [4, 7, 11, 14]
  spending: obrien-fleming
guardrails:
  - {metric: csat, max_relative_regression: 0.01}
  - {metric: turn_latency_ms, max: 800}
  - {metric: spam_flag_rate, max_relative_increase: 0.05}
correction: iut
guardrail_rule: harm
cohorts:
  dimensions: {locale: [en, jp, mixed], tenure: [new, returning], device: [mobile, desktop, app]}
  shares:
    locale: {en: 0.55, jp: 0.30, mixed: 0.15}
    tenure: {new: 0.25, returning: 0.75}
    device: {mobile: 0.50, desktop: 0.25, app: 0.25}
  max_relative_regression: 0.03
  min_adequacy: 0.8
evidence_gate: {min_correlation: 0.5}
rollout:
  - {stage: 1%, days: 1, abort_if: ["p99_latency_ms > 1500", "error_rate > 0.01"]}
  - {stage: 10%, days: 2}
  - {stage: 50%, days: 11}
signoffs: [pm, em, applied_ml]
"""
