"""How well incidents were met: MTTD, MTTR, and the rates of AML-08, each from named milestones alone.

Nothing here reads a text that somebody can edit later. *Recovered* means mitigated: customers no longer hit.
Drills, and what was excluded with a reason, are counted apart. Targets and alerts are those of AML-08.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median
from types import MappingProxyType
from typing import Literal, TypeAlias

from bot.core.incident import Incident, Status
from bot.stats.rate import wilson

DETECT_TARGET, DETECT_ALERT = timedelta(minutes=15), timedelta(minutes=30)
LOCALIZE_TARGET, MITIGATE_TARGET = timedelta(minutes=15), timedelta(minutes=60)
ROLLED_BACK_TARGET, RECOVER_TARGET = timedelta(minutes=30), timedelta(hours=4)
REPEAT_WITHIN = timedelta(days=90)
State: TypeAlias = Literal["met", "missed", "alert", "unknown"]
"""Within the target; beyond it; beyond the alert line too; nothing to judge."""


@dataclass(frozen=True)
class Counted:
    """An incident as it counts, and its category: its name, whether it is rolled back first, and whether it
    means a false alarm, as a stale eval set does."""

    incident: Incident
    category: str
    roll_back_first: bool = False
    measured_wrong: bool = False

    @property
    def false_alarm(self) -> bool:
        """Whether nothing was wrong with the product."""
        return self.incident.status is Status.FALSE_ALARM or self.measured_wrong

    @property
    def paged(self) -> bool:
        """Whether an alert opened it."""
        return not self.incident.opened_by

    @property
    def detect(self) -> timedelta | None:
        """From the onset to the detection; None where nobody knows the onset."""
        if not self.incident.onset_by:
            return None
        return max(self.incident.detected_at - self.incident.started, timedelta(0))

    @property
    def acknowledge(self) -> timedelta | None:
        """From the detection until somebody looked at it."""
        return self._since(self.incident.acknowledged_at)

    @property
    def localize(self) -> timedelta | None:
        """From the detection to a named category."""
        return self._since(self.incident.localized_at)

    @property
    def recover(self) -> timedelta | None:
        """From the detection until customers were no longer hit."""
        return self._since(self.incident.mitigated_at)

    @property
    def cause(self) -> tuple[str, int, str] | None:
        """What two incidents with the same root cause share; None while it is unknown."""
        where = self.incident.service or self.incident.metric
        if not self.incident.category or not where or self.false_alarm:
            return None
        return (self.category, self.incident.category, where)

    def _since(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else moment - self.incident.detected_at


@dataclass(frozen=True)
class Span:
    """A duration over many incidents; mean and median are None where none has it."""

    name: str
    values: tuple[timedelta, ...]
    target: timedelta | None = None
    alert: timedelta | None = None

    @property
    def mean(self) -> timedelta | None:
        """The arithmetic mean, which MTTD and MTTR are."""
        seconds = [value.total_seconds() for value in self.values]
        return timedelta(seconds=fmean(seconds)) if seconds else None

    @property
    def middle(self) -> timedelta | None:
        """The median, which one long night does not move."""
        seconds = [value.total_seconds() for value in self.values]
        return timedelta(seconds=median(seconds)) if seconds else None

    @property
    def state(self) -> State:
        """The mean against the target."""
        mean = self.mean
        if mean is None or self.target is None:
            return "unknown"
        if mean <= self.target:
            return "met"
        return "alert" if self.alert is not None and mean > self.alert else "missed"


@dataclass(frozen=True)
class Rate:
    """`hits` of `of`; `target` and `alert` are fractions, `least` says that more is better."""

    name: str
    hits: int
    of: int
    target: float
    alert: float
    least: bool = False

    @property
    def share(self) -> float | None:
        """The fraction; None of nothing."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval."""
        return wilson(self.hits, self.of) if self.of else None

    @property
    def state(self) -> State:
        """The share against target and alert, whose own values are "at least" or "below" as AML-08 says."""
        if self.share is None:
            return "unknown"
        if self.least:
            return "met" if self.share >= self.target else "alert" if self.share < self.alert else "missed"
        return "met" if self.share < self.target else "alert" if self.share > self.alert else "missed"


@dataclass(frozen=True)
class Practised:
    """How the drills of a time went: `passed` of those that `ended`, and the times to localize."""

    ended: int
    passed: int
    localize: Span


