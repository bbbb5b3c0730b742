"""The buttons and forms of a review's card: read, checked, and taken to what changes it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from sqlmodel import Session

from bot.core.effect import Block, Ephemeral, Message
from bot.core.inbound import Place, Press, Submit
from bot.core.review import MILESTONES, PARTS, Check, Outcome, missing
from bot.errors import InputError
from bot.services import action_items, review_changes, review_reminders, reviewing
from bot.services.desk import Desk
from bot.store import outbox, reviews
from bot.views import review_forms as views
from bot.views.review_actions import About
from bot.views.text import escape, when


def own(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Take it over]."""
    del key
    review_changes.own(session, desk, About.decode(press.value).incident, by=press.by, now=now)


def read(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[I have read it]."""
    del key
    review_changes.read(session, desk, About.decode(press.value).incident, by=press.by, now=now)


def publish(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Publish]."""
    del key
    review_changes.publish(session, desk, About.decode(press.value).incident, by=press.by, now=now)


def recheck(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Check again]."""
    del key
    review_changes.recheck(session, desk, About.decode(press.value).incident, by=press.by, now=now)


def done(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Done] of an action item."""
    del key
    about = About.decode(press.value)
    action_items.done(session, desk, about.incident, _number(about.what), by=press.by, now=now)


def snooze(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Snooze 3 days] of a reminder."""
    about = About.decode(press.value)
    reviewing.load(session, about.incident)
    due = review_reminders.snooze(session, desk, about.incident, about.what, now)
    said = f"Snoozed until {when(due, style='{date_short_pretty} {time}')}."
    answer(session, press.by, press.place, key, said, now)


def quiet(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[No more reminders]."""
    about = About.decode(press.value)
    reviewing.load(session, about.incident)
    review_reminders.quiet(session, desk, about.incident, about.what, now)
    answer(session, press.by, press.place, key, "No more reminders of it come. It stays open.", now)


def write_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Write…]."""
    del desk, by, now
    return views.write(reviewing.peek(session, About.decode(value).incident)[1])


def write(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """What was written."""
    del key
    about = About.decode(submit.value)
    parts = {part: submit.fields.get(part, "") for part in PARTS}
    review_changes.write(session, desk, about.incident, parts, by=submit.by, now=now)


def milestones_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Milestones…]."""
    del desk, by, now
    incident, review = reviewing.peek(session, About.decode(value).incident)
    return views.milestones(incident, missing(incident, review))


def milestones(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """The milestones given, in their order."""
    del key
    about = About.decode(submit.value)
    for name in MILESTONES:
        at, reason = (
            submit.fields.get(f"{views.AT}_{name}", ""),
            submit.fields.get(f"{views.REASON}_{name}", ""),
        )
        if at:
            moment = datetime.fromtimestamp(int(at), UTC)
            review_changes.give(
                session, desk, about.incident, name, moment, reason=reason, by=submit.by, now=now
            )


def milestone_faults(fields: Mapping[str, str]) -> dict[str, str]:
    """A time without a reason, a reason without a time."""
    found = {}
    for name in MILESTONES:
        at, reason = fields.get(f"{views.AT}_{name}", ""), fields.get(f"{views.REASON}_{name}", "").strip()
        if at and len(reason) < review_changes.REASON_LEAST:
            least = review_changes.REASON_LEAST
            found[f"{views.REASON}_{name}"] = f"Say in at least {least} characters how it is known."
        if reason and not at:
            found[f"{views.AT}_{name}"] = "Give the time too."
    return found


def check_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Answer…] beside a check."""
    del desk, by, now
    about = About.decode(value)
    return views.check(_check(about.what), reviewing.peek(session, about.incident)[1])


def check(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """A check answered."""
    del key
    about = About.decode(submit.value)
    chosen = submit.fields.get(views.OUTCOME, "")
    if chosen not in (Outcome.FINE, Outcome.GAP):
        raise InputError("Neither “fine” nor “a gap” was chosen.", "Choose one of them.")
    line = submit.fields.get(views.LINE, "")
    review_changes.check(
        session, desk, about.incident, _check(about.what), Outcome(chosen), line=line, by=submit.by, now=now
    )


def ask_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Ask for reviews…]."""
    del desk, by, now
    return views.ask(reviewing.peek(session, About.decode(value).incident)[1])


def ask(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """People asked to review it."""
    del key
    about = About.decode(submit.value)
    named = submit.fields.get(views.REVIEWERS, "").split()
    review_changes.ask(session, desk, about.incident, named, by=submit.by, now=now)


def add_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Add an action item…]."""
    incident, review = reviewing.peek(session, About.decode(value).incident)
    del incident
    due = max(review.due, now).astimezone(desk.settings.zone).date()
    return views.add_item(by, due)


def add(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """A new action item."""
    del key
    about, fields = About.decode(submit.value), submit.fields
    due = _day(fields.get(views.DUE, ""))
    if due is None:
        raise InputError("The day is missing.", "Choose a day.")
    title, owner = fields.get(views.TITLE, ""), fields.get(views.OWNER, "")
    action_items.add(session, desk, about.incident, title=title, owner=owner, due=due, by=submit.by, now=now)


def change_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Change an item…]."""
    del desk, by, now
    number = About.decode(value).incident
    left = [item for item in reviews.items(session, number) if item.open]
    if not left:
        raise InputError("No action item is open.", "Add one.")
    return views.change_item(left)


def change(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """An item changed, or dropped with a reason."""
    del key
    about, fields = About.decode(submit.value), submit.fields
    place, reason = _number(fields.get(views.ITEM, "")), fields.get(views.DROP, "").strip()
    if reason:
        action_items.drop(session, desk, about.incident, place, reason=reason, by=submit.by, now=now)
        return
    owner, due = fields.get(views.OWNER) or None, _day(fields.get(views.DUE, ""))
    action_items.change(session, desk, about.incident, place, owner=owner, due=due, by=submit.by, now=now)


def answer(session: Session, by: str, place: Place, key: str, said: str, now: datetime) -> None:
    """Say to one person what came of it."""
    message = Message(said)
    outbox.put(session, Ephemeral(f"{key}/answer", place.channel, by, message, place.thread), now=now)


def _check(name: str) -> Check:
    if name not in set(Check):
        raise InputError(f"There is no check `{escape(name, 40)}`.", f"There are {', '.join(Check)}.")
    return Check(name)


def _number(text: str) -> int:
    if not text.isdigit() or len(text) > 6:
        raise InputError("No action item was named.", "Use the newest card: `/incidents review`.")
    return int(text)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(f"The day is {escape(text, 40)}.", "Write one like 2026-12-01.") from None
