"""The living card of a launch, drawn anew from the ledger whenever something happens to it."""

from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Update
from bot.core.launch import Launch
from bot.core.plan import work_out
from bot.services import launches
from bot.services.desk import Desk
from bot.store import outbox
from bot.views import experiment as views


def draw(session: Session, desk: Desk, launch: Launch, *, now: datetime) -> None:
    """Have the card edited in place."""
    del desk
    plan = work_out(launches.registration(session, launch), launch.sha256)
    card = views.registered(plan, launch.author)
    outbox.put(session, Update(launch.card, launch.channel, card), now=now)
