"""Home pages as they were last shown: whose, and what was on them. Both are read from the outbox."""

from sqlmodel import Session, col, select

from bot.core.effect import PublishHome
from bot.store.effects import load
from bot.store.outbox_rows import OutboxRow

_KIND = "home"


def shown(session: Session) -> dict[str, PublishHome]:
    """The newest page of everybody who has one, by Slack id."""
    rows = session.exec(
        select(OutboxRow)
        .where(OutboxRow.kind == _KIND, col(OutboxRow.state).in_(("pending", "sent")))
        .order_by(col(OutboxRow.id))
    )
    pages = (load(row.kind, row.effect) for row in rows)
    return {page.channel: page for page in pages if isinstance(page, PublishHome)}


def anybody(session: Session) -> bool:
    """Whether anybody ever opened one; asked at every change, so it stays cheap."""
    return session.exec(select(OutboxRow.id).where(OutboxRow.kind == _KIND).limit(1)).first() is not None
