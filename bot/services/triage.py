"""Walking an incident: what a person can do to it, one function a verb.

Each verb locks the incident, takes the step, and draws what changed, all in the caller's transaction. A verb
pressed on a card that is out of date raises StaleError, whose text says who did what when.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.core import triage as core
from bot.core.effect import Message
from bot.core.incident import Event, Incident, Status
from bot.core.playbook import Playbook
from bot.core.triage import MovedOnError, NotRecoveredError, Step
from bot.errors import InputError, StaleError
from bot.services import (
    checklist,
    dashboard,
    drills,
    escalation,
    evidence_timer,
    recovery,
    reviewing,
    watching,
)
from bot.services.desk import Desk
from bot.services.incident_cards import draw, draw_notice, playbook_of, record, recovery_lines
from bot.services.incident_finding import find as find
from bot.services.incident_finding import list_open as list_open
from bot.services.incident_finding import status as status
from bot.services.incident_named import in_channel as in_channel
from bot.services.incident_named import named as named
from bot.services.incident_opening import Opening, open_incident, search
from bot.store import blobs, incidents
from bot.views import incident_notes as notes
from bot.views.text import escape
from bot.views.triage_actions import ANYWAY, SWITCH, Control, More, TriageAction, switch_choice

FRESH = timedelta(minutes=1)
"""Evidence younger than this is not gathered again on arriving at a step."""


def start(
    session: Session, desk: Desk, *, title: str, by: str, channel: str | None, now: datetime
) -> Incident:
    """Open an incident by hand, in `channel`, or in a channel of its own where that is None."""
    opening = Opening(title=title.strip() or "The model got worse", by=by, channel=channel)
    return open_incident(session, desk, opening, now=now)


def press(
    session: Session, desk: Desk, *, action: TriageAction, control: Control, by: str, now: datetime
) -> Incident:
    """Do what a control on the card stands for.

    Raises:
        StaleError: the incident has moved on since the card was drawn.
        InputError: it cannot be done in this state.

    """
    match action:
        case TriageAction.ANSWER | TriageAction.NAME:
            return answer(
                session, desk, incident=control.incident, choice=control.choice, version=control.version,
                by=by, now=now,
            )  # fmt: skip
        case TriageAction.ROLL_BACK:
            question, _, choice = control.choice.partition(".")
            return answer(
                session, desk, incident=control.incident, choice=choice, version=control.version, by=by,
                now=now, question=question,
            )  # fmt: skip
        case TriageAction.MITIGATED:
            return mitigate(
                session, desk, incident=control.incident, version=control.version, by=by, now=now,
                anyway=control.choice == ANYWAY,
            )  # fmt: skip
        case TriageAction.TAKE | TriageAction.DONE | TriageAction.UNDO:
            return checklist.press(session, desk, action=action, control=control, by=by, now=now)
        case TriageAction.RETRY:
            return retry(session, incident=control.incident, by=by, now=now)
        case TriageAction.MORE:
            return _more(session, desk, control, by, now)
        case _:
            verb = _VERBS[action]
            return verb(session, desk, incident=control.incident, version=control.version, by=by, now=now)


def answer(
    session: Session,
    desk: Desk,
    *,
    incident: int,
    choice: str,
    version: int | None,
    by: str,
    now: datetime,
    question: str = "",
) -> Incident:
    """Answer the question it stands at, or name what was found at an escalation.

    `question` is another one, whose answer leads to a roll-back.
    """
    before = find(session, incident)
    playbook = playbook_of(session, desk, before)
    seen = incidents.evidence(session, before.id, question or before.position)
    step = _take(
        lambda: core.answer(
            before, playbook, choice=choice, version=version, by=by, at=now, evidence=seen, question=question
        )
    )
    return _carry_out(session, desk, before, step, notes.answered(step.event, seen), now)


def back(
    session: Session, desk: Desk, *, incident: int, version: int | None, by: str, now: datetime
) -> Incident:
    """Take the last answer back."""
    before = find(session, incident)
    playbook = playbook_of(session, desk, before)
    step = _take(lambda: core.back(before, playbook, version=version, by=by, at=now))
    return _carry_out(session, desk, before, step, notes.happened(step.event), now)


def mitigate(
    session: Session,
    desk: Desk,
    *,
    incident: int,
    version: int | None,
    by: str,
    now: datetime,
    anyway: bool = False,
) -> Incident:
    """Say that customers are no longer hit; where the metric has not recovered it takes `anyway`."""
    before = find(session, incident)
    seen = recovery_lines(session, before)
    known = recovery.seen(session, before, now=now)
    step = _take(lambda: core.mitigate(before, version=version, by=by, at=now, recovery=known, anyway=anyway))
    return _carry_out(session, desk, before, step, notes.answered(step.event, seen), now)


def resolve(
    session: Session, desk: Desk, *, incident: int, version: int | None, by: str, now: datetime
) -> Incident:
    """Close it, and draft the retrospective into its channel."""
    before = find(session, incident)
    step = _take(lambda: core.resolve(before, version=version, by=by, at=now))
    after = _carry_out(session, desk, before, step, notes.happened(step.event), now)
    if after.drill:
        drills.ended(session, desk, after, now=now)
    else:
        reviewing.begin(session, desk, after, now=now)
    return after


def false_alarm(
    session: Session, desk: Desk, *, incident: int, version: int | None, by: str, now: datetime
) -> Incident:
    """Close it as a false alarm."""
    before = find(session, incident)
    step = _take(lambda: core.false_alarm(before, version=version, by=by, at=now))
    after = _carry_out(session, desk, before, step, notes.happened(step.event), now)
    if after.drill:
        drills.ended(session, desk, after, now=now)
    return after


def reopen(
    session: Session, desk: Desk, *, incident: int, version: int | None, by: str, now: datetime
) -> Incident:
    """Take *mitigated*, *resolved* or *false alarm* back."""
    before = find(session, incident)
    playbook = playbook_of(session, desk, before)
    step = _take(lambda: core.reopen(before, playbook, version=version, by=by, at=now))
    after = _carry_out(session, desk, before, step, notes.happened(step.event), now)
    if not after.closed:
        reviewing.hold(session, desk, after, now=now)
    return after


def switch(
    session: Session,
    desk: Desk,
    *,
    incident: int,
    tree: Playbook,
    version: int | None,
    by: str,
    now: datetime,
) -> Incident:
    """Walk another tree, from its first question on: the labels chose the wrong one, or there were none."""
    before = find(session, incident)
    current = playbook_of(session, desk, before)
    step = _take(lambda: core.switch(before, current, tree, version=version, by=by, at=now))
    blobs.put(session, tree.text.encode(), "application/yaml")
    forget = dict.fromkeys((*current.questions, *current.leaves, *tree.questions, *tree.leaves), ())
    incidents.keep_evidence(session, before.id, forget)
    return _carry_out(session, desk, before, step, notes.happened(step.event), now)


def assign(session: Session, desk: Desk, *, incident: int, to: str, by: str, now: datetime) -> Incident:
    """Make somebody the lead."""
    before = find(session, incident)
    step = _take(lambda: core.assign(before, to=to, by=by, at=now))
    after = _carry_out(session, desk, before, step, notes.happened(step.event), now)
    draw_notice(session, desk, after, now=now)
    return after


def retry(session: Session, *, incident: int, by: str, now: datetime) -> Incident:
    """Gather the evidence again."""
    found = find(session, incident)
    if found.closed:
        raise InputError(f"{found.number} is {found.status.words}.", "Reopen it to gather evidence.")
    number = incidents.append(session, found.id, Event(now, "retried", "had the evidence gathered again", by))
    search(session, found, f"event/{number}", now=now, fresh=True)
    return found


def escalate(session: Session, desk: Desk, *, incident: int, by: str, now: datetime) -> Incident:
    """Tell the next people on the ladder at once."""
    found = find(session, incident)
    if found.closed:
        raise InputError(f"{found.number} is {found.status.words}.", "Reopen it to escalate it.")
    escalation.escalate_now(session, desk, found, by=by, now=now)
    return found


def _more(session: Session, desk: Desk, control: Control, by: str, now: datetime) -> Incident:
    if control.choice == More.TAKE_LEAD:
        return assign(session, desk, incident=control.incident, to=by, by=by, now=now)
    if control.choice == More.ESCALATE:
        return escalate(session, desk, incident=control.incident, by=by, now=now)
    if control.choice.startswith(SWITCH):
        tree = next((one for one in desk.playbooks.trees if switch_choice(one) == control.choice), None)
        if tree is None:
            raise InputError("That tree is no longer there.", "Use the newest card of the incident.")
        return switch(
            session, desk, incident=control.incident, tree=tree, version=control.version, by=by, now=now
        )
    if control.choice == More.FALSE_ALARM:
        return false_alarm(session, desk, incident=control.incident, version=control.version, by=by, now=now)
    raise InputError("This menu entry is not known.", "Use the newest card of the incident.")


_VERBS: dict[TriageAction, Callable[..., Incident]] = {
    TriageAction.BACK: back,
    TriageAction.MITIGATED: mitigate,
    TriageAction.RESOLVED: resolve,
    TriageAction.REOPEN: reopen,
}


def _take(transition: Callable[[], Step]) -> Step:
    """Take the step; who comes too late is told who was there first, in Slack's words."""
    try:
        return transition()
    except MovedOnError as error:
        raise StaleError(notes.moved_on(error), error.hint) from error
    except NotRecoveredError as error:
        said = f"{error.number}: the metric has not recovered: {escape(error.recovery.lines[0], 300)}."
        raise InputError(said, error.hint) from error


