"""The app's home page: what waits for a person, drawn when they open it and again when that changes."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Message, PublishHome
from bot.core.figures import weekday
from bot.core.inbound import OpenedHome
from bot.core.incident import Incident
from bot.core.launch import Kind, Launch, LookSeen, Task
from bot.core.launch_steps import so_far
from bot.core.permission import Act
from bot.services import decision_cards, framing_home, permissions, signing
from bot.services.desk import Desk
from bot.services.home_news import REDRAW_JOB
from bot.services.scheduled_looks import zone_now
from bot.store import home_pages, incidents, ledger, outbox, people, reviews, slots
from bot.store.database import Database
from bot.store.schedule import Interval
from bot.store.slots import Finish
from bot.views import app_home as views
from bot.views.app_home import Group, Home, Item
from bot.views.text import escape, person

EVERY = timedelta(minutes=15)
"""How often pages are looked at without anything that happened: a task becomes due by itself."""


def schedule(session: Session, now: datetime) -> None:
    """Have the pages looked at every quarter of an hour."""
    slots.every(session, job=REDRAW_JOB, rule=Interval(EVERY), now=now)


def opened(session: Session, desk: Desk, seen: OpenedHome, now: datetime) -> None:
    """Show somebody their page as it is now."""
    shown = page(session, desk, seen.by, _unfinished(session), now)
    outbox.put(session, PublishHome(_key(seen.by), seen.by, shown), now=now)


def redraw(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Draw the page of everybody who ever opened it; those that changed are shown anew."""
    del payload
    with db.read() as session:
        before, gone = home_pages.shown(session), people.deactivated(session)
        unfinished = _unfinished(session) if before else []
        drawn = {by: page(session, desk, by, unfinished, now) for by in before if by not in gone}
    news = {by: shown for by, shown in drawn.items() if shown != before[by].message}

    def finish(session: Session) -> None:
        for by, shown in news.items():
            outbox.put(session, PublishHome(_key(by), by, shown), now=now)

    return finish


def page(session: Session, desk: Desk, by: str, unfinished: Iterable[Launch], now: datetime) -> Message:
    """One person's page; `unfinished` are the launches that are not closed."""
    every = list(unfinished)
    going = [one for one in every if one.open]
    groups = (
        Group("Incidents you lead", "walk the next step", _incidents(session, by)),
        Group("Retrospectives you own", "finish and publish", _reviews(session, desk, by, now)),
        Group("Action items of incidents", "do them, or move them", _action_items(session, desk, by, now)),
        Group("Overrides", "approve or refuse", _overrides(session, desk, by, going)),
        Group("Decisions", "what the rule allows", _decisions(session, desk, by, going)),
        Group("Tasks", "do them, or move them", _tasks(session, desk, by, every, now)),
        Group("Signatures", "read the card, then sign", _signatures(session, desk, by, going, now)),
        Group("Warnings", "acknowledge them by name", _warnings(session, desk, by, going)),
        Group("Framings", "write, decide or look again", framing_home.items(session, desk, by, now)),
    )
    roles = tuple(role for role in permissions.roles_of(session, desk, by) if role != "viewer")
    return views.page(
        Home(
            groups=tuple(group for group in groups if group.items),
            roles=roles,
            signs=permissions.signs_as(session, desk, by),
            admins=permissions.mentions(session, desk, "admin"),
            unread=permissions.doubts(session, desk, now),
        )
    )


def _incidents(session: Session, by: str) -> tuple[Item, ...]:
    return tuple(
        Item(f"*{one.number}* {escape(one.title, 150)}, {one.severity}, {one.status}", one.channel)
        for one in incidents.open_ones(session)
        if one.lead == by
    )


def _reviews(session: Session, desk: Desk, by: str, now: datetime) -> tuple[Item, ...]:
    """The retrospectives of somebody that are not published yet, the one due first first."""
    today, found = now.astimezone(desk.settings.zone).date(), []
    for review in reviews.unpublished(session):
        if review.owner == by:
            incident = incidents.bare(session, review.incident)
            due = review.due.astimezone(desk.settings.zone).date()
            found.append(_dated(f"*{incident.number}* {escape(incident.title, 150)}", due, today, incident))
    return tuple(found)


def _action_items(session: Session, desk: Desk, by: str, now: datetime) -> tuple[Item, ...]:
    """The open action items of somebody, the one due first first."""
    today, found = now.astimezone(desk.settings.zone).date(), []
    for one in reviews.open_items(session, by):
        incident = incidents.bare(session, one.incident)
        said = f"{escape(one.title, 200)} · {incident.number}, item {one.number}"
        found.append(_dated(said, one.due, today, incident))
    return tuple(found)


