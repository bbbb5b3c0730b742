"""The watch over an incident: somebody says that they are on it, for a while; else the next is called.

Until somebody does, the people on call are called one after the other, each with as long as is configured.
Being on it is a lease: whatever anybody does extends it, and when it lapses without that, the next is called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Post, Update
from bot.core.incident import Event, Incident, Status
from bot.core.watch import Watch
from bot.errors import InputError
from bot.services import degraded, oncall, reachable
from bot.services.desk import Desk
from bot.services.incident_cards import draw, record
from bot.store import incidents, outbox, people, slots, watches
from bot.views import text
from bot.views import watch as views

CALL_JOB = "incident.call"
LEASE_JOB = "incident.lease"
LONGEST = 240
"""Minutes that somebody may be on it without a word."""
_OWN = frozenset({"acknowledged", "on_it", "called", "unanswered", "lapsed", "left"})
"""Events that are the watch's own: none of them is progress."""


def plan(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> None:
    """Plan the first call at the opening: of the next in line, if whoever the card named does not answer.

    For what is only a ticket, in the quiet hours of whoever is first, that one is called when they end.
    """
    degraded.soon(session, now)
    settings = desk.settings
    if not (settings.oncall.configured or settings.phone_tree):
        return
    first = oncall.now(session, desk, now)[:1]
    waits = reachable.waits_until(session, desk, incident, first[0], now) if first else None
    watches.save(session, Watch(incident.id, called=() if waits else first))
    _call_at(session, incident, waits or now + settings.oncall.ack)


def on_it(
    session: Session, desk: Desk, *, incident: int, by: str, now: datetime, minutes: float | None = None
) -> Incident:
    """Say that somebody looks at it, for `minutes` or as long as is configured.

    Raises:
        InputError: it is over, or the time is none.

    """
    if minutes is not None and not 1 <= minutes <= LONGEST:
        hint = f"Say 1 to {LONGEST}, for example `triage ack 30`."
        raise InputError(f"{text.number(minutes)} minutes cannot be held.", hint)
    span = desk.settings.oncall.lease if minutes is None else timedelta(minutes=minutes)
    found = _open(session, incident)
    before = watches.load(session, incident)
    after, first = _acknowledged(session, found, by, now)
    until = now + span
    _hold(session, found, replace(before, person=by, since=now, until=until, exhausted_at=None))
    other = before.person if before.held(now) and before.person != by else ""
    said = views.on_it(by, until, over_from=other)
    detail = {"until": until.isoformat(), "over_from": other}
    what = f"is on it for {text.duration(span)}"
    record(session, after, Event(now, "acknowledged" if first else "on_it", what, by, detail), said, now=now)
    _settle(session, after, by, now)
    draw(session, desk, after, now=now)
    return after


def progress(session: Session, desk: Desk, incident: Incident, *, by: str, now: datetime) -> Incident:
    """Somebody did something: that acknowledges it, and nobody is called. Returns the incident as stored."""
    if incident.reached(Status.MITIGATED):
        stop(session, incident, now=now)
        return incident
    if not by:
        return incident
    after, first = _acknowledged(session, incident, by, now)
    if first:
        incidents.append(session, after.id, Event(now, "acknowledged", "began to look at it", by))
    degraded.soon(session, now)
    watch = watches.load(session, incident.id)
    if not watch.held(now):
        until = now + desk.settings.oncall.lease
        _hold(session, incident, replace(watch, person=by, since=now, until=until, exhausted_at=None))
        _settle(session, after, by, now)
    return after


def stop(session: Session, incident: Incident, *, now: datetime) -> None:
    """It is mitigated or over: nobody is called any more, and nobody holds it."""
    for job in (CALL_JOB, LEASE_JOB):
        slots.cancel(session, job=job, prefix=f"{incident.id}/")
    watch = watches.load(session, incident.id)
    if watch != Watch(incident.id):
        watches.save(session, Watch(incident.id))
        _settle(session, incident, "", now)


def call(session: Session, desk: Desk, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Call the next in line, unless somebody is on it."""
    incident = incidents.load(session, int(payload["incident"]), lock=True)
    if incident is None or incident.reached(Status.MITIGATED):
        return
    watch = watches.load(session, incident.id)
    if watch.person:
        return
    waited = text.duration(desk.settings.oncall.ack)
    why = f"nobody has been on it for {waited}." if watch.called else "the night is over, and it waits."
    _call_next(session, desk, incident, watch, why, now)


def lapse(session: Session, desk: Desk, payload: Mapping[str, Any], *, now: datetime) -> None:
    """A lease ends: whatever happened since extends it, else the next in line is called."""
    incident = incidents.load(session, int(payload["incident"]), lock=True)
    if incident is None or incident.reached(Status.MITIGATED):
        return
    watch = watches.load(session, incident.id)
    if not watch.person or watch.until is None or watch.until.isoformat() != payload["until"]:
        return
    last = _last_act(session, incident)
    if last is not None and last + desk.settings.oncall.lease > now:
        _hold(session, incident, replace(watch, until=last + desk.settings.oncall.lease))
        draw(session, desk, incident, now=now)
        return
    what = "said to be on it, and nothing happened since"
    incidents.append(session, incident.id, Event(now, "lapsed", what, watch.person))
    silent = named(session, incident, watch.person)
    free = replace(watch, person="", since=None, until=None, called=(watch.person,))
    _call_next(session, desk, incident, free, f"nothing has been heard of {silent}.", now)


def left(session: Session, desk: Desk, who: Sequence[str], now: datetime) -> None:
    """People have left: what they held of open incidents is free, and the next in line is called."""
    for one in incidents.open_ones(session, limit=200):
        watch = watches.load(session, one.id)
        roles = {role: person for role, person in one.roles.items() if person in who}
        held = watch.person in who
        if not (roles or held or one.lead in who):
            continue
        incident = incidents.load(session, one.id, lock=True) or one
        gone = watch.person if held else incident.lead if incident.lead in who else next(iter(roles.values()))
        kept = {role: person for role, person in incident.roles.items() if person not in who}
        lead = "" if incident.lead in who else incident.lead
        incident = replace(incident, roles=kept, lead=lead)
        incidents.save(session, incident)
        said = views.left(incident, named(session, incident, gone), list(roles))
        record(session, incident, Event(now, "left", "has left", gone, {"roles": list(roles)}), said, now=now)
        if held and not incident.reached(Status.MITIGATED):
            free = replace(watch, person="", since=None, until=None, called=(gone,))
            who_left = named(session, incident, gone)
            _call_next(session, desk, incident, free, f"{who_left} was on it and has left.", now)
        else:
            draw(session, desk, incident, now=now)


def named(session: Session, incident: Incident, reference: str) -> str:
    """Somebody as said in an incident: mentioned, or in a drill only named, since it calls nobody."""
    if incident.drill:
        return text.escape(people.names(session).get(reference, reference), 80)
    return text.person(reference)


def _call_next(
    session: Session, desk: Desk, incident: Incident, watch: Watch, why: str, now: datetime
) -> None:
    """Call whoever is next in line and was not called yet; where nobody is, say what is left."""
    line = [one for one in oncall.now(session, desk, now) if one not in watch.called]
    if not line:
        _exhausted(session, desk, incident, watch, now)
        return
    waits = reachable.waits_until(session, desk, incident, line[0], now)
    if waits is not None:
        watches.save(session, watch)
        _call_at(session, incident, waits)
        draw(session, desk, incident, now=now)
        return
    due = now + desk.settings.oncall.ack
    watches.save(session, replace(watch, called=(*watch.called, line[0])))
    detail = {"who": line[0], "next_at": due.isoformat()}
    name = people.names(session).get(line[0], line[0])
    number = incidents.append(session, incident.id, Event(now, "called", f"called {name}", "", detail))
    following = _plain_name(session, line[1]) if len(line) > 1 else ""
    said = views.called(incident, named(session, incident, line[0]), why, then=following, due=due)
    outbox.put(session, Post(_call_key(incident, number), incident.channel, said), now=now)
    _call_at(session, incident, due)
    draw(session, desk, incident, now=now)


def _exhausted(session: Session, desk: Desk, incident: Incident, watch: Watch, now: datetime) -> None:
    watches.save(session, replace(watch, exhausted_at=now))
    number = incidents.append(
        session,
        incident.id,
        Event(now, "unanswered", "found nobody on call who answers", "", {"called": list(watch.called)}),
    )
    called = [_plain_name(session, one) for one in watch.called]
    said = views.unanswered(incident, called, desk.settings.phone_tree)
    outbox.put(session, Post(_call_key(incident, number), incident.channel, said), now=now)
    draw(session, desk, incident, now=now)


def _plain_name(session: Session, reference: str) -> str:
    """Somebody named and not mentioned: only who is called now is to be woken."""
    return text.escape(people.names(session).get(reference, reference), 80)


def _acknowledged(session: Session, incident: Incident, by: str, now: datetime) -> tuple[Incident, bool]:
    """The incident with when somebody first looked at it; whether that was just now."""
    if incident.acknowledged_at is not None:
        return incident, False
    after = replace(incident, acknowledged_at=now, acknowledged_by=by)
    incidents.save(session, after)
    return after, True


def _hold(session: Session, incident: Incident, watch: Watch) -> None:
    """Keep who holds it, and look again when that ends."""
    watches.save(session, watch)
    slots.cancel(session, job=CALL_JOB, prefix=f"{incident.id}/")
    assert watch.until is not None  # noqa: S101 - whoever holds it does so until then
    until = watch.until.isoformat()
    payload = {"incident": incident.id, "until": until}
    slots.at(session, job=LEASE_JOB, slot=f"{incident.id}/{until}", due=watch.until, payload=payload)


def _call_at(session: Session, incident: Incident, due: datetime) -> None:
    slot = f"{incident.id}/{due.isoformat()}"
    slots.at(session, job=CALL_JOB, slot=slot, due=due, payload={"incident": incident.id})


def _settle(session: Session, incident: Incident, by: str, now: datetime) -> None:
    """Have every call of it say that nobody is called any more."""
    for key in outbox.posted(session, f"incident/{incident.id}/call/"):
        outbox.put(session, Update(key, incident.channel, views.answered(incident, by)), now=now)


def _last_act(session: Session, incident: Incident) -> datetime | None:
    """When a person last did something to it, other than to say that they are on it."""
    acts = [one.at for one in incidents.timeline(session, incident.id) if one.by and one.kind not in _OWN]
    return max(acts, default=None)


def _call_key(incident: Incident, number: int) -> str:
    return f"incident/{incident.id}/call/{number}"


def _open(session: Session, incident: int) -> Incident:
    found = incidents.load(session, incident, lock=True)
    if found is None:
        raise InputError(f"There is no incident INC-{incident}.", "`/triage list` shows the open ones.")
    if found.reached(Status.MITIGATED):
        raise InputError(
            f"{found.number} is {found.status.words}.", "Nobody has to watch it; reopen it if it is back."
        )
    return found
