"""Overrides: a written review against a veto, a director's approval by somebody else, an end, a look back."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.core.effect import Block, Post, Update
from bot.core.inbound import Press, Submit
from bot.core.launch import Kind, Launch, LookSeen, Override
from bot.core.ledger import Entry
from bot.core.outside import kept
from bot.core.permission import Act
from bot.errors import InputError, RefusedError, StaleError
from bot.services import (
    deciding,
    decision_cards,
    decision_record,
    launch_cards,
    launches,
    permissions,
    rollouts,
)
from bot.services.desk import Desk
from bot.services.scheduled_looks import zone_now
from bot.store import ledger, outbox, slots
from bot.views import override as views
from bot.views.decision_actions import Pick
from bot.views.decision_forms import REASON, REASON_MOST
from bot.views.text import escape, person

END_JOB = "launch.override_end"
RETROSPECTIVE_JOB = "launch.override_retrospective"
AT = time(9)
"""Local time at which a retrospective is remembered."""


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Request override…]."""
    permissions.require(session, desk, by, Act.OVERRIDE)
    pick = Pick.decode(value)
    launch = launches.read(session, pick.experiment)
    seen = _vetoed(launch, pick.record, now)
    today = now.astimezone(zone_now(session, desk, launch)).date()
    said = (
        f"Look {seen.look} of *{escape(launch.title or launch.id, 200)}* vetoed. A director other than you "
        "must approve this review; without it the veto stands."
    )
    return views.form(said, desk.playbooks.veto.override, _days(desk, today))


