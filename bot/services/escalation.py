"""The escalation ladder: durable timers that speak a few times each, only while the incident lags behind.

What was said, snoozed and dismissed stands in the timeline, so that nothing of it is lost at a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Message, Post, Update
from bot.core.incident import Event, Incident
from bot.core.playbook import Rung
from bot.errors import InputError, StaleError
from bot.services import ladder_people, reachable
from bot.services.desk import Desk
from bot.services.incident_cards import LADDER_JOB, record
from bot.store import incidents, outbox, slots, watches
from bot.views import nag as views
from bot.views import text
from bot.views.nag import Nag

LATE = timedelta(seconds=60)
LONGEST = timedelta(hours=12)
"""How long a rung can be snoozed."""


@dataclass(frozen=True)
class Said:
    """What a rung has said of an incident: how often, when last, until when snoozed, and by whom ended."""

    times: int = 0
    last: datetime | None = None
    snoozed: datetime | None = None
    dismissed: str = ""


def plan(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> None:
    """Set the timers of the rungs that still apply, cancel the others; what is settled loses its buttons."""
    said = _said(session, incident)
    for rung in desk.playbooks.escalation.rungs:
        slots.cancel(session, job=LADDER_JOB, prefix=f"{incident.id}/{rung.id}/")
        due = _due(incident, rung, said.get(rung.id, Said()))
        if due is not None:
            _at(session, incident, rung, said.get(rung.id, Said()), max(now, due))
        elif incident.reached(rung.until) and rung.id in said:
            _settle(session, incident, rung, views.settled(incident, rung), now)


def rung(session: Session, desk: Desk, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Let a rung speak, unless the incident has got past it, it was ended, or a later one speaks by now."""
    incident = incidents.load(session, int(payload["incident"]), lock=True)
    ladder = desk.playbooks.escalation
    step = ladder.rung(str(payload["rung"]))
    if incident is None or step is None:
        return
    if payload.get("tell"):
        _tell_later(session, desk, incident, step, tuple(map(str, payload["tell"])), now)
        return
    said = _said(session, incident)
    mine = said.get(step.id, Said())
    due = _due(incident, step, mine)
    if due is None or (mine.times and any(one.id in said for one in ladder.rungs if one.after > step.after)):
        return
    waits = ladder_people.waits_until(session, desk, incident, step, now)
    if waits is not None:
        _at(session, incident, step, mine, waits)
    else:
        planned = datetime.fromisoformat(str(payload.get("due") or due.isoformat()))
        _speak(session, desk, incident, step, by="", due=planned, now=now)


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
    _speak(session, desk, incident, step, by=by, due=now, now=now)


def snooze(
    session: Session,
    desk: Desk,
    incident: Incident,
    *,
    rung: str,
    by: str,
    now: datetime,
    span: timedelta | None = None,
) -> datetime:
    """Put the next word of a rung off, by `span` or as long as it waits anyway; when it speaks then.

    Raises:
        InputError: there is no such rung, or the span is none.
        StaleError: it has nothing more to say.

    """
    step, mine = _speaking(session, desk, incident, rung)
    planned = _due(incident, step, mine)
    span = step.every if span is None else span
    if not timedelta(minutes=1) <= span <= LONGEST:
        most = text.duration(LONGEST)
        raise InputError("That is no time to snooze for.", f"Say 1 minute to {most}: `triage snooze 30`.")
    assert planned is not None  # noqa: S101 - a rung that still speaks does so some time
    until = max(planned, now + span)
    detail = {"rung": step.id, "until": until.isoformat()}
    event = Event(now, "snoozed", f"snoozed “{step.title}” until {text.clock_time(until)}", by, detail)
    record(session, incident, event, views.snoozed(step, by, until), now=now)
    slots.cancel(session, job=LADDER_JOB, prefix=f"{incident.id}/{step.id}/")
    _at(session, incident, step, replace(mine, snoozed=until), until)
    return until


def dismiss(session: Session, desk: Desk, incident: Incident, *, rung: str, by: str, now: datetime) -> None:
    """End the reminders of one rung; those of later rungs still come.

    Raises:
        InputError: there is no such rung.
        StaleError: it has nothing more to say.

    """
    step, mine = _speaking(session, desk, incident, rung)
    slots.cancel(session, job=LADDER_JOB, prefix=f"{incident.id}/{step.id}/")
    said = _said(session, incident) | {step.id: replace(mine, dismissed=by)}
    message = views.dismissed(incident, step, by, _next(desk, incident, step, said))
    event = Event(now, "dismissed", f"dismissed the reminders “{step.title}”", by, {"rung": step.id})
    record(session, incident, event, message, now=now)
    _settle(session, incident, step, message, now)


def newest(session: Session, desk: Desk, incident: Incident) -> str:
    """The id of the rung that spoke last and has more to say.

    Raises:
        InputError: none has.

    """
    said = _said(session, incident)
    active = [one for one in desk.playbooks.escalation.rungs if one.id in said]
    active = [one for one in active if _due(incident, one, said[one.id]) is not None]
    if not active:
        raise InputError(
            f"{incident.number} has no reminder that comes again.", "`triage status` says what is expected."
        )
    return active[-1].id


