"""What is kept for the dashboard alone: beside the evidence of steps, under a name that no step can have."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.evidence import Evidence, EvidenceStatus, worst_first

BOARD = "@dashboard"
"""Stands for a step: of checks that no step names, and of what belongs to the dashboard alone."""
GATHERED = "@gathered"
"""The line there that says when all was gathered, how long it took, and which picture is the newest."""


def noted(kept: Mapping[str, Sequence[Evidence]]) -> Evidence | None:
    """The line of the last gathering, None before the first.

    Its `source` is the key of the newest picture, its `line` that picture in words, its `query` when that was
    drawn, as ISO 8601; all are "" without one.
    """
    return next((line for line in kept.get(BOARD, ()) if line.check == GATHERED), None)


def note(now: datetime, took: float, before: Evidence | None) -> Evidence:
    """The line of a gathering that took so many seconds; the picture stays."""
    if before is not None:
        return replace(before, at=now, took=took)
    return Evidence(GATHERED, EvidenceStatus.CLEAR, "", now, took=took)


def news(before: Mapping[str, Sequence[Evidence]], found: Mapping[str, Sequence[Evidence]]) -> str:
    """What the timeline says of a gathering: how the checks came out, where that is another than before."""
    now, then = _outcome(found), _outcome(before)
    if now == then or not now:
        return ""
    suspect = [check for check, outcome in now.items() if outcome is EvidenceStatus.SUSPECT]
    others = (EvidenceStatus.UNKNOWN, EvidenceStatus.CLEAR)
    counts = [f"{list(now.values()).count(status)} {status.value}" for status in others]
    named = " and ".join(suspect) or "nothing"
    return f"evidence: {', '.join([f'suspect {named}', *counts])}"


def _outcome(found: Mapping[str, Sequence[Evidence]]) -> dict[str, EvidenceStatus]:
    """The worst that each check says, by its name."""
    lines = worst_first([line for lines in found.values() for line in lines if line.check != GATHERED])
    worst: dict[str, EvidenceStatus] = {}
    for line in lines:
        worst.setdefault(line.check, line.status)
    return dict(sorted(worst.items()))


def pictured(lines: Sequence[Evidence], *, key: str, alt: str, at: datetime) -> list[Evidence]:
    """The lines with another picture noted."""
    return [
        replace(line, source=key, line=alt, query=at.isoformat()) if line.check == GATHERED else line
        for line in lines
    ]
