"""The review of an incident: begun when it is resolved, held while it is open again, shown on one card."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.correlation import FLOOR, Correlation
from bot.core.effect import Message, Post, Update
from bot.core.incident import Event, Incident
from bot.core.recovery import NotRecovered, Recovered, of
from bot.core.review import ActionItem, Check, Checked, Outcome, Review
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, StaleError
from bot.services import (
    deltas,
    home_news,
    incident_candidates,
    incident_record,
    oncall,
    retrospective,
    review_reminders,
)
from bot.services.desk import Desk
from bot.services.incident_cards import recovery_lines
from bot.store import incidents, links, outbox, reviews
from bot.store import people as people_store
from bot.views import review as views
from bot.views import text


def card_key(incident_id: int) -> str:
    """The key of the review's card."""
    return f"incident/{incident_id}/review"


def begin(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> Review:
    """Have a resolved incident looked back on: card, checks, suggested items, draft, reminders.

    One that was resolved before goes on where it stood, with its time counted anew.
    """
    before = reviews.load(session, incident.id, lock=True)
    due = now + desk.settings.review.within
    if before is None:
        owner = incident.roles.get("commander") or incident.lead
        review = Review(incident.id, _active(session, owner), now, due)
    else:
        review = replace(before, due=due, closed=False, published_at=None)
    review = replace(review, checks={**review.checks, **checks(session, desk, incident, review, now)})
    reviews.put(session, review)
    _suggest(session, desk, incident, review, now)
    review_reminders.plan_review(session, desk, review, now)
    review_reminders.plan_items(session, desk, incident.id, now)
    detail = {"due": due.isoformat(), "owner": review.owner}
    incidents.append(session, incident.id, Event(now, "review_begun", "opened the review", "", detail))
    retrospective.upload(session, desk, incident, now=now)
    _show(session, desk, incident, review, now=now)
    return review


def hold(session: Session, desk: Desk, incident: Incident, *, now: datetime) -> None:
    """The incident is open again: nobody is reminded of its review until it is resolved."""
    review = reviews.load(session, incident.id, lock=True)
    if review is None or review.closed:
        return
    review = replace(review, closed=True)
    reviews.put(session, review)
    review_reminders.cancel(session, incident.id, review_reminders.REVIEW)
    draw(session, desk, incident, review, now=now)


def peek(session: Session, number: int) -> tuple[Incident, Review]:
    """The incident and its review, to be read. Raises InputError as `load` does."""
    return _found(session, number, lock=False)


def load(session: Session, number: int) -> tuple[Incident, Review]:
    """The incident and its review, both locked.

    Raises:
        InputError: there is no such incident, or it is not reviewed yet.

    """
    return _found(session, number, lock=True)


def _found(session: Session, number: int, *, lock: bool) -> tuple[Incident, Review]:
    incident = incidents.load(session, number, lock=lock)
    review = reviews.load(session, number, lock=lock)
    if incident is None:
        raise InputError(f"There is no incident INC-{number}.", "`/incidents list` shows the open ones.")
    if review is None:
        raise InputError(
            f"{incident.number} has no review: it is {incident.status.words}.",
            "A review begins when an incident is resolved; false alarms and drills have none.",
        )
    return incident, review


def load_open(session: Session, number: int) -> tuple[Incident, Review]:
    """The same, of an incident that is not open again. Raises InputError or StaleError."""
    incident, review = load(session, number)
    if review.closed:
        raise StaleError(f"{incident.number} is open again.", "Its review goes on once it is resolved.")
    return incident, review


def keep(
    session: Session, desk: Desk, incident: Incident, review: Review, event: Event, *, now: datetime
) -> None:
    """Store a change of the review, with its line in the timeline, and draw the card."""
    reviews.put(session, review)
    incidents.append(session, incident.id, event)
    draw(session, desk, incident, review, now=now)


def draw(session: Session, desk: Desk, incident: Incident, review: Review, *, now: datetime) -> None:
    """Bring the card up to date."""
    message = shown(session, desk, incident, review, now=now)
    outbox.put(session, Update(card_key(incident.id), incident.channel, message), now=now)
    home_news.changed(session, now)


def shown(session: Session, desk: Desk, incident: Incident, review: Review, *, now: datetime) -> Message:
    """The card as it stands."""
    items = reviews.items(session, incident.id)
    called = text.people(oncall.now(session, desk, now)[:1], "nobody is configured")
    return views.card(
        views.Reviewed(incident, review, items, desk.settings.zone, called, led(session, incident))
    )


def led(session: Session, incident: Incident) -> Mapping[Check, tuple[str, ...]]:
    """What the checks led to: framings looked at again, candidates proposed."""
    thing = Thing(ThingKind.INCIDENT, incident.number)
    kinds = {Check.FRAMING: ThingKind.FRAMING, Check.PORTFOLIO: ThingKind.CANDIDATE}
    return {
        check: tuple(one.id for one in links.after(session, thing, kind)) for check, kind in kinds.items()
    }


def _show(session: Session, desk: Desk, incident: Incident, review: Review, *, now: datetime) -> None:
    """Post the card; where it is there already, bring it up to date."""
    message = shown(session, desk, incident, review, now=now)
    outbox.put(session, Post(card_key(incident.id), incident.channel, message), now=now)
    outbox.put(session, Update(card_key(incident.id), incident.channel, message), now=now)


def _active(session: Session, person: str) -> str:
    return "" if person in people_store.deactivated(session) else person


def _suggest(session: Session, desk: Desk, incident: Incident, review: Review, now: datetime) -> None:
    """Add the items that the record asks for and that are not there yet."""
    record = incident_record.gather(session, desk, incident)
    titles = retrospective.suggestions(desk, record)
    titles += [
        f"{views.GAPS[Check(check)]}: {found.line}"
        for check, found in review.checks.items()
        if found.outcome is Outcome.GAP and not found.by and check != Check.PORTFOLIO  # proposed already
    ]
    there = {item.title for item in record.items}
    due = review.due.astimezone(desk.settings.zone).date()
    for title in dict.fromkeys(titles):
        if title not in there:
            item = ActionItem(incident.id, 0, title, review.owner, due, now, remind_on=due)
            reviews.add_item(session, item)


def by_record(review: Review) -> tuple[Check, ...]:
    """The checks that the record itself answers, as far as no person did."""
    return tuple(one for one in Check if one.value in review.checks and not review.checks[one.value].by)


def checks(
    session: Session, desk: Desk, incident: Incident, review: Review, now: datetime
) -> Mapping[str, Checked]:
    """What the record itself says to the checks; what a person has answered stays.

    A cause that came again within 90 days proposes the candidate that would end it.
    """
    answered = {check for check, one in review.checks.items() if one.by}
    found = {}
    if Check.RECOVERY not in answered:
        found[Check.RECOVERY.value] = _recovery(session, incident, now)
    if Check.CORRELATION not in answered:
        found[Check.CORRELATION.value] = _correlation(deltas.correlation(session, now), now)
    if Check.PORTFOLIO not in answered:
        candidate, before = incident_candidates.repeated(session, desk, incident, now)
        if candidate:
            said = f"the same cause as {before}: {candidate} is proposed to end it"
            found[Check.PORTFOLIO.value] = Checked(Outcome.GAP, said, now)
    return found


def _recovery(session: Session, incident: Incident, now: datetime) -> Checked:
    """Composition 2, step 3: whether every cohort is back, as it was last watched."""
    match of(recovery_lines(session, incident)):
        case Recovered(lines=lines):
            return Checked(Outcome.FINE, _joined(lines), now)
        case NotRecovered(lines=lines):
            return Checked(Outcome.GAP, _joined(lines), now)
        case unknown:
            reasons = _joined(unknown.lines) or "no metric was watched"
            return Checked(Outcome.UNKNOWN, f"the record cannot say: {reasons}", now)


def _correlation(health: Correlation, now: datetime) -> Checked:
    """Composition 2, step 4: whether offline gains still predict online ones."""
    window, r = health.longest, health.r
    if r is None:
        reason = getattr(window.found, "reason", "")
        return Checked(Outcome.UNKNOWN, f"the record cannot say: {reason}", now)
    said = f"correlation {r:.2f} over {window.pairs} launches in {window.days} days, the line is {FLOOR:g}"
    if health.alarm:
        return Checked(Outcome.GAP, said, now)
    if r < FLOOR:
        return Checked(Outcome.UNKNOWN, f"{said}; too few to judge by", now)
    return Checked(Outcome.FINE, said, now)


def _joined(lines: Any) -> str:
    return "; ".join(lines[:8])
