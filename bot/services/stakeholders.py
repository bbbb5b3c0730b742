"""Updates for those who wait: drafted from the timeline, edited and posted by a person, and promised."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.claimed import Claimed
from bot.core.effect import Block, Ephemeral, Message, Post, Update
from bot.core.inbound import Press, Submit
from bot.core.incident import Event, Incident
from bot.core.incident_roles import Role
from bot.core.stakeholder_update import MOST, draft, last_update
from bot.errors import InputError, RefusedError
from bot.services import incident_people, watching
from bot.services.desk import Desk
from bot.services.incident_cards import draw, playbook_of, record
from bot.store import incidents, outbox, slots
from bot.views import stakeholders as views
from bot.views import text
from bot.views.triage_actions import Control

PROMISE_JOB = "incident.update"
AGAIN = timedelta(minutes=15)
MOST_REMINDERS = 2


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form with the draft; in a drill it goes to the drill's channel."""
    del by
    incident = incident_people.find(session, Control.decode(value).incident, lock=False)
    last = last_update(incidents.timeline(session, incident.id))
    channel = str(last.detail["channel"]) if last is not None else ""
    if incident.drill:
        channel = outbox.channel_id(session, incident.channel) or incident.channel
    elif not channel:
        home = desk.settings.channels.incidents
        channel = outbox.channel_id(session, home) or ("" if home.startswith("#") else home)
    return views.form(incident, drafted(session, desk, incident, now), channel)


def drafted(session: Session, desk: Desk, incident: Incident, now: datetime) -> str:
    """The draft of an update as things stand."""
    events = incidents.timeline(session, incident.id)
    playbook = playbook_of(session, desk, incident)
    return draft(incident, playbook, events, zone=desk.settings.zone, now=now)


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Post what a person wrote to the channel they chose, and keep what they promised.

    Raises:
        RefusedError: a drill's update would leave the drill's channel.
        InputError: something is missing.

    """
    del key
    incident = incident_people.find(session, Control.decode(sent.value).incident)
    wrong = views.faults(sent.fields)
    if wrong:
        raise InputError("; ".join(wrong.values()), "Open the form again from the card.")
    channel, said = sent.fields[views.CHANNEL], sent.fields[views.TEXT].strip()[:MOST]
    here = {incident.channel, outbox.channel_id(session, incident.channel)}
    if incident.drill and channel not in here:
        raise RefusedError(f"{incident.number} is a drill.", "Its updates stay in its own channel.")
    minutes = int(sent.fields.get(views.NEXT) or 0)
    next_at = now + timedelta(minutes=minutes) if minutes and not incident.closed else None
    number = 1 + sum(event.kind == "update" for event in incidents.timeline(session, incident.id))
    promise = next_at.isoformat() if next_at is not None else ""
    detail = {"channel": channel, "text": said, "number": number, "next_at": promise}
    event = Event(now, "update", f"posted update {number}", sent.by, detail)
    after = watching.progress(session, desk, incident, by=sent.by, now=now)
    record(session, after, event, views.posted(sent.by, channel, number, next_at), now=now)
    message = views.update(after, said, number=number, by=sent.by, next_at=next_at)
    outbox.put(session, Post(f"incident/{after.id}/update/{number}", channel, message), now=now)
    _settle(session, after, "The update was posted.", now)
    if next_at is not None:
        _remind_at(session, after, number, 1, next_at, sent.by)
    draw(session, desk, after, now=now)


def remind(session: Session, desk: Desk, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Remind of a promised update, unless one was posted since or the incident is closed."""
    del desk
    incident = incidents.load(session, int(payload["incident"]), lock=True)
    last = last_update(incidents.timeline(session, int(payload["incident"])))
    if incident is None or incident.closed or last is None or last.detail["number"] != payload["number"]:
        return
    count, number = int(payload["count"]), int(payload["number"])
    due = datetime.fromisoformat(str(last.detail["next_at"]))
    who = incident.roles.get(Role.COMMS, str(payload["by"]))
    final = count >= MOST_REMINDERS
    said = views.promised(incident, watching.named(session, incident, who), due, last=final, every=AGAIN)
    if count > 1:
        _remake(session, incident, "It was said again below.", now)
    incidents.append(
        session,
        incident.id,
        Event(now, "promised", "reminded of the promised update", "", {"number": number, "count": count}),
    )
    key = f"incident/{incident.id}/promise/{number}/{count}/{now.timestamp():.0f}"
    outbox.put(session, Post(key, incident.channel, said), now=now)
    if not final:
        _remind_at(session, incident, number, count + 1, now + AGAIN, str(payload["by"]))


def undelivered(session: Session, claimed: Claimed, reason: str, now: datetime) -> bool:
    """Say in the incident's thread that Slack refused an update for good; whether it was one."""
    effect = claimed.effect
    match = re.fullmatch(r"incident/(\d+)/update/(\d+)", effect.key) if isinstance(effect, Post) else None
    incident = incidents.load(session, int(match[1]), lock=True) if match else None
    if match is None or incident is None:
        return False
    number = int(match[2])
    detail = {"channel": claimed.lane, "number": number, "reason": reason}
    event = Event(now, "update_refused", f"could not post update {number}: Slack said {reason}", "", detail)
    record(session, incident, event, views.refused(claimed.lane, number, reason), now=now)
    return True


def snooze(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Snooze 15 min] of a promised update: it comes that much later."""
    del desk
    incident = incident_people.find(session, Control.decode(press.value).incident)
    waiting = [
        one
        for one in slots.kept(session, job=PROMISE_JOB, prefix=f"{incident.id}/")
        if one.state == "waiting"
    ]
    slots.cancel(session, job=PROMISE_JOB, prefix=f"{incident.id}/")
    if not waiting:
        _answer(session, press, key, "No reminder of it was planned.", now)
        return
    then, due = waiting[0].payload, max(now, waiting[0].due) + AGAIN
    _remind_at(session, incident, int(then["number"]), int(then["count"]), due, str(then["by"]))
    _answer(session, press, key, f"Snoozed until {text.when(due)}.", now)


def dismiss(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Dismiss this one]: nobody is reminded of this promise again."""
    del desk
    incident = incident_people.find(session, Control.decode(press.value).incident)
    slots.cancel(session, job=PROMISE_JOB, prefix=f"{incident.id}/")
    _settle(session, incident, f"{text.person(press.by)} dismissed the reminder of the update.", now)
    _answer(session, press, key, "Nobody is reminded of this update again.", now)


def _settle(session: Session, incident: Incident, said: str, now: datetime) -> None:
    """No reminder is planned any more; those said lose their buttons."""
    slots.cancel(session, job=PROMISE_JOB, prefix=f"{incident.id}/")
    _remake(session, incident, said, now)


def _remake(session: Session, incident: Incident, said: str, now: datetime) -> None:
    for key in outbox.posted(session, f"incident/{incident.id}/promise/"):
        message = text.message(f"{incident.number}: {said}")
        outbox.put(session, Update(key, incident.channel, message), now=now)


def _remind_at(session: Session, incident: Incident, number: int, count: int, due: datetime, by: str) -> None:
    payload = {"incident": incident.id, "number": number, "count": count, "by": by}
    slot = f"{incident.id}/{number}/{count}/{due.isoformat()}"
    slots.at(session, job=PROMISE_JOB, slot=slot, due=due, payload=payload)


def _answer(session: Session, press: Press, key: str, said: str, now: datetime) -> None:
    place = press.place
    outbox.put(
        session, Ephemeral(f"{key}/answer", place.channel, press.by, Message(said), place.thread), now=now
    )
