"""Deliveries that nobody could use: kept as they came, and said in the ops channel, once."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from sqlmodel import Session

from bot.core.effect import Message, Post
from bot.settings import Settings
from bot.store import inbox, outbox
from bot.store.claims import Delivery
from bot.store.inbox import Stored
from bot.views.text import escape


def keep(
    session: Session,
    settings: Settings,
    *,
    source: str,
    body: str,
    headers: Mapping[str, str],
    problem: Mapping[str, str],
    now: datetime,
) -> Stored:
    """Keep a body that cannot be understood; `problem` has error, path (a JSON pointer) and hint."""
    key = f"unread:{sha256(body.encode('utf-8', 'surrogateescape')).hexdigest()}"
    stored = inbox.quarantine(session, source=source, key=key, body=body, headers=headers, now=now, **problem)
    if not stored.duplicate:
        where = f" at {problem['path']}" if problem["path"] else ""
        what = f"cannot be understood: {problem['error']}{where}. {problem['hint']}".rstrip()
        _tell(session, settings, stored.id, source, f"{what} It is kept; `lookout doctor` lists it.", now)
    return stored


def gave_up(session: Session, settings: Settings, delivery: Delivery, *, error: str, now: datetime) -> None:
    """Say that a delivery was tried for the last time."""
    _tell(session, settings, delivery.id, delivery.source, f"was given up: {error}; the log has it.", now)


def _tell(session: Session, settings: Settings, number: int, source: str, what: str, now: datetime) -> None:
    said = Message(escape(f"Delivery {number} from {source} {what}", 1500))
    outbox.put(session, Post(f"quarantine/{number}", settings.channels.ops, said), now=now)
