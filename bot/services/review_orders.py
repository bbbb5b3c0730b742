"""What is typed about an incident's record and review: the same as the buttons, in threads and on a phone."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final

from sqlmodel import Session

from bot.core import typed_time
from bot.core.effect import Message, Post
from bot.core.inbound import Ask, Order
from bot.core.incident import Event
from bot.core.review import MILESTONES, PARTS, Check, Outcome
from bot.errors import InputError
from bot.services import (
    action_items,
    incident_named,
    review_changes,
    review_reminders,
    reviewing,
    triage,
)
from bot.services.desk import Desk
from bot.services.review_forms import answer
from bot.store import incidents, outbox, people, reviews
from bot.views import incident_notes as notes
from bot.views import review as views
from bot.views.text import escape, when

NOTE_MOST: Final = 1000
_PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>|@([\w.-]+)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\b")


def note(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents note [INC-7] TEXT`: a line of the timeline in a person's own words."""
    del desk, key
    found, said = incident_named.meant(session, order.place, order.text)
    incident = triage.find(session, found.id)
    said = " ".join(said.split())
    if not 1 <= len(said) <= NOTE_MOST:
        raise InputError(
            f"The note has {len(said)} characters.", f"Write 1 to {NOTE_MOST} behind the command."
        )
    event = Event(now, "note", f"noted: {said}", order.by)
    number = incidents.append(session, incident.id, event)
    post = Post(
        f"incident/{incident.id}/event/{number}",
        incident.channel,
        notes.happened(event),
        f"incident/{incident.id}/card",
    )
    outbox.put(session, post, now=now)