def _speaking(session: Session, desk: Desk, incident: Incident, rung: str) -> tuple[Rung, Said]:
    """A rung that spoke and has more to say."""
    step = desk.playbooks.escalation.rung(rung)
    if step is None:
        raise InputError(f"The ladder has no rung {text.escape(rung, 40)}.", "Use the newest reminder.")
    mine = _said(session, incident).get(step.id, Said())
    if incident.reached(step.until):
        raise StaleError(f"{incident.number} is {incident.status.words}: no such reminder comes any more.")
    if mine.dismissed:
        raise StaleError(f"{text.person(mine.dismissed)} dismissed these reminders already.")
    if not mine.times or mine.times >= step.most:
        raise StaleError(f"{incident.number}: this reminder does not come again.")
    return step, mine


def _speak(
    session: Session, desk: Desk, incident: Incident, step: Rung, *, by: str, due: datetime, now: datetime
) -> None:
    before = _said(session, incident)
    mine = before.get(step.id, Said())
    late = by == "" and now - due > LATE
    what = f"escalated: {step.title}" if by else f"reminded: {step.title}"
    detail = {"rung": step.id, "late": late, "number": mine.times + 1}
    number = incidents.append(session, incident.id, Event(now, "escalated", what, by, detail))
    mine = replace(mine, times=mine.times + 1, last=now)
    after = before | {step.id: mine}
    again = _due(incident, step, mine)
    called = ladder_people.called(session, desk, incident, step, now)
    message = views.nag(
        incident,
        Nag(
            rung=step,
            number=mine.times,
            acts=called.acts,
            notifies=called.notifies if mine.times == 1 else "",
            again=again,
            following=_next(desk, incident, step, after),
            asked_by=by,
            late_since=due if late else None,
            held=watches.load(session, incident.id).held(now),
        ),
    )
    for earlier in desk.playbooks.escalation.rungs:
        if earlier.after <= step.after:
            _settle(session, incident, earlier, views.followed(incident, earlier), now)
    key = f"incident/{incident.id}/event/{number}/nag/{step.id}"
    outbox.put(session, Post(key, incident.channel, message), now=now)
    if again is not None:
        _at(session, incident, step, mine, again)
    if called.at is not None and mine.times == 1:
        _at_waking(session, incident, step, called.asleep, called.at)


def _tell_later(
    session: Session, desk: Desk, incident: Incident, step: Rung, who: tuple[str, ...], now: datetime
) -> None:
    """Tell those who slept and are awake, unless it is over; they have to know and need not act.

    Whoever still sleeps, in another zone, is told when they wake.
    """
    if incident.closed:
        return
    ends = {one: reachable.quiet_until(session, desk, one, now) for one in who}
    asleep = {one: end for one, end in ends.items() if end is not None}
    if asleep:
        _at_waking(session, incident, step, tuple(asleep), min(asleep.values()))
    awake = [one for one in who if one not in asleep]
    if not awake:
        return
    number = incidents.append(
        session, incident.id, Event(now, "told", f"told in the morning: {step.title}", "", {"rung": step.id})
    )
    said = views.told_later(incident, step, text.people(awake, "nobody"))
    key = f"incident/{incident.id}/event/{number}"
    outbox.put(session, Post(key, incident.channel, said), now=now)


def _next(desk: Desk, incident: Incident, step: Rung, said: Mapping[str, Said]) -> Rung | None:
    """The rung that would speak next, were nothing to change."""
    later = desk.playbooks.escalation.after(step)
    while later is not None and (later.id in said or incident.reached(later.until)):
        later = desk.playbooks.escalation.after(later)
    return later


def _due(incident: Incident, step: Rung, said: Said) -> datetime | None:
    """When a rung speaks next; None where it does not any more."""
    if incident.reached(step.until) or said.dismissed or said.times >= step.most:
        return None
    due = said.last + step.every if said.last is not None else incident.detected_at + step.after
    return max(due, said.snoozed) if said.snoozed is not None else due


def _said(session: Session, incident: Incident) -> dict[str, Said]:
    """What every rung said, by its id; rungs that said nothing are not in it."""
    found: dict[str, Said] = {}
    for event in incidents.timeline(session, incident.id):
        rung = str(event.detail.get("rung", ""))
        mine = found.get(rung, Said())
        if event.kind == "escalated":
            found[rung] = replace(mine, times=mine.times + 1, last=event.at)
        elif event.kind == "snoozed":
            found[rung] = replace(mine, snoozed=datetime.fromisoformat(str(event.detail["until"])))
        elif event.kind == "dismissed":
            found[rung] = replace(mine, dismissed=event.by)
    return found


def _at(session: Session, incident: Incident, step: Rung, said: Said, due: datetime) -> None:
    """Have a rung speak at `due`; its slot says which word of it, so that none is said twice."""
    slot = f"{incident.id}/{step.id}/{incident.version}/{said.times}/{due.isoformat()}"
    payload = {"incident": incident.id, "rung": step.id, "due": due.isoformat()}
    slots.at(session, job=LADDER_JOB, slot=slot, due=due, payload=payload)


def _at_waking(
    session: Session, incident: Incident, step: Rung, asleep: tuple[str, ...], at: datetime
) -> None:
    payload = {"incident": incident.id, "rung": step.id, "tell": list(asleep)}
    slot = f"{incident.id}/tell/{step.id}/{at.isoformat()}"
    slots.at(session, job=LADDER_JOB, slot=slot, due=at, payload=payload)


def _settle(session: Session, incident: Incident, step: Rung, said: Message, now: datetime) -> None:
    """Have what a rung said so far say this instead, without buttons."""
    for key in outbox.posted(session, f"incident/{incident.id}/event/"):
        if key.endswith(f"/nag/{step.id}"):
            outbox.put(session, Update(key, incident.channel, said), now=now)
