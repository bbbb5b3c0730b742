"""What makes home pages out of date: they are drawn again soon, once for all that changes together."""

from datetime import datetime, timedelta

from sqlmodel import Session

from bot.store import home_pages, slots

REDRAW_JOB = "home.redraw"
TOGETHER = timedelta(seconds=2)
"""Changes this close together are drawn once."""
AFTER = timedelta(seconds=1)
"""Transactions that began in that time have ended by then, as a rule; what is missed the next tick finds."""


def changed(session: Session, now: datetime) -> None:
    """Have every home page that somebody opened brought up to date soon."""
    if not home_pages.anybody(session):
        return
    width = TOGETHER.total_seconds()
    due = datetime.fromtimestamp((now.timestamp() // width + 1) * width, tz=now.tzinfo) + AFTER
    slots.at(session, job=REDRAW_JOB, slot=f"{due:%Y-%m-%dT%H:%M:%S}", due=due)
