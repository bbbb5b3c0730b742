"""Investigations: what a veto's playbook opens, with owners and dates, and the redesign that is chosen."""

from datetime import datetime, timedelta

from sqlmodel import Session

from bot.core.effect import Block, Post
from bot.core.inbound import Press, Submit
from bot.core.launch import Kind, Launch
from bot.core.outside import kept
from bot.core.permission import Act
from bot.core.veto_plan import CHOICE, Option
from bot.errors import InputError, RefusedError, StaleError
from bot.services import (
    decision_cards,
    decision_record,
    investigation_cards,
    launch_cards,
    launches,
    permissions,
    tasks,
)
from bot.services.desk import Desk
from bot.services.look_record import recall
from bot.services.scheduled_looks import zone_of
from bot.store import ledger, outbox
from bot.views import investigation as views
from bot.views.decision import opened
from bot.views.decision_actions import Pick
from bot.views.decision_forms import REASON, REASON_MOST
from bot.views.text import escape, person


def investigate(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Open investigation]: the playbook's tasks, due by the veto's local date, each with an owner."""
    del key
    permissions.require(session, desk, press.by, Act.INVESTIGATE)
    pick = Pick.decode(press.value)
    launch = launches.load(session, pick.experiment)
    seen = decision_cards.seen_of(launch, pick.record)
    if launch.closed_at is not None:
        raise StaleError(f"`{launch.id}` is closed.", "Register a new experiment.")
    newer = decision_cards.newer(launch, seen)
    if newer:
        raise StaleError(newer, "Use the newest card, or type `/experiment decide`.")
    if seen.verdict != "veto":
        raise RefusedError(f"Look {seen.look} says {seen.verdict}: there is no veto to investigate.")
    if opened(launch, seen.record):
        raise StaleError(
            f"{_opener(session, launch, seen.record)} has opened it already.", "Its card is below."
        )
    shown = recall(session, seen.record)
    playbook, planned = decision_cards.planned_tasks(desk, shown.registration, shown.result)
    day = seen.at.astimezone(zone_of(session, desk, launch, shown.registration)).date()
    found: dict[str, dict[str, str]] = {}
    for one in planned:
        task_id = f"{one.id}.{seen.record}"
        owner = permissions.first_held(session, desk, one.owner)
        due = (day + timedelta(days=one.day)).isoformat()
        unique = task_id if task_id not in found else f"{one.id}_{len(found)}.{seen.record}"
        found[unique] = {
            "id": unique,
            "title": one.title,
            "owner": owner,
            "due": due,
            "by_role": one.owner[0],
        }
    body = {"playbook": playbook, "record": seen.record, "tasks": list(found.values())}
    launch, _ = launches.note(session, launch.id, Kind.INVESTIGATION, by=press.by, body=body, now=now)
    for task in launch.tasks:
        if task.id in found:
            tasks.plan(session, desk, launch, task, now)
    investigation_cards.post(session, desk, launch, seen.record, now)
    decision_cards.draw(session, desk, launch, now)
    launch_cards.draw(session, desk, launch, now=now)


def choose(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Choose A]: the recommended redesign; any other takes the form and a reason."""
    del key
    permissions.require(session, desk, press.by, Act.INVESTIGATE)
    pick = Pick.decode(press.value)
    launch, option, _ = _choosing(session, desk, pick)
    if not option.recommended:
        raise InputError(
            f"{escape(option.title, 100)} is not recommended and takes a reason.", "Use its form."
        )
    _chosen(session, desk, launch, option, press.by, "", pick.record, now)


def choose_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of an option that is not recommended."""
    del now
    permissions.require(session, desk, by, Act.INVESTIGATE)
    _, option, recommended = _choosing(session, desk, Pick.decode(value), lock=False)
    return views.choose_form(option, recommended)


def choose_other(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """A redesign that is not recommended, from the form, with the reason."""
    del key
    permissions.require(session, desk, submit.by, Act.INVESTIGATE)
    pick = Pick.decode(submit.value)
    launch, option, recommended = _choosing(session, desk, pick)
    reason = kept(submit.fields.get(REASON, ""), REASON_MOST)
    if not reason:
        said = f"Why {escape(option.title, 100)}, and not {escape(recommended.title, 100)}, was not said."
        raise InputError(said, "Say why.")
    _chosen(session, desk, launch, option, submit.by, reason, pick.record, now)


def _choosing(
    session: Session, desk: Desk, pick: Pick, *, lock: bool = True
) -> tuple[Launch, Option, Option]:
    """The launch, the option meant and the recommended one; nothing may have been chosen yet."""
    launch = (launches.load if lock else launches.read)(session, pick.experiment)
    plan = desk.playbooks.cohort_redesign
    option = plan.option(pick.choice)
    recommended = next(one for one in plan.options if one.recommended)
    if option is None:
        known = ", ".join(one.title for one in plan.options)
        raise InputError(
            f"The playbook has no option {escape(pick.choice, 60)}.", f"It has: {escape(known, 300)}."
        )
    if launch.closed_at is not None:
        raise StaleError(f"`{launch.id}` is closed.")
    if not opened(launch, pick.record):
        raise RefusedError("No investigation of this veto is open.", "Open it on the decision card.")
    if launch.redesign:
        by = next(one.by for one in reversed(ledger.of(session, launch.id)) if one.kind == Kind.REDESIGN)
        chosen = plan.option(launch.redesign)
        title = chosen.title if chosen else launch.redesign
        raise StaleError(
            f"{person(by)} has chosen already: {escape(title, 100)}.", "The first choice stands."
        )
    return launch, option, recommended


def _chosen(
    session: Session,
    desk: Desk,
    launch: Launch,
    option: Option,
    by: str,
    reason: str,
    record: int,
    now: datetime,
) -> None:
    body = {"option": option.id, "title": option.title, "reason": reason, "record": record}
    launch, entry = launches.note(session, launch.id, Kind.REDESIGN, by=by, body=body, now=now)
    said = views.chosen(launch, option, entry)
    outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/redesign", launch.channel, said), now=now)
    decision_record.upload(session, desk, launch, entry, now)
    launch = _done_by_choosing(session, desk, launch, option, by, record, now)
    decision_cards.draw(session, desk, launch, now)
    investigation_cards.draw(session, desk, launch, now)
    launch_cards.draw(session, desk, launch, now=now)


def _done_by_choosing(
    session: Session, desk: Desk, launch: Launch, option: Option, by: str, record: int, now: datetime
) -> Launch:
    """Tick the task that asked for the choice: nobody has to say twice that it was made."""
    asked = f"{CHOICE}.{record}"
    if not any(one.id == asked and one.done is None for one in launch.tasks):
        return launch
    body = {"task": asked, "note": f"redesign {option.label} was chosen"}
    launch, _ = launches.note(session, launch.id, Kind.TASK_DONE, by=by, body=body, now=now)
    task = next(one for one in launch.tasks if one.id == asked)
    tasks.settle(session, desk, launch, task, now)
    return launch


def _opener(session: Session, launch: Launch, record: int) -> str:
    entries = ledger.of(session, launch.id)
    by = next((e.by for e in entries if e.kind == Kind.INVESTIGATION and e.body.get("record") == record), "")
    return person(by) if by else "Somebody"
