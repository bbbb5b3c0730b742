"""The roles of an incident: taken by a button or a mention, handed over, given back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Block
from bot.core.inbound import Press, Submit
from bot.core.incident import Event, Incident
from bot.core.incident_roles import Role
from bot.errors import InputError, StaleError
from bot.services import watching
from bot.services.desk import Desk
from bot.services.incident_cards import draw, record
from bot.store import incidents, people
from bot.views import incident_people as views
from bot.views.text import escape, person
from bot.views.triage_actions import Control


def press_on_it(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[I'm on it]."""
    del key
    watching.on_it(session, desk, incident=Control.decode(press.value).incident, by=press.by, now=now)


def press_role(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """The select that takes a role."""
    del key
    control = Control.decode(press.value)
    give(session, desk, incident=control.incident, role=control.choice, to=press.by, by=press.by, now=now)


def give(
    session: Session, desk: Desk, *, incident: int, role: str, to: str, by: str, now: datetime
) -> Incident:
    """Have `to` hold a role; "" gives it back.

    Taking a role that somebody else holds is refused, since two may have pressed at once: handing it over is
    said of another person, or in the form.

    Raises:
        InputError: there is no such role or incident, it is closed, or the person has left.
        StaleError: somebody else holds it, and the one who asks wants it for themselves.

    """
    return _give(session, desk, _open(session, incident), {role: to}, by=by, now=now, over=to != by)


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Hand over…]: who holds each, to be handed over."""
    del desk, by, now
    return views.form(_open(session, Control.decode(value).incident, lock=False))


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """The form sent off: every role that changed changes hands."""
    del key
    incident = _open(session, Control.decode(sent.value).incident)
    wanted = {role.value: sent.fields.get(role.value, "") for role in Role}
    changed = {role: to for role, to in wanted.items() if incident.roles.get(role, "") != to}
    if changed:
        _give(session, desk, incident, changed, by=sent.by, now=now, over=True)


def _give(
    session: Session,
    desk: Desk,
    incident: Incident,
    wanted: Mapping[str, str],
    *,
    by: str,
    now: datetime,
    over: bool,
) -> Incident:
    gone = people.deactivated(session)
    for role, to in wanted.items():
        _check(incident, role, to, over=over)
        if to in gone:
            raise InputError(f"{person(to)} has left Slack.", "Name somebody who can act.")
    roles = {**incident.roles, **wanted}
    after = replace(incident, roles={role: to for role, to in roles.items() if to})
    incidents.save(session, after)
    after = watching.progress(session, desk, after, by=by, now=now)
    for role, to in wanted.items():
        before = incident.roles.get(role, "")
        detail = {"role": role, "to": to, "from": before}
        event = Event(now, "role", _what(role, to, before, by, people.names(session)), by, detail)
        mention = watching.named(session, incident, to) if to else ""
        record(session, after, event, views.given(event, role, mention), now=now)
    draw(session, desk, after, now=now)
    return after


def _check(incident: Incident, role: str, to: str, *, over: bool) -> None:
    if role not in Role.__members__.values():
        known = ", ".join(Role)
        raise InputError(f"There is no role “{escape(role, 40)}”.", f"Roles are {known}.")
    holder = incident.roles.get(role, "")
    if holder == to:
        who = f"{person(to)} is {role} already." if to else f"Nobody is {role}."
        raise InputError(f"{incident.number}: {who}")
    if holder and not over:
        raise StaleError(
            f"{incident.number}: {person(holder)} is {role} already.",
            f"To have it handed over, use [Hand over…] on the card, or ask {person(holder)} to type "
            f"`@lookout triage role {role} @you`.",
        )


def _what(role: str, to: str, before: str, by: str, names: Mapping[str, str]) -> str:
    """The line of the timeline; the people are in its detail too."""
    if not to:
        other = names.get(before, before)
        return f"gave back the role of {role}" + ("" if before == by else f" that {other} held")
    return f"took the role of {role}" if to == by else f"made {names.get(to, to)} {role}"


def find(session: Session, number: int, *, lock: bool = True) -> Incident:
    """The incident of that number, locked for this transaction unless it is only read.

    Raises:
        InputError: there is none.

    """
    found = incidents.load(session, number, lock=lock)
    if found is None:
        raise InputError(f"There is no incident INC-{number}.", "`/triage list` shows the open ones.")
    return found


def _open(session: Session, number: int, *, lock: bool = True) -> Incident:
    found = find(session, number, lock=lock)
    if found.closed:
        raise InputError(f"{found.number} is {found.status.words}.", "Reopen it to give roles.")
    return found
