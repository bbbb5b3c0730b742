"""Joining by hand what nothing joined by itself: that one thing led to another, by whom and why."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Block, Message, Post
from bot.core.inbound import Order, Place, Submit
from bot.core.outside import kept
from bot.core.permission import Act
from bot.core.thing import Thing
from bot.errors import InputError, StaleError
from bot.services import permissions, trace
from bot.services.desk import Desk
from bot.store import links, outbox
from bot.views import trace_form as views
from bot.views.text import escape, person
from bot.views.trace_actions import About

VERB = "join"
_EXAMPLE = "For example `/trace join us-mle-02-reranker INC-7 its new index was the cause`."


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/trace join EARLIER LATER WHY`."""
    permissions.require(session, desk, asked.by, Act.SUPPLY)
    words = asked.text.split(None, 3)
    if len(words) < 4:
        read = escape(asked.text, 80)
        raise InputError(f"Read `{read}`, and expected two names and why one led to the other.", _EXAMPLE)
    earlier, later = (trace.find(session, one) for one in words[1:3])
    _join(session, earlier, later, words[3], asked.by, asked.place, key, now)


def form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Join with…]."""
    del now
    permissions.require(session, desk, by, Act.SUPPLY)
    return views.form(About.decode(value).thing)


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Join them, from the form."""
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    thing, fields = About.decode(sent.value).thing, sent.fields
    other = trace.find(session, fields.get(views.OTHER, ""))
    led = fields.get(views.WAY) != views.CAME_FROM
    earlier, later = (thing, other) if led else (other, thing)
    _join(session, earlier, later, fields.get(views.WHY, ""), sent.by, sent.place, key, now)


def faults(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong in the form."""
    found = {}
    if len(fields.get(views.OTHER, "").split()) != 1:
        found[views.OTHER] = "Give one name, such as INC-7 or FRM-1."
    if len(fields.get(views.WHY, "").strip()) < views.WHY_LEAST:
        found[views.WHY] = f"Say in at least {views.WHY_LEAST} characters why."
    return found


def _join(
    session: Session,
    earlier: Thing,
    later: Thing,
    why: str,
    by: str,
    place: Place,
    key: str,
    now: datetime,
) -> None:
    why = kept(why, views.WHY_MOST)
    if len(why) < views.WHY_LEAST:
        raise InputError(f"The reason has {len(why)} characters.", f"Say in at least {views.WHY_LEAST} why.")
    if earlier == later:
        raise InputError(f"{escape(earlier.id, 80)} cannot have led to itself.", _EXAMPLE)
    if not links.join(session, earlier, later, why=why, by=by, now=now):
        raise StaleError(f"{escape(earlier.id, 80)} and {escape(later.id, 80)} are joined already.")
    said = (
        f"{person(by)} joined `{escape(earlier.id, 80)}` with `{escape(later.id, 80)}`, which it led to: "
        f"{escape(why, 400)}. `/trace {escape(later.id, 80)}` shows both."
    )
    outbox.put(session, Post(f"{key}/joined", place.channel, Message(said), place.thread), now=now)
