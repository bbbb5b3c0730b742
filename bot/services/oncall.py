"""Who is on call: first in line first, with whatever has to be said about how sure that is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from bot.core.duty import Duty
from bot.core.effect import Message, Post
from bot.core.rotation import Turn, in_order, turn
from bot.errors import SourceError
from bot.services import permissions
from bot.services.desk import Desk
from bot.settings.oncall import OnCallSource
from bot.store import duties, outbox, people, slots
from bot.store.database import Database
from bot.store.schedule import Interval
from bot.store.slots import Finish
from bot.views import oncall as views

log = structlog.get_logger()

REFRESH_JOB = "oncall.refresh"
EVERY = timedelta(minutes=5)
OLD = timedelta(minutes=15)
"""From this age on of what the service last said, people are told how old it is."""
LONGEST = timedelta(hours=24)
"""How long it counts while the service cannot say anew; then the people of lookout.toml are called."""
ROLE = "engineer"
"""The role that is called where nothing says who is on call."""


@dataclass(frozen=True)
class Line:
    """The people to call, first in line first, as Slack ids (and groups, where only a role is configured).

    `turns` are those whose turn it is, of every layer or schedule; `notes` are what must be said about it,
    in mrkdwn: who left, who is not known, whom the service does not say.
    """

    people: tuple[str, ...]
    turns: tuple[Turn, ...] = ()
    notes: tuple[str, ...] = ()


def now(session: Session, desk: Desk, at: datetime) -> tuple[str, ...]:
    """The people to call at `at`, first in line first."""
    return line(session, desk, at).people


def line(session: Session, desk: Desk, at: datetime) -> Line:
    """Who is on call at `at` and who follows them.

    Whose turn it is comes before who only follows in the rotation; who left is passed over, which is said of
    those whose turn it is. Where nobody is left, the role that is paged is called.
    """
    settings = desk.settings.oncall
    notes: list[str] = []
    turns, behind = _of_service(session, settings.source, at, notes) if settings.source else ([], [])
    rotation, cover = settings.rotation(desk.settings.timezone), settings.standing_in()
    planned = [found for one in rotation if (found := turn(one, cover, at)) is not None]
    following = [person for one in rotation for person in in_order(one, at)]
    if turns:
        following = [one.person for one in planned] + following
    else:
        turns = planned
    called = [*_each(session, (one.person for one in turns), notes), *_each(session, (*behind, *following))]
    ordered = tuple(dict.fromkeys(called))
    if ordered:
        return Line(ordered, tuple(turns), tuple(notes))
    fallback = permissions.called(session, desk, ROLE)
    if settings.configured:
        notes.append(views.nobody(fallback))
    return Line(fallback, tuple(turns), tuple(notes))


def of_role(session: Session, desk: Desk, role: str, at: datetime) -> tuple[str, ...]:
    """Whom the words "oncall" and "oncall_backup" of a ladder mean; nobody where nothing says so."""
    if not desk.settings.oncall.configured:
        return ()
    found = now(session, desk, at)
    return found[:1] if role == "oncall" else found[1:2]


def refresh(db: Database, desk: Desk, payload: Mapping[str, Any], at: datetime) -> Finish:
    """Ask the service who is on call; the function returned keeps what it said, or that it did not."""
    from bot.sources import oncall as service  # httpx is not needed on the way to an acknowledgement

    del payload, db
    source, token = desk.settings.oncall.source, desk.settings.oncall_token
    if source is None:
        return lambda _session: None
    try:
        found = service.ask(source, token.get_secret_value() if token else "", now=at)
    except SourceError as error:
        reason = str(error)
        log.warning("oncall_not_read", reason=reason)
        return lambda session: _failed(session, desk, source, reason, at)
    return lambda session: _heard(session, desk, source, found, at)


def schedule(session: Session, desk: Desk, at: datetime) -> None:
    """Have the service asked every five minutes and at every start; never where none is configured."""
    slots.cancel(session, job=REFRESH_JOB, prefix="start/")
    if desk.settings.oncall.source is None:
        slots.stop(session, job=REFRESH_JOB)
        return
    slots.every(session, job=REFRESH_JOB, rule=Interval(EVERY), now=at)
    slots.at(session, job=REFRESH_JOB, slot=f"start/{at.isoformat()}", due=at)


def key(source: OnCallSource) -> str:
    """What a service's answers are kept under: another address or other schedules are another service."""
    return f"{source.kind} {source.address} {','.join(source.schedules)}"


def _of_service(
    session: Session, source: OnCallSource, at: datetime, notes: list[str]
) -> tuple[list[Turn], list[str]]:
    """Whose turn it is by the service, and who has the next one."""
    said = duties.said(session, key(source))
    counts = said.read_at is not None and at - said.read_at < LONGEST
    mine = [one for one in said.duties if counts]
    covering = [one for one in mine if one.covers(at)]
    if said.failed_since is not None or not counts or (said.read_at is not None and at - said.read_at >= OLD):
        notes.append(views.stale(source.kind, said.read_at, said.failed_since, said.reason, bool(covering)))
    elif not covering:
        notes.append(views.empty(source.kind))
    notes += [views.unnamed(source.kind, one.name) for one in covering if not one.person]
    turns = [Turn(one.person, one.schedule, one.ends) for one in covering if one.person]
    coming = sorted((one for one in mine if one.starts is not None and one.starts > at), key=_start)
    return turns, [one.person for one in coming if one.person]


def _start(duty: Duty) -> datetime:
    """When it starts; those who have none are not asked."""
    assert duty.starts is not None  # noqa: S101 - the caller keeps only those that have one
    return duty.starts


def _each(session: Session, references: Iterable[str], notes: list[str] | None = None) -> list[str]:
    """The Slack ids behind references, without those who left, which the notes say."""
    gone, found = people.deactivated(session), []
    for reference in dict.fromkeys(references):
        ids = people.members(session, reference)
        if notes is not None and not ids:
            notes.append(views.unknown(reference))
        for one in ids:
            if one not in gone:
                found.append(one)
            elif notes is not None:
                notes.append(views.left(one))
    return found


def _heard(session: Session, desk: Desk, source: OnCallSource, found: Sequence[Duty], at: datetime) -> None:
    before = duties.said(session, key(source)).failed_since
    duties.heard(session, key(source), found, at)
    if before is not None and outbox.posted(session, _news(before)):
        _tell(session, desk, f"{_news(before)}/over", views.answers_again(source.kind), at)


def _failed(session: Session, desk: Desk, source: OnCallSource, reason: str, at: datetime) -> None:
    duties.failed(session, key(source), reason, at)
    said = duties.said(session, key(source))
    since = said.failed_since or at
    if said.read_at is None or at - since >= OLD:
        covered = said.read_at is not None and at - said.read_at < LONGEST
        told = views.stale(source.kind, said.read_at, since, reason, covered)
        _tell(session, desk, _news(since), Message(told), at)


def _news(since: datetime) -> str:
    return f"oncall/silent/{since.isoformat()}"


def _tell(session: Session, desk: Desk, name: str, said: Message, at: datetime) -> None:
    outbox.put(session, Post(name, desk.settings.channels.ops, said), now=at)
