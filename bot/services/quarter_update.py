"""The portfolio's update: one page for leadership, drafted from the record, as Markdown and as a page."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message, Post, Upload
from bot.core.inbound import Order
from bot.core.ledger import Entry
from bot.core.quarter import Quarter
from bot.core.quarterly import Edition
from bot.errors import UserError
from bot.services import quarter_course
from bot.services.desk import Desk
from bot.services.narrative_document import Document, Index, render
from bot.services.quarter_sheet import Told
from bot.store import blobs, ledger, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views.document import markdown
from bot.views.page import HTML, page

JOB = "portfolio.update"
TEMPLATE = "portfolio_update.md.j2"


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio update [2026-Q4]`."""
    kept, _ = quarter_course.locked(session, desk, asked.text, now)
    payload: dict[str, Any] = {"quarter": kept.quarter, "by": asked.by, "key": key}
    payload |= {"channel": asked.place.channel, "thread": asked.place.thread}
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def post(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Draft it; what is returned posts it with both files in its thread, or says why there is none."""
    key, channel, thread = str(payload["key"]), str(payload["channel"]), payload["thread"]
    quarter = str(payload["quarter"])
    try:
        with db.read() as session:
            document = draft(session, desk, quarter, now)
    except UserError as error:
        said = Message(f"{error.message} {error.hint}")
        refused = Ephemeral(f"{key}/update/refused", channel, str(payload["by"]), said, thread)
        return lambda session: outbox.put(session, refused, now=now)
    title = f"Portfolio update, {quarter}"
    html = page(document.text, title=title, records=document.records)
    said = Message(
        f"{title}: drafted from {len(document.records)} records"
        + (f", with {len(document.gaps)} gaps" if document.gaps else "")
        + ". Read it before you send it on."
    )

    def finish(session: Session) -> None:
        outbox.put(session, Post(f"{key}/update", channel, said, thread), now=now)
        for form, content, media in (("md", document.text, "text/markdown"), ("html", html, HTML)):
            file = Upload(
                key=f"{key}/update/{form}",
                channel=channel,
                filename=f"{quarter}-portfolio-update.{form}",
                title=title,
                blob=blobs.put(session, content.encode(), media),
                alt_text=f"{title}, drafted from the record",
                thread=thread or f"{key}/update",
            )
            outbox.put(session, file, now=now)

    return finish


def draft(session: Session, desk: Desk, name: str, now: datetime) -> Document:
    """Draft the update of a locked portfolio; reads only.

    Raises InputError where none is locked, ConfigError for a template that cannot be used.
    """
    kept, edition = quarter_course.locked(session, desk, name, now)
    entries = ledger.of(session, kept.quarter)
    term = desk.settings.portfolio.term(Quarter.read(kept.quarter))
    today = now.astimezone(desk.settings.zone).date()
    told = Told(kept, edition, entries, term, today, desk.settings.zone)
    courses = quarter_course.courses(session, desk, edition, now)
    update = told.update(courses)
    drafted = f"Drafted by Lookout from the record on {today.isoformat()}"
    title = markdown(f"Portfolio update, {kept.quarter}", 200)
    return render(
        desk.templates,
        TEMPLATE,
        index=_rows(entries, edition, desk.settings.zone),
        title=title,
        drafted=drafted,
        update=update,
    )


def _rows(entries: Sequence[Entry], edition: Edition, zone: tzinfo) -> Index:
    """What each record is, in a line; a candidate's own name is its way to its record, by `/trace`."""
    by_name = {f"ledger {one.number}": one for one in entries}

    def rows(records: Sequence[str]) -> list[tuple[str, str]]:
        found = []
        for name in records:
            entry = by_name.get(name)
            if entry is not None:
                what, day = entry.kind.partition("_")[2] or entry.kind, entry.at.astimezone(zone).date()
                found.append((name, f"{what} on {day.isoformat()}, hash {entry.hash[:12]}…"))
            elif name.startswith("record "):
                found.append((name, "a look on record; `lookout verify` computes it again"))
            elif name.startswith(edition.quarter):
                found.append((name, f"file {edition.sha256[:12]}…; `lookout portfolio` computes it again"))
        return [(markdown(name), what) for name, what in found]

    return rows
