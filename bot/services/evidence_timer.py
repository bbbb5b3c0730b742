"""Keeps an open incident's evidence current: a durable timer, ever slower the longer it takes."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from bot.core.incident import Incident, Status
from bot.store import slots

CURRENT_JOB = "incident.current"

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def every(incident: Incident, now: datetime) -> timedelta | None:
    """How long until the evidence is gathered again; None once the incident is closed."""
    if incident.closed:
        return None
    if incident.status is Status.MITIGATED:
        return timedelta(hours=1)
    age = incident.age(now)
    if age < timedelta(hours=4):
        return timedelta(minutes=5)
    return timedelta(minutes=15) if age < timedelta(days=1) else timedelta(hours=1)


def following(incident: Incident, now: datetime) -> datetime | None:
    """When that is: on a grid, so that timers planned on several occasions are one, and not at once."""
    step = every(incident, now)
    return None if step is None else _EPOCH + ((now + step / 2 - _EPOCH) // step + 1) * step


def plan(session: Session, incident: Incident, *, now: datetime) -> None:
    """Have the evidence gathered again in time; nothing where it is planned already."""
    due = following(incident, now)
    if due is not None:
        slot = f"{incident.id}/{due:%Y%m%dT%H%M}"
        slots.at(
            session, job=CURRENT_JOB, slot=slot, due=due, payload={"incident": incident.id, "current": True}
        )


def restart(session: Session, incident: Incident, *, now: datetime) -> None:
    """Plan anew after a change of its status: closed there is none any more, mitigated less often."""
    slots.cancel(session, job=CURRENT_JOB, prefix=f"{incident.id}/")
    plan(session, incident, now=now)
