"""A bench for portfolios: what was put into the outbox, each message checked against Slack's limits."""

from sqlmodel import select

from bot.limits import check_blocks
from bot.store.database import Database
from bot.store.outbox_rows import OutboxRow
from tests.services.incident_bench import Shown


def messages(db: Database) -> list[tuple[str, Shown]]:
    """Key and message of everything that was said, in order."""
    with db.read() as session:
        rows = session.exec(select(OutboxRow).order_by(OutboxRow.id)).all()
        found = [(row.key, row.effect["message"]) for row in rows if "message" in row.effect]
    for key, message in found:
        assert check_blocks(message.get("blocks") or []) == [], key
    return [(key, Shown(message)) for key, message in found]
