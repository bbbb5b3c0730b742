"""The living card of an incident: what it is, what is expected of the reader and by when, facts, buttons."""

from datetime import datetime

from bot.core.effect import Block, Message
from bot.core.evidence import suggestion
from bot.core.incident import Incident, Status, milestones
from bot.core.playbook import Leaf, Question
from bot.views import onset, silences, text, watch
from bot.views.incident_leaf import leaf, mitigated
from bot.views.incident_scene import (
    Scene,
    answer_button,
    button,
    evidence_line,
    evidence_lines,
    expected,
    lead,
    moves,
)
from bot.views.incident_way import roll_back, ruled_out, way
from bot.views.triage_actions import TriageAction

__all__ = ["Scene", "card", "evidence_line"]


def card(scene: Scene, *, now: datetime) -> Message:
    """Return the card as of `now`."""
    incident = scene.incident
    blocks: list[Block] = [text.header(_headline(incident))]
    blocks += watch.troubles(scene.people, incident) if scene.people else []
    if incident.closed:
        blocks += _closed(scene)
    elif incident.status is Status.MITIGATED:
        blocks += mitigated(scene)
    else:
        place = scene.playbook.at(incident.position)
        blocks += _question(scene, place, now) if isinstance(place, Question) else leaf(scene, place, now)
    blocks += watch.blocks(scene.people, incident, now=now) if scene.people else []
    blocks += silences.control(incident)
    lines = (way(scene), ruled_out(scene), _facts(incident))
    blocks += [text.context(line) for line in lines if line]
    return Message(_notification(scene), tuple(blocks))


def _headline(incident: Incident) -> str:
    tail = f" · {incident.severity} · {incident.status.words}"
    room = text.HEADER - len(incident.number) - len(tail) - 3
    return f"{incident.number} · {text.plain(incident.title, room)}{tail}"


def _question(scene: Scene, place: Question, now: datetime) -> list[Block]:
    incident = scene.incident
    suggested = suggestion(scene.evidence)
    steps = len(scene.playbook.questions)
    title = f"*Step {place.number} of {steps}: {text.escape(place.ask)}*"
    ask = [title, *evidence_lines(scene, scene.evidence, place.choices)]
    chosen = place.choice(suggested or "")
    if chosen is not None and scene.playbook.rolls_back(chosen.to):
        ask.append(f"If “{text.escape(chosen.label, 80)}” is plausible: roll back first, investigate after.")
    trees = [one for one in scene.trees if one.sha256 != incident.playbook]
    others = moves(incident, retry=bool(place.checks), trees=trees)
    buttons = [answer_button(incident, choice, choice.id == suggested) for choice in place.choices]
    return [
        text.section(f"{expected(scene, now)} {lead(scene)}"),
        *roll_back(scene),
        text.section(text.fit(ask)),
        {"type": "actions", "block_id": "answers", "elements": buttons},
        {"type": "actions", "block_id": "moves", "elements": others},
        text.context(f"{text.escape(place.test)}. May help: {text.escape(', '.join(place.helpers))}."),
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
        after = "The retrospective's draft is in this channel; review it within five days."
        if incident.drill:
            after = "This was a drill; how it went is said below."
        first = f"*Resolved* {at}{took}{by}: {name}. {after}"
    confirm: Block = {
        "title": {"type": "plain_text", "text": f"Reopen {incident.number}?"},
        "text": {"type": "plain_text", "text": "Its milestone is taken back and the clock goes on."},
        "confirm": {"type": "plain_text", "text": "Reopen"},
        "deny": {"type": "plain_text", "text": "Leave it"},
    }
    reopen = {**button(TriageAction.REOPEN, "Reopen", incident), "confirm": confirm}
    return [text.section(first), {"type": "actions", "block_id": "closed", "elements": [reopen]}]


def _facts(incident: Incident) -> str:
    parts = [onset.words(incident)]
    if incident.value is not None and incident.baseline is not None:
        parts.append(f"{text.number(incident.baseline)} → {text.number(incident.value)}")
    if incident.cohorts:
        parts.append(f"cohorts: {text.escape(', '.join(incident.cohorts), 300)}")
    if incident.alerts:
        count, firing = incident.alert_count, incident.firing_count
        noun = "alert" if count == 1 else "alerts"
        parts.append(f"{count} {noun} in this incident, {firing} firing")
        if firing < count:
            parts.append("a resolve may only mean that the monitor died")
        if incident.again_count:
            parts.append(f"{incident.again_count} fired again after a resolve")
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
