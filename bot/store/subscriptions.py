"""Which channels asked for which digest, and when they want it."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from bot.store.columns import UtcDateTime


class SubscriptionRow(SQLModel, table=True):
    """One digest of one channel; `at` is a local time like 09:00 in the IANA `zone`, weekday 0 is Monday."""

    __tablename__ = "subscription"

    channel: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)  # daily | weekly
    at: str
    zone: str
    weekday: int
    by: str
    since: datetime = Field(sa_type=UtcDateTime)


def subscribe(session: Session, wanted: SubscriptionRow) -> None:
    """Keep it, in place of the channel's earlier wish for the same digest."""
    session.merge(wanted)


def unsubscribe(session: Session, channel: str, digest: str) -> bool:
    """Forget it; whether there was one."""
    row = session.get(SubscriptionRow, (channel, digest))
    if row is not None:
        session.delete(row)
    return row is not None


def one(session: Session, channel: str, digest: str) -> SubscriptionRow | None:
    """The channel's subscription to a digest; None where it has none."""
    return session.get(SubscriptionRow, (channel, digest))


def every(session: Session) -> list[SubscriptionRow]:
    """All of them, by channel."""
    order = (col(SubscriptionRow.channel), col(SubscriptionRow.digest))
    return list(session.exec(select(SubscriptionRow).order_by(*order)))
