"""The retrospective's draft: what the record shows, and what it does not show said as unknown."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Upload
from bot.core.evidence import Evidence, EvidenceStatus, worst_first
from bot.core.incident import Event, Incident, Milestones, milestones
from bot.core.playbook import Playbook, Question
from bot.services.desk import Desk
from bot.services.incident_cards import playbook_of
from bot.services.retrospective_actions import Missed, action_items
from bot.store import blobs, incidents, outbox
from bot.store.people import names
from bot.views.document import People, markdown
from bot.views.text import duration, escape, number

REVIEW_WITHIN = timedelta(days=5)
DETECT, LOCALIZE, MITIGATE = timedelta(minutes=15), timedelta(minutes=15), timedelta(minutes=60)
ROLLED_BACK, OVERALL = timedelta(minutes=30), timedelta(hours=4)
"""Targets: recovery in 30 min where the first move is a roll-back, in 4 h overall."""


def upload(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> str:
    """Draft the document and have it uploaded to the incident's channel; returns the text."""
    document = draft(session, desk, incident, now=now)
    blob = blobs.put(session, document.encode(), "text/markdown")
    effect = Upload(
        key=f"incident/{incident.id}/retrospective/{incident.version}",
        channel=incident.channel,
        filename=f"{incident.number}-retrospective.md",
        title=f"{incident.number} retrospective (draft)",
        blob=blob,
        alt_text=f"Draft of the retrospective of {incident.number}, a Markdown document",
        comment=f"The draft of the blameless retrospective of {incident.number}: "
        f"{escape(incident.title, 200)}. Please review it within five days.",
    )
    outbox.put(session, effect, now=now)
    return document