def request(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """Ask for an override, from the form. Raises UserError, and writes nothing, for a thin review."""
    del key
    permissions.require(session, desk, submit.by, Act.OVERRIDE)
    pick = Pick.decode(submit.value)
    launch = launches.load(session, pick.experiment)
    seen = _vetoed(launch, pick.record, now)
    zone = zone_now(session, desk, launch)
    days = _days(desk, now.astimezone(zone).date())
    fields = _fields(desk, submit.fields)
    expires = _date(submit.fields, views.EXPIRES, days, "The last day of the override")
    back = _date(submit.fields, views.RETROSPECTIVE, days, "The day of the retrospective")
    if back < expires:
        raise InputError(
            f"It would be looked back on {back}, before it ends with {expires}.", "Choose a later day."
        )
    body = {
        "override": f"override-{len(launch.overrides) + 1}",
        "record": seen.record,
        "fields": fields,
        "expires": expires.isoformat(),
        "retrospective": back.isoformat(),
    }
    launch, entry = launches.note(
        session, launch.id, Kind.OVERRIDE_REQUESTED, by=submit.by, body=body, now=now
    )
    override = _of(launch, str(body["override"]))
    _schedule(session, launch, override, zone)
    card = _card(session, desk, launch, override, entry)
    outbox.put(session, Post(_key(launch, override), launch.channel, card), now=now)
    decision_cards.draw(session, desk, launch, now)
    launch_cards.draw(session, desk, launch, now=now)


def approve(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Approve]: by a director who did not ask for it, while the veto is the newest look's."""
    del key
    permissions.require(session, desk, press.by, Act.APPROVE)
    launch, override = _pending(session, Pick.decode(press.value), now)
    if press.by == override.by:
        others = [one for one in permissions.holders(session, desk, "director") if one != press.by]
        who = ", ".join(person(one) for one in others) or "nobody else is configured as director"
        raise RefusedError("An override is approved by somebody other than who asked for it.", f"Ask {who}.")
    today = now.astimezone(zone_now(session, desk, launch)).date()
    if today > override.expires:
        raise StaleError(f"This override would have ended with {override.expires}.", "It takes a new review.")
    _vetoed(launch, override.record, now, answering=override)
    launch, entry = launches.note(
        session, launch.id, Kind.OVERRIDE_APPROVED, by=press.by, body={"override": override.id}, now=now
    )
    override = _of(launch, override.id)
    decision_record.upload(session, desk, launch, entry, now)
    _tell(session, launch, entry, views.approved(launch, override, entry), now)
    _redraw(session, desk, launch, override, now)


def refusal_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Refuse…]."""
    permissions.require(session, desk, by, Act.APPROVE)
    _, override = _pending(session, Pick.decode(value), now, lock=False)
    return views.refusal_form(override)


def refuse(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """Refuse, from the form; a reason is asked for."""
    del key
    permissions.require(session, desk, submit.by, Act.APPROVE)
    launch, override = _pending(session, Pick.decode(submit.value), now)
    why = kept(submit.fields.get(REASON, ""), REASON_MOST)
    if not why:
        raise InputError("Why the override is refused was not said.", "Say why.")
    body = {"override": override.id, "why": why}
    launch, entry = launches.note(session, launch.id, Kind.OVERRIDE_REFUSED, by=submit.by, body=body, now=now)
    slots.cancel(session, job=END_JOB, prefix=f"{launch.id}/{override.id}")
    slots.cancel(session, job=RETROSPECTIVE_JOB, prefix=f"{launch.id}/{override.id}")
    override = _of(launch, override.id)
    decision_record.upload(session, desk, launch, entry, now)
    _tell(session, launch, entry, views.refused(launch, override, entry), now)
    _redraw(session, desk, launch, override, now)


def end(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """The day after its last: an override that was not refused ends.

    What shipped under it is held again where it stands, and its owner is called.
    """
    launch = launches.load(session, str(payload["experiment"]))
    override = _of(launch, str(payload["override"]))
    if override.refused is not None or override.ended is not None:
        return
    launch, entry = launches.note(
        session, launch.id, Kind.OVERRIDE_ENDED, by="", body={"override": override.id}, now=now
    )
    override = _of(launch, override.id)
    owner = permissions.mentions(session, desk, "owner", "engineer")
    if override.approved is None and launch.open:
        decision_record.upload(session, desk, launch, entry, now)
    if override.approved is not None or launch.open:
        _tell(session, launch, entry, views.ended(launch, override, entry, owner), now)
    if launch.lapsed is not None:
        rollouts.hold(session, desk, launch, f"{override.id} ended", now)
    _redraw(session, desk, launch, override, now)


def look_back(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """On its date: the retrospective of an override under which the launch shipped."""
    launch = launches.load(session, str(payload["experiment"]))
    override = _of(launch, str(payload["override"]))
    if launch.decision is None or launch.decision.override != override.id:
        return
    owner = permissions.mentions(session, desk, "owner", "engineer")
    said = views.retrospective(launch, override, _labels(desk), owner)
    outbox.put(session, Post(f"{_key(launch, override)}/retrospective", launch.channel, said), now=now)


def _vetoed(launch: Launch, record: int, now: datetime, *, answering: Override | None = None) -> LookSeen:
    """The newest look, which must have vetoed, and no other review of it may be under way."""
    deciding.undecided(launch, now)
    seen = deciding.newest_seen(launch, record)
    if seen.verdict != "veto":
        raise RefusedError(
            f"Look {seen.look} says {seen.verdict}: there is no veto to override.", "Only a veto can be."
        )
    for one in launch.overrides:
        if one.record != record or one.refused or one.ended or one == answering:
            continue
        state = "approved" if one.approved else "waiting for a director"
        raise StaleError(
            f"{person(one.by)} has asked for an override already; it is {state}.", "One is enough."
        )
    return seen


def _fields(desk: Desk, fields: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for one in desk.playbooks.veto.override.fields:
        said = kept(fields.get(views.asked(one), ""), views.FIELD_MOST)
        if len(said) < one.least:
            raise InputError(
                f"“{one.label}” has {len(said)} characters; a review needs {one.least}.",
                "Nothing was written. Request it again.",
            )
        found[one.id] = said
    return found


def _days(desk: Desk, today: date) -> dict[str, tuple[date, date]]:
    """The first and last day on which it may end, and be looked back on."""
    review, tomorrow = desk.playbooks.veto.override, today + timedelta(days=1)
    return {
        views.EXPIRES: (tomorrow, today + timedelta(days=review.max_days)),
        views.RETROSPECTIVE: (tomorrow, today + timedelta(days=review.retrospective_days)),
    }


def _date(fields: Mapping[str, str], kind: str, days: Mapping[str, tuple[date, date]], what: str) -> date:
    first, last = days[kind]
    read = views.entered(fields, kind)
    try:
        day = date.fromisoformat(read)
    except ValueError:
        hint = f"Choose {first} to {last}."
        raise InputError(f"{what} is {escape(read, 40) or 'missing'}.", hint) from None
    if not first <= day <= last:
        raise InputError(f"{what} is {day}.", f"It may be any day from {first} to {last}.")
    return day


def _schedule(session: Session, launch: Launch, override: Override, zone: ZoneInfo) -> None:
    payload = {"experiment": launch.id, "override": override.id}
    slot = f"{launch.id}/{override.id}"
    after = datetime.combine(override.expires + timedelta(days=1), time(0), tzinfo=zone)
    back = datetime.combine(override.retrospective, AT, tzinfo=zone)
    slots.at(session, job=END_JOB, slot=slot, due=after, payload=payload)
    slots.at(session, job=RETROSPECTIVE_JOB, slot=slot, due=back, payload=payload)


def _pending(session: Session, pick: Pick, now: datetime, *, lock: bool = True) -> tuple[Launch, Override]:
    """The review a button is of, which nobody may have answered. Raises StaleError with who did."""
    launch = (launches.load if lock else launches.read)(session, pick.experiment)
    override = _of(launch, pick.choice)
    for word, mark in (("approved", override.approved), ("refused", override.refused)):
        if mark is not None:
            raise StaleError(
                f"This override was {word} by {person(mark.by)} already.", "The first one counts."
            )
    if override.ended is not None:
        raise StaleError(f"This override ended with {override.expires}.", "It takes a new review.")
    deciding.undecided(launch, now)
    return launch, override


def _of(launch: Launch, name: str) -> Override:
    found = next((one for one in launch.overrides if one.id == name), None)
    if found is None:
        raise InputError(f"`{launch.id}` has no review {escape(name, 60)}.", "Use the newest card.")
    return found


def _labels(desk: Desk) -> dict[str, str]:
    return {one.id: one.label for one in desk.playbooks.veto.override.fields}


def _key(launch: Launch, override: Override) -> str:
    return f"launch/{launch.id}/{override.id}"


def _card(session: Session, desk: Desk, launch: Launch, override: Override, entry: Entry) -> Any:
    others = [one for one in permissions.holders(session, desk, "director") if one != override.by]
    asked = ", ".join(person(one) for one in others) or "Nobody but who asked is configured as director"
    return views.card(launch, override, entry, _labels(desk), asked)


def _redraw(session: Session, desk: Desk, launch: Launch, override: Override, now: datetime) -> None:
    entries = ledger.of(session, launch.id)
    entry = next(
        one for one in entries if one.kind == Kind.OVERRIDE_REQUESTED and one.body["override"] == override.id
    )
    card = _card(session, desk, launch, override, entry)
    outbox.put(session, Update(_key(launch, override), launch.channel, card), now=now)
    decision_cards.draw(session, desk, launch, now)
    launch_cards.draw(session, desk, launch, now=now)


def _tell(session: Session, launch: Launch, entry: Entry, said: Any, now: datetime) -> None:
    outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/news", launch.channel, said), now=now)