def _dated(said: str, due: date, today: date, incident: Incident) -> Item:
    late = due < today
    when = f"⚠ Overdue since {weekday(due)}" if late else f"Due {'today' if due == today else weekday(due)}"
    return Item(f"{when}: {said}", incident.channel, late)


def _overrides(session: Session, desk: Desk, by: str, going: list[Launch]) -> tuple[Item, ...]:
    if not permissions.may(session, desk, by, Act.APPROVE):
        return ()
    return tuple(
        Item(
            f"{person(one.by)} asks to ship {_name(launch)} against look {_look(launch, one.record)}",
            launch.channel,
        )
        for launch in going
        for one in launch.overrides
        if one.pending and one.by != by
    )


def _decisions(session: Session, desk: Desk, by: str, going: list[Launch]) -> tuple[Item, ...]:
    if not permissions.may(session, desk, by, Act.DECIDE):
        return ()
    asking = ((launch, launch.newest) for launch in going)
    return tuple(
        Item(_verdict(launch, seen), launch.channel)
        for launch, seen in asking
        if seen is not None and seen.verdict in decision_cards.DECIDES
    )


def _verdict(launch: Launch, seen: LookSeen) -> str:
    said = seen.verdict.replace("-", " ").upper()
    rest = ", an investigation is open" if launch.investigation and seen.verdict == "veto" else ""
    return f"*{said}* at look {seen.look} of {_name(launch)}{rest}"


def _signatures(
    session: Session, desk: Desk, by: str, going: list[Launch], now: datetime
) -> tuple[Item, ...]:
    return tuple(
        Item(f"Sign as *{escape(role, 80)}*: {_paper(launch)} {_name(launch)}", launch.channel)
        for launch in going
        for role in signing.open_to(session, desk, launch, by, now)
    )


def _paper(launch: Launch) -> str:
    return f"the amendment by {person(launch.amendment.by)} of" if launch.amendment else "the registration of"


def _warnings(session: Session, desk: Desk, by: str, going: list[Launch]) -> tuple[Item, ...]:
    if not permissions.may(session, desk, by, Act.ACKNOWLEDGE):
        return ()
    found = []
    for launch in going:
        paper = launch.amendment or (launch if launch.locked_at is None else None)
        codes = dict.fromkeys(one["code"] for one in paper.missing_acknowledgements) if paper else {}
        if codes:
            count = f"{len(codes)} warning{'' if len(codes) == 1 else 's'}"
            said = f"{count} of {_name(launch)}: {escape(', '.join(codes), 300)}"
            found.append(Item(said, launch.channel))
    return tuple(found)


def _tasks(session: Session, desk: Desk, by: str, every: list[Launch], now: datetime) -> tuple[Item, ...]:
    """The open tasks of somebody, or of a role they hold; the longest overdue first."""
    found: list[tuple[date, Item]] = []
    for launch in every:
        mine = [one for one in launch.tasks if one.done is None and _owns(session, desk, by, one)]
        if not mine:
            continue
        today = now.astimezone(zone_now(session, desk, launch)).date()
        found += [(one.due, _task(launch, one, today)) for one in mine]
    return tuple(item for _, item in sorted(found, key=lambda pair: pair[0]))


def _owns(session: Session, desk: Desk, by: str, task: Task) -> bool:
    roles = (permissions.holders, permissions.signers)
    return task.owner == by or any(by in held(session, desk, task.owner) for held in roles)


def _task(launch: Launch, task: Task, today: date) -> Item:
    late = task.due < today
    due = "today" if task.due == today else weekday(task.due)
    when = f"⚠ Overdue since {due}" if late else f"Due {due}"
    return Item(f"{when}: {escape(task.title, 200)} · {_name(launch)}", launch.channel, late)


def _name(launch: Launch) -> str:
    return f"*{escape(launch.title or launch.id, 100)}*"


def _look(launch: Launch, record: int) -> int:
    return next((one.look for one in launch.looks if one.record == record), 0)


def _unfinished(session: Session) -> list[Launch]:
    every = (so_far(ledger.of(session, one)) for one in ledger.subjects(session, Kind.REGISTERED))
    return [launch for launch in every if launch.closed_at is None]


def _key(by: str) -> str:
    return f"home/{by}"
