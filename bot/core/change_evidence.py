"""What the change log says about a step: the changes nearest to the onset, and what they suggest."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.core.change import Change, ChangeKind, before_onset, nearness
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.playbook import Question

SHOWN = 3
"""Changes named for a step; more are counted."""
QUIET = timedelta(days=1)
"""A log that heard of nothing for longer says so beside every "clear"."""


def change_evidence(
    question: Question,
    changes: Sequence[Change],
    *,
    onset: datetime,
    window: timedelta,
    last_heard: datetime | None,
    at: datetime,
) -> tuple[Evidence, ...]:
    """Return the evidence lines; `last_heard` is when the log last received anything, None for never."""
    answers = {kind: choice.id for choice in question.choices for kind in choice.suggested_by}
    kinds = set(answers) or set(ChangeKind)
    found = sorted(
        (change for change in changes if change.kind in kinds and before_onset(change, onset, window)),
        key=lambda change: (nearness(change, onset), change.source, change.id),
    )
    if not found:
        return (_nothing(question, kinds, window, last_heard, at),)
    lines = [
        Evidence(
            check="changes",
            status=EvidenceStatus.SUSPECT,
            line=_line(change, onset),
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


def _nothing(
    question: Question, kinds: set[ChangeKind], window: timedelta, last_heard: datetime | None, at: datetime
) -> Evidence:
    hours = f"{window.total_seconds() / 3600:g} h"
    words = ", ".join(kind.words for kind in ChangeKind if kind in kinds)
    if last_heard is None:
        line = f"nobody has reported any change to Lookout yet: look by hand for {words}"
        return Evidence("changes", EvidenceStatus.UNKNOWN, line, at, query=f"{words} in {hours}")
    line = f"no change of kind {words} reported in the {hours} before the onset"
    if at - last_heard > QUIET:
        line += f", though the log last heard of a change {(at - last_heard).days} d ago"
    clear = next((choice.id for choice in question.choices if choice.when_clear), None)
    return Evidence("changes", EvidenceStatus.CLEAR, line, at, clear, query=f"{words} in {hours}")


def _line(change: Change, onset: datetime) -> str:
    minutes = int(nearness(change, onset).total_seconds() // 60)
    ago = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
    ended = change.ended_at is not None and change.ended_at < onset
    parts = [f"{change.kind.words} “{change.title}”"]
    if change.versions:
        parts.append(change.versions)
    parts.append(f"at {change.at.astimezone(UTC):%H:%M} UTC, {ago} before the onset")
    if ended:
        parts.append("over by then")
    if change.service:
        parts.append(f"service {change.service}")
    if change.by:
        parts.append(f"by {change.by}")
    return ", ".join(parts)
