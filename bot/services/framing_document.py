"""A framing as a document: rendered from its template and uploaded beside its card."""

from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from bot.core.effect import Upload
from bot.core.framing import Edition, F, Framing
from bot.core.framing_check import missing, option_line, remarks
from bot.core.framing_reader import Framed, read
from bot.core.inbound import Order, Press
from bot.errors import InputError
from bot.services import framing_record
from bot.services.desk import Desk
from bot.store import blobs, links, outbox
from bot.store.people import names
from bot.views import framing_words as words
from bot.views.document import People, markdown
from bot.views.framing_actions import meant_by
from bot.views.text import escape

TEMPLATE = "framing.md.j2"
MOST = 3000
"""Characters of a field."""


def press(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Document]: it is uploaded as it stands, to where the button was pressed."""
    framing = framing_record.load(session, meant_by(press.value)[0], lock=False)
    place = press.place
    _again(session, desk, framing, key, place.channel, place.thread, now)


def order(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/frame document FRM-1`."""
    framing, _ = framing_record.meant(session, order.text, lock=False)
    _again(session, desk, framing, key, order.place.channel, order.place.thread, now)


def upload(session: Session, desk: Desk, framing: Framing, edition: Edition, *, now: datetime) -> str:
    """Have the document of an edition uploaded to its card's thread; returns the text."""
    document = render(session, desk, framing, edition, now=now)
    effect = Upload(
        key=f"framing/{framing.number}/document/{edition.number}",
        channel=framing.channel,
        filename=f"{framing.id}-edition-{edition.number}.md",
        title=f"{framing.id}: {framing.title[:150]}",
        blob=blobs.put(session, document.encode("utf-8", "surrogatepass"), "text/markdown"),
        alt_text=f"The framing {framing.id} as a Markdown document",
        comment=f"{framing.id} as it was decided, edition {edition.number} (ledger {edition.entry}).",
        thread=framing.key,
    )
    outbox.put(session, effect, now=now)
    return document


def render(session: Session, desk: Desk, framing: Framing, edition: Edition | None, *, now: datetime) -> str:
    """The document as Markdown: of an edition, or with None of what is written now, marked as a draft.

    Raises InputError where the template names what does not exist, or cannot be read.
    """
    from jinja2 import TemplateError  # not on the way to an ack

    roles = {str(role): who for role, who in desk.settings.roles.items()}
    people = People(names(session), roles)
    fields = edition.fields if edition else framing.fields
    context = _context(session, desk, people, framing, edition, read(fields), now)
    try:
        return desk.templates.get_template(TEMPLATE).render(context)
    except (TemplateError, TypeError) as error:
        raise InputError(
            f"The template {TEMPLATE} cannot be used: {escape(str(error), 300)}.",
            "Mend it in the folder of [templates], or take it away: then the shipped one is used.",
        ) from None


def _again(
    session: Session,
    desk: Desk,
    framing: Framing,
    key: str,
    channel: str,
    thread: str | None,
    now: datetime,
) -> None:
    """The edition in force, or the draft where something was written since."""
    edition = None if framing.changed else framing.decided
    document = render(session, desk, framing, edition, now=now)
    what = f"edition {edition.number}" if edition else "draft"
    effect = Upload(
        key=f"framing/{framing.number}/document/again/{key}",
        channel=channel,
        filename=f"{framing.id}-{what.replace(' ', '-')}.md",
        title=f"{framing.id}: {framing.title[:150]}",
        blob=blobs.put(session, document.encode("utf-8", "surrogatepass"), "text/markdown"),
        alt_text=f"The framing {framing.id} as a Markdown document",
        comment=f"{framing.id} {escape(framing.title, 200)}, {what}.",
        thread=thread,
    )
    outbox.put(session, effect, now=now)


def _context(
    session: Session,
    desk: Desk,
    people: People,
    framing: Framing,
    edition: Edition | None,
    framed: Framed,
    now: datetime,
) -> dict[str, Any]:
    zone = desk.settings.zone
    lacks = () if edition else missing(framed, now.astimezone(zone).date())
    chosen = framed.recommendation
    joined = links.of(session, framing.thing)
    return {
        "id": framing.id,
        "title": _esc(framed.text(F.TITLE) or framing.title),
        "author": people.called(framing.author),
        "edition": edition.number if edition else 0,
        "decided_by": people.called(edition.by) if edition else "",
        "decided_utc": f"{edition.at.astimezone(UTC):%Y-%m-%d %H:%M}" if edition else "",
        "decided_local": f"{edition.at.astimezone(zone):%Y-%m-%d %H:%M} {zone}" if edition else "",
        "written": f"{framing.changed_at.astimezone(zone):%Y-%m-%d %H:%M} {zone}",
        "why_edition": _esc(edition.why) if edition else "",
        "ledger": edition.entry if edition else 0,
        "head": edition.head if edition else "",
        "sha256": edition.sha256 if edition else "",
        "lacks": [f"{_esc(one.what)} ({one.step.heading.lower()})" for one in lacks],
        "recommendation": chosen.words if chosen else "",
        "summary": _esc(words.six_pager(framed, framing.id), 6000),
        "said": {str(name): _esc(framed.text(name)) for name in F},
        "do": _esc(framed.do.whole) if framed.do else "",
        "takes": _esc(words.takes(framed)),
        "evidence": [{"said": _esc(one.said), "source": _esc(one.source)} for one in framed.evidence],
        "disconfirming": [_esc(one) for one in framed.disconfirming],
        "prior": "" if framed.prior is None else f"{framed.prior:g}",
        "stages": [_esc(one) for one in words.stages(framed)],
        "options": [
            {
                "name": "Heuristic",
                "what": _esc(framed.text(F.HEURISTIC)),
                "line": _esc(option_line(framed.heuristic)),
            },
            {"name": "ML", "what": _esc(framed.text(F.ML)), "line": _esc(option_line(framed.ml))},
        ],
        "worth": _esc(words.worth(framed)),
        "order": _esc(words.order(framed)),
        "remarks": [_esc(one) for one in remarks(framed)],
        "revisit": words.date(framed.revisit) if framed.revisit else "",
        "came_from": [_joined(one.earlier.id, one.why) for one in joined if one.later == framing.thing],
        "led_to": [_joined(one.later.id, one.why) for one in joined if one.earlier == framing.thing],
    }


def _joined(name: str, why: str) -> str:
    return _esc(f"{name}: {why}" if why else name)


def _esc(said: str, most: int = MOST) -> str:
    return markdown(said, most)
