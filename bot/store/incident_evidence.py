"""All the evidence of an incident at once, as its dashboard shows it."""

from collections.abc import Mapping

from sqlmodel import Session, col, select

from bot.core.evidence import Evidence
from bot.store.incident_rows import EvidenceRow


def by_step(session: Session, incident_id: int) -> Mapping[str, tuple[Evidence, ...]]:
    """The evidence last gathered, by step, in the order it was kept."""
    rows = session.exec(
        select(EvidenceRow)
        .where(col(EvidenceRow.incident) == incident_id)
        .order_by(col(EvidenceRow.step), col(EvidenceRow.place))
    )
    found: dict[str, list[Evidence]] = {}
    for row in rows:
        found.setdefault(row.step, []).append(Evidence.from_json(row.evidence))
    return {step: tuple(lines) for step, lines in found.items()}
