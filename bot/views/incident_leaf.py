"""The card at a leaf and after it: what to do now, whose steps these are, whether the metric recovered."""

from datetime import datetime

from bot.core import recovery as core
from bot.core.checklist import Item, items
from bot.core.effect import Block
from bot.core.evidence import Evidence
from bot.core.incident import Incident, milestones
from bot.core.playbook import Leaf
from bot.core.recovery import NotRecovered, Recovered
from bot.views import text
from bot.views.incident_scene import (
    Scene,
    button,
    confirmed,
    element,
    evidence_lines,
    expected,
    lead,
    moves,
)
from bot.views.recovery import recovery_lines
from bot.views.triage_actions import ANYWAY, Control, TriageAction


def leaf(scene: Scene, place: Leaf, now: datetime) -> list[Block]:
    """The blocks of an incident that is localized, or escalated."""
    incident = scene.incident
    if place.localized:
        took = milestones(incident).localize
        spent = f" in {text.duration(took)}" if took is not None else ""
        name = text.escape(scene.playbook.category_name(place.category))
        first = f"*Localized{spent}: {name}.* {expected(scene, now)} {lead(scene)}"
    else:
        first = f"*Not localized.* {expected(scene, now)} {lead(scene)}"
    do = [
        f"*Do now: {text.escape(place.action)}* · {text.escape(place.owner)} · "
        f"target {text.escape(place.target)}"
    ]
    if scene.playbook.rolls_back(place.id):
        said = "Roll back first, investigate after: an" if "investigate after" not in place.action else "An"
        do.append(f"{said} unneeded roll-back costs less than a longer incident.")
    return [
        text.section(text.fit([first])),
        text.section(text.fit(do)),
        *[_item(incident, place, one) for one in items(incident, place)],
        text.section(text.fit([*recovery_lines(scene.recovery, place, incident), *_others(scene)])),
        *_leaf_actions(scene, place),
    ]


def mitigated(scene: Scene) -> list[Block]:
    """The blocks of an incident that is mitigated."""
    incident = scene.incident
    place = scene.playbook.at(incident.position)
    took = milestones(incident).mitigate
    spent = f" in {text.duration(took)}" if took is not None else ""
    recovery = core.of(scene.recovery)
    what = "Resolve it once the recovery check holds."
    if isinstance(recovery, NotRecovered):
        what = "The metric is not where it has to be: is it mitigated?"
    return [
        text.section(f"*Mitigated{spent}.* {what} {lead(scene)}"),
        *(_still_open(scene, place) if isinstance(place, Leaf) else []),
        {
            "type": "actions",
            "block_id": "mitigated",
            "elements": [
                button(TriageAction.RESOLVED, "Resolved", incident, primary=isinstance(recovery, Recovered)),
                button(TriageAction.REOPEN, "Not mitigated", incident),
                *moves(incident, retry=True, back=False),
            ],
        },
    ]


def _still_open(scene: Scene, place: Leaf) -> list[Block]:
    """What is left of the checklist, and the recovery check."""
    left = [one for one in items(scene.incident, place) if not one.done]
    lines = recovery_lines(scene.recovery, place, scene.incident)
    return [*[_item(scene.incident, place, one) for one in left], text.section(text.fit(lines))]


def _item(incident: Incident, place: Leaf, item: Item) -> Block:
    """A step of the checklist with the button that comes next."""
    said = f"{item.number}. {text.escape(item.text)}"
    claim = item.claim
    if claim is None:
        action, label = TriageAction.TAKE, "Take"
    elif claim.done_at is None:
        said += f" · taken by {text.person(claim.by)} {text.when(claim.at)}"
        action, label = TriageAction.DONE, "Done"
    else:
        said = f"✓ done: {said} · {text.person(claim.by)} {text.when(claim.done_at)}"
        action, label = TriageAction.UNDO, "Undo"
    control = Control(incident.id, incident.version, f"{place.id}/{item.number}")
    accessory = element(f"{action.value}:{item.number}", label, control)
    return {**text.section(said), "accessory": accessory}


def _others(scene: Scene) -> list[str]:
    """Evidence of the leaf besides what is seen of the metric, which the recovery check shows."""
    others: list[Evidence] = [line for line in scene.evidence if not line.seen]
    return evidence_lines(scene, others) if others else []


def _leaf_actions(scene: Scene, place: Leaf) -> list[Block]:
    incident = scene.incident
    elements: list[Block] = []
    if place.localized:
        elements.append(_mitigated_button(scene, incident))
    elif place.choices:
        elements.append(_named(incident, place))
    elements.append(button(TriageAction.BACK, "Not it: go back", incident))
    elements += moves(incident, retry=bool(place.checks), back=False)
    return [{"type": "actions", "block_id": "leaf", "elements": elements}]


def _mitigated_button(scene: Scene, incident: Incident) -> Block:
    """Primary when the metric says so; otherwise it asks once more, and says what goes on record."""
    recovery = core.of(scene.recovery)
    if isinstance(recovery, Recovered):
        return button(TriageAction.MITIGATED, "Mitigated", incident, primary=True)
    pressed = button(TriageAction.MITIGATED, "Mitigated", incident, choice=ANYWAY)
    if isinstance(recovery, NotRecovered):
        why = f"The metric has not recovered: {text.plain(recovery.lines[0], 180)}. This goes on record."
    else:
        reason = f": {text.plain(recovery.lines[0], 160)}" if recovery.lines else ""
        why = f"Whether the metric recovered is not known{reason}. This goes on record."
    return confirmed(pressed, f"Is {incident.number} mitigated?", why, "Mitigated all the same", "Not yet")


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
