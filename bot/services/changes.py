"""Changes go into the log; open incidents that began after one look at the log again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.core.change import Change, before_onset
from bot.services.incident_opening import search
from bot.store import changes as log
from bot.store import incidents

REACH = timedelta(days=30)
"""No configured window reaches further back (settings.incidents.change_window_hours)."""


def record(session: Session, changes: Sequence[Change], *, now: datetime) -> int:
    """Store the changes, late and out-of-order ones included; returns how many were new."""
    new = [change for change in changes if log.put(session, change, now=now)]
    if new:
        for incident in incidents.open_ones(session):
            told = [change for change in new if before_onset(change, incident.started, REACH)]
            if told:
                occasion = f"change/{told[0].source}/{told[0].id}"[:200]
                search(session, incident, occasion, now=now)
    return len(new)
