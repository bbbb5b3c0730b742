"""The checklist of a leaf: take a step, say that it is done, take that back.

It moves nothing else; but whoever works on it is on it, and nobody is called meanwhile.
"""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from bot.core import checklist as core
from bot.core.incident import Incident
from bot.core.triage import MovedOnError, Step
from bot.errors import InputError, StaleError
from bot.services import watching
from bot.services.desk import Desk
from bot.services.incident_cards import draw, draw_notice, playbook_of, record
from bot.services.incident_finding import find
from bot.store import incidents
from bot.views import incident_notes as notes
from bot.views.triage_actions import Control, TriageAction


def press(
    session: Session, desk: Desk, *, action: TriageAction, control: Control, by: str, now: datetime
) -> Incident:
    """[Take], [Done] or [Undo] on a card; the button names the leaf it was drawn at, and the step.

    Raises:
        StaleError: the incident is elsewhere, or somebody was first.
        InputError: the card names no step of it.

    """
    leaf, _, number = control.choice.partition("/")
    if not number.isdecimal() or len(number) > 2:
        raise InputError("This control cannot be read.", "Use the newest card of the incident.")
    verb = {TriageAction.TAKE: take, TriageAction.DONE: finish}.get(action, undo)
    return verb(session, desk, incident=control.incident, number=int(number), by=by, now=now, leaf=leaf)


def take(
    session: Session,
    desk: Desk,
    *,
    incident: int,
    number: int,
    by: str,
    now: datetime,
    leaf: str = "",
    over: bool = False,
) -> Incident:
    """Take a step; `over` takes it from whoever has it, which is said."""
    before = find(session, incident)
    playbook = playbook_of(session, desk, before)
    step = _try(lambda: core.take(before, playbook, number, by=by, at=now, leaf=leaf, over=over))
    return _carry_out(session, desk, before, step, now)


def finish(
    session: Session, desk: Desk, *, incident: int, number: int, by: str, now: datetime, leaf: str = ""
) -> Incident:
    """Say that a step is done."""
    before = find(session, incident)
    playbook = playbook_of(session, desk, before)
    step = _try(lambda: core.finish(before, playbook, number, by=by, at=now, leaf=leaf))
    return _carry_out(session, desk, before, step, now)


def undo(
    session: Session, desk: Desk, *, incident: int, number: int, by: str, now: datetime, leaf: str = ""
) -> Incident:
    """Take back that a step is done, or give a taken one back."""
    before = find(session, incident)
    playbook = playbook_of(session, desk, before)
    step = _try(lambda: core.undo(before, playbook, number, by=by, at=now, leaf=leaf))
    return _carry_out(session, desk, before, step, now)


def _try(transition: Callable[[], Step]) -> Step:
    """Who comes second is told who was first, in Slack's words."""
    try:
        return transition()
    except MovedOnError as error:
        raise StaleError(notes.moved_on(error), error.hint) from error
    except core.TakenError as error:
        raise StaleError(notes.taken(error), error.hint) from error


def _carry_out(session: Session, desk: Desk, before: Incident, step: Step, now: datetime) -> Incident:
    incidents.save(session, step.incident)
    after = watching.progress(session, desk, step.incident, by=step.event.by, now=now)
    record(session, after, step.event, notes.happened(step.event), now=now)
    if after.lead != before.lead:
        draw_notice(session, desk, after, now=now)
    draw(session, desk, after, now=now)
    return after
