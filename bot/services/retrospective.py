"""The retrospective as a document: what the record shows, and what it does not show said as unknown."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from bot.core.effect import Upload
from bot.core.incident import Incident
from bot.core.outside import kept
from bot.core.unseen import blind
from bot.services import incident_record
from bot.services.desk import Desk
from bot.services.incident_document import Writer
from bot.services.incident_record import IncidentRecord
from bot.services.retrospective_actions import checks, suggested
from bot.store import blobs, outbox
from bot.views.document import People, markdown
from bot.views.text import escape

HTML, MARKDOWN = "text/html", "text/markdown"


def upload(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> str:
    """Draft the document and have it uploaded to the incident's channel; returns the text."""
    document = draft(session, desk, incident, now=now)
    effect = Upload(
        key=f"incident/{incident.id}/retrospective/{incident.version}",
        channel=incident.channel,
        filename=f"{incident.number}-retrospective.md",
        title=f"{incident.number} retrospective (draft)",
        blob=blobs.put(session, document.encode(), MARKDOWN),
        alt_text=f"Draft of the retrospective of {incident.number}, a Markdown document",
        comment=f"The draft of the blameless retrospective of {incident.number}: "
        f"{escape(incident.title, 200)}. What it still needs stands on the review's card.",
    )
    outbox.put(session, effect, now=now)
    return document


def draft(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> str:
    """Return the document as Markdown."""
    record = incident_record.gather(session, desk, incident)
    return render(desk, record, media_type=MARKDOWN, now=now)


def render(desk: Desk, record: IncidentRecord, *, media_type: str, now: datetime) -> str:
    """Return the record as a document: Markdown, or a page of HTML that needs nothing beside it."""
    roles = {str(role): who for role, who in desk.settings.roles.items()}
    as_markdown = media_type == MARKDOWN
    people = People(record.names, roles, as_markdown=as_markdown)
    writer = Writer(record, people, desk.settings.zone, markdown if as_markdown else lines)
    name = "retrospective.md.j2" if as_markdown else "retrospective.html.j2"
    return desk.templates.get_template(name).render(_context(desk, record, writer, now))


def suggestions(desk: Desk, record: IncidentRecord) -> list[str]:
    """The action items that the record asks for by itself."""
    roles = {str(role): who for role, who in desk.settings.roles.items()}
    _, missed = Writer(record, People(record.names, roles), desk.settings.zone, kept).milestones()
    category = record.playbook.categories.get(record.incident.category)
    return suggested(record.incident, category, missed, blind(record.incident))


def lines(text: str, limit: int = 500) -> str:
    """Outside text for HTML, which the template escapes: cleaned, its lines kept."""
    return "\n".join(kept(line, limit) for line in text.splitlines())[:limit]


def review_by(desk: Desk, record: IncidentRecord, now: datetime) -> date:
    """The local day by which the page is to be published."""
    due = record.review.due if record.review else now + desk.settings.review.within
    return due.astimezone(desk.settings.zone).date()


def _context(desk: Desk, record: IncidentRecord, writer: Writer, now: datetime) -> dict[str, Any]:
    review, by = record.review, review_by(desk, record, now).isoformat()
    context = writer.context()
    if review is None:
        incident = record.incident
        category = record.playbook.categories.get(incident.category)
        owner = writer.people.called(incident.lead) if incident.lead else "nobody yet"
        titles = [*suggestions(desk, record), *checks(incident, category)]
        context["items"] = [
            {
                "number": place,
                "title": writer.esc(title, 1000),
                "owner": owner,
                "due": by,
                "state": "",
                "open": True,
            }
            for place, title in enumerate(titles, 1)
        ]
    published = review.published_at if review else None
    return context | {
        "review_by": by,
        "reviewed": review is not None,
        "owner": writer.people.called(review.owner) if review and review.owner else "nobody yet",
        "edition": review.edition if review else 0,
        "published": f"{published.astimezone(desk.settings.zone):%Y-%m-%d %H:%M}" if published else "",
        "published_by": writer.people.called(review.published_by) if review and published else "",
    }