@dataclass(frozen=True)
class Metrics:
    """The figures of a time; `open` incidents are neither mitigated nor closed, so they have no MTTR yet."""

    since: datetime
    until: datetime
    counted: tuple[Counted, ...]
    detect: Span
    acknowledge: Span
    recover: Span
    rolled_back: Span
    by_category: tuple[Span, ...]
    localized: Rate
    false_alarms: Rate
    repeats: Rate
    repeated: frozenset[int]
    open: int
    drills: tuple[Counted, ...]
    practised: Practised
    excluded: tuple[Counted, ...]


def measure(
    everything: Sequence[Counted],
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    passed: Mapping[int, bool] = MappingProxyType({}),
) -> Metrics:
    """Return the figures of the incidents detected in [since, until).

    `everything` reaches REPEAT_WITHIN further back, so that a repeat is recognised. `passed` says of each
    drill that ended whether it was passed, by its incident.
    """
    inside = [one for one in everything if since <= one.incident.detected_at < until]
    real = [one for one in inside if not one.incident.drill and not one.incident.excluded]
    true = [one for one in real if not one.false_alarm]
    paged = [one for one in real if one.paged]
    known = [one for one in true if one.cause is not None]
    repeated = _repeats(everything) & {one.incident.id for one in known}
    drills = [one for one in inside if one.incident.drill]
    return Metrics(
        since=since,
        until=until,
        counted=tuple(real),
        detect=_span("MTTD", true, lambda one: one.detect, DETECT_TARGET, DETECT_ALERT),
        acknowledge=_span("time to acknowledge", true, lambda one: one.acknowledge),
        recover=_span("MTTR", true, lambda one: one.recover, RECOVER_TARGET),
        rolled_back=_span(
            "MTTR, rolled back first",
            [one for one in true if one.roll_back_first],
            lambda one: one.recover,
            ROLLED_BACK_TARGET,
        ),
        by_category=_by_category(true),
        localized=_localized(true, now),
        false_alarms=Rate(
            "false alarms of pages", sum(one.false_alarm for one in paged), len(paged), 0.10, 0.20
        ),
        repeats=Rate("same cause again in 90 days", len(repeated), len(known), 0.05, 0.10),
        repeated=repeated,
        open=sum(1 for one in true if not one.incident.reached(Status.MITIGATED)),
        drills=tuple(drills),
        practised=_practised(drills, passed),
        excluded=tuple(one for one in inside if one.incident.excluded and not one.incident.drill),
    )


def _localized(true: Sequence[Counted], now: datetime) -> Rate:
    """How many had a category in time, of those that have one or whose time is over."""
    judged = [
        one for one in true if one.localize is not None or now - one.incident.detected_at > LOCALIZE_TARGET
    ]
    in_time = [one for one in judged if one.localize is not None and one.localize <= LOCALIZE_TARGET]
    return Rate("localized in 15 min", len(in_time), len(judged), 0.70, 0.50, least=True)


def _practised(drills: Sequence[Counted], passed: Mapping[int, bool]) -> Practised:
    return Practised(
        ended=sum(one.incident.id in passed for one in drills),
        passed=sum(passed.get(one.incident.id, False) for one in drills),
        localize=_span("drills", drills, lambda one: one.localize, LOCALIZE_TARGET),
    )


def _repeats(everything: Sequence[Counted]) -> frozenset[int]:
    """The incidents whose cause another one had within REPEAT_WITHIN before."""
    latest: dict[tuple[str, int, str], datetime] = {}
    found = set()
    for one in sorted(everything, key=lambda one: (one.incident.detected_at, one.incident.id)):
        cause, at = one.cause, one.incident.detected_at
        if cause is None or one.incident.drill or one.incident.excluded:
            continue
        if cause in latest and at - latest[cause] <= REPEAT_WITHIN:
            found.add(one.incident.id)
        latest[cause] = at
    return frozenset(found)


def _span(
    name: str,
    counted: Sequence[Counted],
    value: Callable[[Counted], timedelta | None],
    target: timedelta | None = None,
    alert: timedelta | None = None,
) -> Span:
    return Span(name, tuple(found for one in counted if (found := value(one)) is not None), target, alert)


def _by_category(true: Sequence[Counted]) -> tuple[Span, ...]:
    """MTTR of each category that occurred, in the order of their numbers."""
    named = sorted({(one.incident.category, one.category) for one in true if one.incident.category})
    found = []
    for number, name in named:
        own = [one for one in true if (one.incident.category, one.category) == (number, name)]
        target = ROLLED_BACK_TARGET if own[0].roll_back_first else RECOVER_TARGET
        found.append(_span(name, own, lambda one: one.recover, target))
    return tuple(found)
