"""Which incident something typed is about: the one named first, else the one of the thread or channel."""

import re

from sqlmodel import Session

from bot.core.inbound import Place
from bot.core.incident import Incident
from bot.errors import InputError
from bot.services import triage
from bot.store import incidents, outbox

_NAME = re.compile(r"inc-?(\d{1,9})\b[:,]?\s*(.*)", re.IGNORECASE | re.DOTALL)


def about(session: Session, place: Place, text: str) -> tuple[Incident, str]:
    """Return the incident, locked, and what of `text` is left.

    Raises:
        InputError: no incident has that number, or none is named and none is here.

    """
    found, rest = named(session, place, text)
    return triage.find(session, found), rest


def named(session: Session, place: Place, text: str) -> tuple[int, str]:
    """Return the incident's number and what of `text` is left, without locking anything.

    Raises:
        InputError: no incident has that number, or none is named and none is here.

    """
    match = _NAME.fullmatch(text.strip())
    if match:
        return triage.named(session, match[1]).id, match[2]
    key = outbox.key_at(session, place.channel, place.thread) if place.thread else None
    of_thread = re.match(r"incident/(\d+)/", key or "")
    if of_thread:
        return int(of_thread[1]), text.strip()
    here = incidents.in_channel(session, place.channel)
    if here is None:
        raise InputError(
            "No incident has its card in this channel.",
            "Name one first: `INC-7`. `/incidents list` shows the open ones.",
        )
    return here.id, text.strip()
