"""The names behind Slack ids, as Slack last gave them with what the person did; for documents."""

from collections.abc import Mapping

from sqlmodel import Field, Session, SQLModel, select

from bot.core.outside import kept
from bot.store.columns import SafeText

_LONGEST = 80


class PersonRow(SQLModel, table=True):
    """Somebody who did something."""

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    name: str = Field(sa_type=SafeText)


def meet(session: Session, person: str, name: str) -> None:
    """Keep the name Slack gave for this id."""
    row, name = session.get(PersonRow, person), kept(name, _LONGEST)
    if name and (row is None or row.name != name):
        session.merge(PersonRow(id=person, name=name))


def names(session: Session) -> Mapping[str, str]:
    """Every known name by Slack id."""
    return {row.id: row.name for row in session.exec(select(PersonRow))}
