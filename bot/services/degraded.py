"""What of Lookout does not work just now, said on the cards of open incidents with what to do by hand.

A look once a minute while an incident goes on; a card is drawn again only when what is said of it changes.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.evidence import EvidenceStatus
from bot.core.incident import Incident, Status
from bot.services.desk import Desk
from bot.services.incident_cards import draw
from bot.store import incidents, outbox, slots, watches
from bot.views import text

LOOK_JOB = "incident.degraded"
AGAIN = timedelta(seconds=20)
STUCK = timedelta(minutes=2)
"""Messages and jobs that wait longer than this do not get through."""
CHANGES = "changes"
"""The check that asks Lookout's own change log, and so no source."""
_FEW = 2
"""Checks without an answer that make a step blind, if not all of them are."""
_NAMED = 5
_DOWN = re.compile(r"timed out|cannot be reached|no answer in|answered \d{3}|refused|itself failed")
"""What is said where a source was asked and gave no answer; what is not configured was not asked."""


def look(session: Session, desk: Desk, payload: Mapping[str, Any], *, now: datetime) -> None:
    """Draw the cards of which something else has to be said than is.

    What waits is looked at again after a moment before anybody is told: where the machine slept, all of it is
    old and gone at once.
    """
    ones = [one for one in incidents.open_ones(session, limit=200) if not one.reached(Status.MITIGATED)]
    if ones:
        soon(session, now)
    of_all = _of_all(session, now)
    if of_all and not payload.get("again"):
        slot = f"again/{now:%Y-%m-%dT%H:%M}"
        slots.at(session, job=LOOK_JOB, slot=slot, due=now + AGAIN, payload={"again": True})
    for one in ones:
        watch = watches.load(session, one.id)
        known = _kinds(watch.troubles) if not payload.get("again") else _kinds(of_all)
        sure = tuple(trouble for trouble in of_all if _kinds((trouble,))[0] in known)
        troubles = (*sure, *_of_one(session, one))
        if _kinds(troubles) == _kinds(watch.troubles):
            continue
        incident = incidents.load(session, one.id, lock=True)
        if incident is not None:
            watches.save(session, replace(watches.load(session, one.id), troubles=troubles))
            draw(session, desk, incident, now=now)


def soon(session: Session, now: datetime) -> None:
    """Have it looked at in the next minute; said again, it is the same look."""
    due = datetime.fromtimestamp((now.timestamp() // 60 + 1) * 60, UTC)
    slots.at(session, job=LOOK_JOB, slot=f"{due:%Y-%m-%dT%H:%M}", due=due)


def _of_all(session: Session, now: datetime) -> tuple[str, ...]:
    """What is wrong with everything Lookout says and does."""
    out, due = outbox.counts(session), slots.counts(session, now=now)
    found = []
    if out.oldest is not None and now - out.oldest >= STUCK:
        found.append(
            f"messages: some have not reached Slack since {text.when(out.oldest)}; cards may be old."
        )
    if due.oldest is not None and now - due.oldest >= STUCK:
        found.append(f"timers: some are late since {text.when(due.oldest)}; nobody may be called in time.")
    return tuple(found)


def _of_one(session: Session, incident: Incident) -> tuple[str, ...]:
    """What is wrong for this incident: nobody answers, or no source does."""
    found = []
    if watches.load(session, incident.id).exhausted_at is not None:
        found.append("people: nobody on call answers.")
    lines = incidents.evidence(session, incident.id, incident.position)
    asked = [line for line in lines if line.check != CHANGES]
    down = [line for line in asked if line.status is EvidenceStatus.UNKNOWN and _DOWN.search(line.line)]
    if down and (len(down) >= _FEW or len(down) == len(asked)):
        named = ", ".join(dict.fromkeys(text.escape(line.check, 40) for line in down[:_NAMED]))
        found.append(f"evidence: sources do not answer ({named}); look by hand.")
    return tuple(found)


def _kinds(troubles: tuple[str, ...]) -> list[str]:
    """What they are about: that it is still so, since the same or another time, is no news."""
    return [one.partition(":")[0] for one in troubles]
