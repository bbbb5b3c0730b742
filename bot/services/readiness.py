"""Readiness: what a launch still needs before everybody gets it, who brought what, and what was waived."""

from datetime import datetime

from sqlmodel import Session

from bot.core.launch import Launch
from bot.core.readiness import Known, Row, check
from bot.services import deltas, launches, permissions
from bot.services.desk import Desk
from bot.store import experiments

ON_CALL = "engineer"
"""The role that a page calls."""


def rows(session: Session, desk: Desk, launch: Launch, now: datetime) -> tuple[Row, ...]:
    """The eight rows of the check as they stand."""
    newest = launch.newest
    look = None if newest is None else experiments.look(session, newest.record)
    known = Known(
        launch=launch,
        registration=launches.registration(session, launch),
        look=None if look is None else look.result,
        correlation=deltas.correlation(session, now),
        playbook=desk.playbooks.triage.id,
        on_call=len(permissions.holders(session, desk, ON_CALL)),
    )
    return check(known)


def missing(session: Session, desk: Desk, launch: Launch, now: datetime) -> tuple[Row, ...]:
    """The rows that hold the launch back: neither present nor waived by name."""
    return tuple(row for row in rows(session, desk, launch, now) if not row.settled)
