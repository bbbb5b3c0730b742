"""Tells the flag system what became of a launch: signed, in order per experiment, until it is taken.

Each event waits as a slot of its own. One that is tried again is a new slot with the same delivery, so that
a crash between the answer and the commit repeats it at most, and the receiver knows it by its key. A later
event never overtakes an earlier one: it waits until that one is told or given up.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.core.effect import Post, Update
from bot.core.flag import Cause, Delivery, FlagEvent, Telling, Told
from bot.core.launch import Launch
from bot.services import launches
from bot.services.desk import Desk
from bot.sources import flag_system
from bot.sources.flag_system import Answer
from bot.store import outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish, Kept
from bot.views import flags as views

TELL_JOB = "flags.tell"
SETTLED_JOB = "flags.settled"
"""Done when an event is told or given up; its slot's payload keeps how."""

DRAW_JOB = "flags.draw"
"""Has the card say that an event is not taken yet."""

GIVE_UP = timedelta(hours=6)
BACK_OFF = (5, 15, 60, 120, 300, 600, 900)
"""Seconds until the next try; the last one holds from then on."""
BEHIND = timedelta(seconds=2)
"""How long an event waits at least for the one before it."""

UNSIGNED = "LOOKOUT_FLAGS_SECRET is not set, and nothing is sent unsigned"


def tell(
    session: Session,
    desk: Desk,
    launch: Launch,
    event: FlagEvent,
    cause: Cause,
    *,
    by: str = "",
    previous: str = "",
    now: datetime,
) -> None:
    """Have the flag system told of what the launch's newest entry says.

    Nothing where none is configured, nor of a launch whose rollout never began here: its flag is not ours.
    """
    if desk.settings.flags is None or launch.stage < 0:
        return
    delivery = Delivery(
        event=event,
        cause=cause,
        experiment=launch.id,
        stage=launch.stage_name,
        stage_index=launch.stage,
        previous=previous,
        by=by,
        at=now.isoformat(),
        ledger=launch.entry,
        head=launch.head,
    )
    payload = {"delivery": delivery.to_json(), "first": now.isoformat(), "tries": 0, "turn": 0, "said": ""}
    _put(session, delivery, payload, now)


def standing(session: Session, desk: Desk, launch: Launch) -> Told:
    """What became of the newest event."""
    if desk.settings.flags is None:
        return Told(Telling.UNSET, _by_hand(launch), launch.stage_name)
    waiting = [
        one for one in slots.kept(session, job=TELL_JOB, prefix=f"{launch.id}/") if one.state == "waiting"
    ]
    if waiting:
        return _told(waiting[0], Telling.FAILING if waiting[0].payload["tries"] else Telling.WAITING)
    settled = slots.kept(session, job=SETTLED_JOB, prefix=f"{launch.id}/")
    if not settled:
        return Told(Telling.WAITING, stage=launch.stage_name)
    newest = settled[-1]
    return _told(newest, Telling.TOLD if newest.payload["outcome"] == "told" else Telling.GIVEN_UP)


def _by_hand(launch: Launch) -> str:
    """The event that somebody has to carry out where no flag system does."""
    decision = launch.decision
    if (decision is None and launch.closed_at is not None) or (decision and decision.decision == "stop"):
        return FlagEvent.STOPPED
    return FlagEvent.PAUSED if launch.paused is not None else FlagEvent.STAGE


def attempt(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Try once; the closure returned keeps what came of it."""
    delivery = Delivery.from_json(payload["delivery"])
    with db.read() as session:
        before = _before(session, delivery)
    if before is not None:
        return partial(_wait_for, before, delivery, payload, now)
    settings, secret = desk.settings.flags, desk.settings.flags_secret
    if settings is None:
        answer = Answer("refused", "no flag system is configured any more")
    elif secret is None or not secret.get_secret_value():
        answer = Answer("refused", UNSIGNED)
    else:
        answer = flag_system.post(settings, secret.get_secret_value(), delivery, now)
    return partial(_settle, desk, delivery, payload, answer, now)


def _wait_for(
    before: Kept, delivery: Delivery, payload: Mapping[str, Any], now: datetime, session: Session
) -> None:
    """Come again once the event before this one may have been told."""
    _put(session, delivery, payload, max(now, before.due) + BEHIND)


def _settle(
    desk: Desk,
    delivery: Delivery,
    payload: Mapping[str, Any],
    answer: Answer,
    now: datetime,
    session: Session,
) -> None:
    launch = launches.read(session, delivery.experiment)
    first, tries = datetime.fromisoformat(payload["first"]), int(payload["tries"]) + 1
    payload = {**payload, "tries": tries, "said": answer.said, "tried": now.isoformat()}
    wait = timedelta(seconds=max(answer.wait, BACK_OFF[min(tries, len(BACK_OFF)) - 1]))
    notice = f"launch/{delivery.experiment}/{delivery.ledger}/flags/{delivery.event}"
    if answer.outcome == "told":
        _keep(session, delivery, {**payload, "outcome": "told"}, now)
        if tries > 1:
            outbox.put(
                session, Update(notice, launch.channel, views.told_late(delivery, tries, now)), now=now
            )
    elif answer.outcome == "again" and now + wait < first + GIVE_UP:
        _put(session, delivery, payload, now + wait)
        if tries == 1:
            said = views.failing(delivery, answer.said, first + GIVE_UP)
            outbox.put(session, Post(notice, launch.channel, said), now=now)
            shown = {"experiment": delivery.experiment}
            slots.at(session, job=DRAW_JOB, slot=_place(delivery), due=now, payload=shown)
    else:
        _keep(session, delivery, {**payload, "outcome": "given up"}, now)
        said = views.given_up(delivery, answer.said, tries)
        ops = desk.settings.channels.ops
        for place, channel in (("launch", launch.channel), ("ops", ops)):
            outbox.put(session, Post(f"{notice}/given-up/{place}", channel, said), now=now)


def _put(session: Session, delivery: Delivery, payload: Mapping[str, Any], due: datetime) -> None:
    turn = int(payload["turn"]) + 1
    slot = f"{_place(delivery)}/{turn:05d}"
    slots.at(session, job=TELL_JOB, slot=slot, due=due, payload={**payload, "turn": turn})


def _keep(session: Session, delivery: Delivery, payload: Mapping[str, Any], now: datetime) -> None:
    kept = {**payload, "experiment": delivery.experiment}
    slots.at(session, job=SETTLED_JOB, slot=_place(delivery), due=now, payload=kept)


def _place(delivery: Delivery) -> str:
    """The place in the order of telling, as a key that sorts."""
    return f"{delivery.experiment}/{delivery.ledger:09d}-{delivery.event}"


def _before(session: Session, delivery: Delivery) -> Kept | None:
    """The oldest event of the experiment that is neither told nor given up, if it is older than this one."""
    every = slots.kept(session, job=TELL_JOB, prefix=f"{delivery.experiment}/")
    older = [one for one in every if one.state == "waiting" and one.slot < _place(delivery)]
    return older[0] if older else None


def _told(slot: Kept, telling: Telling) -> Told:
    delivery, payload = slot.payload["delivery"], slot.payload
    tried = payload.get("tried")
    return Told(
        telling=telling,
        event=delivery["event"],
        stage=delivery["stage"],
        at=datetime.fromisoformat(tried) if tried else None,
        tries=int(payload["tries"]),
        said=payload["said"],
    )
