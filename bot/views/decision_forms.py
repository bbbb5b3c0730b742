"""Forms that decide: what shipping must acknowledge by name, and why a launch is stopped."""

from collections.abc import Mapping, Sequence

from bot.core.effect import Block
from bot.views import decision_matrix as matrix
from bot.views import text

REASON = "reason"
NEAR = "near"
MOST_NEAR = 40
"""Lines acknowledged one by one; what is beyond them is acknowledged together."""
REASON_MOST = 1000
REASON_LEAST = 5
AGAINST_LEAST = 40
"""Characters of a reason that contradicts what the rule says."""


def modal(title: str, submit: str, blocks: Sequence[Block]) -> Block:
    """A form; its name and what it was opened with are filled in where it is opened."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": text.plain(title, 24)},
        "submit": {"type": "plain_text", "text": text.plain(submit, 24)},
        "close": {"type": "plain_text", "text": "Not now"},
        "blocks": list(blocks),
    }


def field(name: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    """A field; its block has the name of its action."""
    shape: dict[str, object] = {
        "type": "input",
        "block_id": name,
        "optional": optional,
        "label": {"type": "plain_text", "text": text.plain(label, 2000)},
        "element": {**element, "action_id": name},
    }
    return shape | ({"hint": {"type": "plain_text", "text": text.plain(hint, 2000)}} if hint else {})


def written(least: int = 0, most: int = REASON_MOST) -> Block:
    """A text of several lines."""
    shape: dict[str, object] = {"type": "plain_text_input", "multiline": True, "max_length": most}
    return shape | ({"min_length": least} if least else {})


def ship(said: str, near: Sequence[matrix.Row], *, override: str) -> Block:
    """The form of [Ship]: what the rule says, and each line that must be taken on by name."""
    blocks: list[Block] = [text.section(said)]
    if override:
        blocks.append(text.section(f"⚠ {override}"))
    for number, row in enumerate(near[:MOST_NEAR]):
        blocks.append(field(f"{NEAR}_{number}", f"{row.name}: {_seen(row)}", _tick("I take this on")))
    rest = len(near) - MOST_NEAR
    if rest > 0:
        blocks.append(field(f"{NEAR}_rest", f"And {rest} more lines like these", _tick("I take them on")))
    why = "Why it ships although these lines are not clear" if near or override else "A note for the record"
    blocks.append(field(REASON, why, written(), optional=not (near or override)))
    return modal("Ship", "Ship", blocks)


def stop(said: str, least: int) -> Block:
    """The form of [Stop]; `least`: characters of the reason."""
    return modal(
        "Stop the launch",
        "Stop",
        [text.section(said), field(REASON, "Why, and what was learned", written(least))],
    )


def boxes(near: Sequence[matrix.Row]) -> list[str]:
    """The names of the fields that must be ticked."""
    names = [f"{NEAR}_{number}" for number in range(min(len(near), MOST_NEAR))]
    return [*names, f"{NEAR}_rest"] if len(near) > MOST_NEAR else names


def unticked(fields: Mapping[str, str]) -> dict[str, str]:
    """Faults of the form of [Ship]: what is not ticked."""
    empty = [name for name, value in fields.items() if name.startswith(f"{NEAR}_") and not value]
    return dict.fromkeys(empty, "The decision must take this on by name.")


def _seen(row: matrix.Row) -> str:
    """What was measured, against which line."""
    if row.change == matrix.UNKNOWN:
        return f"could not be judged ({row.said}), line {row.line}"
    return f"{row.change}, line {row.line}, {row.p}: {row.said}"


def _tick(label: str) -> Block:
    option = {"text": {"type": "plain_text", "text": label}, "value": "yes"}
    return {"type": "checkboxes", "options": [option]}
