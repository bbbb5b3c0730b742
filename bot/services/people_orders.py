"""The people of an incident by typing: on it, roles, reminders, updates; who is on call, whom to phone."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message, Post
from bot.core.inbound import Ask, Order, Press
from bot.core.incident import Incident
from bot.core.incident_roles import Role
from bot.errors import InputError
from bot.services import escalation, incident_named, incident_people, oncall, stakeholders, watching
from bot.services.desk import Desk
from bot.store import duties, outbox, people
from bot.views import oncall as views
from bot.views import phones
from bot.views import stakeholders as update_views
from bot.views.text import escape, message
from bot.views.triage_actions import Control

_PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """Do what was typed.

    Raises:
        UserError: it cannot be done; nothing was changed.

    """
    incident, rest = incident_named.meant(session, asked.place, asked.text)
    said = _VERBS[asked.verb](session, desk, incident, rest, asked.by, now)
    if said is None:
        return
    place = asked.place
    if place.thread is None:
        outbox.put(session, Ephemeral(f"{key}/people", place.channel, asked.by, said), now=now)
    else:
        outbox.put(session, Post(f"{key}/people", place.channel, said, place.thread), now=now)


def press_snooze(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Snooze] of a reminder."""
    del key
    control = Control.decode(press.value)
    incident = incident_people.find(session, control.incident)
    escalation.snooze(session, desk, incident, rung=control.choice, by=press.by, now=now)


def press_dismiss(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Dismiss this one] of a reminder."""
    del key
    control = Control.decode(press.value)
    incident = incident_people.find(session, control.incident)
    escalation.dismiss(session, desk, incident, rung=control.choice, by=press.by, now=now)


def ask_oncall(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """Answer `oncall`: whose turn it is, who follows, and how sure that is. Reads only."""
    del ask
    line, source = oncall.line(session, desk, now), desk.settings.oncall.source
    named = {**_behind(session, [one.person for one in line.turns]), **people.names(session)}
    read = duties.said(session, oncall.key(source)).read_at if source is not None else None
    said_by = views.read(source.kind, read) if source is not None else ""
    return views.answer(line.turns, line.people, line.notes, named, said_by)


def ask_phones(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """Answer `phones`: the whole phone tree. Reads only."""
    del session, ask, now
    return message(phones.by_hand(desk.settings.phone_tree))


def _behind(session: Session, references: list[str]) -> Mapping[str, str]:
    """The names of those behind addresses."""
    known = people.names(session)
    found = {one: people.members(session, one) for one in references}
    return {one: known.get(ids[0], one) for one, ids in found.items() if ids}


def _ack(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> None:
    minutes = None if not typed else _minutes(typed, "ack")
    watching.on_it(session, desk, incident=incident.id, by=by, now=now, minutes=minutes)


def _role(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> None:
    role, _, rest = typed.partition(" ")
    rest = rest.strip()
    match = _PERSON.fullmatch(rest)
    if rest and match is None and rest.lower() != "nobody":
        raise InputError(
            f"Read `role {escape(typed, 60)}`.", "Expected a mention, `nobody`, or nothing for yourself."
        )
    if not role:
        raise InputError("Read `role` without one.", f"Roles are {', '.join(Role)}: `role scribe`.")
    to = match[1] if match else "" if rest else by
    incident_people.give(session, desk, incident=incident.id, role=role.lower(), to=to, by=by, now=now)


def _snooze(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> None:
    span = timedelta(minutes=_minutes(typed, "snooze")) if typed else None
    locked = incident_people.find(session, incident.id)
    rung = escalation.newest(session, desk, locked)
    escalation.snooze(session, desk, locked, rung=rung, by=by, now=now, span=span)


def _dismiss(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> None:
    if typed:
        raise InputError(f"Read `dismiss {escape(typed, 60)}`.", "Expected `dismiss` alone: the newest one.")
    locked = incident_people.find(session, incident.id)
    escalation.dismiss(session, desk, locked, rung=escalation.newest(session, desk, locked), by=by, now=now)


def _update(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> Message:
    del by
    if typed:
        raise InputError(
            f"Read `update {escape(typed, 60)}`.", "Expected `update` alone; the form asks where."
        )
    return update_views.offered(incident, stakeholders.drafted(session, desk, incident, now))


def _minutes(typed: str, verb: str) -> int:
    match = re.fullmatch(r"(\d{1,4})\s*(?:m|min|minutes?)?|(\d{1,2})\s*(?:h|hours?)", typed.strip().lower())
    if match is None:
        raise InputError(f"Read `{verb} {escape(typed, 60)}`.", f"Expected minutes or hours: `{verb} 30`.")
    return int(match[1]) if match[1] else 60 * int(match[2])


_VERBS: Mapping[str, Callable[[Session, Desk, Incident, str, str, datetime], Message | None]] = {
    "ack": _ack,
    "role": _role,
    "snooze": _snooze,
    "dismiss": _dismiss,
    "update": _update,
}
VERBS = tuple(_VERBS)
"""What can be typed."""
