"""Action items of an incident: added, given to somebody, moved, done, dropped; each change on record."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.core.incident import Event, Incident
from bot.core.review import ActionItem
from bot.errors import InputError, StaleError
from bot.services import review_reminders, reviewing
from bot.services.desk import Desk
from bot.store import incidents, reviews
from bot.views.text import escape, person

TITLE_MOST, REASON_LEAST = 500, 10
LATEST = timedelta(days=730)
"""How far away an item may be due."""


def add(
    session: Session, desk: Desk, number: int, *, title: str, owner: str, due: date, by: str, now: datetime
) -> ActionItem:
    """Add an item. Raises InputError for an empty title, or a day that is past or years away."""
    incident, review = reviewing.load(session, number)
    title = " ".join(title.split())
    if not title or len(title) > TITLE_MOST:
        raise InputError(f"The action item has {len(title)} characters.", f"Write 1 to {TITLE_MOST}.")
    _to_come(desk, due, now)
    item = ActionItem(incident.id, 0, title, owner, due, now, by, remind_on=due)
    item = reviews.add_item(session, item)
    review_reminders.plan_items(session, desk, incident.id, now)
    detail = {"item": item.number, "owner": owner, "due": due.isoformat()}
    event = Event(now, "action_added", f"added action item {item.number}: {title}", by, detail)
    reviewing.keep(session, desk, incident, review, event, now=now)
    return item


def done(session: Session, desk: Desk, number: int, place: int, *, by: str, now: datetime) -> ActionItem:
    """It is done. Raises StaleError with who did it before."""
    incident, item = _open(session, number, place)
    item = replace(item, done_at=now, done_by=by)
    return _close(
        session, desk, incident, item, Event(now, "action_done", f"did action item {place}", by), now
    )


def drop(
    session: Session, desk: Desk, number: int, place: int, *, reason: str, by: str, now: datetime
) -> ActionItem:
    """It will not be done, and why. Raises InputError for no reason, StaleError when it is not open."""
    incident, item = _open(session, number, place)
    reason = " ".join(reason.split())[:TITLE_MOST]
    if len(reason) < REASON_LEAST:
        raise InputError(
            f"The reason has {len(reason)} characters.",
            f"Say in at least {REASON_LEAST} why it will not be done.",
        )
    item = replace(item, dropped=reason)
    event = Event(now, "action_dropped", f"dropped action item {place}: {reason}", by)
    return _close(session, desk, incident, item, event, now)


def change(
    session: Session,
    desk: Desk,
    number: int,
    place: int,
    *,
    owner: str | None,
    due: date | None,
    by: str,
    now: datetime,
) -> ActionItem:
    """Give it to somebody else, or another day. Raises InputError for one that is past or years away."""
    incident, item = _open(session, number, place)
    if due is not None:
        _to_come(desk, due, now)
    after = replace(item, owner=item.owner if owner is None else owner, due=due or item.due)
    if after == item:
        return item
    if after.due != item.due or after.owner != item.owner:
        after = replace(after, remind_on=after.due, reminded=0)
    reviews.save_item(session, after)
    review_reminders.plan_items(session, desk, incident.id, now)
    detail = {"item": place, "owner": after.owner, "due": after.due.isoformat()}
    event = Event(
        now, "action_changed", f"changed action item {place}, due {after.due.isoformat()}", by, detail
    )
    _, review = reviewing.load(session, number)
    reviewing.keep(session, desk, incident, review, event, now=now)
    return after


def _open(session: Session, number: int, place: int) -> tuple[Incident, ActionItem]:
    incident, _ = reviewing.load(session, number)
    item = reviews.item(session, number, place)
    if item is None:
        raise InputError(f"{incident.number} has no action item {place}.", "`/incidents actions` shows them.")
    if item.done_at is not None:
        raise StaleError(f"Action item {place} was done by {person(item.done_by)} already.")
    if item.dropped:
        raise StaleError(f"Action item {place} was dropped: {escape(item.dropped, 200)}.")
    return incident, item


def _close(
    session: Session, desk: Desk, incident: Incident, item: ActionItem, event: Event, now: datetime
) -> ActionItem:
    reviews.save_item(session, item)
    review_reminders.plan_items(session, desk, incident.id, now)
    _, review = reviewing.load(session, incident.id)
    event = replace(event, detail={"item": item.number})
    reviewing.keep(session, desk, incident, review, event, now=now)
    return item


def _to_come(desk: Desk, due: date, now: datetime) -> None:
    if due < now.astimezone(desk.settings.zone).date():
        raise InputError(f"{due.isoformat()} is past.", "Choose a day to come.")
    if due > (now + LATEST).date():
        raise InputError(
            f"{due.isoformat()} is years away.", "Choose a day that people still remember it on."
        )


def every_open(session: Session) -> list[tuple[Incident, ActionItem]]:
    """All items still to be done, the one due first first."""
    return [(incidents.bare(session, one.incident), one) for one in reviews.open_items(session)]
