"""Whom an incident's card names and invites, and what it shows of its people."""

import re
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from bot.core.incident import Incident, Status
from bot.services import oncall, permissions, reachable
from bot.services.desk import Desk
from bot.store import people, watches
from bot.views.watch import People

DRILL = "nobody, this is a drill"
MOST_INVITED = 30
"""People who are invited into a new incident's channel; a group may be a whole department."""


def on_call(session: Session, desk: Desk, incident: Incident, now: datetime) -> tuple[str, ...]:
    """Whom the card calls: whoever is first in line, or the role where nothing says who is on call.

    Somebody whose quiet hours a ticket has to wait for is only named; in a drill nobody is.
    """
    if incident.lead or incident.reached(Status.MITIGATED):
        return ()  # the card names whoever leads, and nobody is called once it is mitigated
    if incident.drill:
        return (DRILL,)
    line = oncall.now(session, desk, now)
    if not desk.settings.oncall.configured:
        return line
    return tuple(_or_later(session, desk, incident, one, now) for one in line[:1])


def invited(session: Session, desk: Desk, incident: Incident, now: datetime) -> tuple[str, ...]:
    """Who is invited into the incident's own channel: everybody who may be disturbed for it just now.

    That is whoever has a turn, or the role where nothing says who is on call; and who opened it.
    """
    if incident.drill:
        wanted: Iterable[str] = ()
    elif desk.settings.oncall.configured:
        line = oncall.line(session, desk, now)
        wanted = line.people[: max(len(line.turns), 1)]
    else:
        wanted = permissions.holders(session, desk, oncall.ROLE)
    awake = [one for one in wanted if reachable.waits_until(session, desk, incident, one, now) is None]
    everybody = dict.fromkeys((*awake[:MOST_INVITED], incident.opened_by))
    return tuple(one for one in everybody if re.fullmatch(r"[UW][A-Z0-9]+", one))


def shown(session: Session, desk: Desk, incident: Incident, now: datetime) -> People:
    """What the card shows of its people."""
    watch = watches.load(session, incident.id)
    settings = desk.settings
    settled = incident.lead or incident.reached(Status.MITIGATED) or watch.held(now)
    silent = incident.drill or settled or not settings.oncall.configured
    notes = () if silent else oncall.line(session, desk, now).notes
    return People(watch, settings.oncall.lease, notes, settings.phone_tree)


def _or_later(session: Session, desk: Desk, incident: Incident, person: str, now: datetime) -> str:
    waits = reachable.waits_until(session, desk, incident, person, now)
    if waits is None:
        return person
    local = waits.astimezone(reachable.zone_of(session, desk, person))
    name = people.names(session).get(person, person)
    return f"{name}, who is called at {local:%H:%M} of their morning"
