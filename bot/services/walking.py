"""Walking an incident by typing: what every button of its card does, for threads, phones and old cards.

Who orders something is told in the same thread where the incident stands then, and what can be typed next.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message, Post
from bot.core.inbound import Ask, Order
from bot.core.incident import Incident
from bot.core.playbook import Choice, Playbook
from bot.core.roll_back import plausible
from bot.errors import InputError
from bot.services import checklist, triage
from bot.services.desk import Desk
from bot.services.incident_cards import incident_roll_back, playbook_of
from bot.services.incident_named import meant
from bot.store import incidents, outbox
from bot.views import incident_walk as views
from bot.views.text import escape
from bot.views.triage_actions import ANYWAY

_PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


def order(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """Do what was typed, and say where the incident stands now.

    Raises:
        UserError: it cannot be done; nothing was changed.

    """
    incident, rest = meant(session, asked.place, asked.text)
    after = _VERBS[asked.verb](session, desk, incident, rest, asked.by, now)
    playbook = playbook_of(session, desk, after)
    evidence = incidents.evidence(session, after.id, after.position)
    _reply(session, asked, key, views.stands(after, playbook, evidence), now)


def tree(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """Answer `tree [INC-7]`: the tree it walks, with the way so far and where it stands. Reads only."""
    del now
    incident, rest = meant(session, ask.place, ask.about)
    if rest:
        raise InputError(f"Read “{escape(rest, 60)}”.", "Expected an incident or nothing: `tree INC-7`.")
    return views.tree(incident, playbook_of(session, desk, incident))


def pick(choices: tuple[Choice, ...], typed: str) -> Choice:
    """The answer that was typed: its id, its label, its number from 1, or a part that only one of them has.

    Raises:
        InputError: none of them is meant, or several.

    """
    wanted = " ".join(typed.strip(" \"'“”`").lower().replace("_", " ").replace("-", " ").split())
    if wanted.isdecimal() and not any(choice.label.startswith(f"{wanted} ") for choice in choices):
        number = int(wanted)
        if 1 <= number <= len(choices):
            return choices[number - 1]
    named = {choice.id: _names(choice) for choice in choices}
    exact = [choice for choice in choices if wanted in named[choice.id]]
    part = [choice for choice in choices if wanted and any(wanted in name for name in named[choice.id])]
    found = exact or part
    if len(found) == 1:
        return found[0]
    what = "fits several answers" if found else "is no answer here"
    known = (
        ", ".join(f"`{choice.id}`" for choice in (found or choices)) or "none: this is where the walk ends"
    )
    read = f"“{escape(typed, 60)}”" if typed.strip() else "Nothing"
    raise InputError(f"{read} {what}.", f"Possible: {known}.")


def _names(choice: Choice) -> tuple[str, str]:
    return choice.id.replace("_", " "), " ".join(choice.label.lower().replace("-", " ").split())


def _answer(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> Incident:
    place = playbook_of(session, desk, incident).at(incident.position)
    choice = pick(place.choices, typed)
    return triage.answer(
        session, desk, incident=incident.id, choice=choice.id, version=incident.version, by=by, now=now
    )


def _roll_back(
    session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime
) -> Incident:
    """Enter a roll-back from wherever the walk stands: the one named, else the one the evidence suggests."""
    playbook = playbook_of(session, desk, incident)
    question, choice = _roll_back_meant(session, incident, playbook, typed)
    return triage.answer(
        session, desk, incident=incident.id, choice=choice.id, version=incident.version, by=by, now=now,
        question=question,
    )  # fmt: skip


def _roll_back_meant(
    session: Session, incident: Incident, playbook: Playbook, typed: str
) -> tuple[str, Choice]:
    possible = plausible(playbook)
    if typed:
        chosen = pick(tuple(choice for _, choice in possible), typed)
        return next(question.id for question, choice in possible if choice == chosen), chosen
    found = incident_roll_back(session, incident, playbook, here=True)
    if found is None:
        known = ", ".join(f"`{choice.id}`" for _, choice in possible) or "none in this tree"
        raise InputError("The evidence suggests no roll-back.", f"Name one: {known}.")
    return found.question.id, found.choice


def _back(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> Incident:
    _alone(typed, "back")
    return triage.back(session, desk, incident=incident.id, version=incident.version, by=by, now=now)


def _mitigated(
    session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime
) -> Incident:
    if typed.lower() not in ("", ANYWAY):
        raise InputError(
            f"Read `mitigated {escape(typed, 60)}`.", "Expected `mitigated`, or `mitigated anyway`."
        )
    return triage.mitigate(
        session, desk, incident=incident.id, version=incident.version, by=by, now=now, anyway=bool(typed)
    )


def _resolved(
    session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime
) -> Incident:
    _alone(typed, "resolved")
    return triage.resolve(session, desk, incident=incident.id, version=incident.version, by=by, now=now)


def _reopen(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> Incident:
    _alone(typed, "reopen")
    return triage.reopen(session, desk, incident=incident.id, version=incident.version, by=by, now=now)


def _false_alarm(
    session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime
) -> Incident:
    _alone(typed, "false-alarm")
    return triage.false_alarm(session, desk, incident=incident.id, version=incident.version, by=by, now=now)


def _lead(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> Incident:
    match = _PERSON.fullmatch(typed) if typed else None
    if typed and match is None:
        raise InputError(f"Read `lead {escape(typed, 60)}`.", "Expected a mention, or nothing for yourself.")
    to = match[1] if match else by
    return triage.assign(session, desk, incident=incident.id, to=to, by=by, now=now)


def _escalate(
    session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime
) -> Incident:
    _alone(typed, "escalate")
    return triage.escalate(session, desk, incident=incident.id, by=by, now=now)


def _refresh(
    session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime
) -> Incident:
    del desk
    _alone(typed, "refresh")
    return triage.retry(session, incident=incident.id, by=by, now=now)


def _switch(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> Incident:
    trees = {one.id: one for one in desk.playbooks.trees}
    if typed.lower() not in trees:
        read = f"`switch {escape(typed, 60)}`" if typed else "`switch` without a tree"
        raise InputError(f"Read {read}.", f"Trees: {', '.join(f'`{name}`' for name in trees)}.")
    return triage.switch(
        session, desk, incident=incident.id, tree=trees[typed.lower()], version=incident.version, by=by,
        now=now,
    )  # fmt: skip


def _claim(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> Incident:
    number = _number(typed, "claim")
    return checklist.take(session, desk, incident=incident.id, number=number, by=by, now=now, over=True)


def _done(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> Incident:
    number = _number(typed, "done")
    return checklist.finish(session, desk, incident=incident.id, number=number, by=by, now=now)


def _undo(session: Session, desk: Desk, incident: Incident, typed: str, by: str, now: datetime) -> Incident:
    number = _number(typed, "undo")
    return checklist.undo(session, desk, incident=incident.id, number=number, by=by, now=now)


def _alone(typed: str, verb: str) -> None:
    """Refuse words that would be ignored: whoever typed them meant something by them."""
    if typed:
        raise InputError(f"Read `{verb} {escape(typed, 60)}`.", f"Expected `{verb}` alone.")


def _number(typed: str, verb: str) -> int:
    if not re.fullmatch(r"#?\d{1,2}", typed):
        read = f"`{verb} {escape(typed, 60)}`" if typed else f"`{verb}` without a number"
        raise InputError(f"Read {read}.", f"Expected the number of a step, as in `{verb} 2`.")
    return int(typed.removeprefix("#"))


def _reply(session: Session, asked: Order, key: str, said: Message, now: datetime) -> None:
    """In the thread it was typed in, for all; without a thread, for the person alone."""
    place = asked.place
    if place.thread is None:
        outbox.put(session, Ephemeral(f"{key}/stands", place.channel, asked.by, said), now=now)
    else:
        outbox.put(session, Post(f"{key}/stands", place.channel, said, place.thread), now=now)


_VERBS: Mapping[str, Callable[[Session, Desk, Incident, str, str, datetime], Incident]] = {
    "answer": _answer,
    "roll-back": _roll_back,
    "back": _back,
    "mitigated": _mitigated,
    "resolved": _resolved,
    "reopen": _reopen,
    "false-alarm": _false_alarm,
    "lead": _lead,
    "escalate": _escalate,
    "refresh": _refresh,
    "switch": _switch,
    "claim": _claim,
    "done": _done,
    "undo": _undo,
}
VERBS = tuple(_VERBS)
"""What can be typed."""
