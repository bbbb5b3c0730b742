"""Digests: subscribed to by channel, posted at their hour, caught up once after a silence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from sqlmodel import Session

from bot.core.digest import Digest
from bot.core.effect import Message, Post
from bot.core.inbound import Ask, Order
from bot.core.permission import Act
from bot.errors import InputError, SourceError
from bot.services import channel_ids, deltas, digest_health, permissions
from bot.services.desk import Desk
from bot.store import outbox, slots, subscriptions
from bot.store.database import Database
from bot.store.schedule import Daily, Moment
from bot.store.slots import Finish
from bot.store.subscriptions import SubscriptionRow
from bot.views import digest as views
from bot.views import subscriptions as words
from bot.views.text import escape

log = structlog.get_logger()

JOB = "digest"
"""What posts a digest; the slots of a subscription carry it with the channel behind a colon."""

SPANS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EXAMPLE = "For example `/digest subscribe daily 09:00 Europe/Berlin`, or `weekly friday 16:00`."


@dataclass(frozen=True)
class Wish:
    """What somebody typed: the digest, and when; None where it was left out."""

    digest: str
    at: time | None = None
    zone: str | None = None
    weekday: int | None = None


def subscribe(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/digest subscribe daily|weekly [weekday] [09:00] [zone]`."""
    permissions.require(session, desk, order.by, Act.CONFIGURE)
    wish = read(order.text)
    channel = order.place.channel
    before = subscriptions.one(session, channel, wish.digest)
    row = _row(session, desk, wish, before, order, now)
    if before is not None and _same(before, row):
        said = words.already(row, _next(row, now).due)
    else:
        subscriptions.subscribe(session, row)
        _schedule(session, row, now)
        said = words.subscribed(row, _next(row, now).due, changed=before is not None)
    outbox.put(session, Post(f"{key}/digest", channel, said, order.place.thread), now=now)


