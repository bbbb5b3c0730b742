"""A latency budget as its file defines it: stages, what each may take, and what is done when one is slow.

Times are milliseconds, shares are fractions. All values are frozen; `bot.core.latency_reader` reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.core.what_if import After, WhatIf

TURN = "turn"
"""What the whole is called, where a stage could be named."""
MOST_STAGES = 40
QUANTILES = (0.5, 0.95, 0.99)
"""What is said of every stage and of the turn."""


@dataclass(frozen=True)
class Slo:
    """What the turn promises: at most `1 - quantile` of turns take longer than `ms`."""

    quantile: float = 0.95
    ms: float = 800.0


@dataclass(frozen=True)
class Fallback:
    """What a stage does when it is slow.

    after_ms: it is waited for this long, then given up. to: what is used instead. cost_ms: what that takes
    on top. warn_ms: from here on its answer is still used, with a warning; None where there is no such step.
    """

    after_ms: float
    to: str
    cost_ms: float = 0.0
    warn_ms: float | None = None


@dataclass(frozen=True)
class Hedge:
    """A second request, sent when the first has not answered after `after_ms` (0: both at once).

    shared: how alike the two are, the correlation of their ranks: 0 where the replicas are slow for reasons
    of their own, 1 where whatever makes one slow makes the other slow. measured: whether the measured turns
    were hedged already, so that they are not hedged again.
    """

    after_ms: float
    shared: float = 0.0
    measured: bool = False


@dataclass(frozen=True)
class Assumed:
    """What an unmeasured stage is taken to be: lognormal with this median and the allocated p95."""

    p50_ms: float


@dataclass(frozen=True)
class Stage:
    """One stage. column: of the measured turns, or the value of the stage's label in Prometheus.

    alert_p95_ms: where its own p95 raises an alert (AML-07: 280 for an allocation of 240, 7/6 of it).
    """

    name: str
    allocated_p95_ms: float
    after: tuple[str, ...] = ()
    title: str = ""
    column: str = ""
    fallback: Fallback | None = None
    hedge: Hedge | None = None
    assumed: Assumed | None = None
    alert_p95_ms: float = 0.0

    @property
    def said(self) -> str:
        """What people read."""
        return self.title or self.name


@dataclass(frozen=True)
class TurnFile:
    """Measured turns in Parquet or CSV: a row a turn and a column a stage, or a row a span.

    path: below the budget's folder, may be a pattern. total: the column of the whole turn, "" for none.
    unit_ms: what one unit of its durations is in ms. cluster: turns that share it (session, hour) are not
    independent, which intervals respect. cohorts: columns by which the total is broken down. turn, stage,
    duration: the columns of spans, all "" where a row is a turn. skipped: whether a stage without a value was
    skipped and took no time; else such turns are left out.
    """

    path: str
    total: str = ""
    unit_ms: float = 1.0
    cluster: str = ""
    cohorts: tuple[str, ...] = ()
    turn: str = ""
    stage: str = ""
    duration: str = ""
    skipped: bool = False

    @property
    def spans(self) -> bool:
        """Whether a row is a span and not a turn."""
        return bool(self.turn)


@dataclass(frozen=True)
class HistogramWindow:
    """The histograms of `telemetry`, of the last days: `source` as lookout.toml names it."""

    source: str
    days: float = 14.0


Measured: TypeAlias = TurnFile | HistogramWindow


@dataclass(frozen=True)
class Telemetry:
    """What Prometheus knows of the pipeline: names of metrics, "" where there is none.

    turn, stage: classic histograms, `unit_ms` the ms of their unit; the others are counters. Those of a stage
    have the label `label`. cohorts: labels by which the turn is broken down. matchers: label values that
    choose this pipeline's series. service: the label that alerts carry, as incidents are grouped by it.
    source: the Prometheus, as lookout.toml names it, that is asked every few minutes; "" leaves that to the
    alert rules.
    """

    turn: str = ""
    stage: str = ""
    requests: str = ""
    fallbacks: str = ""
    errors: str = ""
    label: str = "stage"
    unit_ms: float = 1000.0
    cohorts: tuple[str, ...] = ()
    matchers: Mapping[str, str] = field(default_factory=dict)
    service: str = ""
    source: str = ""


@dataclass(frozen=True)
class Limit:
    """A target that is worked for, and the value from which on an alert is raised."""

    target: float
    alert: float


@dataclass(frozen=True)
class ColdStart:
    """The share of a stage's calls that take longer than `above_ms`."""

    stage: str
    above_ms: float = 500.0
    limit: Limit = field(default=Limit(0.05, 0.15))


