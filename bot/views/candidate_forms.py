"""The forms about candidates: what is known of one, its pre-mortem, a waiver, a reason to drop it."""

from collections.abc import Mapping

from bot.core.backlog import Item
from bot.core.candidate import Kind
from bot.core.candidate_words import FIELDS, TEXT_MOST
from bot.core.effect import Block
from bot.views import text
from bot.views.decision_forms import field, modal, written

WHY, RISKS, CONTINGENCY = "why", "risks", "contingency"
WHY_LEAST, WHY_MOST = 10, 500
_LABELS: Mapping[str, tuple[str, str]] = {
    "title": ("What is it", ""),
    "kind": ("Kind", "Tooling takes engineer-weeks and no slot; maintenance is never ranked."),
    "reach": ("Reach, with its unit", "Only candidates that count the same unit are ranked together."),
    "impact": (
        "Impact, its unit and the metric",
        "points are percentage points; percent is of the baseline.",
    ),
    "baseline": ("Baseline of the metric", ""),
    "sd": ("Standard deviation of one unit", "What decides whether a quarter can show the impact."),
    "heuristic": (
        "What a heuristic alone would bring",
        "In the impact's unit; only what is beyond it counts.",
    ),
    "confidence": (
        "Confidence that the effect exists",
        "A probability; the team's calibration is applied to it.",
    ),
    "effort": ("Effort in engineer-weeks", "Twelve or more take a pre-mortem."),
    "team": ("Owner team", ""),
    "test": ("Units to test on, and for how long", "Randomised units in the quarter: users, sessions."),
    "choice": ("A decision that its result changes", "What, for how many quarters, from which effect up."),
    "needs": ("Needs", "Candidates that must be picked with it, or be done."),
    "shares": ("Shared infrastructure", "Names; its cost is paid once."),
    "notes": ("Strategic notes", ""),
}


def candidate(entered: Mapping[str, str], item: Item | None = None) -> Block:
    """Return the form of a candidate, with what was entered in it; everything but a title may come later."""
    blocks: list[Block] = []
    if item is not None:
        blocks.append(
            text.section(f"*{item.id}* · edition {item.edition}. What is emptied is not known any more.")
        )
    for name, (label, hint) in _LABELS.items():
        example = f"For example: {FIELDS[name]}."
        element = _kind(entered.get(name, "")) if name == "kind" else _text(name, entered.get(name, ""))
        hint = hint if name in ("kind", "title", "notes") else f"{example} {hint}".strip()
        blocks.append(field(name, label, element, hint=hint, optional=name not in ("title", "kind")))
    return modal("Candidate", "Keep", blocks)


def pre_mortem(item: Item) -> Block:
    """Return the form of a pre-mortem, with what is known in it."""
    found = item.candidate.pre_mortem
    risks, contingency = dict(written(3, 2000)), dict(written(10, 1000))
    if found is not None:
        risks["initial_value"] = "\n".join(f"{one.risk}: {one.weeks:g} weeks" for one in found.risks)[:2000]
        contingency["initial_value"] = found.contingency[:1000]
    said = f"*{item.id} · {text.escape(item.candidate.title, 150)}*: suppose it overran. What did it cost?"
    return modal(
        "Pre-mortem",
        "Keep",
        [
            text.section(said),
            field(RISKS, "Cost risks, a line each", risks, hint="serving cost doubles: 4 weeks"),
            field(
                CONTINGENCY, "What is done then", contingency, hint="stop at week 8 and keep the old model"
            ),
        ],
    )


def waive(item: Item) -> Block:
    """Return the form of a waiver: that the quarter may not show the effect, and why it is run anyway."""
    said = (
        f"*{item.id} · {text.escape(item.candidate.title, 150)}* can then be picked although the quarter may "
        "not be able to show its effect. Your name stands beside it, and in the ledger."
    )
    return modal("Waive detectability", "I take it on", [text.section(said), _why("Why it is run anyway")])


def drop(item: Item) -> Block:
    """Return the form of [Drop…]."""
    said = f"*{item.id} · {text.escape(item.candidate.title, 150)}* leaves the backlog; its reason stays."
    return modal("Drop a candidate", "Drop", [text.section(said), _why("Why")])


def _why(label: str) -> Block:
    return field(WHY, label, written(WHY_LEAST, WHY_MOST))


def _text(name: str, entered: str) -> Block:
    most = TEXT_MOST.get(name, 300)
    element: dict[str, object] = {"type": "plain_text_input", "max_length": most}
    if name == "notes":
        element["multiline"] = True
    return element | ({"initial_value": entered[:most]} if entered else {})


def _kind(entered: str) -> Block:
    options = [
        {"text": {"type": "plain_text", "text": one.value.capitalize()}, "value": one.value} for one in Kind
    ]
    chosen = next((one for one in options if one["value"] == entered.strip().lower()), options[0])
    return {"type": "static_select", "options": options, "initial_option": chosen}
