"""People as Slack last described them: names for documents, who left, and who is in which group.

A *reference* is how configuration names people: a Slack id (U…), a user group's id (S…) or an e-mail address.
"""

from collections.abc import Iterable, Mapping

from sqlmodel import Field, Session, SQLModel, col, delete, select

from bot.core.outside import kept
from bot.store.columns import SafeText

_LONGEST = 80


class PersonRow(SQLModel, table=True):
    """Somebody who did something."""

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    name: str = Field(sa_type=SafeText)
    deactivated: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    email: str = Field(default="", sa_type=SafeText, sa_column_kwargs={"server_default": ""})


class MemberRow(SQLModel, table=True):
    """Somebody whom a user group's id or an e-mail address means."""

    __tablename__ = "member"

    reference: str = Field(primary_key=True)
    person: str = Field(primary_key=True)


def meet(session: Session, person: str, name: str) -> None:
    """Keep the name Slack gave for this id."""
    row, name = session.get(PersonRow, person), kept(name, _LONGEST)
    if name and row is None:
        session.add(PersonRow(id=person, name=name))
    elif name and row is not None:
        row.name = name


def names(session: Session) -> Mapping[str, str]:
    """Every known name by Slack id."""
    return {row.id: row.name for row in session.exec(select(PersonRow))}


def left(session: Session, person: str, *, gone: bool) -> None:
    """Keep that somebody's account was deactivated, or is active again."""
    row = session.get(PersonRow, person)
    if row is None:
        session.add(PersonRow(id=person, name=person, deactivated=gone))
    else:
        row.deactivated = gone


def deactivated(session: Session) -> frozenset[str]:
    """Everybody whose account is known to be deactivated."""
    return frozenset(session.exec(select(PersonRow.id).where(col(PersonRow.deactivated))))


def members(session: Session, reference: str) -> tuple[str, ...]:
    """The Slack ids that a reference means; a Slack id means itself."""
    if reference.startswith(("U", "W")) and "@" not in reference:
        return (reference,)
    rows = session.exec(select(MemberRow.person).where(MemberRow.reference == reference))
    return tuple(sorted(rows))


def set_members(session: Session, reference: str, persons: Iterable[str]) -> None:
    """Keep whom a user group's id or an e-mail address means now."""
    session.exec(delete(MemberRow).where(col(MemberRow.reference) == reference))
    session.add_all(MemberRow(reference=reference, person=person) for person in sorted(set(persons)))
    session.flush()
