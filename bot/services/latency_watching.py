"""Latency budgets in operation: every few minutes their telemetry is held against AML-07's thresholds.

Prometheus is asked in a job; what it said is kept under the lock of the budget's row. A threshold exceeded
for the declared minutes is an alert like any other, so that incidents open and trees are walked by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.core.alert import Alert
from bot.core.effect import Post
from bot.core.latency_budget import Budget
from bot.core.latency_reading import Reading, State, following, read
from bot.core.latency_watch import Watched, watched
from bot.errors import InputError, SourceError
from bot.services import alerts, latency_budgets
from bot.services.desk import Desk
from bot.store import latency_watches, outbox, slots
from bot.store.database import Database
from bot.store.schedule import Interval
from bot.store.slots import Finish
from bot.views import latency_watch as views

TEND_JOB, WATCH_JOB = "latency.tend", "latency.watch"
TEND_EVERY = timedelta(minutes=2)
STEP = timedelta(seconds=30)
"""Between points, as the alert rules are evaluated; a longer window has at most MOST_POINTS."""
MOST_POINTS = 60
SOURCE = "latency"
"""What incidents call where such an alert comes from."""


def schedule(session: Session, desk: Desk, now: datetime) -> None:
    """Have budgets tended where there is a Prometheus to ask; saying it again changes nothing."""
    if desk.prometheus:
        slots.every(session, job=TEND_JOB, rule=Interval(TEND_EVERY), now=now)
    else:
        slots.stop(session, job=TEND_JOB)


def tend(session: Session, now: datetime) -> None:
    """Have every budget looked at that names where its telemetry is, unless that is still going on."""
    for name in latency_budgets.budgets(session):
        try:
            budget = latency_budgets.file_of(session, latency_budgets.load(session, name))
        except InputError:  # of an older version
            continue
        if not budget.watched_by or slots.waiting(session, job=WATCH_JOB, prefix=f"{name}/", now=now):
            continue
        slot = f"{name}/{now.isoformat(timespec='seconds')}"
        slots.at(session, job=WATCH_JOB, slot=slot, due=now, payload={"budget": name})


def watch(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """The job: ask for everything that is watched, and return what keeps and tells it."""
    with db.read() as session:
        budget = latency_budgets.file_of(session, latency_budgets.load(session, str(payload["budget"])))
    try:
        seen = asked(desk, budget, now)
    except (SourceError, InputError) as error:
        return partial(_blind, desk, budget, str(error), now)
    return partial(_keep, desk, budget, seen, now)


def asked(desk: Desk, budget: Budget, now: datetime) -> tuple[Reading, ...]:
    """A reading of each thing that is watched, of each cohort where it is split.

    Raises SourceError where Prometheus is not declared or does not answer.
    """
    source = desk.prometheus.get(budget.watched_by)
    if source is None:
        raise SourceError(f"lookout.toml declares no Prometheus {budget.watched_by!r}")
    lasts = timedelta(minutes=budget.thresholds.minutes)
    step = max(STEP, lasts / MOST_POINTS)
    start = now - lasts
    found: list[Reading] = []
    for one in watched(budget):
        series = source.range(one.query, start=start, end=now, step=step)
        for each in series:
            cohort = dict(each.labels) if one.name == "CohortApart" else {}
            found.append(read(one, each.points, start=start, end=now, step=step, cohort=cohort))
        if not series:
            found.append(read(one, (), start=start, end=now, step=step))
    return tuple(found)


def _keep(desk: Desk, budget: Budget, seen: Sequence[Reading], now: datetime, session: Session) -> None:
    latency_watches.begin(session, budget.id)
    before = latency_watches.find(session, budget.id, lock=True)
    if before is None or (before.at is not None and before.at >= now):
        return
    old = {one.key: one for one in map(Reading.from_json, before.seen)}
    fresh = {one.key: following(one, old.get(one.key)) for one in seen}
    things = {one.name: one for one in watched(budget)}
    lost = [
        Reading(one.name, State.UNKNOWN, cohort=one.cohort, firing=True)
        for key, one in old.items()
        if key not in fresh and one.firing and one.name in things
    ]
    news = list(_news(budget, things, old, fresh, now))
    both = [*fresh.values(), *lost]
    latency_watches.save(session, budget.id, at=now, seen=[one.to_json() for one in both], trouble="",
                         blind_since=None, told_at=None)  # fmt: skip
    if before.told_at is not None and before.blind_since is not None:
        said = views.sees_again(budget, before.blind_since)
        key = f"latency/{budget.id}/seen/{now.isoformat()}"
        outbox.put(session, Post(key, desk.settings.channels.ops, said), now=now)
    if news:
        alerts.receive(session, desk, news, now=now)
    if news or before.told_at is not None:
        latency_budgets.draw(session, latency_budgets.load(session, budget.id), now)


def _news(
    budget: Budget, things: Mapping[str, Watched], old: Mapping[str, Reading], fresh: Mapping[str, Reading],
    now: datetime,
) -> Iterator[Alert]:  # fmt: skip
    """Alerts that go out, and those that are over; what an edition no longer watches is over too."""
    for key, one in fresh.items():
        went = key in old and old[key].firing
        if one.firing != went:
            yield _alert(budget, things[one.name], one, now)
    for one in old.values():
        if one.firing and one.name not in things:
            gone = Watched(one.name, "", "", "", one.name)
            yield _alert(budget, gone, Reading(one.name, State.UNKNOWN, cohort=one.cohort), now)


def _alert(budget: Budget, thing: Watched, one: Reading, now: datetime) -> Alert:
    known = budget.telemetry
    labels = {"budget": budget.id} | ({"stage": thing.stage} if thing.stage else {}) | dict(one.cohort)
    return Alert(
        source=SOURCE,
        key=f"{budget.id}/{one.key}",
        title=f"{budget.title}: {thing.said}",
        status="firing" if one.firing else "resolved",
        severity=thing.severity,
        metric=thing.metric,
        service=known.service if known is not None and known.service else budget.id,
        value=one.value,
        baseline=thing.limit.target if thing.limit is not None else None,
        cohort=one.cohort,
        started_at=one.since,
        ended_at=None if one.firing else now,
        labels=labels,
        annotations={"summary": thing.said},
    )


def _blind(desk: Desk, budget: Budget, why: str, now: datetime, session: Session) -> None:
    """Note that nothing was seen; once it lasts for the declared minutes, tell the ops channel."""
    latency_watches.begin(session, budget.id)
    before = latency_watches.find(session, budget.id, lock=True)
    if before is None:
        return
    since, told = before.blind_since or now, before.told_at
    lasting = now - since >= timedelta(minutes=budget.thresholds.minutes)
    tell = told is None and lasting
    latency_watches.save(session, budget.id, trouble=why[:500], blind_since=since,
                         told_at=now if tell else told)  # fmt: skip
    if tell:
        said = views.blind(budget, why, since)
        key = f"latency/{budget.id}/blind/{since.isoformat()}"
        outbox.put(session, Post(key, desk.settings.channels.ops, said), now=now)
        latency_budgets.draw(session, latency_budgets.load(session, budget.id), now)
