"""The action items that a record asks for by itself, and the checks that follow every incident."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.incident import Incident
from bot.core.playbook import Category

_IMPROVE = {
    "detected": "improve monitoring",
    "localized": "improve the playbook or its evidence",
    "mitigated": "rehearse the mitigation",
    "resolved": "find out what held the recovery up",
}


@dataclass(frozen=True)
class Missed:
    """A milestone that came later than its target."""

    name: str
    took: str
    target: str


def action_items(
    incident: Incident,
    category: Category | None,
    missed: Sequence[Missed],
    unasked: Sequence[str],
    given_to: tuple[str, str],
) -> list[str]:
    """Return the open items, each `given_to` an owner until a date."""
    owner, due = given_to
    found = [
        *(f"Alert “{alert.title}” still fires: find out why" for alert in incident.firing),
        *(f"{item.name} after {item.took}, target {item.target}: {_IMPROVE[item.name]}" for item in missed),
        *(f"Mend the evidence: {reason}" for reason in unasked),
        f"Verify that recovery is uniform over cohorts{_cohorts(incident)}",
        "Check the offline-online correlation; if it decayed, schedule the harness rebuild",
        "Review whether the problem was misframed; update the framing artefacts",
        _portfolio(category),
    ]
    return [f"{item} (owner: {owner}, due {due})" for item in found]


def _cohorts(incident: Incident) -> str:
    named = ", ".join(incident.cohorts)
    return f", {named} first" if named else ""


def _portfolio(category: Category | None) -> str:
    if category is None:
        return "Name the root cause, and propose a portfolio candidate that would have shown it earlier"
    return f"Propose a portfolio candidate that would have shown it earlier ({category.signal})"
