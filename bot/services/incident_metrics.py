"""`/incidents metrics`, `exclude` and `include`: what was met how fast, and what does not count."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.core.effect import Message, Post, Upload
from bot.core.inbound import Order
from bot.core.incident import Event, Incident
from bot.core.incident_metrics import REPEAT_WITHIN, Counted, Metrics, measure
from bot.core.permission import Act
from bot.core.playbook import Category
from bot.errors import InputError
from bot.services import permissions, triage
from bot.services.desk import Desk
from bot.services.incident_cards import playbook_of, record
from bot.store import blobs, drill_runs, incidents, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import incident_metrics as views
from bot.views.text import escape

JOB = "incident.metrics"
DAYS = 90
LONGEST = 3660
MAX_REASON = 300
_EXAMPLE = "Write days back or a quarter: `/incidents metrics 90d`, `/incidents metrics 2026-Q4`."


@dataclass(frozen=True)
class Period:
    """A time asked about, [since, until), and how people call it."""

    since: datetime
    until: datetime
    name: str


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/incidents metrics [90d|2026-Q4]`: worked out in a job, then posted for everybody in the channel."""
    period(asked.text, now, desk.settings.zone)
    place = asked.place
    payload = {"channel": place.channel, "thread": place.thread, "text": asked.text, "key": key}
    slots.at(session, job=JOB, slot=key, due=now, payload=payload)


def period(text: str, now: datetime, zone: ZoneInfo) -> Period:
    """Read a time: days back ("90d"), a quarter ("2026-Q4"), nothing for 90 days.

    Raises:
        InputError: it is neither, or more than ten years.

    """
    word = text.strip().lower()
    days = re.fullmatch(r"(\d{1,4}) ?d(?:ays)?", word) if word else re.fullmatch(r"(\d+)d", f"{DAYS}d")
    if days and 1 <= int(days[1]) <= LONGEST:
        count = int(days[1])
        until = now + timedelta(seconds=1)
        return Period(now - timedelta(days=count), until, f"last {count} day{'' if count == 1 else 's'}")
    quarter = re.fullmatch(r"(20\d\d)-?q([1-4])", word)
    if quarter:
        year, number = int(quarter[1]), int(quarter[2])
        since = datetime(year, 3 * number - 2, 1, tzinfo=zone)
        until = datetime(year + number // 4, (3 * number) % 12 + 1, 1, tzinfo=zone)
        return Period(since.astimezone(UTC), until.astimezone(UTC), f"{year}-Q{number}")
    raise InputError(f"Read `{escape(text, 40)}`, which is no time.", _EXAMPLE)


def gather(session: Session, desk: Desk, asked: Period, now: datetime) -> Metrics:
    """Return the figures. Reads only."""
    found = incidents.detected_between(session, asked.since - REPEAT_WITHIN, asked.until)
    trees: dict[str, Mapping[int, Category]] = {}
    for incident in found:
        if incident.category and incident.playbook not in trees:
            trees[incident.playbook] = _categories(session, desk, incident)
    counted = [_counted(incident, trees.get(incident.playbook, {})) for incident in found]
    runs = drill_runs.between(session, asked.since, asked.until)
    passed = {run.incident: run.score.passed for run in runs if run.score is not None}
    return measure(counted, since=asked.since, until=asked.until, now=now, passed=passed)


def post(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Work the figures out and draw them; what is returned posts them."""
    from bot.views import chart_metrics

    asked = period(str(payload["text"]), now, desk.settings.zone)
    with db.read() as session:
        found = gather(session, desk, asked, now)
    picture, table = chart_metrics.png(found), views.table(found)
    alt = chart_metrics.alt(found)
    key, channel, thread = str(payload["key"]), str(payload["channel"]), payload["thread"]

    def finish(session: Session) -> None:
        chart = ""
        if picture is not None:
            chart = f"{key}/chart"
            blob = blobs.put(session, picture, "image/png")
            upload = Upload(chart, channel, "incidents.png", "Incidents", blob, alt_text=alt, share=False)
            outbox.put(session, upload, now=now)
        message = views.card(found, period=asked.name, chart=chart, alt=alt)
        outbox.put(session, Post(f"{key}/metrics", channel, message, thread), now=now)
        if found.counted or found.drills or found.excluded:
            blob = blobs.put(session, table.encode(), "text/csv")
            name = f"incidents-{asked.since:%Y%m%d}-{asked.until:%Y%m%d}.csv"
            file = Upload(
                f"{key}/csv",
                channel,
                name,
                f"Incidents, {asked.name}",
                blob,
                thread=thread or f"{key}/metrics",
            )
            outbox.put(session, file, now=now)

    return finish


def exclude(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/incidents exclude INC-7 REASON`."""
    del key
    permissions.require(session, desk, asked.by, Act.CONFIGURE)
    name, _, reason = asked.text.partition(" ")
    found, reason = _named(session, name), " ".join(reason.split())
    if not reason or len(reason) > MAX_REASON:
        raise InputError(
            f"The reason has {len(reason)} characters; 1 to {MAX_REASON} are possible.",
            f"For example `/incidents exclude {found.number} load test on staging`.",
        )
    if found.drill:
        raise InputError(f"{found.number} is a drill, which is counted apart anyway.", "Nothing was changed.")
    after = replace(found, excluded=reason)
    _change(session, after, Event(now, "excluded", f"taken out of the metrics: {reason}", asked.by), now)


def include(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/incidents include INC-7`: take it into the metrics again."""
    del key
    permissions.require(session, desk, asked.by, Act.CONFIGURE)
    found = _named(session, asked.text)
    if not found.excluded:
        raise InputError(f"{found.number} is not excluded.", "Nothing was changed.")
    event = Event(now, "included", "taken into the metrics again", asked.by)
    _change(session, replace(found, excluded=""), event, now)


def _named(session: Session, name: str) -> Incident:
    return triage.find(session, triage.named(session, name).id)


def _change(session: Session, after: Incident, event: Event, now: datetime) -> None:
    incidents.save(session, after)
    if event.kind == "excluded":
        said = views.excluded(after.number, after.excluded, event.by)
    else:
        said = views.included(after.number, event.by)
    record(session, after, event, Message(said), now=now)


def _categories(session: Session, desk: Desk, incident: Incident) -> Mapping[int, Category]:
    """Those of the tree it walked; none where that cannot be read any more: the number must do then."""
    try:
        return playbook_of(session, desk, incident).categories
    except InputError:
        return {}


def _counted(incident: Incident, categories: Mapping[int, Category]) -> Counted:
    category = categories.get(incident.category)
    if category is None:
        return Counted(incident, f"category {incident.category}" if incident.category else "")
    name = f"{category.number} {category.name}"
    return Counted(incident, name, category.roll_back_first, category.false_alarm)
