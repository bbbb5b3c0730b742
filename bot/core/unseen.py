"""What the evidence could not say while an incident was walked."""

from bot.core.evidence import EvidenceStatus
from bot.core.incident import Incident


def unasked(incident: Incident) -> list[str]:
    """What the evidence could not say when an answer was given, each reason once."""
    return list(
        dict.fromkeys(
            f"{item.check} was unknown: {item.line}"
            for answer in incident.path
            for item in answer.evidence
            if item.status is EvidenceStatus.UNKNOWN
        )
    )


def blind(incident: Incident) -> dict[str, str]:
    """The checks that could not say anything at an answer, each with its first reason."""
    found: dict[str, str] = {}
    for answer in incident.path:
        for item in answer.evidence:
            if item.status is EvidenceStatus.UNKNOWN:
                found.setdefault(item.check, item.line)
    return found
