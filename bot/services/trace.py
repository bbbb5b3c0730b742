"""`/trace`: the whole history of a thing, and of what led to it and came of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlmodel import Session

from bot.core.effect import Post, Upload
from bot.core.inbound import Order, Place, Press
from bot.core.thing import Thing, ThingKind
from bot.core.trace import walk
from bot.errors import InputError
from bot.services import trace_things
from bot.services.desk import Desk
from bot.store import blobs, links, slots
from bot.store import outbox as out
from bot.store.database import Database
from bot.store.people import names
from bot.store.slots import Finish
from bot.views import trace as views
from bot.views.text import escape
from bot.views.trace import Traced
from bot.views.trace_actions import About

JOB = "trace"
_EXAMPLES = "`/trace INC-7`, `/trace FRM-1`, `/trace CAN-3`, `/trace 2026-Q4` or an experiment's id"


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/trace ID`: gathered and drawn in a job, then posted where it was asked for."""
    del desk
    _ask(session, find(session, asked.text), asked.place, key, now)


def press(session: Session, desk: Desk, pressed: Press, key: str, now: datetime) -> None:
    """[Trace …] on a card."""
    del desk
    thing = About.decode(pressed.value).thing
    _there(session, thing)
    _ask(session, thing, pressed.place, key, now)


def find(session: Session, text: str) -> Thing:
    """The thing that a name means. Raises InputError for nothing, several words or what is not on record."""
    words = text.split()
    if len(words) != 1:
        read = f"Read `{escape(text, 60)}`" if words else "Nothing was named"
        raise InputError(f"{read}, and expected one name.", f"For example {_EXAMPLES}.")
    thing = Thing.read(words[0])
    if thing.kind is ThingKind.EXPERIMENT:
        budget = Thing(ThingKind.BUDGET, thing.id)
        if trace_things.known(session, budget).state:  # no experiment has a budget's id
            return budget
    _there(session, thing)
    return thing


def gather(session: Session, start: Thing, zone: tzinfo = UTC) -> Traced:
    """The chain with what is known of each thing in it, days in that zone; reads only."""
    chain = walk(start, lambda thing: links.of(session, thing))
    return Traced(chain, {thing: trace_things.known(session, thing, zone) for thing in chain.things})


def post(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Gather the chain and draw it; what is returned posts the card, with the whole history in its thread."""
    from bot.views import chart_trace

    start = Thing(ThingKind(payload["kind"]), str(payload["id"]))
    with db.read() as session:
        traced = gather(session, start, desk.settings.zone)
        document = views.history(traced, names(session), now)
    picture = chart_trace.png(traced) if traced.chain.links else None
    key, channel, thread = str(payload["key"]), str(payload["channel"]), payload["thread"]

    def finish(session: Session) -> None:
        chart = ""
        if picture is not None:
            chart = f"{key}/trace/chart"
            blob = blobs.put(session, picture, "image/png")
            alt = views.alt(traced)
            drawn = Upload(chart, channel, "trace.png", f"{start.id}", blob, alt_text=alt, share=False)
            out.put(session, drawn, now=now)
        card = f"{key}/trace"
        out.put(session, Post(card, channel, views.card(traced, chart=chart), thread), now=now)
        file = Upload(
            key=f"{key}/trace/history",
            channel=channel,
            filename=f"{start.id}-history.md",
            title=f"{start.id}: the whole history",
            blob=blobs.put(session, document.encode(), "text/markdown"),
            alt_text=f"Everything on record about {start.id} and its chain, a Markdown document",
            thread=thread or card,
        )
        out.put(session, file, now=now)

    return finish


def _ask(session: Session, thing: Thing, place: Place, key: str, now: datetime) -> None:
    payload = {
        "kind": thing.kind.value,
        "id": thing.id,
        "channel": place.channel,
        "thread": place.thread,
        "key": key,
    }
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def _there(session: Session, thing: Thing) -> None:
    if not _is_there(session, thing):
        kind = views.KINDS[thing.kind]
        raise InputError(
            f"No {kind} `{escape(thing.id, 80)}` is on record, and nothing is joined with it.",
            f"Names look like {_EXAMPLES}.",
        )


def _is_there(session: Session, thing: Thing) -> bool:
    known = trace_things.known(session, thing)
    return bool(known.state or known.happenings or links.of(session, thing))
