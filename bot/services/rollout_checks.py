"""While a stage runs its conditions are evaluated: on schedule and on demand; a breach pauses the launch.

The checks of a stage are a chain of slots: each makes the next, which carries its result. The chain belongs
to a period, the time since the newest entry that changed the rollout; a slot of an earlier period finds that
nothing is to be done.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.core import stages as rules
from bot.core.condition import Check, Reading, Status
from bot.core.effect import Post
from bot.core.flag import Cause, FlagEvent
from bot.core.inbound import Press
from bot.core.launch import Kind, Launch, State
from bot.core.registration import Registration
from bot.core.timetable import Calendar
from bot.errors import StaleError
from bot.services import conditions, flags, launch_cards, launches, permissions, scheduled_looks
from bot.services.desk import Desk
from bot.services.rollout_stages import CHECK_JOB, draw
from bot.store import ledger, outbox, slots
from bot.store.database import Database
from bot.store.schedule import Interval
from bot.store.slots import Finish
from bot.views import rollout_notes as notes
from bot.views.experiment_actions import Reference
from bot.views.rollout_words import bare, crossed

NOW_JOB = "rollout.check_now"
TEND_JOB = "rollout.tend"
TEND_EVERY = timedelta(hours=1)
LOST = "present stage"
AT_ONCE = timedelta(seconds=1)
"""Until a check that has to be made again; a slot of its own."""
BLIND_AFTER = 2
"""Checks in a row that could not be judged before people are told: one may be a hiccup."""


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


def unwatch(session: Session, launch: Launch) -> None:
    """End the chain of checks; not for the check itself, whose own slot would be dropped with it."""
    slots.cancel(session, job=CHECK_JOB, prefix=f"{launch.id}/")


def watch_on(
    session: Session, desk: Desk, launch: Launch, check: Check | None, now: datetime, blind: int = 0
) -> None:
    """Have it checked: at once where no check was made, else after a while, or when its days are over."""
    due = now
    if check is not None:
        stages = launches.registration(session, launch).rollout
        step = timedelta(minutes=desk.settings.launches.check_minutes)
        due += min(step, rules.lacks(stages, launch, ledger.of(session, launch.id), now) or step)
    watch(session, launch, due, check, blind)


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
    here = rules.place(stages, launch)
    if here is None:
        reason = f"the registration in force has no stage {launch.stage_name} any more: amend it, or stop"
        return Check(now, (Reading(LOST, "", "", Status.UNKNOWN, 0.0, reason=reason),))
    wanted = stages[here].abort_if if here >= 0 else ()
    split = not rules.everybody(stages, launch)
    return conditions.evaluate(desk, registration, wanted, days, now, split=split)


def run(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """The job behind a scheduled check and behind [Check now]."""
    with db.read() as session:
        launch = launches.read(session, payload["experiment"])
        stages = launches.registration(session, launch).rollout
        current = period_of(session, launch) == payload["period"]
    if not current or (not rules.exposes(stages, launch) and "by" not in payload):
        return nothing
    seen, check = evaluate(db, desk, launch.id, now)
    return partial(_settle, desk, payload, seen.sha256, check, now)


def _settle(
    desk: Desk, payload: Mapping[str, Any], sha256: str, check: Check, now: datetime, session: Session
) -> None:
    launch = launches.load(session, payload["experiment"])
    if period_of(session, launch) != payload["period"]:
        return
    if launch.sha256 != sha256:  # amended meanwhile: these were the conditions of before
        watch(session, launch, now + AT_ONCE)
        return
    registration = launches.registration(session, launch)
    if not rules.exposes(registration.rollout, launch):
        draw(session, desk, launch, now, check)
        return
    if check.breached:
        if "by" in payload:
            unwatch(session, launch)
        pause_for(session, desk, launch, check, now)
        return
    before = _blind_before(session, launch, payload)
    blind = 0 if check.fine else before if "by" in payload else before + 1
    if before < BLIND_AFTER <= blind:
        hold(session, desk, launch, check, now)
    elif check.fine and before >= BLIND_AFTER:
        release(session, desk, launch, check, now)
    if "by" in payload:
        unwatch(session, launch)
    watch_on(session, desk, launch, check, now, blind)
    draw(session, desk, launches.read(session, launch.id), now, check)


def _blind_before(session: Session, launch: Launch, payload: Mapping[str, Any]) -> int:
    """How many scheduled checks in a row could not be judged: two presses in a second are one hiccup."""
    if "by" not in payload:
        return int(payload["blind"])
    chain = slots.kept(session, job=CHECK_JOB, prefix=f"{launch.id}/{payload['period']}/")
    return next((int(one.payload["blind"]) for one in reversed(chain) if one.state == "waiting"), 0)


def hold(session: Session, desk: Desk, launch: Launch, check: Check, now: datetime) -> None:
    """Say that a launch cannot be judged, so that it goes no further; nobody is taken off it."""
    body = _found(launch, check)
    launch, entry = launches.note(session, launch.id, Kind.HELD, by="", body=body, now=now)
    owner = permissions.mentions(session, desk, "owner")
    said = notes.held(launch.id, check, owner, launch.stage_name, entry)
    outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/held", launch.channel, said), now=now)
    flags.tell(session, desk, launch, FlagEvent.HELD, Cause.DATA, now=now)


def release(session: Session, desk: Desk, launch: Launch, check: Check, now: datetime) -> None:
    """Say that what held it is gone; while a veto holds it too, the flag system is not told."""
    body = _found(launch, check)
    launch, entry = launches.note(session, launch.id, Kind.RELEASED, by="", body=body, now=now)
    said = notes.released(launch.id, check, launch.stage_name, entry)
    outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/released", launch.channel, said), now=now)
    if launch.state is not State.VETOED:
        flags.tell(session, desk, launch, FlagEvent.RELEASED, Cause.DATA, now=now)


def _found(launch: Launch, check: Check) -> Mapping[str, Any]:
    conditions = [one.to_json() for one in check.readings]
    return {"stage": launch.stage, "name": launch.stage_name, "conditions": conditions}


def pause_for(session: Session, desk: Desk, launch: Launch, check: Check, now: datetime) -> Launch:
    """Pause the launch because a condition aborts its stage: the breach and the pause are one transaction."""
    body = _found(launch, check)
    launch, breach = launches.note(session, launch.id, Kind.BREACH, by="", body=body, now=now)
    why = bare(crossed(check))
    launch, entry = launches.note(session, launch.id, Kind.PAUSED, by="", body={"why": why}, now=now)
    owner = permissions.mentions(session, desk, "owner")
    said = notes.breached(check, launch.stage_name, launch.id, owner, entry, breach.number)
    outbox.put(session, Post(f"launch/{launch.id}/{breach.number}/breach", launch.channel, said), now=now)
    flags.tell(session, desk, launch, FlagEvent.PAUSED, Cause.CONDITION, now=now)
    draw(session, desk, launch, now, check)
    launch_cards.draw(session, desk, launch, now=now)
    return launch


def schedule(session: Session, now: datetime) -> None:
    """Have `tend` done every hour; saying it again changes nothing."""
    slots.every(session, job=TEND_JOB, rule=Interval(TEND_EVERY), now=now)


def tend(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """Let every launch that exposes people have its next check, should one ever have been lost."""
    del desk, payload
    for experiment in ledger.subjects(session, Kind.REGISTERED):
        launch = launches.read(session, experiment)
        if launch.stage < 0:
            continue
        stages = launches.registration(session, launch).rollout
        prefix = f"{launch.id}/{period_of(session, launch)}/"
        waiting = any(one.state == "waiting" for one in slots.kept(session, job=CHECK_JOB, prefix=prefix))
        if rules.exposes(stages, launch) and not waiting:
            watch(session, launch, now)
