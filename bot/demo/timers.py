"""What the bot waits for, read from its own database, so that the page can offer to go there."""

import asyncio
from collections import defaultdict
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from bot.core.ladder_reader import read_escalation
from bot.services import after_launch, digests, overriding, stakeholders, tasks, watching
from bot.services.incident_cards import EVIDENCE_JOB, LADDER_JOB
from bot.services.scheduled_looks import PLANNED_LOOK_JOB
from bot.settings import shipped
from bot.store import incidents
from bot.store.database import Database
from bot.store.slot_rows import SlotRow
from bot.workspace.records import Timer
from bot.workspace.state import Workspace

EVERY = 1.0
"""Seconds between two looks into the database."""

SOON = 2.0
"""Seconds within which a slot is work at hand, as is one that is due, not something to go forward to."""


_NAMES = {
    EVIDENCE_JOB: "Evidence for an incident",
    watching.CALL_JOB: "INC-{incident}: the next in line is called",
    watching.LEASE_JOB: "INC-{incident}: somebody has been on it for a while",
    stakeholders.PROMISE_JOB: "INC-{incident}: an update was promised",
    PLANNED_LOOK_JOB: "{experiment}: look {look}",
    tasks.REMIND_JOB: "{experiment}: a task is due",
    overriding.END_JOB: "{experiment}: the override ends",
    overriding.RETROSPECTIVE_JOB: "{experiment}: the override is looked back on",
    after_launch.CHECK_JOB: "{experiment}: the check after the launch",
    digests.JOB: "A digest",
}
"""What people wait for; nobody waits for the check of a rollout that comes every quarter of an hour."""


async def watch(workspace: Workspace, file: Path) -> None:
    """Tell the workspace what the bot waits for next, until cancelled; the bot need not be up."""
    db = Database(f"sqlite:///{file}")
    try:
        while True:
            if workspace.listened_to:
                workspace.expect(_awaited(db, workspace.clock.now()))  # a millisecond: no thread for it
            await asyncio.sleep(EVERY)
    finally:
        db.close()


def _awaited(db: Database, now: float) -> Timer | None:
    """The next one-off slot; None also while the database cannot be read."""
    waiting = select(SlotRow).where(col(SlotRow.state) == "waiting").order_by(col(SlotRow.due))
    try:
        with db.read() as session:
            for slot in session.exec(waiting):
                at = slot.due.timestamp()
                if at > now + SOON and (name := _name(session, slot)):
                    return Timer(at, name)
    except SQLAlchemyError:
        pass  # the bot is making its tables, or is being started again
    return None


def _name(session: Session, slot: SlotRow) -> str:
    """The slot in words: "INC-1: No category after 15 min"; empty where nobody waits for it."""
    if slot.job != LADDER_JOB:
        return _NAMES.get(slot.job, "").format_map(defaultdict(str, slot.payload))
    incident = incidents.load(session, int(slot.payload["incident"]))
    text = (shipped("playbooks") / "escalation.yaml").read_text(encoding="utf-8")
    ladder, _ = read_escalation(text, name="escalation.yaml")
    rung = ladder.rung(str(slot.payload["rung"])) if ladder else None
    number, title = incident.number if incident else "", rung.title if rung else slot.slot
    return f"{number}: {title}".removeprefix(": ")
