"""The action items that a record asks for by itself, and the checks that follow every incident."""

from collections.abc import Mapping, Sequence

from bot.core.incident import Incident
from bot.core.playbook import Category
from bot.services.incident_document import Missed

MOST = 20
"""Items suggested; what the evidence could not say is often the same many times over."""

_IMPROVE = {
    "detected": "improve monitoring",
    "localized": "improve the playbook or its evidence",
    "mitigated": "rehearse the mitigation",
    "resolved": "find out what held the recovery up",
}


def suggested(
    incident: Incident, category: Category | None, missed: Sequence[Missed], blind: Mapping[str, str]
) -> list[str]:
    """Return what should be done because of what the record shows; `blind` are checks that said nothing."""
    found = [
        *(f"Alert “{alert.title}” still fires: find out why" for alert in incident.firing),
        *(f"{item.name} after {item.took}, target {item.target}: {_IMPROVE[item.name]}" for item in missed),
        *(f"Mend the evidence: {check} was unknown: {reason}" for check, reason in blind.items()),
        *(["Name the root cause"] if category is None else []),
    ]
    return found[:MOST]


def checks(incident: Incident, category: Category | None) -> list[str]:
    """The checks that follow every incident, as things to do where nobody works on a review."""
    named = ", ".join(incident.cohorts)
    return [
        f"Verify that recovery is uniform over cohorts{f', {named} first' if named else ''}",
        "Check the offline-online correlation; if it decayed, schedule the harness rebuild",
        "Review whether the problem was misframed; update the framing artefacts",
        "Propose a portfolio candidate that would have shown it earlier"
        + (f" ({category.signal})" if category else ""),
    ]
