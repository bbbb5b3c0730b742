"""How an incident moves: every transition takes the incident and returns the next one and a timeline line.

Whoever acts on a card that was drawn before the last move gets `Moved`, which says who did what and when.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.evidence import Evidence, suggestion
from bot.core.incident import UNKNOWN, Answer, Event, Incident, Moved, Status
from bot.core.incident_errors import MovedOnError as MovedOnError
from bot.core.incident_errors import NotRecoveredError as NotRecoveredError
from bot.core.playbook import Choice, Leaf, Playbook, Question
from bot.core.recovery import NotRecovered, Recovered, Recovery, Unknown
from bot.errors import InputError

NOT_ASKED = Unknown()


@dataclass(frozen=True)
class Step:
    """The incident after a transition, and what to write into its timeline."""

    incident: Incident
    event: Event


def check_fresh(incident: Incident, version: int | None) -> None:
    """Raise MovedOnError where `version`, the one seen on the card, is not the incident's; None skips it."""
    if version is None or version == incident.version:
        return
    raise MovedOnError(incident, incident.moved or Moved("opened it", incident.opened_by, incident.opened_at))


def answer(
    incident: Incident,
    playbook: Playbook,
    *,
    choice: str,
    version: int | None,
    by: str,
    at: datetime,
    evidence: Sequence[Evidence] = (),
    question: str = "",
) -> Step:
    """Answer the question the incident stands at, or name what was found at an escalation.

    `question` answers that one instead, out of turn: only with an answer that leads to a roll-back, since one
    rolls back first and investigates after. Taken back, the incident stands where it stood.

    Raises:
        MovedOnError: somebody answered, went back or closed it since the card was drawn.
        InputError: there is no such answer here.

    """
    check_fresh(incident, version)
    _open_only(incident)
    here = playbook.at(incident.position)
    place, chosen = _chosen(incident, playbook, question or here.id, choice)
    out_of_turn = place.id != here.id
    asked = place.id if out_of_turn else ""
    given = Answer(here.id, chosen.id, chosen.label, by, at, tuple(evidence), asked)
    target = playbook.at(chosen.to)
    localized = isinstance(target, Leaf) and target.localized
    what = f"answered “{chosen.label}” to {_place_words(place)}" + (" out of turn" if out_of_turn else "")
    after = _move(
        replace(
            incident,
            position=target.id,
            path=(*incident.path, given),
            status=Status.LOCALIZED if localized else Status.TRIAGING,
            category=target.category if isinstance(target, Leaf) else UNKNOWN,
            localized_at=at if localized else None,
            lead=incident.lead or by,
        ),
        what,
        by,
        at,
    )
    detail = _answer_detail(place, chosen, given) | {"roll_back": playbook.rolls_back(target.id)}
    return Step(after, Event(at, "answered", f"{what}: {_ask(place)}", by, detail))


def back(incident: Incident, playbook: Playbook, *, version: int | None, by: str, at: datetime) -> Step:
    """Take the last answer back, from a question or from a leaf that was not it.

    Raises:
        MovedOnError: the card is out of date.
        InputError: there is nothing to take back.

    """
    check_fresh(incident, version)
    _open_only(incident)
    if incident.status is Status.MITIGATED:
        raise InputError(
            f"{incident.number} is mitigated.", "Say first that it is not mitigated, then go back."
        )
    if not incident.path:
        raise InputError(f"{incident.number} stands at the first step.", "There is no answer to take back.")
    taken = incident.path[-1]
    what = f"took back “{taken.label}”"
    earlier = playbook.at(taken.step)
    after = _move(
        replace(
            incident,
            position=taken.step,
            path=incident.path[:-1],
            status=Status.TRIAGING,
            category=UNKNOWN,
            localized_at=None,
        ),
        what,
        by,
        at,
    )
    return Step(after, Event(at, "back", f"{what} and returned to {_place_words(earlier)}", by))


def mitigate(
    incident: Incident,
    *,
    version: int | None,
    by: str,
    at: datetime,
    recovery: Recovery = NOT_ASKED,
    anyway: bool = False,
) -> Step:
    """Say that customers are no longer hit; the root cause may still be open.

    `recovery` is what the metric says. Where it has not recovered this takes `anyway`, which goes on record.

    Raises:
        MovedOnError: the card is out of date.
        InputError: it is not localized.
        NotRecoveredError: the metric has not recovered, and nobody said that it is mitigated all the same.

    """
    check_fresh(incident, version)
    _open_only(incident)
    if incident.status is not Status.LOCALIZED:
        hint = "Walk the tree to a category first; [Back] and [Escalate] are always there."
        if incident.status is Status.MITIGATED:
            hint = "Resolve it, or say that it is not mitigated."
        raise InputError(f"{incident.number} is {incident.status.words}, not localized.", hint)
    if isinstance(recovery, NotRecovered) and not anyway:
        raise NotRecoveredError(incident, recovery)
    after = _move(replace(incident, status=Status.MITIGATED, mitigated_at=at), "marked it mitigated", by, at)
    text, recovered = _recovered(recovery)
    detail = {"recovered": recovered, "recovery": list(recovery.lines)}
    return Step(after, Event(at, "mitigated", text, by, detail))


def _recovered(recovery: Recovery) -> tuple[str, bool | None]:
    """How the timeline says it, and whether the metric had recovered; None where that is unknown."""
    if isinstance(recovery, Recovered):
        return "marked it mitigated; the metric had recovered", True
    if isinstance(recovery, NotRecovered):
        return f"marked it mitigated although the metric had not recovered: {recovery.lines[0]}", False
    why = f": {recovery.lines[0]}" if recovery.lines else ""
    return f"marked it mitigated; whether the metric recovered is unknown{why}", None


