"""Whom a rung of the ladder mentions: by role, in their waking hours, and nobody real in a drill."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.core.incident import SEVERITIES, Incident
from bot.core.incident_roles import Role
from bot.core.playbook import Actor, Rung
from bot.services import oncall, permissions, reachable
from bot.services.desk import Desk
from bot.store import watches
from bot.views import text


@dataclass(frozen=True)
class Called:
    """Whom a rung calls, in mrkdwn; `asleep` are those who are told at `at`, when their quiet hours end."""

    acts: str
    notifies: str
    asleep: tuple[str, ...] = ()
    at: datetime | None = None


def called(session: Session, desk: Desk, incident: Incident, rung: Rung, now: datetime) -> Called:
    """Whom the rung calls just now."""
    acts = [_acting(session, desk, incident, one, now) for one in rung.acts]
    if _less(incident, rung):
        named = ", ".join(text.escape(one.name, 80) for one in rung.notifies)
        said = f"nobody ({named}: only from {rung.notifies_from})"
        return Called(", ".join(acts) or "nobody", said)
    notified = [_notified(session, desk, incident, one, now) for one in rung.notifies]
    asleep = [who for _, sleeping in notified for who in sleeping]
    ends = [reachable.quiet_until(session, desk, who, now) for who in asleep]
    return Called(
        ", ".join(acts) or "nobody",
        ", ".join(said for said, _ in notified) or "nobody",
        tuple(dict.fromkeys(asleep)),
        min((one for one in ends if one is not None), default=None),
    )


def waits_until(
    session: Session, desk: Desk, incident: Incident, rung: Rung, now: datetime
) -> datetime | None:
    """Until when a rung has to wait: of a ticket, while everybody who would act has quiet hours."""
    if incident.severity != reachable.TICKET or incident.drill:
        return None
    acting = [who for one in rung.acts for who in people_of(session, desk, incident, one, now)]
    ends = [reachable.quiet_until(session, desk, who, now) for who in acting]
    return min((one for one in ends if one is not None), default=None) if acting and all(ends) else None


def people_of(
    session: Session, desk: Desk, incident: Incident, actor: Actor, now: datetime
) -> tuple[str, ...]:
    """Who that is: the first of the actor's roles that leads to anybody."""
    every = (_of_role(session, desk, incident, role, now) for role in actor.roles)
    return next((found for found in every if found), ())


def _of_role(session: Session, desk: Desk, incident: Incident, role: str, now: datetime) -> tuple[str, ...]:
    if role in Role.__members__.values():
        held = incident.roles.get(role)
        return (held,) if held else ()
    if role in ("oncall", "oncall_backup"):
        watch = watches.load(session, incident.id)
        if role == "oncall" and watch.held(now):
            return (watch.person,)
        return oncall.of_role(session, desk, role, now)
    return permissions.called(session, desk, role)


def _acting(session: Session, desk: Desk, incident: Incident, actor: Actor, now: datetime) -> str:
    """Somebody who has to act: in their quiet hours whoever stands in, and themselves where nobody does."""
    name = text.escape(actor.name, 80)
    found = people_of(session, desk, incident, actor, now)
    if incident.drill:
        return f"{name} (not called, this is a drill)"
    if not found:
        return f"{name} (nobody configured)"
    awake = _awake(session, desk, incident, found, now)
    if awake:
        return f"{name} {text.people(awake, '')}"
    stand_in = _stand_in(session, desk, incident, actor, now)
    return f"{name} is asleep: {stand_in}" if stand_in else f"{name} {text.people(found, '')}"


def _notified(
    session: Session, desk: Desk, incident: Incident, actor: Actor, now: datetime
) -> tuple[str, tuple[str, ...]]:
    """Somebody who is only to know: in their quiet hours whoever stands in, else when they wake."""
    name = text.escape(actor.name, 80)
    found = people_of(session, desk, incident, actor, now)
    if incident.drill:
        return f"{name} (not told, this is a drill)", ()
    if not found:
        return f"{name} (nobody configured)", ()
    awake = _awake(session, desk, incident, found, now)
    if awake:
        return f"{name} {text.people(awake, '')}", ()
    stand_in = _stand_in(session, desk, incident, actor, now)
    if stand_in:
        return f"{name} is asleep: {stand_in}", ()
    return f"{name} (asleep, told when they wake)", found


def _stand_in(session: Session, desk: Desk, incident: Incident, actor: Actor, now: datetime) -> str:
    """Whoever stands in for somebody and is awake; empty where nobody is."""
    if actor.otherwise is None:
        return ""
    found = people_of(session, desk, incident, actor.otherwise, now)
    awake = _awake(session, desk, incident, found, now)
    return f"{text.escape(actor.otherwise.name, 80)} {text.people(awake, '')} instead" if awake else ""


def _awake(
    session: Session, desk: Desk, incident: Incident, found: Sequence[str], now: datetime
) -> tuple[str, ...]:
    """Those who may be disturbed for it; for the worst that is everybody."""
    if incident.severity == reachable.ALWAYS:
        return tuple(found)
    return reachable.awake(session, desk, found, now)


def _less(incident: Incident, rung: Rung) -> bool:
    """Whether the incident is not bad enough for those who are to be told."""
    return SEVERITIES.index(incident.severity) > SEVERITIES.index(rung.notifies_from)
