"""Tasks of an investigation: done, moved, and reminded of, no more than three times each."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Block, Ephemeral, Message, Post, Update
from bot.core.figures import weekday
from bot.core.inbound import Press, Submit
from bot.core.launch import Kind, Launch, Task
from bot.core.permission import Act
from bot.errors import InputError, StaleError
from bot.services import decision_cards, investigation_cards, launches, permissions
from bot.services.desk import Desk
from bot.services.scheduled_looks import zone_now
from bot.store import outbox, slots
from bot.views import investigation as views
from bot.views.decision_actions import Pick
from bot.views.text import escape, person, when

REMIND_JOB = "launch.task"
AT = time(9)
"""Local time of a reminder."""
MOST = 3
"""Reminders of one task; a task moved begins anew."""
EVERY = timedelta(days=2)
SNOOZE = timedelta(days=3)


def overdue(session: Session, launch: Launch, today: date) -> tuple[Task, ...]:
    """The tasks that should have been done before today, longest overdue first."""
    del session  # a launch knows its tasks
    late = [one for one in launch.tasks if not _over(launch, one) and one.due < today]
    return tuple(sorted(late, key=lambda one: one.due))


def plan(session: Session, desk: Desk, launch: Launch, task: Task, now: datetime) -> None:
    """Have a task reminded of on the morning of its day, or on the next one when that is past.

    What was planned for it before is dropped.
    """
    slots.cancel(session, job=REMIND_JOB, prefix=f"{launch.id}/{task.id}/")
    zone = zone_now(session, desk, launch)
    due = datetime.combine(task.due, AT, tzinfo=zone)
    if due <= now:
        due = datetime.combine(now.astimezone(zone).date(), AT, tzinfo=zone)
        due = due if due > now else datetime.combine(due.date() + timedelta(days=1), AT, tzinfo=zone)
    _remind_at(session, launch, task, (launch.entry, 1), due)


def done(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Done]."""
    del key
    permissions.require(session, desk, press.by, Act.INVESTIGATE)
    launch, task = _open(session, Pick.decode(press.value))
    body = {"task": task.id, "note": ""}
    launch, _ = launches.note(session, launch.id, Kind.TASK_DONE, by=press.by, body=body, now=now)
    settle(session, desk, launch, _task(launch, task.id), now)
    _draw(session, desk, launch, now)


def change_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Change…]."""
    permissions.require(session, desk, by, Act.INVESTIGATE)
    launch, task = _open(session, Pick.decode(value), lock=False)
    return views.change_form(task, now.astimezone(zone_now(session, desk, launch)).date())


def move(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """Give a task another day or owner, from the form."""
    del key
    permissions.require(session, desk, submit.by, Act.INVESTIGATE)
    launch, task = _open(session, Pick.decode(submit.value))
    read = next((value for name, value in submit.fields.items() if name.partition(":")[0] == views.DUE), "")
    owner = submit.fields.get(views.OWNER) or task.owner
    try:
        due = date.fromisoformat(read)
    except ValueError:
        raise InputError(f"The day is {escape(read, 40) or 'missing'}.", "Choose a day.") from None
    today = now.astimezone(zone_now(session, desk, launch)).date()
    if due < today:
        raise InputError(f"{weekday(due)} is past.", "Choose a day to come.")
    if (due, owner) == (task.due, task.owner):
        return
    body = {"task": task.id, "due": due.isoformat(), "owner": owner}
    launch, entry = launches.note(session, launch.id, Kind.TASK_MOVED, by=submit.by, body=body, now=now)
    task = _task(launch, task.id)
    plan(session, desk, launch, task, now)
    owner = decision_cards.owner_words(session, desk, task.owner)
    _remake(session, launch, task, views.moved(task, owner, submit.by), now)
    said = (
        f"{owner}: *{escape(task.title, 500)}* is due "
        f"{weekday(task.due)} now, changed by {person(submit.by)}."
    )
    thread = investigation_cards.thread_of(session, launch, _record(task))
    post = Post(f"launch/{launch.id}/{entry.number}/moved", launch.channel, Message(said), thread)
    outbox.put(session, post, now=now)
    _draw(session, desk, launch, now)


def snooze(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Snooze 3 days]: the next reminder comes later; it counts towards the same cap."""
    permissions.require(session, desk, press.by, Act.INVESTIGATE)
    launch, task = _open(session, Pick.decode(press.value))
    planned = slots.kept(session, job=REMIND_JOB, prefix=f"{launch.id}/{task.id}/")
    following = [one for one in planned if one.state == "waiting"]
    slots.cancel(session, job=REMIND_JOB, prefix=f"{launch.id}/{task.id}/")
    if not following:
        _answer(session, press, key, "No more reminders of it were planned.", now)
        return
    zone = zone_now(session, desk, launch)
    due = datetime.combine((now + SNOOZE).astimezone(zone).date(), AT, tzinfo=zone)
    then = following[0].payload
    _remind_at(session, launch, task, (int(then["since"]), int(then["number"])), due)
    _answer(session, press, key, f"Snoozed until {when(due, style='{date_short_pretty} {time}')}.", now)


