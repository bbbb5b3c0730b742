"""What the change log says about a step: the changes nearest to the onset, and what they suggest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.core.change import Change, ChangeKind, before_onset, nearness
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.playbook import Question

SHOWN = 3
"""Changes named for a step; more are counted."""
QUIET = timedelta(days=1)
"""A log that heard of nothing for longer says so beside every "clear"."""
UNKNOWN_SERVICE, OTHER_SERVICE = 2.0, 4.0
"""How many times as far from the onset a change counts whose service is not named, or is another one."""


@dataclass(frozen=True)
class Onset:
    """When it began, and the bounds of that where it was estimated; `service` is where.

    A change within the bounds may have been the cause whichever side of `at` it lies on.
    """

    at: datetime
    low: datetime | None = None
    high: datetime | None = None
    service: str = ""

    @property
    def until(self) -> datetime:
        """When it had begun at the latest."""
        return max(self.at, self.high or self.at)

    def holds(self, change: Change) -> bool:
        """Whether the change may have taken effect within the bounds; without bounds nothing did."""
        if self.low is None or self.high is None:
            return False
        return change.at >= self.low and change.begins <= self.high


def change_evidence(
    question: Question,
    changes: Sequence[Change],
    *,
    onset: datetime | Onset,
    window: timedelta,
    last_heard: datetime | None,
    at: datetime,
    unread: Mapping[str, datetime | None] | None = None,
) -> tuple[Evidence, ...]:
    """Return the evidence lines; `last_heard` is when the log last received anything, None for never.

    `unread` are sources of changes that cannot be read now, and since when (None: they never were).
    """
    began = onset if isinstance(onset, Onset) else Onset(onset)
    answers = {kind: choice.id for choice in question.choices for kind in choice.suggested_by}
    kinds = set(answers) or set(ChangeKind)
    found = sorted(
        (change for change in changes if change.kind in kinds and before_onset(change, began.until, window)),
        key=lambda change: (*_distance(change, began), change.source, change.id),
    )
    if not found:
        return (_nothing(question, kinds, window, last_heard, at, unread or {}),)
    lines = [
        Evidence(
            check="changes",
            status=EvidenceStatus.SUSPECT,
            line=_line(change, began),
            at=at,
            suggests=answers.get(change.kind),
            source=change.source,
            query=f"change {change.source}/{change.id}",
            url=change.url,
            rank=rank,
        )
        for rank, change in enumerate(found[:SHOWN])
    ]
    if len(found) > SHOWN:
        more = f"{len(found) - SHOWN} more, each further from the onset"
        lines.append(Evidence("changes", EvidenceStatus.SUSPECT, more, at, rank=SHOWN))
    return tuple(lines)


def _distance(change: Change, onset: Onset) -> tuple[int, float]:
    """Those within the onset's bounds first, the same service's before others; then by weighted nearness."""
    other = _is_of(change, onset.service)
    if onset.holds(change):
        return 0, other * 1e9 + abs((change.at - onset.at).total_seconds())
    weight = {0: 1.0, 1: UNKNOWN_SERVICE, 2: OTHER_SERVICE}[other]
    return 1, weight * nearness(change, onset.at).total_seconds()


def _is_of(change: Change, service: str) -> int:
    """0: the incident's service; 1: not known, of either; 2: another one."""
    if not service or not change.service:
        return 1
    return 0 if change.service.lower() == service.lower() else 2


def _nothing(
    question: Question,
    kinds: set[ChangeKind],
    window: timedelta,
    last_heard: datetime | None,
    at: datetime,
    unread: Mapping[str, datetime | None],
) -> Evidence:
    hours = f"{window.total_seconds() / 3600:g} h"
    words = ", ".join(kind.words for kind in ChangeKind if kind in kinds)
    query = f"{words} in {hours}"
    if last_heard is None and not unread:
        line = f"nobody has reported any change to Lookout yet: look by hand for {words}"
        return Evidence("changes", EvidenceStatus.UNKNOWN, line, at, query=query)
    line = f"no change of kind {words} reported in the {hours} before the onset"
    if unread:
        named = ", ".join(f"{name} {_not_read(since, at)}" for name, since in sorted(unread.items()))
        line += f", but {named}: look there by hand"
        return Evidence("changes", EvidenceStatus.UNKNOWN, line, at, query=query)
    if last_heard is not None and at - last_heard > QUIET:
        line += f", though the log last heard of a change {(at - last_heard).days} d ago"
    clear = next((choice.id for choice in question.choices if choice.when_clear), None)
    return Evidence("changes", EvidenceStatus.CLEAR, line, at, clear, query=query)


def _not_read(since: datetime | None, at: datetime) -> str:
    return "could never be read" if since is None else f"was last read at {_clock(since, at)}"


def _line(change: Change, onset: Onset) -> str:
    parts = [f"{change.kind.words} “{change.title}”"]
    if change.versions:
        parts.append(change.versions)
    parts.append(_place(change, onset))
    if change.ended_at is not None and change.ended_at < onset.at:
        parts.append("over by then")
    if change.service:
        same = _is_of(change, onset.service) == 0
        parts.append(f"the same service {change.service}" if same else f"service {change.service}")
    if change.by:
        parts.append(f"by {change.by}")
    return ", ".join(parts)


def _place(change: Change, onset: Onset) -> str:
    """When it was, and how far from the onset."""
    moment = f"at {_clock(change.at, onset.at)}"
    if change.earliest is not None:
        moment = f"between {_clock(change.earliest, onset.at)} and {_clock(change.at, onset.at)}"
    if onset.holds(change):
        return f"{moment}, within the onset's bounds"
    if change.at > onset.at:
        return f"{moment}, about the onset"  # a span that reaches over it
    minutes = int(nearness(change, onset.at).total_seconds() // 60)
    ago = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
    return f"{moment}, {ago} before the onset"


def _clock(moment: datetime, near: datetime) -> str:
    """With its day where that is not the day of what it is told beside."""
    utc = moment.astimezone(UTC)
    day = "" if abs(moment - near) < timedelta(hours=20) else f"{utc.day} {utc:%b} "
    return f"{day}{utc:%H:%M} UTC"
