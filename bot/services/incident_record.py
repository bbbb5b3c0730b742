"""Everything on record of an incident, as documents show it: what was said and done, in the order it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.core.incident import Event, Incident
from bot.core.marked import Marked, MarkState
from bot.core.playbook import Playbook
from bot.core.review import ActionItem, Review
from bot.services.desk import Desk
from bot.services.incident_cards import playbook_of
from bot.store import incidents, marked, reviews
from bot.store.people import names

_BY_MESSAGE = frozenset({"message", "message_edited"})
"""Kinds of events that a message stands for, at the time it was said."""


@dataclass(frozen=True)
class Line:
    """A line of the timeline: an event, or a message that somebody put into it."""

    at: datetime
    event: Event | None = None
    message: Marked | None = None


@dataclass(frozen=True)
class Picture:
    """The bytes of an image, and what they are."""

    media_type: str
    content: bytes


@dataclass(frozen=True)
class IncidentRecord:
    """`lines` are in the order of what happened; `names` are people by Slack id.

    `images` are by number, and empty where the record was gathered without them.
    """

    incident: Incident
    playbook: Playbook
    events: tuple[Event, ...]
    messages: tuple[Marked, ...]
    lines: tuple[Line, ...]
    review: Review | None
    items: tuple[ActionItem, ...]
    names: Mapping[str, str]
    images: Mapping[int, Picture]


def gather(session: Session, desk: Desk, incident: Incident, *, pictures: bool = False) -> IncidentRecord:
    """Read all of it, the bytes of images only with `pictures`: they may be many.

    Messages that were taken out or deleted are not in it.
    """
    events = incidents.timeline(session, incident.id)
    messages = tuple(one for one in marked.of_incident(session, incident.id) if one.state is MarkState.KEPT)
    numbers = [one.image for m in messages for one in m.said.attachments if one.image is not None]
    found = {number: marked.image(session, number) for number in numbers} if pictures else {}
    return IncidentRecord(
        incident=incident,
        playbook=playbook_of(session, desk, incident),
        events=events,
        messages=messages,
        lines=lines(events, messages),
        review=reviews.load(session, incident.id),
        items=reviews.items(session, incident.id),
        names=names(session),
        images={number: Picture(*image) for number, image in found.items() if image is not None},
    )


def lines(events: tuple[Event, ...], messages: tuple[Marked, ...]) -> tuple[Line, ...]:
    """Merge events and messages by time; events keep the order in which they were written.

    That a message was put in or edited is shown by the message itself. Of one that was taken out or deleted
    it is said that this was done, and when.
    """
    shown = {message.id for message in messages}
    kept = [
        Line(event.at, event=event)
        for event in events
        if event.kind not in _BY_MESSAGE or (event.kind == "message" and event.detail["message"] not in shown)
    ]
    said = [Line(message.said_at, message=message) for message in messages]
    return tuple(sorted([*kept, *said], key=lambda line: line.at))
