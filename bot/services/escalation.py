"""The escalation ladder: durable timers that speak once each, only while the incident lags behind."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Post
from bot.core.incident import Event, Incident
from bot.core.playbook import Actor, Rung
from bot.errors import InputError
from bot.services import permissions
from bot.services.desk import Desk
from bot.services.incident_cards import LADDER_JOB
from bot.store import incidents, outbox, slots
from bot.views import incident_notes as notes
from bot.views import text

LATE = timedelta(seconds=60)


def plan(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> None:
    """Set the timers of the rungs that still apply and have not spoken, and cancel the others."""
    said = _said(session, incident)
    for rung in desk.playbooks.escalation.rungs:
        slots.cancel(session, job=LADDER_JOB, prefix=f"{incident.id}/{rung.id}/")
        if rung.id in said or incident.reached(rung.until):
            continue
        slots.at(
            session,
            job=LADDER_JOB,
            slot=f"{incident.id}/{rung.id}/{incident.version}",
            due=max(now, incident.detected_at + rung.after),
            payload={"incident": incident.id, "rung": rung.id},
        )


def rung(session: Session, desk: Desk, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Let a rung speak, unless the incident has got past it or it has spoken before."""
    incident = incidents.load(session, int(payload["incident"]), lock=True)
    step = desk.playbooks.escalation.rung(str(payload["rung"]))
    if incident is None or step is None or incident.reached(step.until):
        return
    if step.id in _said(session, incident):
        return
    _speak(session, desk, incident, step, by="", now=now)


def escalate_now(session: Session, desk: Desk, incident: Incident, *, by: str, now: datetime) -> None:
    """Let the next rung speak at once because a person asks for it.

    Raises:
        InputError: every rung that applies has spoken.

    """
    said = _said(session, incident)
    rungs = desk.playbooks.escalation.rungs
    step = next((rung for rung in rungs if rung.id not in said and not incident.reached(rung.until)), None)
    if step is None:
        raise InputError(
            f"Everybody on the ladder has been told about {incident.number}.", "Call them by phone."
        )
    slots.cancel(session, job=LADDER_JOB, prefix=f"{incident.id}/{step.id}/")
    _speak(session, desk, incident, step, by=by, now=now)


def _speak(session: Session, desk: Desk, incident: Incident, step: Rung, *, by: str, now: datetime) -> None:
    due = incident.detected_at + step.after
    late = by == "" and now - due > LATE
    what = f"escalated: {step.title}" if by else f"reminded: {step.title}"
    detail = {"rung": step.id, "late": late}
    number = incidents.append(session, incident.id, Event(now, "escalated", what, by, detail))
    message = notes.escalation(
        incident,
        step,
        _next(desk, incident, step, _said(session, incident)),
        acts=_mentions(session, desk, step.acts),
        notifies=_mentions(session, desk, step.notifies),
        asked_by=by,
        late_since=due if late else None,
    )
    key = f"incident/{incident.id}/event/{number}"
    outbox.put(session, Post(key, incident.channel, message), now=now)


def _next(desk: Desk, incident: Incident, step: Rung, said: set[str]) -> Rung | None:
    """The rung that would speak next, were nothing to change."""
    later = desk.playbooks.escalation.after(step)
    while later is not None and (later.id in said or incident.reached(later.until)):
        later = desk.playbooks.escalation.after(later)
    return later


def _said(session: Session, incident: Incident) -> set[str]:
    events = incidents.timeline(session, incident.id)
    return {str(event.detail.get("rung")) for event in events if event.kind == "escalated"}


def _mentions(session: Session, desk: Desk, actors: Sequence[Actor]) -> str:
    """Each by the name of what they are, with mentions where somebody is configured."""
    return ", ".join(_mention(session, desk, actor) for actor in actors) or "nobody"


def _mention(session: Session, desk: Desk, actor: Actor) -> str:
    every = (permissions.called(session, desk, role) for role in actor.roles)
    people = next((one for one in every if one), ())
    name = text.escape(actor.name, 80)
    return f"{name} {text.people(people, '')}" if people else f"{name} (nobody configured)"