def _carry_out(
    session: Session, desk: Desk, before: Incident, step: Step, note: Message, now: datetime
) -> Incident:
    """Store the step, say it in the thread, draw the card, and keep timers and evidence in step with it."""
    incidents.save(session, step.incident)
    after = watching.progress(session, desk, step.incident, by=step.event.by, now=now)
    number = record(session, after, step.event, note, now=now)
    if after.status is not before.status or after.lead != before.lead:
        draw_notice(session, desk, after, now=now)
    if after.status is not before.status:
        escalation.plan(session, desk, after, now=now)
        evidence_timer.restart(session, after, now=now)
        dashboard.draw(session, desk, after, now=now)
    if after.version != before.version:
        recovery.plan(session, desk, after, now=now)
    if not after.closed and _wants_evidence(session, desk, before, after, now):
        search(session, after, f"event/{number}", now=now, fresh=after.status is Status.MITIGATED)
    draw(session, desk, after, now=now)
    return after


def _wants_evidence(session: Session, desk: Desk, before: Incident, after: Incident, now: datetime) -> bool:
    if after.playbook != before.playbook:
        return True
    if after.version == before.version or not playbook_of(session, desk, after).at(after.position).checks:
        return False
    found = incidents.evidence(session, after.id, after.position)
    return not found or now - min(item.at for item in found) > FRESH or after.status is Status.MITIGATED
