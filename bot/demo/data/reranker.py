"""The launch of a reranker, from which the demo's first story is told.

200,000 users enter evenly over fourteen days, half of them in each arm. The first days are unlucky for the
treatment, so that day 7 tempts (p = 0.040) and must not decide; by day 14 the lift is plain. CSAT falls by
0.6 %, which its guardrail of 1 % allows.
"""

from typing import TYPE_CHECKING

import numpy as np

from bot.demo.data import draws
from bot.demo.data.draws import Array, Mask, Whole, numbers, words
from bot.stats.root import find_root

if TYPE_CHECKING:
    import pyarrow as pa

USERS = 200_000
DAYS = 14
SEED = 20_261_103

RATED, ASKED = 0.3, 0.6
"""Share of users who rated an answer, and who answered the survey."""

TEMPTING = ((7, 0.04), (11, 0.03))
"""Days by which the p-value is made to be this: below 0.05, and above what the plan asks at that look."""

COHORTS = {
    "locale": {"en": 0.55, "jp": 0.30, "mixed": 0.15},
    "tenure": draws.TENURE,
    "device": draws.DEVICE,
}
"""The cohorts and their shares."""

LAST_LIFT = 0.042
CSAT_CHANGE = -0.006


def columns() -> "pa.Table":
    """One row per user, on the day they entered."""
    import pyarrow as pa

    rng = np.random.default_rng(SEED)
    treated = rng.random(USERS) < 0.5
    day = np.sort(rng.integers(1, DAYS + 1, USERS))
    before, rate = draws.rates(rng, USERS)
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
            "user_id": numbers(rng.permutation(USERS)),
            "day": numbers(day),
            "arm": words(["l6", "l12"], treated),
            **{
                name: words(list(values), draws.drawn(rng, values, USERS)) for name, values in COHORTS.items()
            },
            "useful_answer_rate": numbers(rate, rated),
            "useful_answer_rate_pre": numbers(before),
            "csat": numbers(csat, asked),
            "latency_ms": numbers(np.round(latency, 1)),
            "spam_flag_rate": numbers(flags),
        }
    )


def launched() -> "pa.Table":
    """The same, and the four weeks after the launch: the lift of the last days lasts."""
    return draws.afterwards(columns(), seed=SEED, last=DAYS, since=TEMPTING[-1][0])


def _lifted(rate: Array, before: Array, treated: Mask, rated: Mask, day: Whole) -> Array:
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

    def excess(lift: float) -> float:
        found = draws.effect(np.where(period, rate * (1 + lift), rate), before, treated)
        return p - (found.p if found.statistic > 0 else 2 - found.p)

    return find_root(excess, -0.1, 0.1, tolerance=1e-7)
