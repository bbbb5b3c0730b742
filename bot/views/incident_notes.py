"""What is said about an incident besides its card: thread notes, the notice, status, list, escalation."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.checklist import TakenError
from bot.core.effect import Message
from bot.core.evidence import Evidence, worst_first
from bot.core.incident import Event, Incident, Status, milestones
from bot.core.playbook import Leaf, Playbook
from bot.core.triage import MovedOnError
from bot.views import text
from bot.views.incident import evidence_line
from bot.views.incident_walk import possible


def answered(event: Event, evidence: Sequence[Evidence]) -> Message:
    """Who answered what, when, and what the evidence said at that moment."""
    lines = [_event_line(event)]
    if evidence:
        lines += ["Evidence at that moment:", *(evidence_line(item) for item in worst_first(evidence))]
    elif event.kind == "answered":
        lines.append("No evidence had been gathered at that moment.")
    return _plain(lines)


def happened(event: Event) -> Message:
    """Any other line of the timeline."""
    return _plain([_event_line(event)])


def notice(incident: Incident, playbook: Playbook) -> Message:
    """The line in the incidents channel; edited as the incident moves."""
    who = f"by {text.person(incident.opened_by)}" if incident.opened_by else "by an alert"
    state = incident.status.words
    if incident.status in {Status.LOCALIZED, Status.MITIGATED, Status.RESOLVED}:
        state += f": {text.escape(playbook.category_name(incident.category), 120)}"
    line = (
        f"*{incident.number}* · {text.escape(incident.title, 200)} · {incident.severity} · {state}\n"
        f"{text.channel(incident.channel)} · opened {text.when(incident.opened_at)} {who}"
    )
    if incident.lead:
        line += f" · lead {text.person(incident.lead)}"
    fallback = f"{incident.number} {text.escape(incident.title, 200)} · {incident.severity} · {state}"
    return Message(fallback, (text.section(line),))


def topic(incident: Incident) -> str:
    """The topic of the incident's own channel."""
    return text.escape(f"{incident.number} {incident.title}", 240)


def status(incident: Incident, playbook: Playbook, *, now: datetime) -> Message:
    """Where an incident stands, for the one who asked."""
    lines = [
        f"*{incident.number}* · {text.escape(incident.title, 200)} · "
        f"{incident.severity} · {incident.status.words}",
        f"{_stands(incident, playbook)} · open {text.duration(incident.age(now))} · "
        f"{text.channel(incident.channel)}",
        _times(incident),
        f"{_many(incident.alert_count, 'alert')}, {incident.firing_count} firing"
        + (f" · lead {text.person(incident.lead)}" if incident.lead else " · no lead yet"),
        possible(incident, playbook),
    ]
    return _plain([line for line in lines if line])


def listing(found: Sequence[tuple[Incident, Playbook]], *, now: datetime, total: int) -> Message:
    """The open incidents, newest first, each with the tree it walks."""
    if not found:
        return Message("No incident is open. `/triage start [title]` opens one.")
    lines = [f"{total} open:" if total > 1 else "1 open:"]
    for incident, playbook in found:
        age = text.duration(incident.age(now))
        lines.append(
            f"*{incident.number}* · {text.escape(incident.title, 120)} · {incident.severity} · "
            f"{_stands(incident, playbook)} · {age} · {text.channel(incident.channel)}"
        )
    return _plain(lines)


def taken(error: TakenError) -> str:
    """What to tell somebody who came second to a step of the checklist."""
    claim = error.claim
    verb, at = ("did", claim.done_at) if claim.done_at else ("took", claim.at)
    return f"{text.person(claim.by)} {verb} step {error.item.number} at {text.when(at)}."


def moved_on(error: MovedOnError) -> str:
    """What to tell somebody whose card was out of date: who did what when."""
    who = text.person(error.moved.by) if error.moved.by else "Lookout"
    what = text.escape(error.moved.what, 200)
    return f"{error.number} has moved on: {who} {what} at {text.when(error.moved.at)}."


def _stands(incident: Incident, playbook: Playbook) -> str:
    if incident.closed or incident.status is Status.MITIGATED:
        return incident.status.words
    place = playbook.at(incident.position)
    if isinstance(place, Leaf):
        return f"{incident.status.words}: {text.escape(place.action, 150)}"
    return f"step {place.number} of {len(playbook.questions)}: {text.escape(place.ask)}"


def _times(incident: Incident) -> str:
    took = milestones(incident)
    named = {"localized": took.localize, "mitigated": took.mitigate, "resolved": took.resolve}
    return " · ".join(f"{name} in {text.duration(span)}" for name, span in named.items() if span is not None)


def _event_line(event: Event) -> str:
    who = text.person(event.by) if event.by else "Lookout"
    said = text.escape(event.text, 300)
    lead = event.detail.get("lead")
    if event.kind == "assigned" and isinstance(lead, str) and lead != event.by:
        said = f"made {text.person(lead)} the lead"
    taken_from = event.detail.get("from")
    if event.kind == "claimed" and isinstance(taken_from, str):
        said += f" (from {text.person(taken_from)})"
    return f"{who} {said} · {text.when(event.at)}"


def _many(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def _plain(lines: Sequence[str]) -> Message:
    """A message of mrkdwn lines; the notification is its first line."""
    return Message(lines[0], (text.section(text.fit(lines)),))
