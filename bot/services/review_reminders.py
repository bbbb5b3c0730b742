"""Reminders of reviews and their action items: durable, three of each at most, snoozed or silenced.

Of the items of one incident everybody is reminded in one message a morning, however many they have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from bot.core.effect import Post, Update
from bot.core.incident import Incident
from bot.core.review import ActionItem, Review, blockers
from bot.errors import InputError
from bot.services import oncall
from bot.services.desk import Desk
from bot.store import incidents, outbox, people, reviews, slots
from bot.views import review_reminders as views
from bot.views import text

JOB: Final = "incident.review_reminder"
REVIEW, ITEMS = "review", "items"
"""What is reminded of: the review itself, or what is due of its action items."""
MOST: Final = 3
"""Reminders of one thing; a thing moved begins anew."""
EVERY, SNOOZE = timedelta(days=2), timedelta(days=3)


def plan_review(session: Session, desk: Desk, review: Review, now: datetime) -> None:
    """Have a review reminded of from the morning before it is due."""
    cancel(session, review.incident, REVIEW)
    day = (review.due - timedelta(days=1)).astimezone(desk.settings.zone).date()
    payload = {"incident": review.incident, "what": REVIEW, "number": 1, "since": int(now.timestamp())}
    _at(session, payload, _morning(desk, day, now))


def plan_items(session: Session, desk: Desk, incident: int, now: datetime) -> None:
    """Have what is due next of the incident's items reminded of on its morning; replaces what was planned."""
    cancel(session, incident, ITEMS)
    _plan_next(session, desk, incident, now)


def cancel(session: Session, incident: int, what: str) -> int:
    """Drop what is planned; how many reminders that were."""
    return slots.cancel(session, job=JOB, prefix=f"{incident}/{what}/")


