"""The dashboard of an incident: posted once when it opens, then edited; and what it says when asked."""

from datetime import datetime, timedelta

from sqlmodel import Session

from bot.core.effect import Post, Update
from bot.core.incident import Incident
from bot.services import evidence_timer
from bot.services.desk import Desk
from bot.services.evidence_board import BOARD, noted
from bot.services.incident_cards import playbook_of
from bot.store import incident_evidence, outbox
from bot.views import dashboard as views

COMPLETE = timedelta(seconds=10)
"""By when after the page everything is there or marked unknown."""


def key_of(incident_id: int) -> str:
    """The key of the message."""
    return f"incident/{incident_id}/dashboard"


def post(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> None:
    """Post it, before anything is known, where the card is."""
    board = views.Board(incident, playbook_of(session, desk, incident), complete_by=now + COMPLETE)
    outbox.put(session, Post(key_of(incident.id), incident.channel, views.dashboard(board)), now=now)


def draw(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> None:
    """Bring it up to date; incidents of earlier versions get theirs now."""
    board = board_of(session, desk, incident, now=now)
    if board.gathered_at is None:
        return
    message = views.dashboard(board)
    outbox.put(session, Post(key_of(incident.id), incident.channel, message), now=now)
    outbox.put(session, Update(key_of(incident.id), incident.channel, message), now=now)


def board_of(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> views.Board:
    """All that is known."""
    kept, playbook = incident_evidence.by_step(session, incident.id), playbook_of(session, desk, incident)
    steps = (*playbook.questions, *playbook.leaves, BOARD)
    last = noted(kept)
    return views.Board(
        incident=incident,
        playbook=playbook,
        evidence={step: kept[step] for step in steps if step in kept},
        gathered_at=last.at if last else None,
        took=last.took if last else 0.0,
        picture=last.source if last else "",
        alt=last.line if last else "",
        next_at=evidence_timer.following(incident, now),
    )
