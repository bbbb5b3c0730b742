"""The way through the tree, on the card: what was answered, where it stands, what is left; shortcuts."""

from bot.core.effect import Block
from bot.core.incident import Status
from bot.core.playbook import Playbook, Question
from bot.views import text
from bot.views.incident_scene import Scene, element
from bot.views.triage_actions import Control, TriageAction

_LEFT = 6
"""Steps named that are left; more are counted."""


def way(scene: Scene) -> str:
    """The way so far and what is left of it, in one line; nothing once it is closed."""
    incident, playbook = scene.incident, scene.playbook
    if incident.closed or incident.status is Status.MITIGATED:
        return ""
    parts = []
    for answer in incident.path:
        place = playbook.at(answer.question)
        name = f"{place.number} {place.name}" if isinstance(place, Question) else "escalation"
        parts.append(f"✓ {text.escape(name, 60)}: {text.escape(answer.label, 80)}")
    here = playbook.at(incident.position)
    if not isinstance(here, Question):
        return f"Way: {' → '.join([*parts, '*here*'])}" if parts else ""
    parts.append(f"*{here.number} {text.escape(here.name, 60)}, here*")
    ahead = [text.escape(step.name, 60) for step in left(playbook, here)]
    if len(ahead) > _LEFT:
        ahead = [*ahead[:_LEFT], f"{len(ahead) - _LEFT} more"]
    rest = f" · left: {', '.join(ahead)}" if ahead else " · this is the last step"
    tree = "" if not playbook.fits else f"{text.escape(playbook.title, 80)}. "
    return f"{tree}Way: {' → '.join(parts)}{rest}"


def left(playbook: Playbook, here: Question) -> list[Question]:
    """The questions that may still be asked from here on, in the order of the file."""
    seen: set[str] = set()
    waiting = [choice.to for choice in here.choices]
    while waiting:
        position = waiting.pop()
        if position not in seen and position in playbook.questions:
            seen.add(position)
            waiting += [choice.to for choice in playbook.questions[position].choices]
    return [step for step in playbook.questions.values() if step.id in seen]


def ruled_out(scene: Scene) -> str:
    """What the answers so far exclude, with who said so and when; a roll-back out of turn answers anew."""
    parts = []
    path = scene.incident.path
    for index, answer in enumerate(path):
        choice = scene.playbook.at(answer.question).choice(answer.answer)
        answered_anew = any(later.question == answer.question for later in path[index + 1 :])
        if choice and choice.rules_out and not answered_anew:
            ruled = text.escape(choice.rules_out, 200)
            parts.append(f"{ruled} ({text.when(answer.at)} {text.person(answer.by)})")
    return f"Ruled out: {'; '.join(parts)}" if parts else ""


def roll_back(scene: Scene) -> list[Block]:
    """The roll-back that another question's evidence speaks for, with the button that goes there."""
    found = scene.roll_back
    if found is None:
        return []
    incident = scene.incident
    said = [
        f"⚠ *Roll back first, investigate after?* Step {found.question.number}: "
        f"{text.escape(found.evidence.line, 300)}",
        f"{text.escape(found.leaf.action, 200)} · target {text.escape(found.leaf.target, 60)}",
    ]
    control = Control(incident.id, incident.version, f"{found.question.id}.{found.choice.id}")
    go = element(TriageAction.ROLL_BACK.value, "Roll back", control, primary=True)
    return [{**text.section("\n".join(said)), "accessory": go}]
