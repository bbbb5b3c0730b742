"""What the notes in incidents' threads count, so that a storm is one note that is edited."""

from datetime import datetime

from sqlmodel import Session

from bot.store.alert_rows import IncidentNewsRow


def current(session: Session, incident: int, kind: str, now: datetime) -> IncidentNewsRow | None:
    """The note of this kind on which is counted now; None where a new one is due."""
    row = session.get(IncidentNewsRow, (incident, kind), populate_existing=True)
    return row if row is not None and now < row.until else None


def of_event(session: Session, incident: int, kind: str, event: int) -> IncidentNewsRow | None:
    """The note of that line of the timeline, unless another has begun since."""
    row = session.get(IncidentNewsRow, (incident, kind), populate_existing=True)
    return row if row is not None and row.event == event else None


def keep(session: Session, row: IncidentNewsRow) -> None:
    """Count on this note from now on."""
    session.merge(row)
    session.flush()