def _chosen(
    incident: Incident, playbook: Playbook, question: str, choice: str
) -> tuple[Question | Leaf, Choice]:
    """The question answered and the answer; raises InputError where there is none such."""
    place = playbook.questions.get(question) or playbook.at(incident.position)
    chosen = place.choice(choice) if incident.status is Status.TRIAGING else None
    if chosen is not None and place.id != incident.position and not playbook.rolls_back(chosen.to):
        chosen = None
    if chosen is None:
        place = playbook.at(incident.position)
        known = ", ".join(item.id for item in place.choices) or "none: this is where the walk ends"
        raise InputError(f"{incident.number} has no answer {choice!r} here.", f"Possible: {known}.")
    return place, chosen


def resolve(incident: Incident, *, version: int | None, by: str, at: datetime) -> Step:
    """Close it: recovery was checked."""
    check_fresh(incident, version)
    _open_only(incident)
    if incident.status is not Status.MITIGATED:
        raise InputError(
            f"{incident.number} is {incident.status.words}, not mitigated.",
            "Mark it mitigated first, once the recovery check holds.",
        )
    after = _move(replace(incident, status=Status.RESOLVED, resolved_at=at), "resolved it", by, at)
    firing = len(incident.firing)
    text = "resolved it" + (f" with {_alerts(firing)} still firing" if firing else "")
    return Step(after, Event(at, "resolved", text, by, {"firing": firing}))


def false_alarm(incident: Incident, *, version: int | None, by: str, at: datetime) -> Step:
    """Close it: nothing was wrong with the product."""
    check_fresh(incident, version)
    _open_only(incident)
    what = "called it a false alarm"
    after = _move(replace(incident, status=Status.FALSE_ALARM, resolved_at=at), what, by, at)
    return Step(after, Event(at, "false_alarm", what, by, {"firing": len(incident.firing)}))


def reopen(incident: Incident, playbook: Playbook, *, version: int | None, by: str, at: datetime) -> Step:
    """Take back *mitigated*, *resolved* or *false alarm*; milestones reached by it become open again."""
    check_fresh(incident, version)
    if incident.status is Status.RESOLVED:
        after, what = replace(incident, status=Status.MITIGATED, resolved_at=None), "reopened it: mitigated"
    elif incident.status is Status.FALSE_ALARM:
        place = playbook.at(incident.position)
        localized = isinstance(place, Leaf) and place.localized
        status = Status.LOCALIZED if localized else Status.TRIAGING
        if incident.mitigated_at is not None:
            status = Status.MITIGATED
        after, what = replace(incident, status=status, resolved_at=None), f"reopened it: {status.words}"
    elif incident.status is Status.MITIGATED:
        after = replace(incident, status=Status.LOCALIZED, mitigated_at=None)
        what = "took back “mitigated”"
    else:
        raise InputError(f"{incident.number} is {incident.status.words}.", "There is nothing to reopen.")
    return Step(_move(after, what, by, at), Event(at, "reopened", what, by))


def switch(
    incident: Incident, current: Playbook, tree: Playbook, *, version: int | None, by: str, at: datetime
) -> Step:
    """Walk another tree from its first question on; answers given so far stay in the timeline only.

    Raises:
        MovedOnError: the card is out of date.
        InputError: it is localized, or walks that tree already.

    """
    check_fresh(incident, version)
    _open_only(incident)
    if incident.status is not Status.TRIAGING:
        hint = "Go back to a question first."
        raise InputError(f"{incident.number} is {incident.status.words}.", hint)
    if tree.sha256 == incident.playbook:
        raise InputError(f"{incident.number} walks {tree.id} already.", "Nothing was changed.")
    what = f"went over to the tree “{tree.title}”"
    after = replace(incident, playbook=tree.sha256, position=tree.first, path=())
    detail = {"from": current.id, "to": tree.id}
    return Step(_move(after, what, by, at), Event(at, "switched", what, by, detail))


def assign(incident: Incident, *, to: str, by: str, at: datetime) -> Step:
    """Make somebody the lead. This moves nothing, so buttons on the card stay valid."""
    _open_only(incident)
    if not to:
        raise InputError("Nobody was named.", "Name a person.")
    text = "took the lead" if to == by else f"made {to} the lead"
    return Step(replace(incident, lead=to), Event(at, "assigned", text, by, {"lead": to}))


def _open_only(incident: Incident) -> None:
    if incident.closed:
        moved = incident.moved or Moved("closed it", "", incident.resolved_at or incident.opened_at)
        raise MovedOnError(incident, moved)


def _move(incident: Incident, what: str, by: str, at: datetime) -> Incident:
    return replace(incident, version=incident.version + 1, moved=Moved(what, by, at))


def _place_words(place: Question | Leaf) -> str:
    return f"step {place.number}" if isinstance(place, Question) else "the escalation"


def _ask(place: Question | Leaf) -> str:
    return place.ask if isinstance(place, Question) else place.action


def _alerts(count: int) -> str:
    return "1 alert" if count == 1 else f"{count} alerts"


def _answer_detail(place: Question | Leaf, chosen: Choice, given: Answer) -> dict[str, object]:
    return {
        "step": place.id,
        "answer": chosen.id,
        "suggested": suggestion(given.evidence),
        "evidence": [item.to_json() for item in given.evidence],
    }
