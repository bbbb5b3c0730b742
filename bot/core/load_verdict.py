"""Whether a load test held what was asked of it before it ran: pass, fail or undecided, for each criterion.

A criterion on times passes where the whole 95 % interval of the percentile is within its limit, and fails
where none of it is; a percentile without an interval is judged by itself, and says so. A share is judged by
Wilson's interval; a limit of 0 by the count. A run that was too short, or made too few turns for its load,
shows nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.latency_budget import TURN, Criterion, LoadTest
from bot.core.load_parts import share, timed
from bot.core.load_result import LoadResult
from bot.stats.rate import wilson
from bot.stats.undecided import Undecided

SHORT = 0.95
"""A run of this share of the declared time is long enough."""
REACHED = 0.9
"""A run that makes this share of the turns a second that its load asks for has reached it."""
LEVELS_BY_NAME = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
"""Percentiles that a criterion can be about."""


class Outcome(StrEnum):
    """What became of a criterion, or of the whole."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Run:
    """One result on record. load: a multiple of the peak; failure: the induced one, "" for none.

    number: from 1 in its test. counts: whether it may be judged by; `why` says why not.
    """

    number: int
    load: float
    failure: str
    result: LoadResult
    at: datetime
    by: str = ""
    counts: bool = True
    why: str = ""


@dataclass(frozen=True)
class Judged:
    """One criterion: `measured` and its interval in its unit (ms, or a share), None where there is none."""

    criterion: Criterion
    outcome: Outcome
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    run: int = 0
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the load test shows; `waits` are the loads and failures whose results are still missing."""

    outcome: Outcome
    criteria: tuple[Judged, ...]
    waits: tuple[tuple[float, str], ...]

    @property
    def failed(self) -> tuple[Judged, ...]:
        """Those that did not hold."""
        return tuple(one for one in self.criteria if one.outcome is Outcome.FAIL)


def judge(test: LoadTest, runs: Sequence[Run], *, fallbacks: int = 0) -> Verdict:
    """Judge what is on record. fallbacks: how many stages of the budget have one."""
    counting = {(run.load, run.failure): run for run in runs if run.counts}
    judged = tuple(_judge(test, one, counting, fallbacks) for one in test.criteria)
    wanted = dict.fromkeys((one.load, one.failure) for one in test.criteria)
    waits = tuple(one for one in wanted if one not in counting)
    outcomes = {one.outcome for one in judged}
    if Outcome.FAIL in outcomes:
        whole = Outcome.FAIL
    elif Outcome.UNDECIDED in outcomes or not judged:
        whole = Outcome.UNDECIDED
    else:
        whole = Outcome.PASS
    return Verdict(whole, judged, waits)


def unsound(test: LoadTest, run: Run, runs: Mapping[tuple[float, str], Run]) -> str:
    """Why a run shows nothing: too short, or its load was not reached; "" where it does."""
    seconds = run.result.seconds
    if seconds is not None and seconds < SHORT * test.minutes * 60:
        return f"it ran {_minutes(seconds)}, and {test.minutes:g} min were declared"
    base = runs.get((1.0, ""))
    if run.failure or run.load <= 1 or base is None:
        return ""
    made, usual = _rate(run, test.names), _rate(base, test.names)
    if made is None or usual is None or made >= REACHED * run.load * usual:
        return ""
    return (
        f"its load was not reached: {made:.3g} turns a second are {made / usual:.2g} times the "
        f"{usual:.3g} of the run at 1x"
    )


def _judge(
    test: LoadTest, criterion: Criterion, runs: Mapping[tuple[float, str], Run], fallbacks: int
) -> Judged:
    run = runs.get((criterion.load, criterion.failure))
    if run is None:
        return Judged(criterion, Outcome.UNDECIDED, why="no result yet")
    found = _measured(run.result, criterion, test.names, alone=fallbacks == 1)
    if isinstance(found, Undecided):
        return Judged(criterion, Outcome.UNDECIDED, run=run.number, why=found.reason)
    value, low, high = found
    why = unsound(test, run, runs)
    if why:
        return Judged(criterion, Outcome.UNDECIDED, value, low, high, run.number, why)
    outcome, why = _compared(criterion.most, value, low, high)
    return Judged(criterion, outcome, value, low, high, run.number, why)


def _compared(most: float, value: float, low: float | None, high: float | None) -> tuple[Outcome, str]:
    if low is None or high is None:
        outcome = Outcome.PASS if value <= most else Outcome.FAIL
        return outcome, "no interval: the file does not say of how many"
    if high <= most or (most == 0 and value == 0):
        return Outcome.PASS, ""
    if low > most:
        return Outcome.FAIL, ""
    return Outcome.UNDECIDED, "the limit lies within its interval: run it longer"


def _measured(
    result: LoadResult, criterion: Criterion, names: Mapping[str, str], *, alone: bool
) -> tuple[float, float | None, float | None] | Undecided:
    if criterion.statistic in LEVELS_BY_NAME:
        series = timed(result, criterion.part, names)
        if isinstance(series, Undecided):
            return series
        point = series.at(LEVELS_BY_NAME[criterion.statistic])
        if point is None:
            return Undecided(f"the file has no {criterion.statistic} of {series.name}")
        return point.ms, point.low, point.high
    found = share(result, criterion.part, criterion.statistic, names, alone=alone)
    if isinstance(found, Undecided):
        return found
    hits, of = found
    return (hits / of, *wilson(hits, of))


def _rate(run: Run, names: Mapping[str, str]) -> float | None:
    """Turns a second."""
    turns = timed(run.result, TURN, names)
    seconds = run.result.seconds
    if isinstance(turns, Undecided) or not turns.n or not seconds:
        return None
    return turns.n / seconds


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
