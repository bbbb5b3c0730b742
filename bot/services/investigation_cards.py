"""The investigation's card: posted when it is opened, drawn anew when a task changes."""

from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Message, Post, Update
from bot.core.launch import Kind, Launch, Task
from bot.services import decision_cards
from bot.services.desk import Desk
from bot.services.look_record import recall
from bot.services.scheduled_looks import zone_of
from bot.store import ledger, outbox
from bot.views import decision_matrix as matrix
from bot.views import investigation as views


def key_of(launch: Launch, record: int) -> str:
    """The key of the card."""
    return f"launch/{launch.id}/investigation/{record}"


def thread_of(session: Session, launch: Launch, record: int) -> str | None:
    """The card to answer below; None once the launch moved away from the channel where it was posted."""
    opened = [one for one in ledger.of(session, launch.id) if one.kind == Kind.INVESTIGATION]
    here = any(one.body.get("record") == record and one.number > launch.home for one in opened)
    return key_of(launch, record) if here else None


def record_of(task: Task) -> int:
    """The record of the veto that a task is of: its id ends with it."""
    tail = task.id.rpartition(".")[2]
    return int(tail) if tail.isdigit() else 0


def post(session: Session, desk: Desk, launch: Launch, record: int, now: datetime) -> None:
    """Post the card."""
    card = _card(session, desk, launch, record, now)
    outbox.put(session, Post(key_of(launch, record), launch.channel, card), now=now)


def draw(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """Have every investigation's card of the launch edited in place."""
    for record in sorted({record_of(one) for one in launch.tasks}):
        card = _card(session, desk, launch, record, now)
        outbox.put(session, Update(key_of(launch, record), launch.channel, card), now=now)


def _card(session: Session, desk: Desk, launch: Launch, record: int, now: datetime) -> Message:
    shown = recall(session, record)
    vetoes = matrix.crossed(matrix.rows(shown.registration, shown.result))
    of_cohorts = any(row.cohort for row in vetoes)
    tasks = tuple(one for one in launch.tasks if record_of(one) == record)
    entries = ledger.of(session, launch.id)
    entry = next(
        one for one in entries if one.kind == Kind.INVESTIGATION and one.body.get("record") == record
    )
    return views.card(
        views.Work(
            launch=launch,
            record=record,
            tasks=tasks,
            owners={one.id: decision_cards.owner_words(session, desk, one.owner) for one in tasks},
            lines=matrix.together(vetoes),
            entry=entry,
            today=now.astimezone(zone_of(session, desk, launch, shown.registration)).date(),
            redesign=desk.playbooks.cohort_redesign if of_cohorts else None,
        )
    )
