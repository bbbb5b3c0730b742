"""Changes go into the log; open incidents that began after one look at the log again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.core.alert import known_as
from bot.core.change import Change, before_onset
from bot.core.change_evidence import Onset
from bot.core.incident import Incident
from bot.services.desk import Desk
from bot.services.incident_opening import search
from bot.store import change_sources, incidents
from bot.store import changes as log

REACH = timedelta(days=30)
"""No configured window reaches further back (settings.incidents.change_window_hours)."""


@dataclass(frozen=True)
class Seen:
    """What the log holds about an incident.

    `heard` is when it last heard of anything, None for never; `unread` are sources that cannot be read now,
    and when they last could.
    """

    onset: Onset
    window: timedelta
    recent: tuple[Change, ...]
    heard: datetime | None
    unread: Mapping[str, datetime | None]


def record(session: Session, changes: Sequence[Change], *, now: datetime) -> int:
    """Store the changes, late and out-of-order ones included; returns how many were new."""
    named = [replace(change, id=known_as(change.id)) for change in changes]
    new = [change for change in log.unlike(session, named) if log.put(session, change, now=now)]
    if new:
        for incident in incidents.open_ones(session):
            told = [change for change in new if before_onset(change, incident.onset_until, REACH)]
            if told:
                occasion = f"change/{told[0].source}/{told[0].id}"[:200]
                search(session, incident, occasion, now=now)
    return len(new)


def seen(session: Session, desk: Desk, incident: Incident) -> Seen:
    """What the log holds of the time before the incident began, to be read by `change_evidence`."""
    window = desk.settings.incidents.change_window
    onset = onset_of(incident)
    begin = min(onset.at, onset.low or onset.at) - window
    return Seen(
        onset=onset,
        window=window,
        recent=log.between(session, begin, onset.until),
        heard=log.last_received(session),
        unread={
            one.name: one.read_at for one in change_sources.readings(session) if one.failing_since is not None
        },
    )


def onset_of(incident: Incident) -> Onset:
    """When it began, as the log is asked about it."""
    return Onset(incident.started, incident.onset_from, incident.onset_to, incident.service)
