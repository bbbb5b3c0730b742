"""A person says when it began, by a form or by `/triage onset`; the record keeps what was thought before."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sqlmodel import Session

from bot.core.effect import Block, Ephemeral, Message
from bot.core.inbound import Order, Submit
from bot.core.incident import Event, Incident
from bot.core.outside import kept
from bot.core.typed_time import EXAMPLES, span
from bot.errors import InputError
from bot.services import onset, triage
from bot.services.desk import Desk
from bot.services.incident_cards import draw, record
from bot.store import incidents, outbox
from bot.views import onset as views
from bot.views.incident_button import decode
from bot.views.text import when

_NUMBER = re.compile(r"inc-?\d{1,9}\b", re.IGNORECASE)
DATED = "{date_short_pretty} {time}"
_AGAIN = {"", "again"}
_TIMED = re.compile(
    r"((?:today\s+|yesterday\s+)?\d{1,2}:\d{2}(?:\s*(?:utc|z)\b)?"
    r"|\d{4}-\d{2}-\d{2}(?:[T\s]\s*\d{1,2}:\d{2}(?::\d{2})?\s*(?:utc\b|z\b|[+-]\d{2}:?\d{2})?)?"
    r"|\d{1,5}(?:\.\d{1,2})?\s*(?:min|[mhdw])\b(?:\s+ago\b)?)",
    re.IGNORECASE,
)


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [It began earlier or later…]."""
    del desk, by, now
    incident = incidents.load(session, decode(value))
    if incident is None:
        raise InputError("There is no such incident.", "`/triage list` shows the open ones.")
    return views.form(incident)


def check(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong with the form, by field."""
    return views.faults(fields)


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Take what the form says."""
    del key
    at = datetime.fromtimestamp(views.entered(sent.fields), UTC)
    incident = triage.find(session, decode(sent.value))
    at = min(at, incident.detected_at)  # the form knows minutes, and no seconds
    _correct(session, desk, incident, (at, at), sent.by, sent.fields.get(views.NOTE, ""), now)


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/triage onset [INC-7] 02:34 [why]`, with bounds `02:20-02:41`, or `again` to have it estimated anew.

    Raises:
        InputError: no incident is meant, or no time that it can have begun at.

    """
    incident, rest = _meant(session, asked)
    if rest.lower() in _AGAIN:
        _again(session, incident, asked, key, now)
        return
    times, note = _read(rest)
    first, last = span(times, now=now, zone=desk.settings.zone)
    _correct(session, desk, incident, (first, last), asked.by, note, now)


def _meant(session: Session, asked: Order) -> tuple[Incident, str]:
    named = _NUMBER.match(asked.text.strip())
    if named:
        return triage.find(session, triage.named(session, named[0]).id), asked.text.strip()[
            named.end() :
        ].strip()
    here = triage.in_channel(session, asked.place.channel)
    if here is None:
        hint = "Name one: `/triage onset INC-7 02:34`."
        raise InputError("No incident has its card in this channel.", hint)
    return triage.find(session, here.id), asked.text.strip()


def _read(text: str) -> tuple[str, str]:
    """The time or the two times that a text begins with, and what follows as a note."""
    first = _TIMED.match(text)
    if first is None:
        return text, ""
    joint = re.match(r"\s*(?:-|\u2013|\.\.|to\b)\s*", text[first.end() :])
    second = _TIMED.match(text, first.end() + joint.end()) if joint else None
    if second is None:
        return first[0], text[first.end() :].strip()
    return f"{first[0]} to {second[0]}", text[second.end() :].strip()


def _again(session: Session, incident: Incident, asked: Order, key: str, now: datetime) -> None:
    if incident.closed or not incident.alerts or incident.drill:
        what = "it is closed" if incident.closed else "no alert names a metric whose history could tell"
        raise InputError(
            f"The onset of {incident.number} cannot be estimated: {what}.",
            f"Say when it began: `/triage onset {incident.number} TIME`, like {EXAMPLES}.",
        )
    if incident.onset_by not in ("", onset.BY_ALERT, onset.BY_HISTORY):
        incidents.save(session, replace(incident, onset_by=onset.BY_ALERT))
        incident = replace(incident, onset_by=onset.BY_ALERT)
    onset.plan(session, incident, now=now, occasion=key)
    said = Message(
        f"The onset of {incident.number} is being estimated; what comes out is said in its thread."
    )
    place = asked.place
    outbox.put(session, Ephemeral(f"{key}/onset", place.channel, asked.by, said, place.thread), now=now)


def _correct(
    session: Session,
    desk: Desk,
    incident: Incident,
    said: tuple[datetime, datetime],
    by: str,
    note: str,
    now: datetime,
) -> None:
    """`said` is when it began, or between when and when: then the middle counts."""
    first, last = said
    _require_before(incident, first, last)
    started, bounded = first + (last - first) / 2, last > first
    after = replace(
        incident,
        started=started,
        onset_from=first if bounded else None,
        onset_to=last if bounded else None,
        onset_by=by,
    )
    incidents.save(session, after)
    why = kept(note, views.NOTE_MOST)
    text = f"said that it began {started.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    text += f" (until now: {incident.started.astimezone(UTC):%Y-%m-%d %H:%M} UTC)" + (
        f": {why}" if why else ""
    )
    detail = {
        "by": "person",
        "at": started.isoformat(),
        "from": first.isoformat() if bounded else None,
        "to": last.isoformat() if bounded else None,
        "was": incident.started.isoformat(),
        "note": why,
    }
    message = views.corrected(after, by=by, before=incident.started, note=why)
    number = record(session, after, Event(now, "onset", text, by, detail), message, now=now)
    if not after.closed:
        onset.look_again(session, after, number, now)
    draw(session, desk, after, now=now)


def _require_before(incident: Incident, first: datetime, last: datetime) -> None:
    detected = incident.detected_at
    if last > detected:
        raise InputError(
            f"{incident.number} was detected {when(detected, style=DATED)}; it cannot have begun after that, "
            f"{when(last, style=DATED)}.",
            f"Name an earlier time, like {EXAMPLES}; a time of day is in the configured zone.",
        )
    if first < detected - views.EARLIEST:
        raise InputError(
            f"That is more than {views.EARLIEST.days} days before {incident.number} was detected.",
            "Name a later time: no change so far back is looked at.",
        )
