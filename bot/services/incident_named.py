"""Which incident something typed is about: by its number, its name, its thread or its channel."""

import re

from sqlmodel import Session

from bot.core.inbound import Place
from bot.core.incident import Incident
from bot.errors import InputError
from bot.store import incidents, outbox
from bot.views.text import escape

_NAMED = re.compile(r"(inc-?\d{1,9})\b[:,]?\s*", re.IGNORECASE)


def named(session: Session, name: str) -> Incident:
    """The incident people call `name`.

    Raises:
        InputError: it is no incident's name.

    """
    match = re.fullmatch(r"(?:inc-?)?#?(\d{1,9})", name.strip(), re.IGNORECASE)
    found = incidents.load(session, int(match[1])) if match else None
    if found is None:
        raise InputError(f"There is no incident “{escape(name, 40)}”.", "`/triage list` shows the open ones.")
    return found


def in_channel(session: Session, channel: str) -> Incident | None:
    """The incident whose card is in the channel of this id, None where there is none."""
    return incidents.in_channel(session, channel)


def meant(session: Session, place: Place, text: str) -> tuple[Incident, str]:
    """The incident that was named first ("INC-7 …"), or that of the thread or channel; and what follows.

    Raises:
        InputError: there is none of that name, or none in this channel.

    """
    match = _NAMED.match(text.strip())
    if match:
        return named(session, match[1]), text.strip()[match.end() :].strip()
    number = of_message(session, place.channel, place.thread) if place.thread else None
    found = in_channel(session, place.channel) if number is None else incidents.load(session, number)
    if found is None:
        raise InputError(
            "No incident has its card in this channel.",
            "Name one first, as in `triage answer INC-7 nothing`; `/triage list` shows the open ones.",
        )
    return found, text.strip()


def of_message(session: Session, channel: str, ts: str) -> int | None:
    """The number of the incident that a message of Lookout's own is about, None where it is about none."""
    match = re.match(r"incident/(\d+)/", outbox.key_at(session, channel, ts) or "")
    return int(match[1]) if match else None
