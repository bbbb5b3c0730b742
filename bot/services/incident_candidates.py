"""Candidates that an incident proposes: by its review, or because its cause came again."""

from datetime import datetime

from sqlmodel import Session

from bot.core.candidate import Candidate, Kind, Proposal
from bot.core.incident import Incident, Status, milestones
from bot.core.incident_metrics import REPEAT_WITHIN
from bot.core.playbook import Category
from bot.core.thing import Thing, ThingKind
from bot.services import candidates
from bot.services.desk import Desk
from bot.services.incident_cards import playbook_of
from bot.store import incidents, links
from bot.views.text import duration


def from_review(
    session: Session, desk: Desk, incident: Incident, line: str, *, by: str, now: datetime
) -> str:
    """Propose what would have shown an incident earlier, as its review found it; the candidate's id.

    Answered again, the candidate that is there is returned as it stands.
    """
    category = _category(session, desk, incident)
    what = line.rstrip(".")
    evidence = f"{incident.number}: {evidence_of(incident, category)}. Its review found: {what}."
    candidate = Candidate(id="", title=what[:1].upper() + what[1:], kind=Kind.TOOLING, notes=evidence)
    return _propose(
        session, desk, incident, candidate, f"incident/{incident.id}/portfolio", evidence, by, now
    )


def repeated(session: Session, desk: Desk, incident: Incident, now: datetime) -> tuple[str, str]:
    """Propose to end a cause that came again within 90 days: the candidate's id, and the incidents before.

    Both are empty where it did not come before, nobody knows the cause, or the alarm alone was wrong.
    """
    category = _category(session, desk, incident)
    before = [one for one in _before(session, incident) if _same_cause(one, incident)]
    if not before or category is None or category.false_alarm or not _counts(incident):
        return "", ""
    named = ", ".join(one.number for one in before)
    where = incident.service or incident.metric
    evidence = (
        f"{incident.number} has the cause of {named} again within {REPEAT_WITHIN.days} days: "
        f"{evidence_of(incident, category)}. What usually shows it: {category.signal}."
    )
    title = f"End repeated {category.name.lower()} of {where}"
    candidate = Candidate(id="", title=title, kind=Kind.TOOLING, notes=evidence)
    first = min(before, key=lambda one: one.id)
    key = f"incident-cause/{incident.category}/{where}/{first.id}"
    found = _propose(session, desk, incident, candidate, key, evidence, "", now)
    for one in before:
        earlier, later = Thing(ThingKind.INCIDENT, one.number), Thing(ThingKind.CANDIDATE, found)
        links.join(session, earlier, later, why="the same cause", now=now)
    return found, named


def evidence_of(incident: Incident, category: Category | None) -> str:
    """What the record says of an incident in a line: its category, its milestones, its cohorts."""
    took = milestones(incident)
    parts = [f"category {category.number} {category.name}" if category else "category unknown"]
    for span, verb in (
        (took.detect, "detected"), (took.localize, "localized"), (took.mitigate, "mitigated"),
    ):  # fmt: skip
        if span is not None:
            parts.append(f"{verb} after {duration(span)}")
    if incident.cohorts:
        parts.append(f"cohorts {', '.join(incident.cohorts[:6])}")
    return ", ".join(parts)


def _propose(
    session: Session,
    desk: Desk,
    incident: Incident,
    candidate: Candidate,
    key: str,
    why: str,
    by: str,
    now: datetime,
) -> str:
    source = Thing(ThingKind.INCIDENT, incident.number)
    proposal = Proposal(candidate, source=source, key=key, why=why, by=by)
    return candidates.propose(session, desk, proposal, now=now).id


def _before(session: Session, incident: Incident) -> list[Incident]:
    since = incident.detected_at - REPEAT_WITHIN
    found = incidents.detected_between(session, since, incident.detected_at)
    return [one for one in found if one.id != incident.id and _counts(one)]


def _counts(incident: Incident) -> bool:
    """Whether it says anything about causes: no drill, not left out, nothing wrong with the alarm alone."""
    return not (incident.drill or incident.excluded or incident.status is Status.FALSE_ALARM)


def _same_cause(one: Incident, other: Incident) -> bool:
    here, there = (incident.service or incident.metric for incident in (one, other))
    return bool(here) and here == there and bool(one.category) and one.category == other.category


def _category(session: Session, desk: Desk, incident: Incident) -> Category | None:
    return playbook_of(session, desk, incident).categories.get(incident.category)