def remind(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """Remind of what is still to be done, and plan the next one up to the cap."""
    incident = incidents.load(session, int(payload["incident"]), lock=True)
    if incident is None:
        return
    if payload["what"] == REVIEW:
        _remind_of_review(session, desk, incident, payload, now)
    else:
        _remind_of_items(session, desk, incident, now)


def snooze(session: Session, desk: Desk, incident: int, what: str, now: datetime) -> datetime:
    """Let the next reminder come three days later; it counts towards the same cap. Returns when.

    Raises:
        InputError: no further reminder was planned.

    """
    day = (now + SNOOZE).astimezone(desk.settings.zone).date()
    due = _morning(desk, day, now)
    if what == REVIEW:
        kept = slots.kept(session, job=JOB, prefix=f"{incident}/{what}/")
        waiting = [one for one in kept if one.state == "waiting"]
        if not waiting:
            raise InputError("No more reminders of it were planned.")
        cancel(session, incident, what)
        _at(session, dict(waiting[0].payload), due)
        return due
    found = [item for item in _named(session, incident, what) if item.remind_on is not None]
    if not found:
        raise InputError("No more reminders of it were planned.")
    for item in found:
        reviews.save_item(session, replace(item, remind_on=day))
    plan_items(session, desk, incident, now)
    return due


def quiet(session: Session, desk: Desk, incident: int, what: str, now: datetime) -> None:
    """Remind of it no more; it stays open and shows as overdue."""
    if what == REVIEW:
        cancel(session, incident, what)
        return
    for item in _named(session, incident, what):
        reviews.save_item(session, replace(item, remind_on=None))
    plan_items(session, desk, incident, now)


def settle(session: Session, incident: Incident, what: str, said: str, now: datetime) -> None:
    """Have every reminder of it say this instead, without buttons."""
    message = text.message(said)
    for key in outbox.posted(session, f"incident/{incident.id}/reminder/{what}/"):
        outbox.put(session, Update(key, incident.channel, message), now=now)


def _plan_next(session: Session, desk: Desk, incident: int, now: datetime) -> None:
    days = [item.remind_on for item in reviews.items(session, incident) if item.open and item.remind_on]
    if days:
        payload = {"incident": incident, "what": ITEMS, "number": 0, "since": int(now.timestamp())}
        _at(session, payload, _morning(desk, min(days), now))


def _remind_of_review(
    session: Session, desk: Desk, incident: Incident, payload: Mapping[str, Any], now: datetime
) -> None:
    review, number = reviews.load(session, incident.id), int(payload["number"])
    if review is None or review.published or review.closed:
        return
    following = None
    if number < MOST:
        following = _morning(desk, (now + EVERY).astimezone(desk.settings.zone).date(), now)
        _at(session, {**payload, "number": number + 1}, following)
    zone = desk.settings.zone
    said = views.of_review(
        incident,
        blockers(incident, review, reviews.items(session, incident.id)),
        _who(session, desk, review.owner, now),
        today=now.astimezone(zone).date(),
        due=review.due.astimezone(zone).date(),
    )
    message = views.review(incident, said, number=number, most=MOST, following=following)
    _post(session, incident, f"{REVIEW}/{payload['since']}/{number}", message, now)


def _remind_of_items(session: Session, desk: Desk, incident: Incident, now: datetime) -> None:
    today = now.astimezone(desk.settings.zone).date()
    due = [
        item
        for item in reviews.items(session, incident.id)
        if item.open and item.remind_on is not None and item.remind_on <= today
    ]
    following = today + EVERY
    by_owner: dict[str, list[ActionItem]] = {}
    for item in due:
        number = item.reminded + 1
        after = replace(item, reminded=number, remind_on=following if number < MOST else None)
        reviews.save_item(session, after)
        by_owner.setdefault(item.owner, []).append(after)
    for owner, items in by_owner.items():
        _say_items(session, desk, incident, owner, items, today, now)
    _plan_next(session, desk, incident.id, now)  # its own slot is still there, and must not be dropped


def _say_items(
    session: Session,
    desk: Desk,
    incident: Incident,
    owner: str,
    items: Sequence[ActionItem],
    today: date,
    now: datetime,
) -> None:
    ordered = sorted(items, key=lambda item: (item.due, item.number))
    days = [item.remind_on for item in ordered if item.remind_on is not None]
    following = _morning(desk, min(days), now) if days else None
    message = views.items(
        incident, _who(session, desk, owner, now), ordered, today=today, following=following, most=MOST
    )
    _post(session, incident, f"{ITEMS}/{int(now.timestamp())}/{owner or 'nobody'}", message, now)


def _post(session: Session, incident: Incident, name: str, message: Any, now: datetime) -> None:
    key, thread = f"incident/{incident.id}/reminder/{name}", f"incident/{incident.id}/review"
    outbox.put(session, Post(key, incident.channel, message, thread, broadcast=True), now=now)


def _named(session: Session, incident: int, what: str) -> list[ActionItem]:
    """The open items that "items:1,2" means; all of them for "items"."""
    numbers = {int(part) for part in what.partition(":")[2].split(",") if part.isdigit()}
    return [
        item
        for item in reviews.items(session, incident)
        if item.open and (not numbers or item.number in numbers)
    ]


def _who(session: Session, desk: Desk, owner: str, at: datetime) -> str:
    """A mention of the owner; of who is on call where there is none, or they have left."""
    on_call = text.people(oncall.now(session, desk, at)[:1], "nobody is configured")
    if not owner:
        return f"{on_call} (nobody owns it)"
    if owner in people.deactivated(session):
        return f"{on_call} (for {text.person(owner)}, who has left)"
    return text.person(owner)


def _at(session: Session, payload: Mapping[str, Any], due: datetime) -> None:
    slot = f"{payload['incident']}/{payload['what']}/{payload['since']}/{payload['number']}/{due.isoformat()}"
    slots.at(session, job=JOB, slot=slot, due=due, payload=payload)


def _morning(desk: Desk, day: date, now: datetime) -> datetime:
    """The reminders' hour of that day, or the next one that comes where that is past."""
    zone, at = desk.settings.zone, desk.settings.review.reminds
    today = now.astimezone(zone).date()
    day = max(day, today)
    due = datetime.combine(day, at, tzinfo=zone)
    return due if due > now else datetime.combine(today + timedelta(days=1), at, tzinfo=zone)
