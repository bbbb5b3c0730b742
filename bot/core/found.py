"""What a check found, before it is put to the steps that asked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.checks import SYMPTOMS, Check
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.playbook import Choice, Leaf, Question


@dataclass(frozen=True)
class Found:
    """One line of a check.

    `finding` is what a suspect line is called, one of its kind's FINDINGS. `query` is what was asked, for the
    record; `url` leads to where it can be seen; `chart` is drawn beside it where looking beats reading: JSON
    that `bot/views/chart_evidence.py` understands. `line` may hold outside text: it is escaped when shown.
    """

    status: EvidenceStatus
    line: str
    finding: str = ""
    source: str = ""
    query: str = ""
    url: str = ""
    chart: Mapping[str, Any] | None = None


def suspect(line: str, finding: str, **more: Any) -> Found:
    """Something is off."""
    return Found(EvidenceStatus.SUSPECT, line, finding, **more)


def clear(line: str, **more: Any) -> Found:
    """Nothing is off."""
    return Found(EvidenceStatus.CLEAR, line, **more)


def unknown(line: str, **more: Any) -> Found:
    """Nothing can be said, and why."""
    return Found(EvidenceStatus.UNKNOWN, line, **more)


def not_set_up(line: Evidence) -> bool:
    """Whether a check only says that its options are to be filled in, as every kind does in these words."""
    asked = f"under checks.{line.check}" in line.line and line.line.endswith("of the playbook")
    return line.status is EvidenceStatus.UNKNOWN and asked


def place(
    check: Check,
    found: Sequence[Found],
    places: Sequence[Question | Leaf],
    *,
    at: datetime,
    took: float = 0.0,
    otherwise: str = "",
) -> dict[str, list[Evidence]]:
    """Return the evidence by step: each line with the answer of that step it speaks for.

    Where no step names the check, the lines go to `otherwise` and speak for none.
    """
    named: dict[str, Sequence[Choice]] = {
        step.id: step.choices for step in places if check.name in step.checks
    }
    if not named and otherwise:
        named = {otherwise: ()}
    return {
        step: [
            Evidence(
                check=check.name,
                status=one.status,
                line=one.line,
                at=at,
                suggests=_speaks_for(check, one, choices),
                source=one.source,
                query=one.query,
                url=one.url or check.link,
                took=took,
                rank=rank,
                chart=one.chart,
                symptom=check.kind in SYMPTOMS,
            )
            for rank, one in enumerate(found)
        ]
        for step, choices in named.items()
    }


def _speaks_for(check: Check, found: Found, choices: Sequence[Choice]) -> str | None:
    """The first answer that is suggested by this finding, or when nothing is found; None for no answer."""
    if found.status is EvidenceStatus.CLEAR:
        if check.kind in SYMPTOMS:
            return None
        return next((choice.id for choice in choices if choice.when_clear), None)
    if found.status is EvidenceStatus.UNKNOWN:
        return None
    named = (check.name, f"{check.name}.{found.finding}")
    return next((choice.id for choice in choices if set(named) & set(choice.findings)), None)
