"""The day on which a framing is looked at again: reminded of, three times at most, snoozed or silenced."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message, Post, Update
from bot.core.framing import Framing
from bot.core.framing_reader import read
from bot.core.inbound import Order, Place, Press
from bot.core.permission import Act
from bot.core.thing import ThingKind
from bot.errors import InputError
from bot.services import framing_record, launches, permissions
from bot.services.desk import Desk
from bot.services.framing_record import REVISIT_JOB
from bot.store import experiments, framings, links, outbox, slots
from bot.views import framing_reminder as views
from bot.views.framing_actions import meant_by
from bot.views.text import escape, when

MOST = 3
"""Reminders of one edition."""
EVERY, SNOOZE = timedelta(days=2), timedelta(days=7)


def plan(session: Session, desk: Desk, framing: Framing, now: datetime) -> None:
    """Have the newest edition reminded of on the morning of its day; what was planned before is dropped."""
    settle(session, desk, framing, now)
    edition = framing.decided
    if edition is None:
        return
    day = read(edition.fields).revisit
    if day is not None:
        _at(session, framing, edition.number, 1, framing_record.morning(desk, day, now))


def settle(session: Session, desk: Desk, framing: Framing, now: datetime) -> None:
    """Drop what is planned; reminders that were posted say that it is done with."""
    del desk
    slots.cancel(session, job=REVISIT_JOB, prefix=f"{framing.number}/")
    for key in outbox.posted(session, f"framing/{framing.number}/revisit/"):
        outbox.put(session, Update(key, framing.channel, views.settled(framing)), now=now)


def remind(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """Remind of it, unless it was decided anew or given up since; plan the next one up to the cap."""
    framing = framings.load(session, int(payload["framing"]), lock=True)
    edition = framing.decided if framing else None
    if framing is None or edition is None or framing.dropped or edition.number != payload["edition"]:
        return
    number, following = int(payload["number"]), None
    if number < MOST:
        following = framing_record.morning(desk, (now + EVERY).astimezone(desk.settings.zone).date(), now)
        _at(session, framing, edition.number, number + 1, following)
    said = views.reminder(
        framing,
        permissions.mentions(session, desk, "owner", "engineer"),
        _since(session, framing),
        number=number,
        most=MOST,
        following=following,
    )
    key = f"framing/{framing.number}/revisit/{edition.number}/{number}"
    outbox.put(session, Post(key, framing.channel, said, framing.key, broadcast=True), now=now)
    framing_record.draw(session, desk, framing, now)


def press_snooze(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Snooze a week]."""
    permissions.require(session, desk, press.by, Act.FRAME)
    framing = framing_record.load(session, meant_by(press.value)[0])
    _snooze(session, desk, framing, press.by, press.place, key, now)


def press_quiet(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[No more reminders]."""
    permissions.require(session, desk, press.by, Act.FRAME)
    framing = framing_record.load(session, meant_by(press.value)[0])
    _quiet(session, desk, framing, press.by, press.place, key, now)


def order_snooze(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/frame snooze FRM-1`."""
    permissions.require(session, desk, order.by, Act.FRAME)
    framing = _alone(session, order)
    _snooze(session, desk, framing, order.by, order.place, key, now)


def order_quiet(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/frame quiet FRM-1`."""
    permissions.require(session, desk, order.by, Act.FRAME)
    framing = _alone(session, order)
    _quiet(session, desk, framing, order.by, order.place, key, now)


def _alone(session: Session, order: Order) -> Framing:
    framing, rest = framing_record.meant(session, order.text)
    if rest:
        raise InputError(
            f"Read `{order.verb} {escape(order.text, 60)}`, and expected a framing and nothing else.",
            f"For example `/frame {order.verb} {framing.id}`.",
        )
    return framing


def _snooze(
    session: Session, desk: Desk, framing: Framing, by: str, place: Place, key: str, now: datetime
) -> None:
    """The next reminder comes a week later; it counts towards the same cap."""
    planned = slots.kept(session, job=REVISIT_JOB, prefix=f"{framing.number}/")
    waiting = [one for one in planned if one.state == "waiting"]
    if not waiting:
        raise InputError(f"No more reminders of {framing.id} were planned.", "Its card says when one comes.")
    slots.cancel(session, job=REVISIT_JOB, prefix=f"{framing.number}/")
    after = max(now, waiting[0].due) if waiting[0].due > now else now
    due = framing_record.morning(desk, (after + SNOOZE).astimezone(desk.settings.zone).date(), now)
    then = waiting[0].payload
    _at(session, framing, int(then["edition"]), int(then["number"]), due)
    framing_record.draw(session, desk, framing, now)
    said = f"Snoozed until {when(due, style='{date_short_pretty} {time}')}."
    _answer(session, by, place, key, said, now)


def _quiet(
    session: Session, desk: Desk, framing: Framing, by: str, place: Place, key: str, now: datetime
) -> None:
    slots.cancel(session, job=REVISIT_JOB, prefix=f"{framing.number}/")
    framing_record.draw(session, desk, framing, now)
    _answer(session, by, place, key, f"No more reminders of {framing.id} come. It stays as decided.", now)


def _since(session: Session, framing: Framing) -> list[str]:
    """What became of the experiments it led to: what stage 1 has shown by now."""
    found = []
    for thing in links.after(session, framing.thing, ThingKind.EXPERIMENT):
        if experiments.original(session, thing.id) is None:
            continue
        launch = launches.read(session, thing.id)
        newest = launch.newest
        seen = f"look {newest.look}: {newest.verdict}, record {newest.record}" if newest else "no look yet"
        found.append(f"`{escape(launch.id, 80)}` {launch.state.value}, {seen}")
    return found


def _at(session: Session, framing: Framing, edition: int, number: int, due: datetime) -> None:
    payload = {"framing": framing.number, "edition": edition, "number": number}
    slot = f"{framing.number}/{edition}/{number}/{due.date()}"
    slots.at(session, job=REVISIT_JOB, slot=slot, due=due, payload=payload)


def _answer(session: Session, by: str, place: Place, key: str, said: str, now: datetime) -> None:
    effect = Ephemeral(f"{key}/answer", place.channel, by, Message(said), place.thread)
    outbox.put(session, effect, now=now)