def draft(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> str:
    """Return the document as Markdown."""
    playbook = playbook_of(session, desk, incident)
    events = incidents.timeline(session, incident.id)
    template = desk.templates.get_template("retrospective.md.j2")
    people = People(names(session), {str(role): who for role, who in desk.settings.roles.items()})
    return template.render(_context(desk, people, incident, playbook, events, now))


def _context(
    desk: Desk, people: People, incident: Incident, playbook: Playbook, events: Sequence[Event], now: datetime
) -> dict[str, Any]:
    category = playbook.categories.get(incident.category)
    rows, missed = _milestones(desk, incident, playbook)
    unknown = _unknown(incident)
    owner = people.names.get(incident.lead, incident.lead) or "nobody yet"
    review_by = (now + REVIEW_WITHIN).astimezone(desk.settings.zone).date().isoformat()
    return {
        "number": incident.number,
        "title": markdown(incident.title),
        "review_by": review_by,
        "severity": incident.severity,
        "category": markdown(playbook.category_name(incident.category)),
        "signal": markdown(category.signal) if category else "unknown",
        "fix": markdown(category.fix) if category else "unknown",
        "metric": _metric(incident),
        "cohorts": markdown(", ".join(incident.cohorts)) or "none was named",
        "opened_by": people.called(incident.opened_by) if incident.opened_by else "an alert",
        "lead": people.called(incident.lead) if incident.lead else "nobody took the lead",
        "zone": desk.settings.timezone,
        "milestones": rows,
        "timeline": [_event(desk, people, event) for event in events],
        "answers": [_answer(people, playbook, event) for event in events if event.kind == "answered"],
        "alerts": _alerts(incident),
        "unknown": [markdown(line) for line in unknown],
        "actions": [
            markdown(item)
            for item in action_items(incident, category, missed, _unasked(incident), (owner, review_by))
        ],
    }


def _milestones(
    desk: Desk, incident: Incident, playbook: Playbook
) -> tuple[list[dict[str, str]], list[Missed]]:
    took = milestones(incident)
    category = playbook.categories.get(incident.category)
    recover = ROLLED_BACK if category and category.roll_back_first else OVERALL
    stages: list[tuple[str, datetime | None, timedelta | None, timedelta | None]] = [
        ("started (onset)", incident.started if incident.alerts else None, None, None),
        ("detected", incident.detected_at, took.detect, DETECT),
        ("localized", incident.localized_at, took.localize, LOCALIZE),
        ("mitigated", incident.mitigated_at, took.mitigate, MITIGATE),
        ("resolved", incident.resolved_at, took.resolve, recover),
    ]
    rows, missed = [], []
    for name, at, span, target in stages:
        rows.append(
            {
                "name": name,
                "utc": _utc(at),
                "local": _local(desk, at),
                "took": duration(span) if span is not None else "unknown" if target else "",
                "target": f"≤ {duration(target)}" if target else "",
                "verdict": _verdict(span, target),
            }
        )
        if span is not None and target is not None and span > target:
            missed.append(Missed(name, duration(span), duration(target)))
    return rows, missed


def _verdict(span: timedelta | None, target: timedelta | None) -> str:
    if target is None or span is None:
        return ""
    return "✓ within the target" if span <= target else "✗ over the target"


def _event(desk: Desk, people: People, event: Event) -> dict[str, str]:
    return {
        "utc": _utc(event.at),
        "local": _local(desk, event.at),
        "who": people.called(event.by) if event.by else "Lookout",
        "what": markdown(event.text),
    }


def _answer(people: People, playbook: Playbook, event: Event) -> dict[str, Any]:
    place = playbook.at(str(event.detail["step"]))
    ask = place.ask if isinstance(place, Question) else place.action
    choice = place.choice(str(event.detail["answer"]))
    evidence = [Evidence.from_json(item) for item in event.detail["evidence"]]
    return {
        "utc": _utc(event.at),
        "who": people.called(event.by),
        "ask": markdown(ask),
        "label": markdown(choice.label if choice else str(event.detail["answer"])),
        "evidence": [
            f"{item.status.value}: {markdown(item.check)}: {markdown(item.line)}" + _asked(item)
            for item in worst_first(evidence)
        ],
    }


def _asked(item: Evidence) -> str:
    return f" (asked: {markdown(item.query)})" if item.query else ""


def _alerts(incident: Incident) -> list[str]:
    lines = []
    for alert in incident.alerts:
        cohort = f", cohort {markdown(alert.cohort_name)}" if alert.cohort_name else ""
        began = (
            f"began {_utc(alert.first_started_at)} UTC"
            if alert.first_started_at
            else "began at an unknown time"
        )
        ended = f", no longer seen {_utc(alert.ended_at)} UTC" if alert.ended_at else ", still firing"
        again = f", fired {alert.times} times" if alert.times > 1 else ""
        lines.append(f"{markdown(alert.title)}{cohort}: {began}{ended}{again} ({markdown(alert.source)})")
    if incident.alert_count > len(lines):
        lines.append(f"and {incident.alert_count - len(lines)} more")
    return lines


def _unknown(incident: Incident) -> list[str]:
    lines = []
    if not incident.alerts:
        lines.append("When it started: it was opened by hand, so the time to detect is unknown.")
    if not incident.category:
        lines.append("The root-cause category: none was named.")
    reached: Milestones = milestones(incident)
    lines += [
        f"The time to {name}: the milestone was not reached."
        for name, span in (("localize", reached.localize), ("mitigate", reached.mitigate))
        if span is None
    ]
    lines += [f"At an answer, {line}." for line in _unasked(incident)]
    lines.append("How many customers were hit: nothing here measures it.")
    return lines


def _unasked(incident: Incident) -> list[str]:
    """What the evidence could not say when an answer was given, each reason once."""
    return list(
        dict.fromkeys(
            f"{item.check} was unknown: {item.line}"
            for answer in incident.path
            for item in answer.evidence
            if item.status is EvidenceStatus.UNKNOWN
        )
    )


def _metric(incident: Incident) -> str:
    name = markdown(incident.metric) or "none was named"
    if incident.value is None or incident.baseline is None:
        return name
    return f"{name}: {number(incident.baseline)} → {number(incident.value)}"


def _utc(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else "unknown"


def _local(desk: Desk, at: datetime | None) -> str:
    return f"{at.astimezone(desk.settings.zone):%m-%d %H:%M}" if at else "unknown"
