"""What is asked of framings: the list, and one with its card."""

from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Message
from bot.core.inbound import Ask
from bot.errors import InputError
from bot.services import framing_record
from bot.services.desk import Desk
from bot.store import framings
from bot.views import framing as views
from bot.views.text import escape


def listing(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/frame list`."""
    if ask.about.strip():
        raise InputError(
            f"Read `list {escape(ask.about, 60)}`, and expected nothing behind it.",
            "`/frame show FRM-1` shows one.",
        )
    return views.listed(framings.every(session), now.astimezone(desk.settings.zone).date())


def show(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/frame show FRM-1`; without a number the only one there is."""
    every = framings.every(session)
    if not ask.about.strip() and len(every) == 1:
        return framing_record.card(session, desk, every[0], now)
    framing, rest = framing_record.meant(session, ask.about, lock=False)
    if rest:
        raise InputError(
            f"Read `show {escape(ask.about, 60)}`, and expected one framing.", framing_record.known(session)
        )
    return framing_record.card(session, desk, framing, now)
