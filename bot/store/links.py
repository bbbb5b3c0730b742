"""What led to what: joined once, read from both ends."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel, or_, select

from bot.core.thing import Link, Thing, ThingKind
from bot.store.columns import SafeText, UtcDateTime


class LinkRow(SQLModel, table=True):
    """See `bot.core.thing.Link`; a pair is joined once."""

    __tablename__ = "link"

    earlier_kind: str = Field(primary_key=True)
    earlier_id: str = Field(primary_key=True)
    later_kind: str = Field(primary_key=True, index=True)
    later_id: str = Field(primary_key=True, index=True)
    why: str = Field(sa_type=SafeText)
    by: str
    at: datetime = Field(sa_type=UtcDateTime)


def join(
    session: Session, earlier: Thing, later: Thing, *, why: str = "", by: str = "", now: datetime
) -> bool:
    """Join two things; False where they were joined already."""
    key = (earlier.kind.value, earlier.id, later.kind.value, later.id)
    if session.get(LinkRow, key) is not None:
        return False
    names = dict(zip(("earlier_kind", "earlier_id", "later_kind", "later_id"), key, strict=True))
    session.add(LinkRow(**names, why=why, by=by, at=now))
    session.flush()
    return True


def of(session: Session, thing: Thing) -> list[Link]:
    """Every link that begins or ends at a thing, the oldest first."""
    earlier = (LinkRow.earlier_kind == thing.kind.value) & (LinkRow.earlier_id == thing.id)
    later = (LinkRow.later_kind == thing.kind.value) & (LinkRow.later_id == thing.id)
    rows = session.exec(select(LinkRow).where(or_(earlier, later)))
    return sorted(map(_link, rows), key=lambda link: (link.at, link.earlier, link.later))


def before(session: Session, thing: Thing, kind: ThingKind) -> list[Thing]:
    """The things of a kind that led to this one, the oldest link first."""
    return [link.earlier for link in of(session, thing) if link.later == thing and link.earlier.kind == kind]


def after(session: Session, thing: Thing, kind: ThingKind) -> list[Thing]:
    """The things of a kind that this one led to, the oldest link first."""
    return [link.later for link in of(session, thing) if link.earlier == thing and link.later.kind == kind]


def _link(row: LinkRow) -> Link:
    earlier = Thing(ThingKind(row.earlier_kind), row.earlier_id)
    later = Thing(ThingKind(row.later_kind), row.later_id)
    return Link(earlier, later, row.why, row.by, row.at)
