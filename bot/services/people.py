"""People behind the roles: user groups and addresses looked up in Slack, and who has left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from bot.chat.directory import Account, Directory, Unknown
from bot.core.effect import Post
from bot.errors import SourceError
from bot.services import home_news, launches, signing, watching
from bot.services.desk import Desk
from bot.services.permissions import OLD
from bot.settings import Settings
from bot.store import duties, outbox, people, slots
from bot.store.database import Database
from bot.store.schedule import Interval
from bot.store.slots import Finish
from bot.views import people as views

log = structlog.get_logger()

REFRESH_JOB = "people.refresh"
EVERY = timedelta(minutes=10)
AGAIN = timedelta(minutes=1)
"""When to ask again after Slack could not say."""
LONGEST = timedelta(hours=24)
"""How long it counts while Slack cannot say anew; then nobody is behind a group or address until it can."""


@dataclass
class Found:
    """What Slack said: members by reference, accounts by id; what it could not say, with the reason."""

    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)


def schedule(session: Session, now: datetime) -> None:
    """Have everybody looked up at every start and every ten minutes.

    The newest start's slot replaces those of starts before it, so that a bot that keeps dying leaves none
    behind to be given up and told of.
    """
    slots.every(session, job=REFRESH_JOB, rule=Interval(EVERY), now=now)
    slots.cancel(session, job=REFRESH_JOB, prefix="start/")
    slots.at(session, job=REFRESH_JOB, slot=f"start/{now.isoformat()}", due=now)


def refresh(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Ask Slack who is who; the function returned keeps what it said."""
    del payload
    settings = desk.settings
    if settings.slack_bot_token is None:
        return lambda _session: None
    with db.read() as session:
        acted, on_duty = _acted(session), duties.references(session)
    token = settings.slack_bot_token.get_secret_value()
    with Directory(token, settings.slack_api_url) as directory:
        found = look_up(directory, dict.fromkeys((*references(settings), *on_duty)), acted)
    return lambda session: keep(session, desk, found, now)


def references(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """Everything that names people in [roles], [signoffs] and [oncall], and what it stands for there."""
    uses: dict[str, tuple[str, ...]] = {}
    for table, named in (("roles", settings.roles), ("signoffs", settings.signoffs)):
        for name, every in named.items():
            for one in every:
                uses[one] = (*uses.get(one, ()), f"[{table}] {name}")
    for one in settings.oncall.references():
        uses[one] = (*uses.get(one, ()), "[oncall]")
    return uses


def look_up(directory: Directory, named: Iterable[str], acted: Iterable[str] = ()) -> Found:
    """Ask for every group and address, then for the account of everybody found so and of who has `acted`."""
    found, ids = Found(), dict.fromkeys(acted)
    for reference in named:
        if people.is_id(reference):
            ids[reference] = None
            continue
        try:
            found.members[reference] = _members(directory, reference, found)
        except Unknown:
            found.unknown.add(reference)
        except SourceError as error:
            found.failed[reference] = str(error)
    ids.update(dict.fromkeys(one for members in found.members.values() for one in members))
    for person in ids:
        try:
            if person not in found.accounts:
                found.accounts[person] = directory.account(person)
        except Unknown:
            found.unknown.add(person)
        except SourceError as error:
            found.failed[person] = str(error)
    return found


def keep(session: Session, desk: Desk, found: Found, now: datetime) -> None:
    """Keep what Slack said. What it could not say stays as it was, and is asked again soon.

    The ops channel is told once of what Slack does not know, when that begins.
    """
    for reference, members in found.members.items():
        people.set_members(session, reference, members, now)
    known = people.deactivated(session)
    for account in found.accounts.values():
        people.describe(
            session, account.id, account.name, account.email, gone=account.gone, zone=account.zone
        )
    left = people.deactivated(session) - known
    if left:
        signing.left(session, desk, left, now)
        watching.left(session, desk, sorted(left), now)
    news = sorted(one for one in found.unknown if people.standing(session, one) != "unknown")
    for reference in found.unknown:
        people.set_unknown(session, reference, now)
    if news:
        uses = references(desk.settings)
        said = views.unknown({one: uses.get(one, ()) for one in news})
        key = f"people/unknown/{now.isoformat()}"
        outbox.put(session, Post(key, desk.settings.channels.ops, said), now=now)
    _grow_old(session, desk, found.failed, now)
    home_news.changed(session, now)
    if found.failed:
        log.warning("people_not_read", reasons=sorted(set(found.failed.values())))
        again = now + AGAIN
        slots.at(session, job=REFRESH_JOB, slot=f"again/{again:%Y-%m-%dT%H:%M}", due=again)


def _grow_old(session: Session, desk: Desk, failed: Iterable[str], now: datetime) -> None:
    """Let what Slack has not confirmed for too long count no more; the ops channel is told when it is old."""
    uses = references(desk.settings)
    read = {one: people.read_at(session, one) for one in failed if people.standing(session, one) == "read"}
    known = {one: at for one, at in read.items() if at is not None}
    lapsed = {one: at for one, at in known.items() if now - at >= LONGEST}
    old = {one: at for one, at in known.items() if OLD <= now - at < LONGEST}
    for reference in lapsed:
        people.set_lapsed(session, reference)
    for kind, aged in (("old", old), ("lapsed", lapsed)):
        if not aged:
            continue
        since, named = min(aged.values()), {one: uses.get(one, ()) for one in aged}
        said = views.lapsed(named, since) if aged is lapsed else views.old(named, since, since + LONGEST)
        key = f"people/{kind}/{since.isoformat()}"
        outbox.put(session, Post(key, desk.settings.channels.ops, said), now=now)


def _members(directory: Directory, reference: str, found: Found) -> tuple[str, ...]:
    if "@" not in reference:
        return directory.group(reference)
    account = directory.address(reference)
    found.accounts[account.id] = account
    return (account.id,)


def _acted(session: Session) -> list[str]:
    """Everybody whose signature a launch rests on that still goes on."""
    running = launches.running(session)
    return sorted({mark.by for launch in running for mark in launch.signatures.values()})
