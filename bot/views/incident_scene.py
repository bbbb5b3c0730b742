"""What every part of an incident's card is drawn from, and what they share: lines, buttons, deadlines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.effect import Block
from bot.core.evidence import Evidence, EvidenceStatus, suggestion, worst_first
from bot.core.found import not_set_up
from bot.core.incident import Incident, Status
from bot.core.playbook import Choice, Ladder, Playbook
from bot.core.roll_back import RollBack
from bot.views import text
from bot.views.triage_actions import Control, More, TriageAction, switch_choice
from bot.views.watch import People

MARKS = {
    EvidenceStatus.SUSPECT: "⚠ suspect",
    EvidenceStatus.CLEAR: "✓ clear",
    EvidenceStatus.UNKNOWN: "? unknown",
}
_TREES = 2
"""Other trees in the menu, which takes five entries; further ones are typed."""
LINES = 8
"""Evidence lines shown for a step; the worst come first."""


@dataclass(frozen=True)
class Scene:
    """All that the card shows. `gathering` says that evidence is on its way; `on_call` are references.

    `recovery` is what was last seen of the metric, a line a cohort; `roll_back` is one that the evidence of
    another question speaks for; `people` who is on it and in which role.
    """

    incident: Incident
    playbook: Playbook
    ladder: Ladder
    evidence: tuple[Evidence, ...] = ()
    gathering: bool = False
    on_call: tuple[str, ...] = ()
    recovery: tuple[Evidence, ...] = ()
    roll_back: RollBack | None = None
    trees: tuple[Playbook, ...] = ()
    people: People | None = None


def evidence_line(item: Evidence, choices: Sequence[Choice] = ()) -> str:
    """One line of evidence: mark, word, what was seen, and the answer it speaks for."""
    label = next((choice.label for choice in choices if choice.id == item.suggests), "")
    tail = f" → suggests “{text.escape(label, 80)}”" if label else ""
    return f"{MARKS[item.status]} · {text.escape(item.check, 40)}: {text.escape(item.line, 300)}{tail}"


def expected(scene: Scene, now: datetime) -> str:
    """What is expected of the reader, and by when: the next rung of the ladder that still applies."""
    incident = scene.incident
    wanted = Status.LOCALIZED if incident.status is Status.TRIAGING else Status.MITIGATED
    what = "Name a category" if wanted is Status.LOCALIZED else "Mitigate"
    rung = next((rung for rung in scene.ladder.rungs if rung.until is wanted), None)
    if rung is None:
        return f"{what} as soon as possible."
    due = incident.detected_at + rung.after
    if now >= due:
        return f"{what} now: it was due {text.when(due)}."
    return f"{what} by {text.when(due)}."


def lead(scene: Scene) -> str:
    """Who leads, or whom the page called."""
    if scene.incident.lead:
        return f"Lead: {text.person(scene.incident.lead)}."
    return f"On call: {text.people(scene.on_call, 'nobody configured')}; who answers first takes the lead."


def evidence_lines(scene: Scene, lines: Sequence[Evidence], choices: Sequence[Choice] = ()) -> list[str]:
    """The worst lines of what was gathered, or why there are none.

    Checks that a site has not set up share a line: at 3 am nobody sets them up. That one check is clear
    speaks for an answer only where all of them together do.
    """
    suggested = suggestion(lines)
    shown = [
        evidence_line(item, choices if _speaks(item, suggested) else ())
        for item in worst_first(lines)
        if not not_set_up(item)
    ]
    missing = list(dict.fromkeys(item.check for item in lines if not_set_up(item)))
    if len(shown) > LINES:
        shown = [*shown[: LINES - 1], f"and {len(shown) - LINES + 1} more, none of them worse"]
    if missing:
        names = text.escape(", ".join(missing), 300)
        shown.append(f"? unknown · not set up in the playbook: {names}")
    if scene.gathering and not shown:
        return ["Evidence is being gathered; it will be here in a few seconds."]
    return shown or ["No evidence is gathered for this step: test it by hand."]


def _speaks(item: Evidence, suggested: str | None) -> bool:
    return item.status is EvidenceStatus.SUSPECT or item.suggests == suggested


def answer_button(incident: Incident, choice: Choice, primary: bool) -> Block:
    """A button that gives this answer."""
    control = Control(incident.id, incident.version, choice.id)
    return element(f"{TriageAction.ANSWER}:{choice.id}", choice.label, control, primary=primary)


def button(
    action: TriageAction, label: str, incident: Incident, *, primary: bool = False, choice: str = ""
) -> Block:
    """A button; `choice` goes into its value."""
    return element(action.value, label, Control(incident.id, incident.version, choice), primary=primary)


def element(action_id: str, label: str, control: Control, *, primary: bool = False) -> Block:
    """A button with this action id."""
    drawn = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": text.plain(label, text.BUTTON), "emoji": False},
        "value": control.encode(),
    }
    return drawn | {"style": "primary"} if primary else drawn


def confirmed(pressed: Block, title: str, why: str, yes: str, no: str = "Leave it") -> Block:
    """A button that asks once more: the texts are cut to what Slack takes."""
    return {
        **pressed,
        "confirm": {
            "title": {"type": "plain_text", "text": text.plain(title, 100)},
            "text": {"type": "plain_text", "text": text.plain(why, 300)},
            "confirm": {"type": "plain_text", "text": text.plain(yes, 30)},
            "deny": {"type": "plain_text", "text": text.plain(no, 30)},
        },
    }


def moves(
    incident: Incident, *, retry: bool, back: bool = True, trees: Sequence[Playbook] = ()
) -> list[Block]:
    """What can be done at every step; `trees` are those that one may go over to."""
    elements: list[Block] = []
    if back and incident.path:
        elements.append(button(TriageAction.BACK, "Back", incident))
    if retry:
        elements.append(button(TriageAction.RETRY, "Refresh evidence", incident))
    entries: dict[str, str] = {
        More.TAKE_LEAD: "Take the lead",
        More.ESCALATE: "Escalate now",
        More.FALSE_ALARM: "False alarm: close it",
        **{switch_choice(tree): f"Other tree: {tree.title}" for tree in trees[:_TREES]},
    }
    options = [
        {
            "text": {"type": "plain_text", "text": text.plain(label, 75)},
            "value": Control(incident.id, incident.version, entry).encode(),
        }
        for entry, label in entries.items()
    ]
    elements.append({"type": "overflow", "action_id": TriageAction.MORE.value, "options": options})
    return elements