def unsubscribe(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/digest unsubscribe daily|weekly`."""
    permissions.require(session, desk, order.by, Act.CONFIGURE)
    digest, place = read(order.text).digest, order.place
    if not end(session, place.channel, digest):
        raise InputError(f"This channel gets no {digest} digest.", "`/digest status` says what it gets.")
    said = words.unsubscribed(digest, order.by)
    outbox.put(session, Post(f"{key}/digest", place.channel, said, place.thread), now=now)


def end(session: Session, channel: str, digest: str) -> bool:
    """Post this digest there no more; whether the channel had it."""
    job = _job(channel, digest)
    slots.stop(session, job=job)
    slots.cancel(session, job=job)
    return subscriptions.unsubscribe(session, channel, digest)


def at_once(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/digest now [daily|weekly]`: posted at once, for everybody who may read the channel."""
    del desk
    digest = read(order.text or "daily").digest
    payload = {"channel": order.place.channel, "digest": digest, "key": f"digest/{key}"}
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def status(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`/digest status`: what this channel gets, and when next."""
    del desk
    rows = [one for one in subscriptions.every(session) if one.channel == ask.place.channel]
    return words.status([(row, _next(row, now).due) for row in rows])


def schedule(session: Session, now: datetime) -> None:
    """Make the schedules of every subscription; saying it again at each start moves nothing."""
    for row in subscriptions.every(session):
        _schedule(session, row, now)


def post(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Put a digest together; what is returned posts it, unless the channel has unsubscribed meanwhile."""
    channel, digest = str(payload["channel"]), str(payload["digest"])
    launches_channel = _launches_channel(db, desk)
    with db.read() as session:
        row = subscriptions.one(session, channel, digest)
        if row is None and "key" not in payload:
            return lambda _session: None
        zone = ZoneInfo(row.zone) if row else ZoneInfo(zone_of(session, desk, channel))
        due = _latest(row, now) if row is not None and "key" not in payload else None
        since = _since(session, channel, digest, due, now)
        found = gather(
            session, desk, channel, digest, since, now, zone, everywhere=channel == launches_channel
        )
    found = _due(found, due)
    body = desk.templates.get_template("digest.md.j2").render(views.words(found, zone))
    message = views.card(found, body)
    key = str(payload["key"]) if due is None else f"digest/{channel}/{digest}/{due.slot}"

    def finish(session: Session) -> None:
        if due is None or subscriptions.one(session, channel, digest) is not None:
            outbox.put(session, Post(key, channel, message), now=now)

    return finish


def _launches_channel(db: Database, desk: Desk) -> str | None:
    """The channel whose digest covers every launch; None while Slack cannot be asked which one it is."""
    try:
        return channel_ids.resolve(db, desk, desk.settings.channels.launches)
    except SourceError as error:
        log.warning("launches_channel_unknown", reason=str(error))
        return None


def gather(
    session: Session,
    desk: Desk,
    channel: str,
    digest: str,
    since: datetime,
    now: datetime,
    zone: ZoneInfo,
    *,
    everywhere: bool,
) -> Digest:
    """Everything a digest of this channel says; reads only."""
    scope = digest_health.in_scope(session, channel, everywhere=everywhere)
    weekly = digest == "weekly"
    return Digest(
        kind=digest,
        at=now,
        since=since,
        day=now.astimezone(zone).date(),
        everywhere=everywhere,
        launches=tuple(digest_health.health(session, desk, one, now) for one in scope if one.open),
        decisions=digest_health.decisions(session, scope, since, now),
        changes=digest_health.changes(session, scope, since, now) if weekly else (),
        overdue=tuple(late for one in scope for late in digest_health.overdue(session, one, now, zone)),
        correlation=deltas.correlation(session, now),
    )


def read(text: str) -> Wish:
    """What was typed behind `subscribe`: the digest first, then weekday, hour and zone in any order.

    Raises InputError with what was read and an example.
    """
    digest, *rest = text.split() or [""]
    if digest.lower() not in SPANS:
        read_ = f"Read `{escape(digest, 40)}`" if digest else "No digest was named"
        raise InputError(f"{read_}; there is a daily and a weekly one.", EXAMPLE)
    wish = Wish(digest.lower())
    for word in rest:
        wish = _with(wish, word)
    return wish


def zone_of(session: Session, desk: Desk, channel: str) -> str:
    """The zone of a channel as configured by its id or name, else the configured one."""
    for name, zone in desk.settings.launches.zones.items():
        if name == channel or outbox.channel_id(session, f"#{name}") == channel:
            return zone
    return desk.settings.timezone


def _with(wish: Wish, word: str) -> Wish:
    """The wish with one more word of it read."""
    days = [at for at, day in enumerate(DAYS) if len(word) >= 3 and day.startswith(word.lower())]
    if days and wish.digest == "daily":
        raise InputError(f"A daily digest has no weekday, and `{escape(word, 40)}` is one.", EXAMPLE)
    if days:
        return Wish(wish.digest, wish.at, wish.zone, days[0])
    if re.fullmatch(r"\d{1,2}[:.h]\d{0,2}|\d{1,4}", word):
        return Wish(wish.digest, _hour(word), wish.zone, wish.weekday)
    return Wish(wish.digest, wish.at, _zone(word), wish.weekday)


def _hour(word: str) -> time:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", word)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise InputError(f"`{escape(word, 40)}` is no time of day: hours go from 00:00 to 23:59.", EXAMPLE)
    return time(int(found[1]), int(found[2]))


def _zone(word: str) -> str:
    try:
        ZoneInfo(word)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = f"Write one such as Asia/Tokyo or UTC. {EXAMPLE}"
        raise InputError(f"`{escape(word, 60)}` is neither a time nor an IANA time zone.", hint) from None
    return word


def _row(
    session: Session, desk: Desk, wish: Wish, before: SubscriptionRow | None, order: Order, now: datetime
) -> SubscriptionRow:
    """The subscription; what was left out stays as it was, or is what is configured."""
    channel = order.place.channel
    at = f"{wish.at:%H:%M}" if wish.at else before.at if before else desk.settings.launches.look_at
    zone = wish.zone or (before.zone if before else zone_of(session, desk, channel))
    day = wish.weekday if wish.weekday is not None else before.weekday if before else 0
    return SubscriptionRow(
        channel=channel, digest=wish.digest, at=at, zone=zone, weekday=day, by=order.by, since=now
    )


def _same(one: SubscriptionRow, other: SubscriptionRow) -> bool:
    return (one.at, one.zone, one.weekday) == (other.at, other.zone, other.weekday)


def _job(channel: str, digest: str) -> str:
    return f"{JOB}:{channel}/{digest}"


def _rule(row: SubscriptionRow) -> Daily:
    days = (row.weekday,) if row.digest == "weekly" else ()
    return Daily(time.fromisoformat(row.at), row.zone, days, latest_only=True)


def _schedule(session: Session, row: SubscriptionRow, now: datetime) -> None:
    payload = {"channel": row.channel, "digest": row.digest}
    slots.every(session, job=_job(row.channel, row.digest), rule=_rule(row), now=now, payload=payload)


def _next(row: SubscriptionRow, now: datetime) -> Moment:
    return _rule(row).after(now)


def _latest(row: SubscriptionRow, now: datetime) -> Moment:
    """The moment for which a digest is posted now: the last one that is past."""
    rule = _rule(row)
    moment = rule.after(now - timedelta(days=8))
    while (following := rule.after(moment.due)).due <= now:
        moment = following
    return moment


def _since(session: Session, channel: str, digest: str, due: Moment | None, now: datetime) -> datetime:
    """When the last such digest was due here, else as long ago as it covers."""
    done = [
        one.due for one in slots.kept(session, job=_job(channel, digest), prefix="") if one.state == "done"
    ]
    until = due.due if due is not None else now
    before = [one for one in done if one < until]
    return max(before, default=until - SPANS[digest])


def _due(found: Digest, due: Moment | None) -> Digest:
    return found if due is None else replace(found, due=due.due)
