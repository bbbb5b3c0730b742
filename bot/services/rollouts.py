"""The rollout of a launch: its stages, what is checked while one runs, and when it goes on."""

from datetime import datetime

from sqlmodel import Session

from bot.core.launch import Launch
from bot.services.desk import Desk


def ready(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """Post the rollout card with its first button, where the registration has stages."""
    del session, desk, launch, now


def hold(session: Session, desk: Desk, launch: Launch, why: str, now: datetime) -> None:
    """Keep the launch at its stage, and tell the flag system so."""
    del session, desk, launch, why, now


def concluded(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """End the checks after a decision, and tell the flag system what was decided."""
    del session, desk, launch, now
