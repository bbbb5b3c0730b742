"""While a stage runs its conditions are evaluated: on schedule and on demand; a breach pauses the launch.

The checks of a stage are a chain of slots: each makes the next, which carries its result. The chain belongs
to a period, the time since the newest entry that changed the rollout; a slot of an earlier period finds that
nothing is to be done.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

from sqlmodel import Session

from bot.core import stages as rules
from bot.core.condition import Check
from bot.core.effect import Post
from bot.core.flag import FlagEvent
from bot.core.inbound import Press
from bot.core.launch import Kind, Launch
from bot.core.registration import Registration
from bot.core.timetable import Calendar
from bot.errors import StaleError
from bot.services import conditions, flags, launch_cards, launches, permissions, scheduled_looks
from bot.services.desk import Desk
from bot.services.rollout_stages import CHECK_JOB, draw
from bot.store import ledger, outbox, slots
from bot.store.database import Database
from bot.store.schedule import Interval
from bot.views import rollout_notes as notes
from bot.views.experiment_actions import Reference
from bot.views.rollout_words import bare, counted

NOW_JOB = "rollout.check_now"
TEND_JOB = "rollout.tend"
TEND_EVERY = timedelta(hours=1)
BLIND_AFTER = 2
"""Checks in a row that could not be judged before people are told: one may be a hiccup."""

Finish: TypeAlias = Callable[[Session], None]


def nothing(_: Session) -> None:
    """There is nothing to store."""


def watch(
    session: Session, launch: Launch, due: datetime, check: Check | None = None, blind: int = 0
) -> None:
    """Have the conditions evaluated at `due`; check: the result so far, blind: how often it was unjudged."""
    period = period_of(session, launch)
    payload = {
        "experiment": launch.id,
        "period": period,
        "blind": blind,
        "last": check.to_json() if check else None,
    }
    slot = f"{launch.id}/{period}/{due.isoformat()}"
    slots.at(session, job=CHECK_JOB, slot=slot, due=due, payload=payload)


def watch_on(session: Session, desk: Desk, launch: Launch, check: Check | None, now: datetime) -> None:
    """Begin a chain of checks: at once where none was made, else after the usual time."""
    step = timedelta(minutes=desk.settings.launches.check_minutes)
    watch(session, launch, now if check is None else now + step, check)


def period_of(session: Session, launch: Launch) -> int:
    """The entry since which nothing about the rollout changed."""
    return rules.period(ledger.of(session, launch.id))


def check_now(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """Answer [Check now]: anybody may ask how things stand."""
    del desk
    launch = launches.load(session, Reference.decode(press.value).experiment)
    if launch.stage < 0 or not (launch.open or launch.decision is not None) or launch.closed_at is not None:
        raise StaleError("Nothing of it is rolled out, so there is nothing to check.")
    payload = {"experiment": launch.id, "period": period_of(session, launch), "by": press.by}
    slots.at(session, job=NOW_JOB, slot=f"{launch.id}/{key}", due=now, payload=payload)


def evaluate(db: Database, desk: Desk, experiment: str, now: datetime) -> tuple[Launch, Check]:
    """Evaluate the conditions of the stage a launch is at, outside any transaction."""
    with db.read() as session:
        launch = launches.read(session, experiment)
        registration = launches.registration(session, launch)
        days = scheduled_looks.calendar(session, desk, launch, registration)
    return launch, evaluate_at(desk, launch, registration, days, now)


def evaluate_at(
    desk: Desk, launch: Launch, registration: Registration, days: Calendar, now: datetime
) -> Check:
    """The same, of what is known already."""
    stages = registration.rollout
    wanted = stages[launch.stage].abort_if if 0 <= launch.stage < len(stages) else ()
    return conditions.evaluate(desk, registration, wanted, days, now)


def run(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """The job behind a scheduled check and behind [Check now]."""
    with db.read() as session:
        launch = launches.read(session, payload["experiment"])
        stages = launches.registration(session, launch).rollout
        current = period_of(session, launch) == payload["period"]
    if not current or (not rules.exposes(stages, launch) and "by" not in payload):
        return nothing
    _, check = evaluate(db, desk, launch.id, now)
    return partial(_settle, desk, payload, check, now)


def _settle(desk: Desk, payload: Mapping[str, Any], check: Check, now: datetime, session: Session) -> None:
    launch = launches.load(session, payload["experiment"])
    if period_of(session, launch) != payload["period"]:
        return
    registration = launches.registration(session, launch)
    if not rules.exposes(registration.rollout, launch):
        draw(session, desk, launch, now, check)
        return
    if check.breached:
        pause_for(session, desk, launch, check, now)
        return
    if "by" in payload:
        blind = 0
        for one in slots.kept(session, job=CHECK_JOB, prefix=f"{launch.id}/{payload['period']}/"):
            blind = int(one.payload["blind"]) if one.state == "waiting" else blind
        slots.cancel(session, job=CHECK_JOB, prefix=f"{launch.id}/")
    else:
        blind = int(payload["blind"])
    blind = _told_of_blindness(session, desk, launch, check, blind, now)
    step = timedelta(minutes=desk.settings.launches.check_minutes)
    watch(session, launch, now + step, check, blind)
    draw(session, desk, launch, now, check)


def _told_of_blindness(
    session: Session, desk: Desk, launch: Launch, check: Check, before: int, now: datetime
) -> int:
    """Tell people once when a launch cannot be judged, and when it can again; how often it was not."""
    key = f"launch/{launch.id}/{launch.entry}/held/{now.isoformat()}"
    if check.fine:
        if before >= BLIND_AFTER:
            outbox.put(
                session,
                Post(key, launch.channel, notes.sighted(launch.id, check, launch.stage_name)),
                now=now,
            )
        return 0
    if before + 1 == BLIND_AFTER:
        owner = permissions.mentions(session, desk, "owner")
        said = notes.blind(launch.id, check, owner, launch.stage_name)
        outbox.put(session, Post(key, launch.channel, said), now=now)
    return before + 1


def pause_for(session: Session, desk: Desk, launch: Launch, check: Check, now: datetime) -> Launch:
    """Pause the launch because a condition aborts its stage: the breach and the pause are one transaction."""
    body = {"stage": launch.stage, "conditions": [one.to_json() for one in check.readings]}
    launch, breach = launches.note(session, launch.id, Kind.BREACH, by="", body=body, now=now)
    why = bare(counted(check))
    launch, entry = launches.note(session, launch.id, Kind.PAUSED, by="", body={"why": why}, now=now)
    owner = permissions.mentions(session, desk, "owner")
    said = notes.breached(check, launch.stage_name, launch.id, owner, entry, breach.number)
    outbox.put(session, Post(f"launch/{launch.id}/{breach.number}/breach", launch.channel, said), now=now)
    flags.tell(session, desk, launch, FlagEvent.PAUSED, by="", now=now)
    draw(session, desk, launch, now, check)
    launch_cards.draw(session, desk, launch, now=now)
    return launch


def schedule(session: Session, now: datetime) -> None:
    """Have `tend` done every hour; saying it again changes nothing."""
    slots.every(session, job=TEND_JOB, rule=Interval(TEND_EVERY), now=now)


def tend(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """Let every launch that exposes people have its next check, should one ever have been lost."""
    del desk, payload
    for experiment in ledger.subjects(session):
        launch = launches.read(session, experiment)
        if launch.stage < 0:
            continue
        stages = launches.registration(session, launch).rollout
        prefix = f"{launch.id}/{period_of(session, launch)}/"
        waiting = any(one.state == "waiting" for one in slots.kept(session, job=CHECK_JOB, prefix=prefix))
        if rules.exposes(stages, launch) and not waiting:
            watch(session, launch, now)
