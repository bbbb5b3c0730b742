"""The alert when offline and online effects point different ways too often: told once, until they agree."""

from datetime import datetime

from sqlmodel import Session

from bot.core.correlation import Correlation
from bot.core.correlation_ledger import SUBJECT, Kind
from bot.core.effect import Message, Post
from bot.core.ledger import Entry
from bot.services import home_news
from bot.services.desk import Desk
from bot.store import ledger, outbox
from bot.views import correlation_direction as views


def watch(session: Session, desk: Desk, found: Correlation, now: datetime) -> None:
    """Tell of it once, and of its end once.

    While the correlation itself is below the floor its alarm shows the directions: nothing more is said.
    """
    standing = alert(session)
    if found.disagrees and standing is None and not found.alarm:
        entry = _note(session, Kind.DIRECTION, found, now)
        _tell(session, desk, "alert", entry, views.alert(found, entry), now)
    elif standing is not None and not found.disagrees:
        entry = _note(session, Kind.AGREEING, found, now)
        _tell(session, desk, "ended", entry, views.ended(found, entry), now)


def alert(session: Session) -> Entry | None:
    """The alert that stands; None while there is none."""
    told = [one for one in ledger.of(session, SUBJECT) if one.kind in (Kind.DIRECTION, Kind.AGREEING)]
    return told[-1] if told and told[-1].kind == Kind.DIRECTION else None


def _note(session: Session, kind: Kind, found: Correlation, now: datetime) -> Entry:
    pairs = sorted(one.entry for one in found.last)
    body = {"agreeing": found.agreeing, "of": len(found.last), "pairs": pairs}
    entry = ledger.append(session, kind=kind, subject=SUBJECT, by="", body=body, now=now)
    home_news.changed(session, now)
    return entry


def _tell(session: Session, desk: Desk, what: str, entry: Entry, said: Message, now: datetime) -> None:
    key = f"correlation/direction/{what}/{entry.number}"
    outbox.put(session, Post(key, desk.settings.channels.launches, said), now=now)
