"""People as Slack last described them: names for documents, who left, and who is in which group.

A *reference* is how configuration names people: a Slack id (U…), a user group's id (S…) or an e-mail address.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, delete, select

from bot.core.outside import kept
from bot.store.columns import SafeText, UtcDateTime

_LONGEST = 80
_NOBODY = ""
"""In place of a member: the group or address was read, and nobody is behind it."""
_UNKNOWN = "?"
"""In place of a member: Slack knows no such group or address."""
_LAPSED = "!"
"""In place of a member: Slack has not said for so long that who was in it counts no more."""

Standing: TypeAlias = Literal["unread", "unknown", "lapsed", "read"]
"""Whether a reference was looked up, whether Slack knew it, and whether that was too long ago to count."""


class PersonRow(SQLModel, table=True):
    """Somebody who did something."""

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    name: str = Field(sa_type=SafeText)
    deactivated: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    email: str = Field(default="", sa_type=SafeText, sa_column_kwargs={"server_default": ""})
    zone: str = Field(default="", sa_type=SafeText, sa_column_kwargs={"server_default": ""})


class MemberRow(SQLModel, table=True):
    """Somebody whom a user group's id or an e-mail address means, and when Slack last said so."""

    __tablename__ = "member"

    reference: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    read_at: datetime = Field(sa_type=UtcDateTime)


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


def zone(session: Session, person: str) -> str:
    """The time zone that somebody's Slack is set to; empty where it is not known."""
    row = session.get(PersonRow, person)
    return row.zone if row is not None else ""


def describe(
    session: Session, person: str, name: str, email: str, *, gone: bool, zone: str | None = None
) -> None:
    """Keep how Slack describes an account, which it then knows; a zone that is None stays as it was."""
    meet(session, person, name or person)
    left(session, person, gone=gone)
    row = session.get(PersonRow, person)
    if row is not None:
        row.email = kept(email, _LONGEST * 3)
        row.zone = row.zone if zone is None else kept(zone, _LONGEST)
    _replace(session, person, (), None)


def members(session: Session, reference: str) -> tuple[str, ...]:
    """The Slack ids that a reference means; a Slack id means itself, unless Slack does not know it."""
    kept_ones = _kept(session, reference)
    if is_id(reference):
        return () if _UNKNOWN in kept_ones else (reference,)
    return tuple(one for one in kept_ones if one not in (_NOBODY, _UNKNOWN, _LAPSED))


def standing(session: Session, reference: str) -> Standing:
    """Whether a reference was looked up, and whether Slack knew it; an id needs no looking up."""
    kept_ones = _kept(session, reference)
    if _UNKNOWN in kept_ones:
        return "unknown"
    if _LAPSED in kept_ones:
        return "lapsed"
    return "read" if kept_ones or is_id(reference) else "unread"


def read_at(session: Session, reference: str) -> datetime | None:
    """When Slack last said whom a reference means; None where it never did."""
    return session.exec(select(func.max(MemberRow.read_at)).where(MemberRow.reference == reference)).one()


def set_members(session: Session, reference: str, persons: Iterable[str], now: datetime) -> None:
    """Keep whom a user group's id or an e-mail address means now."""
    _replace(session, reference, sorted(set(persons)) or [_NOBODY], now)


def set_unknown(session: Session, reference: str, now: datetime) -> None:
    """Keep that Slack knows no such group or address: nobody is behind it."""
    _replace(session, reference, [_UNKNOWN], now)


def set_lapsed(session: Session, reference: str) -> None:
    """Keep that what Slack last said of it is too long ago to count: nobody is behind it until it is read."""
    _replace(session, reference, [_LAPSED], read_at(session, reference))


def _replace(session: Session, reference: str, persons: Iterable[str], now: datetime | None) -> None:
    session.exec(delete(MemberRow).where(col(MemberRow.reference) == reference))
    if now is not None:
        session.add_all(MemberRow(reference=reference, person=one, read_at=now) for one in persons)
    session.flush()


def _kept(session: Session, reference: str) -> list[str]:
    return sorted(session.exec(select(MemberRow.person).where(MemberRow.reference == reference)))


def is_id(reference: str) -> bool:
    """Whether a reference is a person's Slack id."""
    return reference.startswith(("U", "W")) and "@" not in reference
