"""A reranker that users click more and like less, and the one made of it that they like as well.

The first run has the figures of the reference's guardrail matrix: useful answers +6.0 %, p95 720 to 740 ms,
CSAT 4.21 to 4.15 (p = 0.020), 28-day retention 51.2 % to 50.9 % (p = 0.18), spam flags 0.41 % in both arms,
Japanese users +1.8 % (p = 0.04). The second run has +5.2 % and CSAT -0.3 %.

200,000 users enter in the first two weeks and 40,000 in the four after: retention is known for the former.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from bot.demo.data import draws
from bot.demo.data.draws import Array, Mask, Whole, numbers, words

if TYPE_CHECKING:
    import pyarrow as pa

EARLY, LATE = 200_000, 40_000
"""Users who enter on days 1 to 14, and on days 15 to 42."""

LOCALE = {"en": 0.55, "jp": 0.30, "mixed": 0.15}
JP = 1
RATES = (0.1881, 0.171, 0.1881)
"""Useful-answer rate of the control arm by locale: 0.183 in all."""


@dataclass(frozen=True)
class Run:
    """One of the two runs: what its look must see.

    lift, jp_lift: relative effects on the useful-answer rate. rated: share of users who rated an answer.
    csat, retained: means of control and treatment. surveyed: users who answered the survey, each arm.
    """

    seed: int
    arms: tuple[str, str]
    lift: float
    jp_lift: float
    rated: float
    p95: tuple[float, float]
    csat: tuple[float, float]
    surveyed: int
    retained: tuple[float, float]


VETOED = Run(
    seed=20_261_205,
    arms=("l12", "v2"),
    lift=0.060,
    jp_lift=0.018,
    rated=0.23,
    p95=(720, 740),
    csat=(4.21, 4.15),
    surveyed=3_990,
    retained=(0.512, 0.509),
)
RERUN = Run(
    seed=20_270_301,
    arms=("l12", "v2-tone"),
    lift=0.052,
    jp_lift=0.031,
    rated=0.23,
    p95=(720, 735),
    csat=(4.21, 4.1974),
    surveyed=24_000,
    retained=(0.512, 0.514),
)


def columns(run: Run) -> "pa.Table":
    """One row per user, on the day they entered."""
    import pyarrow as pa

    rng, users = np.random.default_rng(run.seed), EARLY + LATE
    treated = rng.random(users) < 0.5
    day = np.concatenate([rng.integers(1, 15, EARLY), rng.integers(15, 43, LATE)])
    locale = draws.drawn(rng, LOCALE, users)
    rated = rng.random(users) < run.rated
    before, rate = _rates(rng, run, treated, locale, rated)
    csat, asked = _csat(rng, run, treated)
    retained = np.zeros(users, bool)
    for arm, share in zip((~treated, treated), run.retained, strict=True):
        retained |= draws.exactly(rng, arm & (day <= 14), share)
    return pa.table(
        {
            "user_id": numbers(rng.permutation(users)),
            "day": numbers(day),
            "arm": words(run.arms, treated),
            "locale": words(list(LOCALE), locale),
            "useful_answer_rate": numbers(rate, rated),
            "useful_answer_rate_pre": numbers(before),
            "latency_ms": numbers(draws.latencies(rng, treated, run.p95)),
            "csat": numbers(csat, asked),
            "retained": numbers(retained.astype(np.int64), day <= 14),
            "spam_flag_rate": numbers(draws.flag_rates(rng, treated, 0.0041)),
        }
    )


def _rates(
    rng: np.random.Generator, run: Run, treated: Mask, locale: Whole, rated: Mask
) -> tuple[Array, Array]:
    """The useful-answer rate before and during, with the run's lift in all and of Japanese users."""
    before, rate = draws.rates(rng, len(treated))
    for number, mean in enumerate(RATES):
        here = locale == number
        scale = mean / rate[here & rated & ~treated].mean()
        before[here] *= scale
        rate[here] *= scale
    japanese = locale == JP
    for moved, seen, wanted in (
        (treated & japanese, rated & japanese, run.jp_lift),
        (treated & ~japanese, rated, run.lift),
    ):
        by = draws.lift(rate[seen], before[seen], treated[seen], moved[seen], wanted)
        rate[moved] *= 1 + by
    return before, rate


def _csat(rng: np.random.Generator, run: Run, treated: Mask) -> tuple[Whole, Mask]:
    """Stars, and who gave any."""
    stars, asked = np.ones(len(treated), np.int64), np.zeros(len(treated), bool)
    for arm, mean in zip((~treated, treated), run.csat, strict=True):
        who = rng.permutation(np.flatnonzero(arm))[: run.surveyed]
        stars[who] = draws.ratings(rng, run.surveyed, mean)
        asked[who] = True
    return stars, asked


def rerun() -> "pa.Table":
    """The second run, and the four weeks after its launch: its lift lasts."""
    return draws.afterwards(columns(RERUN), seed=RERUN.seed, last=42, since=0)


vetoed = partial(columns, VETOED)
