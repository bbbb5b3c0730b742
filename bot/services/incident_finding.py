"""An incident found to be changed, where one stands, and which are open."""

from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Message
from bot.core.incident import Incident
from bot.errors import InputError
from bot.services.desk import Desk
from bot.services.incident_cards import playbook_of
from bot.services.incident_named import in_channel, named
from bot.store import incidents
from bot.views import incident_notes as notes


def find(session: Session, incident: int) -> Incident:
    """The incident of that number, locked for this transaction.

    Raises:
        InputError: there is none.

    """
    found = incidents.load(session, incident, lock=True)
    if found is None:
        raise InputError(f"There is no incident INC-{incident}.", "`/triage list` shows the open ones.")
    return found


def status(session: Session, desk: Desk, *, about: str, channel: str, now: datetime) -> Message:
    """Where an incident stands: the one named ("INC-7" or "7"), else the one of the channel. Reads only.

    Raises:
        InputError: there is none of that name, or none here.

    """
    found = named(session, about) if about else in_channel(session, channel)
    if found is None:
        raise InputError(
            "No incident has its card in this channel.",
            "Name one: `/triage status INC-7`, or `/triage list`.",
        )
    return notes.status(found, playbook_of(session, desk, found), now=now)


def list_open(session: Session, desk: Desk, *, now: datetime) -> Message:
    """The open incidents. Reads only."""
    found = incidents.open_ones(session, limit=20)
    total = incidents.count_open(session)
    return notes.listing([(one, playbook_of(session, desk, one)) for one in found], now=now, total=total)
