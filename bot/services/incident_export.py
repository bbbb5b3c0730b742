"""An incident's record for readers and programs outside Slack: JSON, Markdown, or a page of HTML."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias, cast

from sqlmodel import Session

from bot.core.effect import Message, Upload
from bot.core.inbound import Ask, Order
from bot.core.incident import Incident
from bot.errors import InputError
from bot.services import incident_named, incident_record, retrospective
from bot.services.desk import Desk
from bot.services.incident_record import IncidentRecord
from bot.store import blobs, outbox
from bot.views import record_json
from bot.views import timeline as views
from bot.views.text import escape

Form: TypeAlias = Literal["json", "md", "html"]
MEDIA: Final[Mapping[str, str]] = {
    "json": "application/json",
    "md": retrospective.MARKDOWN,
    "html": retrospective.HTML,
}
"""The forms there are, and what each is."""


def form_of(text: str) -> Form:
    """Read which form is meant; HTML where nothing is said. Raises InputError."""
    word = text.strip().lower() or "html"
    word = {"markdown": "md", "htm": "html"}.get(word, word)
    if word not in MEDIA:
        raise InputError(
            f"Read `{escape(text, 40)}`, which is no form.", f"Expected one of {', '.join(MEDIA)}."
        )
    return cast("Form", word)


def export(session: Session, desk: Desk, incident: Incident, form: Form, *, now: datetime) -> str:
    """Return the whole record in this form."""
    record = incident_record.gather(session, desk, incident, pictures=form != "md")
    if form == "json":
        whole = record_json.whole(as_json(record, now=now))
        return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return retrospective.render(desk, record, media_type=MEDIA[form], now=now)


def as_json(record: IncidentRecord, *, now: datetime) -> dict[str, Any]:
    """The record as a JSON object; messages that were taken out or deleted are only in its events."""
    images = {number: (one.media_type, one.content) for number, one in record.images.items()}
    return {
        "incident": record_json.incident(record.incident),
        "category": record.playbook.category_name(record.incident.category),
        "timeline": [record_json.event(event) for event in record.events],
        "messages": [record_json.message(one, images) for one in record.messages],
        "review": record_json.review(record.review),
        "action_items": [record_json.item(item) for item in record.items],
        "people": {who: name for who, name in record.names.items() if who in _named(record)},
        "exported_at": record_json.plain(now),
    }


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/incidents export [INC-7] [json|md|html]`: the document as a file, where it was asked for."""
    incident, rest = incident_named.meant(session, asked.place, asked.text)
    form = form_of(rest)
    document = export(session, desk, incident, form, now=now)
    digest = sha256(document.encode()).hexdigest()
    effect = Upload(
        key=f"incident/{incident.id}/export/{key}",
        channel=asked.place.channel,
        filename=f"{incident.number}.{form}",
        title=f"{incident.number}: the record",
        blob=blobs.put(session, document.encode(), MEDIA[form]),
        alt_text=f"The record of {incident.number} as {form.upper()}",
        comment=f"The record of *{incident.number}* {escape(incident.title, 200)} up to now. "
        f"SHA-256 {digest[:16]}…",
        thread=asked.place.thread,
    )
    outbox.put(session, effect, now=now)


def timeline(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/incidents timeline [INC-7]`: what was said and done so far, the newest last."""
    del now
    incident, _ = incident_named.meant(session, ask.place, ask.about)
    record = incident_record.gather(session, desk, incident)
    shown = [views.Shown(line.at, line.event, line.message) for line in record.lines[-views.MOST :]]
    return views.timeline(incident, shown, left_out=len(record.lines) - len(shown))


def _named(record: IncidentRecord) -> set[str]:
    """Everybody whom the record mentions."""
    incident, review = record.incident, record.review
    found = {incident.lead, incident.opened_by, *incident.roles.values()}
    found |= {event.by for event in record.events} | {one.said.author for one in record.messages}
    found |= {who for one in record.messages for who in one.marked_by}
    found |= {who for item in record.items for who in (item.owner, item.created_by, item.done_by)}
    if review is not None:
        found |= {review.owner, review.published_by, *review.reviewers}
    return found - {""}
