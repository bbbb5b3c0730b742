"""The past of an incident's metric, in three spans, with what changed meanwhile: what its chart shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.change import Change

SPANS: tuple[tuple[str, timedelta, timedelta], ...] = (
    ("7 d", timedelta(days=7), timedelta(hours=1)),
    ("24 h", timedelta(hours=24), timedelta(minutes=10)),
    ("60 min", timedelta(minutes=60), timedelta(minutes=1)),
)
"""Name, length and step of each."""
MOST_CHANGES = 5


@dataclass(frozen=True)
class Span:
    """One span up to now: points in the metric's unit, oldest first, or the `reason` why there are none."""

    name: str
    length: timedelta
    points: tuple[tuple[datetime, float], ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class History:
    """The metric of an incident: `title` may be outside text, `usual` is its baseline, None where unknown.

    `changes` are those drawn over it, the nearest to the onset first.
    """

    title: str
    now: datetime
    onset: datetime
    spans: tuple[Span, ...]
    usual: float | None = None
    bounds: tuple[datetime, datetime] | None = None
    changes: tuple[Change, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is anything to draw."""
        return any(span.points for span in self.spans)


def overlaid(changes: Sequence[Change], *, onset: datetime, now: datetime) -> tuple[Change, ...]:
    """The changes to draw: of the last seven days those nearest to the onset, in the order of time."""
    inside = [change for change in changes if now - SPANS[0][1] <= change.at <= now]
    near = sorted(inside, key=lambda change: abs(change.at - onset))[:MOST_CHANGES]
    return tuple(sorted(near, key=lambda change: (change.at, change.source, change.id)))


def held(points: Sequence[tuple[datetime, float]], *, baseline: float, within: float) -> float | None:
    """For how many minutes until the last point every point was within `within` of the baseline.

    `within` is a fraction of the baseline. None where there is no point; 0 where the last one is outside.

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 23, 3, tzinfo=UTC)
    >>> past = [(at, 0.6), (at + timedelta(minutes=1), 0.77), (at + timedelta(minutes=2), 0.78)]
    >>> held(past, baseline=0.78, within=0.03)
    1.0
    """
    if not points:
        return None
    since = points[-1][0]
    for at, value in reversed(points):
        if abs(value - baseline) > within * abs(baseline):
            break
        since = at
    return (points[-1][0] - since).total_seconds() / 60