def own(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents own [INC-7] [@somebody]`."""
    number, rest = _named(session, order)
    who = _people(session, rest)
    review_changes.own(session, desk, number, by=order.by, to=who[0] if who else "", now=now)
    _done(session, order, key, "The review is theirs now." if who else "The review is yours now.", now)


def write(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents write [INC-7] PART TEXT`."""
    number, rest = _named(session, order)
    part, _, said = rest.partition(" ")
    if part.lower().rstrip(":") not in PARTS or not said.strip():
        raise InputError(
            f"Read `{escape(part, 40)}`, which is no part with a text behind it.",
            f"Expected one of {', '.join(PARTS)}: `/incidents write cause The index was …`.",
        )
    review_changes.write(session, desk, number, {part.lower().rstrip(":"): said}, by=order.by, now=now)
    _done(session, order, key, f"Written: {part.lower().rstrip(':')}.", now)


def milestone(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents milestone [INC-7] NAME TIME because REASON`."""
    number, rest = _named(session, order)
    match = re.fullmatch(r"(\w+)\s+(.+?)\s+because\s+(.+)", rest, re.IGNORECASE | re.DOTALL)
    if match is None:
        raise InputError(
            "Read no milestone, time and reason.",
            f"Write `/incidents milestone {MILESTONES[2]} 02:45 because Yuki said so on the phone`.",
        )
    at = typed_time.moment(match[2], now=now, zone=desk.settings.zone)
    name = match[1].lower()
    review_changes.give(session, desk, number, name, at, reason=match[3], by=order.by, now=now)
    _done(session, order, key, f"Given: {name} at {when(at, style='{date_short_pretty} {time}')}.", now)


def checked(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents checked [INC-7] CHECK fine|gap TEXT`."""
    number, rest = _named(session, order)
    which, outcome, line = (*rest.split(None, 2), "", "", "")[:3]
    if which.lower() not in set(Check) or outcome.lower() not in (Outcome.FINE, Outcome.GAP):
        raise InputError(
            f"Read `{escape(rest, 60)}`.",
            f"Expected one of {', '.join(Check)}, then fine or gap, then what was found: "
            "`/incidents checked framing fine It was the metric we meant`.",
        )
    review_changes.check(
        session, desk, number, Check(which.lower()), Outcome(outcome.lower()), line=line, by=order.by, now=now
    )
    _done(session, order, key, f"Answered: {which.lower()}, {outcome.lower()}.", now)


def reviewers(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents reviewers [INC-7] @a @b`."""
    del key
    number, rest = _named(session, order)
    review_changes.ask(session, desk, number, _people(session, rest), by=order.by, now=now)


def reviewed(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents reviewed [INC-7]`."""
    number, _ = _named(session, order)
    review_changes.read(session, desk, number, by=order.by, now=now)
    _done(session, order, key, "On record: you have read it.", now)


def publish(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents publish [INC-7]`."""
    number, _ = _named(session, order)
    review_changes.publish(session, desk, number, by=order.by, now=now)
    _done(session, order, key, "Published; the page comes into the incidents channel.", now)


def action(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents action [INC-7] [@owner] [2026-12-01] TEXT`."""
    number, rest = _named(session, order)
    owner, due, title = _split(session, rest)
    _, review = reviewing.load(session, number)
    by_default = max(review.due, now).astimezone(desk.settings.zone).date()
    item = action_items.add(
        session, desk, number, title=title, owner=owner or "", due=due or by_default, by=order.by, now=now
    )
    _done(session, order, key, f"Action item {item.number}, due {item.due.isoformat()}.", now)


def done(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents done [INC-7] N`."""
    number, place, _ = _item(session, order)
    action_items.done(session, desk, number, place, by=order.by, now=now)
    _done(session, order, key, f"Done: action item {place}.", now)


def drop(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents drop [INC-7] N REASON`."""
    number, place, reason = _item(session, order)
    action_items.drop(session, desk, number, place, reason=reason, by=order.by, now=now)
    _done(session, order, key, f"Dropped: action item {place}.", now)


def move(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents move [INC-7] N [@owner] [2026-12-01]`."""
    number, place, rest = _item(session, order)
    owner, due, _ = _split(session, rest)
    if owner is None and due is None:
        raise InputError("Read neither a person nor a day.", "Write `/incidents move 3 @yuki 2026-12-01`.")
    item = action_items.change(session, desk, number, place, owner=owner, due=due, by=order.by, now=now)
    _done(session, order, key, f"Action item {place} is due {item.due.isoformat()}.", now)


def snooze(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents snooze [INC-7] [N]`: the review's reminders, or an item's."""
    number, what = _reminded(session, order)
    due = review_reminders.snooze(session, desk, number, what, now)
    _done(session, order, key, f"Snoozed until {when(due, style='{date_short_pretty} {time}')}.", now)


def quiet(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents quiet [INC-7] [N]`."""
    number, what = _reminded(session, order)
    review_reminders.quiet(session, desk, number, what, now)
    _done(session, order, key, "No more reminders of it come. It stays open.", now)


def review(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/incidents review [INC-7]`: the review's card, for the one who asks."""
    found, _ = incident_named.meant(session, ask.place, ask.about)
    return reviewing.shown(session, desk, *reviewing.peek(session, found.id), now=now)


def actions(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/incidents actions [INC-7|mine]`: what is open of one incident, or of all."""
    del desk, now
    about = ask.about.strip()
    if about.lower() == "mine":
        return views.listing([one for one in action_items.every_open(session) if one[1].owner == ask.by])
    if about:
        found, _ = incident_named.meant(session, ask.place, about)
        return views.listing([(found, item) for item in reviews.items(session, found.id)])
    return views.listing(action_items.every_open(session))


def _named(session: Session, order: Order) -> tuple[int, str]:
    found, rest = incident_named.meant(session, order.place, order.text)
    return found.id, rest


def _item(session: Session, order: Order) -> tuple[int, int, str]:
    """The incident, an item's number, and what stands behind it."""
    number, rest = _named(session, order)
    place, _, more = rest.partition(" ")
    if not place.isdigit() or len(place) > 6:
        raise InputError(
            f"Read `{escape(place, 40)}`, which is no action item's number.",
            f"`/incidents {order.verb} 3`; `/incidents actions` shows them.",
        )
    return number, int(place), more.strip()


def _reminded(session: Session, order: Order) -> tuple[int, str]:
    number, rest = _named(session, order)
    reviewing.load(session, number)
    if not rest:
        return number, review_reminders.REVIEW
    return number, f"{review_reminders.ITEMS}:{_item(session, order)[1]}"


def _split(session: Session, text: str) -> tuple[str | None, date | None, str]:
    """The person and the day that stand first, in either order, and the rest of what was typed."""
    who: str | None = None
    due: date | None = None
    while True:
        if who is None and (found := _PERSON.match(text)):
            who = _people(session, found[0])[0]
        elif due is None and (found := _DAY.match(text)):
            due = _day(found[0])
        else:
            return who, due, " ".join(text.split())
        text = text[found.end() :].lstrip()


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise InputError(f"There is no day {typed}.", "Write one like 2026-12-01.") from None


def _people(session: Session, text: str) -> list[str]:
    """Who is mentioned: as Slack writes it, or by a name that Lookout has met."""
    by_name = {name.lower(): who for who, name in people.names(session).items()}
    found = []
    for match in _PERSON.finditer(text):
        who = match[1] or by_name.get(match[2].lower())
        if who is None:
            raise InputError(
                f"I do not know @{escape(match[2], 40)}.",
                "Mention me with it in a message (`@lookout incidents …`): then Slack says who that is.",
            )
        found.append(who)
    return found


def _done(session: Session, order: Order, key: str, said: str, now: datetime) -> None:
    answer(session, order.by, order.place, key, said, now)


def recheck(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/incidents recheck [INC-7]`: the record is asked again what it says to the checks."""
    del key
    number, _ = _named(session, order)
    review_changes.recheck(session, desk, number, by=order.by, now=now)


Typed = Callable[[Session, Desk, Order, str, datetime], None]

ORDERS: Final[Mapping[str, Typed]] = {
    "note": note,
    "own": own,
    "write": write,
    "milestone": milestone,
    "checked": checked,
    "reviewers": reviewers,
    "reviewed": reviewed,
    "publish": publish,
    "recheck": recheck,
    "action": action,
    "done": done,
    "drop": drop,
    "move": move,
    "snooze": snooze,
    "quiet": quiet,
}
"""By verb, as typed behind `/incidents`."""
