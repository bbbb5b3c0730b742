"""Whether somebody may be disturbed just now: quiet hours and days, each in their own zone."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session

from bot.core.incident import Incident
from bot.services.desk import Desk
from bot.store import people

TICKET = "SEV3"
"""What only becomes a ticket waits until the morning."""
ALWAYS = "SEV1"
"""What nobody may sleep through."""


def zone_of(session: Session, desk: Desk, person: str) -> ZoneInfo:
    """The zone somebody lives in: as lookout.toml says, else as they set it in Slack, else the default."""
    for reference, zone in desk.settings.oncall.zones.items():
        if reference == person or person in people.members(session, reference):
            return ZoneInfo(zone)
    try:
        return ZoneInfo(people.zone(session, person) or desk.settings.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return desk.settings.zone


def quiet_until(session: Session, desk: Desk, person: str, at: datetime) -> datetime | None:
    """Until when somebody is not to be disturbed for what can wait; None where they may be."""
    return desk.settings.oncall.quiet.until(at, zone_of(session, desk, person))


def waits_until(
    session: Session, desk: Desk, incident: Incident, person: str, at: datetime
) -> datetime | None:
    """Until when a call of somebody who must act has to wait; None where they are called at once."""
    if incident.severity != TICKET:
        return None
    return quiet_until(session, desk, person, at)


def awake(session: Session, desk: Desk, who: Iterable[str], at: datetime) -> tuple[str, ...]:
    """Those of them who may be disturbed."""
    return tuple(one for one in who if quiet_until(session, desk, one, at) is None)
