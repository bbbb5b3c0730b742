"""Whether the metric recovered: every cohort at its baseline, for as long as the tree asks.

A cohort is at its baseline when its value is no further than `within` (a fraction of the baseline) on the
harmful side of it. Which side that is, the alert says: where it fired below the baseline, more is never harm.
Where the alert gave no value, both sides are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.core.checks import METRIC
from bot.core.evidence import Evidence, EvidenceStatus

GAP = timedelta(minutes=5)
"""A hole in a series that is longer proves nothing about the time within it; so long a value is current."""
Points: TypeAlias = Sequence[tuple[datetime, float]]


@dataclass(frozen=True)
class Recovered:
    """Every cohort is where it has to be; `lines` say so, one a cohort."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class NotRecovered:
    """Some cohort is not, or not yet for long enough; `lines` are those, the worst first."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Unknown:
    """It cannot be said; `lines` are the reasons, none where nothing was asked."""

    lines: tuple[str, ...] = ()


Recovery: TypeAlias = Recovered | NotRecovered | Unknown


def of(evidence: Sequence[Evidence]) -> Recovery:
    """What the lines of the metric say together, one line a cohort.

    One cohort that has not recovered is enough; one that cannot be asked leaves it open. Other checks that
    say what is seen (`Evidence.seen`), such as that of all cohorts, may say that something is still off, and
    no more; those that say why have no say here.
    """
    lines = [item for item in evidence if item.check == METRIC]
    off = [item for item in evidence if item.seen and item.status is EvidenceStatus.SUSPECT]
    suspect = tuple(item.line for item in sorted(off, key=lambda item: item.check != METRIC))
    unknown = tuple(item.line for item in lines if item.status is EvidenceStatus.UNKNOWN)
    if suspect:
        return NotRecovered(suspect)
    if unknown or not lines:
        return Unknown(unknown)
    return Recovered(tuple(item.line for item in lines))


@dataclass(frozen=True)
class Target:
    """What one cohort has to come back to.

    `name` is the metric with its cohort; `alerted` is the value at which the alert fired, None where it gave
    none; `within` is a fraction of the baseline.
    """

    name: str
    baseline: float
    alerted: float | None
    within: float

    @property
    def room(self) -> float:
        """How far from its baseline it may be, in the metric's unit."""
        return self.within * abs(self.baseline)

    def met(self, value: float) -> bool:
        """Whether a value is at the baseline, or better."""
        return harm(value, self.baseline, self.alerted) <= self.room

    @property
    def words(self) -> str:
        """What it has to be: "≥ 0.7605"."""
        low, high = self.baseline - self.room, self.baseline + self.room
        if self.alerted is None or self.alerted == self.baseline:
            return f"{low:.4g} to {high:.4g}"
        return f"≥ {low:.4g}" if self.alerted < self.baseline else f"≤ {high:.4g}"


def harm(value: float, baseline: float, alerted: float | None) -> float:
    """How far a value is on the harmful side of its baseline, in its unit; negative is better than it.

    >>> harm(0.5, 1.0, alerted=0.6), harm(1.5, 1.0, alerted=0.6), harm(1.5, 1.0, alerted=None)
    (0.5, -0.5, 0.5)
    """
    if alerted is None or alerted == baseline:
        return abs(value - baseline)
    return baseline - value if alerted < baseline else value - baseline


def judge(
    target: Target,
    points: Points,
    *,
    held: timedelta,
    at: datetime,
    step: timedelta,
    source: str = "",
    query: str = "",
) -> Evidence:
    """Return the line of one cohort: clear when it was at its baseline during all of `held` before `at`.

    `points` are in order of time, one every `step`; those outside of that time are left out.
    """
    gap = max(GAP, 2 * step)
    seen = [(when, value) for when, value in points if at - held - step <= when <= at + step]

    def line(status: EvidenceStatus, said: str) -> Evidence:
        return Evidence(METRIC, status, f"{target.name} {said}", at, source=source, query=query)

    if not seen:
        return line(EvidenceStatus.UNKNOWN, f"has no value in the last {_span(held)}")
    last, value = seen[-1]
    if at - last > gap:
        return line(EvidenceStatus.UNKNOWN, f"has no value for {_span(at - last)}; it was {value:.4g}")
    if not target.met(value):
        return line(EvidenceStatus.SUSPECT, f"is {value:.4g}, needs {target.words}")
    since = _since(target, seen, gap)
    if since <= at - held + step / 2:
        return line(
            EvidenceStatus.CLEAR, f"is {value:.4g}, at its baseline ({target.words}) for {_span(held)}"
        )
    so_far = f"at its baseline for {_span(at - since)} of {_span(held)}"
    return line(EvidenceStatus.SUSPECT, f"is {value:.4g} ({target.words}), {so_far}")


def _since(target: Target, seen: Points, gap: timedelta) -> datetime:
    """Since when it has been at its baseline without a break or a hole; the last point is."""
    since = seen[-1][0]
    for when, value in reversed(seen):
        if since - when > gap or not target.met(value):
            break
        since = when
    return since


def _span(length: timedelta) -> str:
    minutes = max(0, round(length.total_seconds() / 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes / 60:.3g} h"
