"""Messages that people put into an incident's timeline: by an emoji, from a message's menu, or typed.

What a message says is always read from Slack, by a job: so an edit is followed whatever its event said, and
of messages that nobody marks, or nobody marks any more, nothing is kept.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.chat.reading import NO_ROOM, Closed, Found, read_message
from bot.core import marked as core
from bot.core.effect import Block, Ephemeral, Message
from bot.core.inbound import Altered, Order, Place, Reacted, Submit
from bot.core.incident import Event
from bot.core.marked import Mark, Marked, MarkState, Said
from bot.errors import InputError
from bot.services import triage
from bot.services.desk import Desk
from bot.services.incident_named import meant, of_message
from bot.store import incidents, marked, outbox, people, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import marking as views

MARK_JOB = "incident.mark"
"""Reads one message: for a new mark, or again because it was altered."""

MOST_BYTES = 50 * 1024 * 1024
"""Bytes of images kept for one incident."""

_LINK = re.compile(r"https?://[^\s/]+/archives/([A-Z0-9]+)/p(\d{10})(\d{6})")


def reacted(session: Session, desk: Desk, seen: Reacted, key: str, now: datetime) -> None:
    """An emoji was put under a message, or taken away; only the configured ones mean anything."""
    if seen.emoji not in desk.settings.timeline.emoji:
        return
    channel = seen.place.channel
    if not seen.on:
        slots.cancel(session, job=MARK_JOB, prefix=_slot(channel, seen.ts, seen.by, seen.emoji))
        for message in marked.of_message(session, channel, seen.ts):
            _change(session, message, core.unmarked(message, seen.by, seen.emoji), seen.by, now)
        return
    if incidents.in_channel(session, channel) is not None or _is_home(session, desk, channel):
        _read(session, key, now, channel=channel, ts=seen.ts, by=seen.by, how="emoji", emoji=seen.emoji)


def altered(session: Session, seen: Altered, key: str, now: datetime) -> None:
    """A message was edited or deleted; those of timelines are followed."""
    for message in marked.of_message(session, seen.place.channel, seen.ts):
        if seen.gone:
            _delete(session, message, now)
        elif message.state is MarkState.KEPT:
            _read(session, key, now, channel=message.channel, ts=message.ts, by="", how="again")
            return


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of the message shortcut: which incident, and why the message matters."""
    del desk, by
    channel, _, ts = value.partition("/")
    here = triage.in_channel(session, channel)
    known = incidents.recent(session, now=now, limit=views.MOST_OFFERED)
    offered = list({one.id: one for one in (*([here] if here else ()), *known)}.values())
    if not offered:
        raise InputError("There is no incident yet.", "`/triage start [title]` opens one.")
    return views.form(offered, here, f"{channel}/{ts}")