@dataclass(frozen=True)
class Thresholds:
    """What is watched in operation, with the thresholds of AML-07 where a file says nothing.

    turn_p95, turn_p99: ms; without a word the first is the SLO. fallback, errors: shares of a stage's
    requests. cohort: how far a cohort's turn p95 may be off the whole's, as a share. minutes: how long it
    must last.
    """

    turn_p95: Limit
    turn_p99: Limit = field(default=Limit(1500.0, 1800.0))
    fallback: Limit = field(default=Limit(0.001, 0.01))
    errors: Limit = field(default=Limit(0.0005, 0.005))
    cohort: Limit = field(default=Limit(0.10, 0.20))
    cold_start: ColdStart | None = None
    minutes: float = 5.0


STATISTICS = ("p50", "p95", "p99", "fallback", "errors")
"""What a criterion of a load test can be about: ms for the first three, shares for the others."""


@dataclass(frozen=True)
class Criterion:
    """What a load test must show: `statistic` of `part` (TURN or a stage) is at most `most`.

    load: a multiple of the peak. failure: the induced failure it holds under, "" for none.
    """

    load: float
    part: str
    statistic: str
    most: float
    failure: str = ""


@dataclass(frozen=True)
class LoadTest:
    """The load test that is locked before its result: loads as multiples of the peak, each for `minutes`.

    names: what result files call a part (`turn: http_req_duration`), or a part's fallbacks or errors
    (`fallback.rerank: bm25_used`), where they do not call it by its name.
    """

    criteria: tuple[Criterion, ...]
    loads: tuple[float, ...] = (1.0, 2.0, 5.0)
    minutes: float = 30.0
    failures: tuple[str, ...] = ()
    environment: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Budget:
    """One budget. Stages are in an order in which each comes after those it waits for. `sha256` is of its
    file."""

    id: str
    title: str
    stages: tuple[Stage, ...]
    slo: Slo
    sha256: str
    thresholds: Thresholds
    measured: Measured | None = None
    telemetry: Telemetry | None = None
    what_if: tuple[WhatIf, ...] = ()
    load_test: LoadTest | None = None

    @property
    def after(self) -> After:
        """The graph."""
        return {stage.name: stage.after for stage in self.stages}

    @property
    def allocated_ms(self) -> float:
        """The allocations along the longest path: the sum where all is serial."""
        return longest(self.after, {stage.name: stage.allocated_p95_ms for stage in self.stages})

    @property
    def watched_by(self) -> str:
        """The Prometheus that is asked every few minutes, as lookout.toml names it; "" for none."""
        if self.telemetry is None or self.telemetry.source:
            return "" if self.telemetry is None else self.telemetry.source
        return self.measured.source if isinstance(self.measured, HistogramWindow) else ""

    def stage(self, name: str) -> Stage | None:
        """The stage of this name."""
        return next((stage for stage in self.stages if stage.name == name), None)


def longest(after: After, ms: Mapping[str, float]) -> float:
    """When the last stage is done, if each takes `ms` and begins once those before it are done."""
    done: dict[str, float] = {}
    for name in ordered(after):
        done[name] = ms[name] + max((done[one] for one in after[name]), default=0.0)
    return max(done.values(), default=0.0)


def critical_path(after: After, ms: Mapping[str, float]) -> tuple[str, ...]:
    """The stages that decide when the turn is done, in order; of two that tie the first."""
    done: dict[str, float] = {}
    before: dict[str, str | None] = {}
    for name in ordered(after):
        last = max(after[name], key=lambda one: done[one], default=None)
        before[name] = last
        done[name] = ms[name] + (0.0 if last is None else done[last])
    at: str | None = max(done, key=lambda one: done[one], default=None)
    path: list[str] = []
    while at is not None:
        path.append(at)
        at = before[at]
    return tuple(reversed(path))


def ordered(after: After) -> tuple[str, ...]:
    """The stages so that each comes after those it waits for, else as they stand in the file.

    Raises:
        ValueError: some wait for each other in a circle, or for one that is not there.

    """
    left, done = list(after), []
    while left:
        ready = next((name for name in left if all(one in done for one in after[name])), None)
        if ready is None:
            raise ValueError(f"stages that cannot begin: {', '.join(left)}")
        done.append(ready)
        left.remove(ready)
    return tuple(done)
