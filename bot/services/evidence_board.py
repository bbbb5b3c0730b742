"""What is kept for the dashboard alone: beside the evidence of steps, under a name that no step can have."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.evidence import Evidence, EvidenceStatus

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


def pictured(lines: Sequence[Evidence], *, key: str, alt: str, at: datetime) -> list[Evidence]:
    """The lines with another picture noted."""
    return [
        replace(line, source=key, line=alt, query=at.isoformat()) if line.check == GATHERED else line
        for line in lines
    ]