def quiet(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[No more reminders]: the task stays open and shows as overdue, and nobody is called again."""
    permissions.require(session, desk, press.by, Act.INVESTIGATE)
    launch, task = _open(session, Pick.decode(press.value))
    slots.cancel(session, job=REMIND_JOB, prefix=f"{launch.id}/{task.id}/")
    _answer(session, press, key, "No more reminders of it come. It stays open until it is done.", now)


def remind(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """Remind of a task, unless it is done, moved or its launch is over; plan the next one up to the cap."""
    launch = launches.load(session, str(payload["experiment"]))
    task = next((one for one in launch.tasks if one.id == payload["task"]), None)
    if task is None or _over(launch, task) or task.due.isoformat() != payload["due"]:
        return
    since, number, zone = int(payload["since"]), int(payload["number"]), zone_now(session, desk, launch)
    following = None
    if number < MOST:
        following = datetime.combine((now + EVERY).astimezone(zone).date(), AT, tzinfo=zone)
        _remind_at(session, launch, task, (since, number + 1), following)
    said = views.reminder(
        launch,
        _record(task),
        task,
        decision_cards.owner_words(session, desk, task.owner),
        number=number,
        most=MOST,
        following=following,
        today=now.astimezone(zone).date(),
    )
    thread = investigation_cards.thread_of(session, launch, _record(task))
    key = f"launch/{launch.id}/task/{task.id}/{since}/{number}"
    outbox.put(session, Post(key, launch.channel, said, thread), now=now)
    investigation_cards.draw(session, desk, launch, now)


def settle(session: Session, desk: Desk, launch: Launch, task: Task, now: datetime) -> None:
    """Of a task that nobody is to be reminded of any more: drop what is planned, say so where it was said."""
    slots.cancel(session, job=REMIND_JOB, prefix=f"{launch.id}/{task.id}/")
    said = views.settled(task, decision_cards.owner_words(session, desk, task.owner))
    _remake(session, launch, task, said, now)


def ended(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """The launch is closed, or ships by its rule: settle what is open of its investigations."""
    left = [one for one in launch.tasks if one.done is None and _over(launch, one)]
    for task in left:
        settle(session, desk, launch, task, now)
    if left:
        investigation_cards.draw(session, desk, launch, now)


def _remake(session: Session, launch: Launch, task: Task, said: Message, now: datetime) -> None:
    """Have every reminder of a task say this instead, without buttons."""
    for key in outbox.posted(session, f"launch/{launch.id}/task/{task.id}/"):
        outbox.put(session, Update(key, launch.channel, said), now=now)


def _over(launch: Launch, task: Task) -> bool:
    """Whether nobody is to be reminded: done, closed, or shipped because the rule said so later."""
    shipped = launch.decision is not None and launch.decision.verdict == "ship"
    return task.done is not None or launch.closed_at is not None or shipped


def _remind_at(session: Session, launch: Launch, task: Task, which: tuple[int, int], due: datetime) -> None:
    """Plan a reminder; `which` is the entry since which the task has its date, and the reminder's number."""
    since, number = which
    slot = f"{launch.id}/{task.id}/{since}/{number}/{due.date()}"
    payload: dict[str, Any] = {"experiment": launch.id, "task": task.id, "due": task.due.isoformat()}
    payload |= {"since": since, "number": number}
    slots.at(session, job=REMIND_JOB, slot=slot, due=due, payload=payload)


def _open(session: Session, pick: Pick, *, lock: bool = True) -> tuple[Launch, Task]:
    """The task a button is of, which must still be open. Raises StaleError with who did it."""
    launch = (launches.load if lock else launches.read)(session, pick.experiment)
    task = _task(launch, pick.choice)
    if task.done is not None:
        raise StaleError(f"“{escape(task.title, 200)}” was done by {person(task.done.by)} already.")
    if launch.closed_at is not None:
        raise StaleError(f"`{launch.id}` is closed.")
    return launch, task


def _task(launch: Launch, name: str) -> Task:
    found = next((one for one in launch.tasks if one.id == name), None)
    if found is None:
        raise InputError(f"`{launch.id}` has no task {escape(name, 60)}.", "Use the newest card.")
    return found


def _record(task: Task) -> int:
    """The record of the veto that a task is of."""
    return investigation_cards.record_of(task)


def _draw(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    investigation_cards.draw(session, desk, launch, now)
    decision_cards.draw(session, desk, launch, now)


def _answer(session: Session, press: Press, key: str, said: str, now: datetime) -> None:
    place = press.place
    outbox.put(
        session, Ephemeral(f"{key}/answer", place.channel, press.by, Message(said), place.thread), now=now
    )
