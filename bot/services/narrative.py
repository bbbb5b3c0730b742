"""`/narrative`: documents drafted from the record, in a job, as Markdown and as a page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message, Post, Upload
from bot.core.inbound import Ask, Order, Place, Press
from bot.core.quarter import Quarter
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, UserError
from bot.services import incident_named, launches, narrative_incident, narrative_launch, narrative_quarter
from bot.services.desk import Desk
from bot.services.narrative_document import DECISION, Document, render
from bot.services.narrative_records import index
from bot.services.narrative_teller import Teller, dated
from bot.store import blobs, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import narrative as views
from bot.views.document import markdown
from bot.views.page import HTML, page
from bot.views.text import escape
from bot.views.trace_actions import About

JOB = "narrative"
MARKDOWN = "text/markdown"


@dataclass(frozen=True)
class Draft:
    """A narrative: its title, its document, and the paragraph that opens it."""

    title: str
    document: Document
    summary: str


def launch(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/narrative launch [ID]`."""
    del desk
    found, rest = launches.meant(session, asked.place.channel, asked.text)
    _nothing_more(rest, "launch", found.id)
    _ask(session, Thing(ThingKind.EXPERIMENT, found.id), asked.by, asked.place, key, now)


def incident(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/narrative incident [INC-7]`."""
    del desk
    found, rest = incident_named.meant(session, asked.place, asked.text)
    _nothing_more(rest, "incident", found.number)
    _ask(session, Thing(ThingKind.INCIDENT, found.number), asked.by, asked.place, key, now)


def quarter(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/narrative quarter [2026-Q4]`; without a name, the one that runs."""
    if asked.text.strip():
        name = str(Quarter.read(asked.text))
    else:
        today = now.astimezone(desk.settings.zone).date()
        name = str(desk.settings.portfolio.running(today).quarter)
    _ask(session, Thing(ThingKind.PORTFOLIO, name), asked.by, asked.place, key, now)


def decision(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/narrative decision [ID]`: the paragraph alone, to be copied, for whoever asks."""
    found, rest = launches.meant(session, ask.place.channel, ask.about)
    _nothing_more(rest, "decision", found.id)
    teller = Teller.of(session, desk, now)
    document = render(desk.templates, DECISION, launch=narrative_launch.gather(teller, found))
    return Message(escape(_plain(document.text), 3000))


def press(session: Session, desk: Desk, pressed: Press, key: str, now: datetime) -> None:
    """[Draft …] on a card."""
    del desk
    thing = About.decode(pressed.value).thing
    if thing.kind not in _DRAFTS:
        name = escape(thing.id, 80)
        raise InputError(f"No narrative is drafted of {name}.", "`/narrative help` says of what.")
    _ask(session, thing, pressed.by, pressed.place, key, now)


def draft(session: Session, desk: Desk, thing: Thing, now: datetime) -> Draft:
    """Draft the narrative of a thing; reads only.

    Raises:
        InputError: it is not on record.
        ConfigError: its template cannot be used.

    """
    return _DRAFTS[thing.kind](Teller.of(session, desk, now), thing)


def post(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Draft it; what is returned posts the card with both files in its thread, or says why there is none."""
    thing = Thing(ThingKind(payload["kind"]), str(payload["id"]))
    place, key = Place(str(payload["channel"]), payload["thread"]), str(payload["key"])
    try:
        with db.read() as session:
            found = draft(session, desk, thing, now)
    except UserError as error:
        said = Message(escape(f"{error.message} {error.hint}".strip(), 2000))
        refused = Ephemeral(f"{key}/narrative/refused", place.channel, str(payload["by"]), said, place.thread)
        return lambda session: outbox.put(session, refused, now=now)
    document = found.document
    html = page(document.text, title=found.title, records=document.records)

    def finish(session: Session) -> None:
        card = f"{key}/narrative"
        message = views.card(found.title, thing, found.summary, document.gaps, len(document.records))
        outbox.put(session, Post(card, place.channel, message, place.thread), now=now)
        for form, content, media, alt in (
            ("md", document.text, MARKDOWN, "drafted from the record, a Markdown document"),
            ("html", html, HTML, "drafted from the record, a page to print"),
        ):
            file = Upload(
                key=f"{key}/narrative/{form}",
                channel=place.channel,
                filename=f"{_file(thing)}.{form}",
                title=found.title,
                blob=blobs.put(session, content.encode(), media),
                alt_text=f"{found.title}: {alt}",
                thread=place.thread or card,
            )
            outbox.put(session, file, now=now)

    return finish


def _launch(teller: Teller, thing: Thing) -> Draft:
    found = launches.read(teller.session, thing.id)
    story = narrative_launch.gather(teller, found)
    title = f"{found.title or found.id}: the launch"
    document = _rendered(teller, "narrative_launch.md.j2", title, launch=story)
    paragraph = render(teller.desk.templates, DECISION, launch=story)
    return Draft(title, document, _plain(paragraph.text))


def _incident(teller: Teller, thing: Thing) -> Draft:
    found = incident_named.named(teller.session, thing.id)
    story = narrative_incident.gather(teller, found)
    title = f"{found.number} {found.title}: the retrospective's paragraph"
    document = _rendered(teller, "narrative_incident.md.j2", title, incident=story)
    return Draft(title, document, _opening(document.text))


def _quarter(teller: Teller, thing: Thing) -> Draft:
    story = narrative_quarter.gather(teller, Quarter.read(thing.id))
    title = f"{thing.id}: the quarter"
    document = _rendered(teller, "narrative_quarter.md.j2", title, quarter=story)
    return Draft(title, document, _opening(document.text))


def _rendered(teller: Teller, name: str, title: str, **told: object) -> Document:
    drafted = f"{dated(teller.now.astimezone(teller.zone).date())} ({teller.zone})"
    head = {"title": markdown(title, 200), "drafted": drafted}
    return render(teller.desk.templates, name, index=index(teller), **head, **told)


_DRAFTS = {
    ThingKind.EXPERIMENT: _launch,
    ThingKind.INCIDENT: _incident,
    ThingKind.PORTFOLIO: _quarter,
}
"""What a narrative can be drafted of."""


def _ask(session: Session, thing: Thing, by: str, place: Place, key: str, now: datetime) -> None:
    about = {"kind": thing.kind.value, "id": thing.id, "by": by}
    payload = {**about, "channel": place.channel, "thread": place.thread, "key": key}
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def _nothing_more(rest: str, verb: str, name: str) -> None:
    if rest:
        read = f"Read `{verb} {name} {escape(rest, 60)}`, and expected one name."
        raise InputError(read, f"For example `/narrative {verb} {name}`.")


def _opening(text: str) -> str:
    """The first paragraph behind the first heading of the second level, in plain text."""
    body = text.split("\n## ", 1)[-1].split("\n", 1)[-1]
    return _plain(next((part for part in body.split("\n\n") if part.strip()), ""))


def _plain(text: str) -> str:
    """Markdown of a paragraph as text that reads without its marks."""
    lines = " ".join(text.split()).replace("**", "")
    return re.sub(r"\\([\\`*_{}\[\]<>#|~])", r"\1", lines)


def _file(thing: Thing) -> str:
    return f"{thing.id}-narrative"
