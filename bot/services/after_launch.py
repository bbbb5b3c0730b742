"""After a launch: whether what was measured lasted, and the draft of its retrospective."""

from datetime import datetime

from sqlmodel import Session

from bot.core.launch import Launch
from bot.services.desk import Desk

CHECK_JOB = "launch.after"


def plan_check(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """Have the check posted by itself on its day, when the launch was shipped."""
    del session, desk, launch, now
