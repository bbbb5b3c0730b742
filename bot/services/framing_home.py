"""Framings on somebody's home page: what they did not finish, what waits for a decision or a look."""

from datetime import date, datetime

from sqlmodel import Session

from bot.core.framing import Framing
from bot.core.framing_check import missing
from bot.core.framing_reader import read
from bot.core.permission import Act
from bot.services import permissions
from bot.services.desk import Desk
from bot.store import framings
from bot.views.app_home import Item
from bot.views.framing_words import date as day_of
from bot.views.text import escape


def items(session: Session, desk: Desk, by: str, now: datetime) -> tuple[Item, ...]:
    """Those that wait for this person: overdue first, then to be decided, then to be written."""
    today = now.astimezone(desk.settings.zone).date()
    decides = permissions.may(session, desk, by, Act.FRAME)
    found = [_item(one, by, today, decides=decides) for one in framings.every(session) if not one.dropped]
    return tuple(sorted((one for one in found if one), key=lambda one: not one.late))


def _item(framing: Framing, by: str, today: date, *, decides: bool) -> Item | None:
    name, mine = f"*{framing.id}* {escape(framing.title, 150)}", framing.author == by
    edition = framing.decided
    day = read(edition.fields).revisit if edition else None
    if framing.questioned and mine:
        return Item(f"⚠ To be looked at again: {name}", framing.channel, True)
    if edition is not None and day is not None and day <= today and mine:
        return Item(f"⚠ Was to be looked at again on {day_of(day)}: {name}", framing.channel, True)
    if edition is not None and not framing.changed:
        return None
    lacks = missing(read(framing.fields), today)
    if lacks and mine:
        return Item(f"{len(lacks)} missing: {name}", framing.channel)
    if not lacks and (mine or decides):
        return Item(f"Complete, not decided: {name}", framing.channel)
    return None
