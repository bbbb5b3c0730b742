"""The forms of a review: what happened, milestones, a check's answer, reviewers, action items."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from bot.core.effect import Block
from bot.core.incident import Incident
from bot.core.review import PARTS, ActionItem, Check, Outcome, Review
from bot.views import text
from bot.views.decision_forms import field, modal, written

AT, REASON = "at", "reason"
OUTCOME, LINE = "outcome", "line"
REVIEWERS: Final = "reviewers"
TITLE, OWNER, DUE = "title", "owner", "due"
ITEM, DROP = "item", "drop"
_ASKED: Final = 10
"""People asked at once."""
_HINTS: Final[Mapping[Check, str]] = {
    Check.RECOVERY: "Look at each cohort by itself: no residual regression in one locale, device or tenure.",
    Check.CORRELATION: "If offline gains no longer predict online ones, the harness wants a rebuild.",
    Check.FRAMING: "Was it this problem, or one of framing: metric, population, what counts as good? "
    "A gap that names FRM-3 has that framing looked at again.",
    Check.PORTFOLIO: "A gap proposes the candidate; fine says why what exists would have shown it.",
}


def write(review: Review) -> Block:
    """What people write; what was written stands in it."""
    blocks = []
    for part, title in PARTS.items():
        element = dict(written(most=3000))
        if review.written.get(part):
            element["initial_value"] = review.written[part]
        blocks.append(field(part, title, element, optional=True))
    return modal("Retrospective", "Keep", blocks)


def milestones(incident: Incident, missing: Sequence[str]) -> Block:
    """For each milestone that the record lacks: when, and how it is known."""
    if not missing:
        return modal(
            "Milestones", "Close", [text.section("The record has every milestone; nobody edits it.")]
        )
    blocks: list[Block] = [
        text.section(
            f"The record of {incident.number} lacks {', '.join(missing)}. What you give stands beside it, "
            "with your name; metrics do not use it."
        )
    ]
    for name in missing:
        blocks.append(field(f"{AT}_{name}", f"{name}: when", {"type": "datetimepicker"}, optional=True))
        known = {"type": "plain_text_input", "max_length": 500}
        blocks.append(field(f"{REASON}_{name}", f"{name}: how it is known", known, optional=True))
    return modal("Milestones", "Give", blocks)


def check(which: Check, review: Review) -> Block:
    """A check's answer: fine or a gap, and what was found."""
    found = review.checks.get(which)
    options = [_option("Fine", Outcome.FINE), _option("A gap: it becomes an action item", Outcome.GAP)]
    element: dict[str, object] = {"type": "radio_buttons", "options": options}
    if found is not None and found.outcome is not Outcome.UNKNOWN:
        element["initial_option"] = options[0] if found.outcome is Outcome.FINE else options[1]
    line = dict(written(10, 500))
    if found is not None and found.line and found.by:
        line["initial_value"] = found.line[:500]
    seen = [text.section(f"On record: {text.escape(found.line, 1000)}")] if found and not found.by else []
    return modal(
        "Check",
        "Answer",
        [
            text.section(f"*{which.ask}*"),
            *seen,
            field(OUTCOME, "What was found", element),
            field(LINE, "In a sentence", line, hint=_HINTS[which]),
        ],
    )


def ask(review: Review) -> Block:
    """Whom to ask for a review."""
    element: dict[str, object] = {"type": "multi_users_select", "max_selected_items": _ASKED}
    if review.reviewers:  # who has read it stays as who has, shown or not
        waiting = sorted(review.reviewers, key=lambda who: review.reviewers[who] is not None)
        element["initial_users"] = waiting[:_ASKED]
    hint = "Somebody other than the owner has to read it before it is published."
    return modal("Ask for reviews", "Ask", [field(REVIEWERS, "Who", element, hint=hint)])


def add_item(owner: str, due: date) -> Block:
    """A new action item."""
    return modal(
        "Action item",
        "Add",
        [
            field(TITLE, "What is to be done", written(5, 500)),
            field(OWNER, "Who has it", _person(owner), optional=True),
            field(DUE, "Due", {"type": "datepicker", "initial_date": due.isoformat()}),
        ],
    )


def change_item(items: Sequence[ActionItem]) -> Block:
    """An open item given to somebody else, moved, or dropped with a reason."""
    options = [_option(f"{item.number}. {item.title}", str(item.number)) for item in items[:100]]
    element: Block = {"type": "static_select", "options": options, "initial_option": options[0]}
    why: Block = {"type": "plain_text_input", "max_length": 500}
    return modal(
        "Change an item",
        "Change",
        [
            field(ITEM, "Which", element),
            field(OWNER, "Who has it", _person(""), optional=True, hint="Empty: it stays with who has it."),
            field(DUE, "Due", {"type": "datepicker"}, optional=True, hint="Empty: it keeps its day."),
            field(DROP, "Or: it will not be done, because", why, optional=True),
        ],
    )


def _person(owner: str) -> Block:
    return {"type": "users_select"} | ({"initial_user": owner} if owner.startswith(("U", "W")) else {})


def _option(label: str, value: str) -> Block:
    return {"text": {"type": "plain_text", "text": text.plain(label, 75)}, "value": str(value)}