def submit(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """Put the message into the timeline of the incident chosen in the form."""
    del desk
    channel, _, ts = submit.value.partition("/")
    chosen = submit.fields.get(views.INCIDENT, "")
    if not chosen.isdigit() or not re.fullmatch(r"\d{10}\.\d{6}", ts):
        raise InputError("This form cannot be read.", "Use the message's menu again.")
    incident = triage.find(session, int(chosen))
    asked = {"incident": incident.id, "remark": submit.fields.get(views.REMARK, "").strip()}
    _read(session, key, now, channel=channel, ts=ts, by=submit.by, how="form", **asked, **_at(submit.place))


def mark_order(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents mark [INC-7] LINK [why]`: the same by the message's link."""
    del desk
    incident, rest = meant(session, order.place, order.text)
    channel, ts, remark = _linked(rest)
    asked = {"incident": incident.id, "remark": remark}
    _read(session, key, now, channel=channel, ts=ts, by=order.by, how="typed", **asked, **_at(order.place))


def unmark_order(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents unmark LINK`: take a message out of the timelines it is in, whoever put it there."""
    del desk
    channel, ts, _ = _linked(order.text)
    there = [one for one in marked.of_message(session, channel, ts) if one.state is MarkState.KEPT]
    if not there:
        raise InputError("That message is in no timeline.", "`/incidents timeline` shows what is.")
    for message in there:
        _change(session, message, core.taken_out(message), order.by, now)
    said = views.taken_out([one.incident for one in there])
    place = order.place
    outbox.put(session, Ephemeral(f"{key}/answer", place.channel, order.by, said, place.thread), now=now)


def read(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Read the message from Slack; the function returned puts it into its timeline, or mends it there.

    Raises SourceError when Slack cannot be asked; it is tried again.
    """
    channel, ts = str(payload["channel"]), str(payload["ts"])
    with db.read() as session:
        known = people.names(session)
        here = _incident(session, payload, "")
        room = MOST_BYTES - (marked.bytes_kept(session, here) if here else 0)
    settings = desk.settings
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    try:
        found = read_message(channel, ts, known, token=token, api_url=settings.slack_api_url, room=room)
    except Closed:
        return partial(_answer, payload, views.closed(channel), now)
    if found is None:
        return partial(_gone, payload, now)
    return partial(_again if payload["how"] == "again" else _put, payload, found, now)


def _put(payload: Mapping[str, Any], found: Found, now: datetime, session: Session) -> None:
    """Put the message into the timeline, with a mark of who asked for it."""
    mark = Mark(payload["by"], payload["how"], payload.get("emoji", ""))
    number = _incident(session, payload, found.said.thread)
    if number is None:
        return
    before = marked.find(session, number, payload["channel"], payload["ts"])
    message = before or Marked(
        0, number, payload["channel"], payload["ts"], MarkState.REMOVED, found.said, (), "", now
    )
    first = mark.how != "emoji" or not _has_marked(session, number, mark.by)
    after = marked.put(session, core.marked(message, mark, payload.get("remark", "")))
    after = _hold(session, after, found)
    if message.state is not MarkState.KEPT:
        detail = {"message": after.id, "how": mark.how}
        incidents.append(
            session, number, Event(now, "message", "put a message into the timeline", mark.by, detail)
        )
    if first:
        _answer(payload, views.kept(after, removable=mark.how == "emoji"), now, session)


def _again(payload: Mapping[str, Any], found: Found, now: datetime, session: Session) -> None:
    """Follow an edit in every timeline that has the message."""
    for message in marked.of_message(session, payload["channel"], payload["ts"]):
        if message.state is not MarkState.KEPT or _same(message.said, found.said):
            continue
        after = _hold(session, message, found)
        text = "an edited message was read again"
        detail = {"message": after.id}
        incidents.append(session, message.incident, Event(now, "message_edited", text, "", detail))


def _gone(payload: Mapping[str, Any], now: datetime, session: Session) -> None:
    """The message is not there any more."""
    for message in marked.of_message(session, payload["channel"], payload["ts"]):
        _delete(session, message, now)
    if payload["how"] in ("form", "typed"):
        _answer(payload, views.gone(), now, session)


def _hold(session: Session, message: Marked, found: Found) -> Marked:
    """Keep what the message says now, and its images; images that it has no more are dropped."""
    for who, name in found.names.items():
        people.meet(session, who, name)
    before = {one.file: one.image for one in message.said.attachments if one.image is not None}
    room = MOST_BYTES - marked.bytes_kept(session, message.incident)  # less, maybe, than when it was read
    attachments = []
    for place, one in enumerate(found.said.attachments):
        image, body = before.get(one.file), found.images.get(place)
        if image is None and body is not None and len(body) <= room:
            image = marked.keep_image(session, message.id, one.media_type, body)
            room -= len(body)
        attachments.append(replace(one, image=image, why="" if image is not None else one.why or NO_ROOM))
    used = [one.image for one in attachments if one.image is not None]
    after = marked.put(session, replace(message, said=replace(found.said, attachments=tuple(attachments))))
    marked.drop_images(session, message.id, but=used)
    return after


def _delete(session: Session, message: Marked, now: datetime) -> None:
    """Its author took it away: its text and images go, that it was there stays."""
    if message.state is MarkState.DELETED:
        return
    marked.drop_images(session, message.id)
    marked.put(session, core.deleted(message))
    if message.state is MarkState.KEPT:
        text, detail = "a message of the timeline was deleted in Slack", {"message": message.id}
        incidents.append(session, message.incident, Event(now, "message_deleted", text, "", detail))


def _change(session: Session, before: Marked, after: Marked, by: str, now: datetime) -> None:
    if after == before:
        return
    marked.put(session, after)
    if before.state is MarkState.KEPT and after.state is MarkState.REMOVED:
        marked.drop_images(session, before.id)
        text, detail = "took a message out of the timeline", {"message": before.id}
        incidents.append(session, before.incident, Event(now, "message_removed", text, by, detail))


def _incident(session: Session, payload: Mapping[str, Any], thread: str) -> int | None:
    """The incident a message belongs to: the one named, its thread's, or its channel's."""
    if payload.get("incident"):
        return int(payload["incident"])
    for ts in (thread, payload["ts"]):
        number = of_message(session, payload["channel"], ts) if ts else None
        if number is not None:
            return number
    here = incidents.in_channel(session, payload["channel"])
    return here.id if here else None


def _has_marked(session: Session, incident: int, by: str) -> bool:
    """Whether somebody put a message into this timeline before: then they know how it goes."""
    return any(event.kind == "message" and event.by == by for event in incidents.timeline(session, incident))


def _same(before: Said, now: Said) -> bool:
    """Whether a message still says what it said; a new reaction or thread is no edit."""
    files = [one.file for one in before.attachments], [one.file for one in now.attachments]
    return before.text == now.text and files[0] == files[1]


def _read(session: Session, key: str, now: datetime, **payload: Any) -> None:
    slot = _slot(payload["channel"], payload["ts"], payload["by"], payload.get("emoji", ""))
    slots.at(session, job=MARK_JOB, slot=f"{slot}{key}", due=now, payload={**payload, "key": key})


def _slot(channel: str, ts: str, by: str, emoji: str) -> str:
    """How the slot of a mark begins: an emoji taken away at once drops what waits for it."""
    return f"{channel}/{ts}/{by}/{emoji}/"


def _at(place: Place) -> dict[str, str | None]:
    """Where to answer."""
    return {"place": place.channel, "thread": place.thread}


def _answer(payload: Mapping[str, Any], said: Message, now: datetime, session: Session) -> None:
    if not payload["by"]:
        return
    channel = payload.get("place") or payload["channel"]
    effect = Ephemeral(f"{payload['key']}/mark", channel, payload["by"], said, payload.get("thread"))
    outbox.put(session, effect, now=now)


def _linked(text: str) -> tuple[str, str, str]:
    """The channel and ts of a message's link, and what stands behind it."""
    match = _LINK.search(text)
    if match is None:
        raise InputError(
            "There is no link to a message.",
            "Copy it from the message's menu: `/incidents mark https://….slack.com/archives/C…/p…`.",
        )
    return match[1], f"{match[2]}.{match[3]}", text[match.end() :].partition(" ")[2].strip()


def _is_home(session: Session, desk: Desk, channel: str) -> bool:
    """Whether incidents are announced in the channel: their threads are told apart by their first message."""
    home = desk.settings.channels.incidents
    return channel in (home, outbox.channel_id(session, home))
