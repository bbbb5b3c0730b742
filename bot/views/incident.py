"""The living card of an incident: what it is, what is expected of the reader and by when, facts, buttons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.effect import Block, Message
from bot.core.evidence import Evidence, EvidenceStatus, suggestion, worst_first
from bot.core.incident import Incident, Status, milestones
from bot.core.playbook import Choice, Ladder, Leaf, Playbook, Question
from bot.views import text
from bot.views.triage_actions import Control, More, TriageAction

_MARKS = {
    EvidenceStatus.SUSPECT: "⚠ suspect",
    EvidenceStatus.CLEAR: "✓ clear",
    EvidenceStatus.UNKNOWN: "? unknown",
}
_LINES = 8
"""Evidence lines shown for a step; the worst come first."""


@dataclass(frozen=True)
class Scene:
    """All that the card shows. `gathering` says that evidence is on its way; `on_call` are references."""

    incident: Incident
    playbook: Playbook
    ladder: Ladder
    evidence: tuple[Evidence, ...] = ()
    gathering: bool = False
    on_call: tuple[str, ...] = ()


def card(scene: Scene, *, now: datetime) -> Message:
    """Return the card as of `now`."""
    incident = scene.incident
    blocks: list[Block] = [text.header(_headline(incident))]
    if incident.closed:
        blocks += _closed(scene)
    elif incident.status is Status.MITIGATED:
        blocks += _mitigated(scene)
    else:
        place = scene.playbook.at(incident.position)
        blocks += _question(scene, place, now) if isinstance(place, Question) else _leaf(scene, place, now)
    blocks += [text.context(line) for line in (_ruled_out(scene), _facts(incident)) if line]
    return Message(_notification(scene), tuple(blocks))


def evidence_line(item: Evidence, choices: Sequence[Choice] = ()) -> str:
    """One line of evidence: mark, word, what was seen, and the answer it speaks for."""
    label = next((choice.label for choice in choices if choice.id == item.suggests), "")
    tail = f" → suggests “{text.escape(label, 80)}”" if label else ""
    return f"{_MARKS[item.status]} · {text.escape(item.check, 40)}: {text.escape(item.line, 300)}{tail}"


def _headline(incident: Incident) -> str:
    tail = f" · {incident.severity} · {incident.status.words}"
    room = text.HEADER - len(incident.number) - len(tail) - 3
    return f"{incident.number} · {text.plain(incident.title, room)}{tail}"


def _question(scene: Scene, place: Question, now: datetime) -> list[Block]:
    incident = scene.incident
    suggested = suggestion(scene.evidence)
    steps = len(scene.playbook.questions)
    ask = [f"*Step {place.number} of {steps}: {text.escape(place.ask)}*", *_evidence(scene, place.choices)]
    buttons = [_answer_button(incident, choice, choice.id == suggested) for choice in place.choices]
    return [
        text.section(f"{_expected(scene, now)} {_lead(scene)}"),
        text.section(text.fit(ask)),
        {"type": "actions", "block_id": "answers", "elements": buttons},
        {"type": "actions", "block_id": "moves", "elements": _moves(incident, retry=bool(place.checks))},
        text.context(f"{text.escape(place.test)}. May help: {text.escape(', '.join(place.helpers))}."),
    ]


def _leaf(scene: Scene, place: Leaf, now: datetime) -> list[Block]:
    incident = scene.incident
    if place.localized:
        took = milestones(incident).localize
        spent = f" in {text.duration(took)}" if took is not None else ""
        name = text.escape(scene.playbook.category_name(place.category))
        first = f"*Localized{spent}: {name}.* {_expected(scene, now)} {_lead(scene)}"
    else:
        first = f"*Not localized.* {_expected(scene, now)} {_lead(scene)}"
    steps = [f"{number}. {text.escape(step)}" for number, step in enumerate(place.steps, 1)]
    do = [
        f"*Do now: {text.escape(place.action)}* · {text.escape(place.owner)} · "
        f"target {text.escape(place.target)}",
        *steps,
    ]
    return [
        text.section(text.fit([first])),
        text.section(text.fit(do)),
        text.section(text.fit([_recovery(scene, place), *_evidence(scene, ())])),
        *_leaf_actions(scene, place),
    ]


def _leaf_actions(scene: Scene, place: Leaf) -> list[Block]:
    incident = scene.incident
    elements: list[Block] = []
    if place.localized:
        elements.append(_button(TriageAction.MITIGATED, "Mitigated", incident, primary=_recovered(scene)))
    elif place.choices:
        elements.append(_named(incident, place))
    elements.append(_button(TriageAction.BACK, "Not it: go back", incident))
    elements += _moves(incident, retry=bool(place.checks), back=False)
    return [{"type": "actions", "block_id": "leaf", "elements": elements}]


def _mitigated(scene: Scene) -> list[Block]:
    incident = scene.incident
    place = scene.playbook.at(incident.position)
    took = milestones(incident).mitigate
    spent = f" in {text.duration(took)}" if took is not None else ""
    first = f"*Mitigated{spent}.* Resolve it once the recovery check holds. {_lead(scene)}"
    lines = [_recovery(scene, place)] if isinstance(place, Leaf) else []
    return [
        text.section(first),
        text.section(text.fit([*lines, *_evidence(scene, ())])),
        {
            "type": "actions",
            "block_id": "mitigated",
            "elements": [
                _button(TriageAction.RESOLVED, "Resolved", incident, primary=_recovered(scene)),
                _button(TriageAction.REOPEN, "Not mitigated", incident),
                *_moves(incident, retry=True, back=False),
            ],
        },
    ]


def _closed(scene: Scene) -> list[Block]:
    incident = scene.incident
    by = f" by {text.person(incident.moved.by)}" if incident.moved and incident.moved.by else ""
    at = text.when(incident.resolved_at) if incident.resolved_at else "an unknown time"
    if incident.status is Status.FALSE_ALARM:
        first = f"*False alarm*, closed {at}{by}. Nothing is expected of you."
    else:
        spent = milestones(incident).resolve
        took = f" after {text.duration(spent)}" if spent is not None else ""
        name = text.escape(scene.playbook.category_name(incident.category))
        first = (
            f"*Resolved* {at}{took}{by}: {name}. The retrospective's draft is in this channel; "
            "review it within five days."
        )
    confirm: Block = {
        "title": {"type": "plain_text", "text": f"Reopen {incident.number}?"},
        "text": {"type": "plain_text", "text": "Its milestone is taken back and the clock goes on."},
        "confirm": {"type": "plain_text", "text": "Reopen"},
        "deny": {"type": "plain_text", "text": "Leave it"},
    }
    reopen = {**_button(TriageAction.REOPEN, "Reopen", incident), "confirm": confirm}
    return [text.section(first), {"type": "actions", "block_id": "closed", "elements": [reopen]}]


def _expected(scene: Scene, now: datetime) -> str:
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


def _lead(scene: Scene) -> str:
    if scene.incident.lead:
        return f"Lead: {text.person(scene.incident.lead)}."
    return f"On call: {text.people(scene.on_call, 'nobody configured')}; who answers first takes the lead."


def _evidence(scene: Scene, choices: Sequence[Choice]) -> list[str]:
    lines = [evidence_line(item, choices) for item in worst_first(scene.evidence)[:_LINES]]
    if scene.gathering and not lines:
        return ["Evidence is being gathered; it will be here in a few seconds."]
    return lines or ["No evidence is gathered for this step: test it by hand."]


def _recovery(scene: Scene, place: Leaf) -> str:
    metric = scene.incident.metric or "the metric"
    return f"*Recovery check:* {text.escape(place.recovery.replace('{metric}', metric))}"


def _recovered(scene: Scene) -> bool:
    """Whether the metric itself says so; a person still clicks."""
    metric = [item for item in scene.evidence if item.check == "metric"]
    return bool(metric) and all(item.status is EvidenceStatus.CLEAR for item in metric)


def _ruled_out(scene: Scene) -> str:
    parts = []
    for answer in scene.incident.path:
        choice = scene.playbook.at(answer.step).choice(answer.answer)
        if choice and choice.rules_out:
            ruled = text.escape(choice.rules_out, 200)
            parts.append(f"{ruled} ({text.when(answer.at)} {text.person(answer.by)})")
    return f"Ruled out: {'; '.join(parts)}" if parts else ""


def _facts(incident: Incident) -> str:
    parts = [f"Onset about {text.when(incident.started)}" if incident.alerts else "Opened by hand"]
    if incident.value is not None and incident.baseline is not None:
        parts.append(f"{text.number(incident.baseline)} → {text.number(incident.value)}")
    if incident.cohorts:
        parts.append(f"cohorts: {text.escape(', '.join(incident.cohorts), 300)}")
    if incident.alerts:
        firing = len(incident.firing)
        noun = "alert" if len(incident.alerts) == 1 else "alerts"
        parts.append(f"{len(incident.alerts)} {noun} in this incident, {firing} firing")
        if firing < len(incident.alerts):
            parts.append("a resolve may only mean that the monitor died")
        again = sum(1 for alert in incident.firing if alert.times > 1)
        if again:
            parts.append(f"{again} fired again after a resolve")
    return " · ".join(parts)


def _notification(scene: Scene) -> str:
    """The line a phone shows; it must make sense alone."""
    incident = scene.incident
    head = f"{incident.number} {text.escape(incident.title, 200)} · {incident.severity}"
    if incident.closed or incident.status is Status.MITIGATED:
        return f"{head} · {incident.status.words}"
    place = scene.playbook.at(incident.position)
    if isinstance(place, Leaf):
        return f"{head} · {incident.status.words}: {text.escape(place.action, 200)}"
    chosen = place.choice(suggestion(scene.evidence) or "")
    hint = f" Evidence suggests: {text.escape(chosen.label, 80)}." if chosen else ""
    return f"{head} · step {place.number} of {len(scene.playbook.questions)}: {text.escape(place.ask)}{hint}"


def _answer_button(incident: Incident, choice: Choice, primary: bool) -> Block:
    control = Control(incident.id, incident.version, choice.id)
    return _element(f"{TriageAction.ANSWER}:{choice.id}", choice.label, control, primary=primary)


def _button(action: TriageAction, label: str, incident: Incident, *, primary: bool = False) -> Block:
    return _element(action.value, label, Control(incident.id, incident.version), primary=primary)


def _element(action_id: str, label: str, control: Control, *, primary: bool) -> Block:
    element = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": text.plain(label, text.BUTTON), "emoji": False},
        "value": control.encode(),
    }
    return element | {"style": "primary"} if primary else element


def _moves(incident: Incident, *, retry: bool, back: bool = True) -> list[Block]:
    elements: list[Block] = []
    if back and incident.path:
        elements.append(_button(TriageAction.BACK, "Back", incident))
    if retry:
        elements.append(_button(TriageAction.RETRY, "Refresh evidence", incident))
    entries = {
        More.TAKE_LEAD: "Take the lead",
        More.ESCALATE: "Escalate now",
        More.FALSE_ALARM: "False alarm: close it",
    }
    options = [
        {
            "text": {"type": "plain_text", "text": label},
            "value": Control(incident.id, incident.version, entry.value).encode(),
        }
        for entry, label in entries.items()
    ]
    elements.append({"type": "overflow", "action_id": TriageAction.MORE.value, "options": options})
    return elements


def _named(incident: Incident, place: Leaf) -> Block:
    options = [
        {
            "text": {"type": "plain_text", "text": text.plain(choice.label, 75)},
            "value": Control(incident.id, incident.version, choice.id).encode(),
        }
        for choice in place.choices
    ]
    return {
        "type": "static_select",
        "action_id": TriageAction.NAME.value,
        "placeholder": {"type": "plain_text", "text": "Name the category found"},
        "options": options,
    }
