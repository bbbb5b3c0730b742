"""What a digest has to say, as frozen values; and which guardrail of a look is nearest to its line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.core.correlation import Correlation
from bot.core.launch import State
from bot.core.look import GuardrailResult
from bot.stats.guardrail import WORST_FIRST, Status, Threshold


@dataclass(frozen=True)
class Guarded:
    """The guardrail nearest to its line, or furthest beyond; used: the share of its room that is used up."""

    metric: str
    threshold: Threshold
    status: Status
    measured: float | None
    used: float | None


@dataclass(frozen=True)
class Seen:
    """The newest look on record: what it said, how old it is, and up to which day its data were."""

    look: int
    day: float
    verdict: str
    taken: datetime
    alpha_spent: float
    split_ok: bool | None
    data_to: float | None
    worst: Guarded | None
    effect: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Health:
    """One launch: day of horizon, the next look and when, the newest look; `needs`: what is to be done."""

    id: str
    title: str
    channel: str
    state: State
    day: int | None
    horizon: int
    alpha: float
    next_look: tuple[int, datetime] | None
    seen: Seen | None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Overdue:
    """Something that should have been done: what, by whom (Slack ids or roles), for which launch, by when."""

    what: str
    who: tuple[str, ...]
    experiment: str
    since: date


@dataclass(frozen=True)
class News:
    """Something that happened since the last digest."""

    experiment: str
    kind: str
    said: str
    by: str
    at: datetime
    effect: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Digest:
    """Everything one digest says; `since` is when the last one was, `due` when this one was to be posted."""

    kind: str
    at: datetime
    since: datetime
    day: date
    everywhere: bool
    launches: tuple[Health, ...]
    decisions: tuple[News, ...]
    changes: tuple[News, ...]
    overdue: tuple[Overdue, ...]
    correlation: Correlation
    due: datetime | None = None

    @property
    def silent(self) -> bool:
        """Whether there is nothing to say."""
        said = (self.launches, self.decisions, self.changes, self.overdue)
        return not any(said) and not self.correlation.alarm


def worst(guardrails: Sequence[GuardrailResult]) -> Guarded | None:
    """The one to look at first: the worst status, among equals whoever has used most of its room."""
    every = [
        Guarded(
            one.metric,
            one.threshold,
            one.judgement.status,
            one.judgement.measured,
            used(one.threshold, one.judgement.measured),
        )
        for one in guardrails
    ]
    return min(every, key=lambda one: (WORST_FIRST.index(one.status), -(one.used or 0.0)), default=None)


def used(threshold: Threshold, measured: float | None) -> float | None:
    """How much of the way to the line is gone: 0 for none or the good way, 1 at the line, more beyond it.

    >>> round(used(Threshold("max_relative_regression", 0.01), -0.006), 2)
    0.6
    """
    if measured is None or not threshold.value:
        return None
    if threshold.relative:
        return max(0.0, measured / threshold.limit)
    if threshold.kind == "max":
        return max(0.0, measured / threshold.value)
    return max(0.0, threshold.value / measured) if measured > 0 else None
