"""The forms of a quarter's portfolio: a file, the pick by gut feel, the lock, efforts, what became of one."""

from collections.abc import Mapping, Sequence

from bot.core.effect import Block
from bot.views import text
from bot.views.decision_forms import field, modal, written

TEXT, FILE = "text", "file"
PICKED, WHY, LATE = "picked", "why", "late"
EXPERIMENT = "experiment"
WEEKS, NOTE = "weeks", "note"
LIFT, SHIPPED = "lift", "shipped"
WHY_MOST = 1000
MOST = 100
"""Options that a menu of Slack takes."""


def import_file() -> Block:
    """Return the form of `/portfolio import`."""
    pasted: Block = {"type": "plain_text_input", "multiline": True, "max_length": 3000}
    attached: Block = {"type": "file_input", "filetypes": ["yaml", "yml", "csv", "text"], "max_files": 1}
    said = "A file with `kind: portfolio`, or a CSV table with the columns id and title, one candidate a row."
    return modal(
        "Import candidates",
        "Import",
        [
            text.section(said),
            field(TEXT, "YAML or CSV", pasted, optional=True),
            field(FILE, "Or a file", attached, optional=True),
        ],
    )


def gut(quarter: str, candidates: Mapping[str, str], chosen: Sequence[str], *, seen: bool) -> Block:
    """Return the form of the pick by gut feel; `seen` when the computed pick was shown already."""
    said = f"*{quarter}*: which would you run, best first, without the numbers? It is kept beside the pick."
    if seen:
        said += "\n⚠ The computed pick was shown already; the record will say so."
    why: Block = {"type": "plain_text_input", "max_length": WHY_MOST}
    return modal(
        "Gut feel",
        "Keep",
        [
            text.section(said),
            field(PICKED, "Best first", _several(candidates, chosen)),
            field(WHY, "Why", why, optional=True),
        ],
    )


def lock(
    quarter: str, said: str, candidates: Mapping[str, str], picked: Sequence[str], *, late: bool
) -> Block:
    """Return the form of [Lock…]: what is picked, why it differs, and why it is late."""
    why = written(0, WHY_MOST)
    blocks = [
        text.section(said),
        field(PICKED, "What is picked", _several(candidates, picked)),
        field(
            WHY, "If that is not the computed pick: why", why, optional=True, hint="At least 40 characters."
        ),
    ]
    if late:
        hint = f"{quarter} has begun: the record says that it was locked late."
        blocks.append(field(LATE, "Why it is locked late", written(20, WHY_MOST), hint=hint))
    return modal("Lock the portfolio", "Lock", blocks)


def link(item: str, title: str, experiments: Mapping[str, str]) -> Block:
    """Return the form that says which experiment a candidate became."""
    said = f"*{item} · {text.escape(title, 150)}*: which registration tests it?"
    menu = {**_menu(experiments), "type": "static_select"}
    return modal("Link an experiment", "Link", [text.section(said), field(EXPERIMENT, "Experiment", menu)])


def efforts(quarter: str, candidates: Mapping[str, tuple[str, str]]) -> Block:
    """Return the form of the engineer-weeks that each took; by id: its title, and what is on record."""
    blocks: list[Block] = [
        text.section(f"*{quarter}*: how many engineer-weeks did each take so far? Empty: nobody knows.")
    ]
    for name, (title, known) in list(candidates.items())[:20]:
        element: dict[str, object] = {"type": "plain_text_input", "max_length": 20}
        if known:
            element["initial_value"] = known
        blocks.append(field(f"{WEEKS}_{name}", f"{name} {title}"[:200], element, optional=True))
    return modal("Efforts", "Keep", blocks)


def outcome(item: str, title: str, unit: str, known: Mapping[str, str]) -> Block:
    """Return the form of what became of a candidate that no launch here tells of."""
    said = f"*{item} · {text.escape(title, 150)}*: no launch here says what became of it."
    shipped = [
        _option("Shipped, and still there", "sustained"),
        _option("Shipped", "shipped"),
        _option("Not shipped", "no"),
    ]
    lift: dict[str, object] = {"type": "plain_text_input", "max_length": 60}
    note: dict[str, object] = {"type": "plain_text_input", "max_length": 300}
    if known.get(NOTE):
        note["initial_value"] = known[NOTE]
    hint = f"In {unit}, with its interval: 0.4 (0.1 to 0.7)."
    return modal(
        "What became of it",
        "Keep",
        [
            text.section(said),
            field(SHIPPED, "Was it shipped", {"type": "static_select", "options": shipped}),
            field(LIFT, "Observed lift", lift, hint=hint, optional=True),
            field(NOTE, "Where that is written", note),
        ],
    )


def _several(candidates: Mapping[str, str], chosen: Sequence[str]) -> Block:
    menu = dict(_menu(candidates))
    options = {one["value"]: one for one in menu["options"]}
    initial = [options[name] for name in chosen if name in options]
    return {**menu, "type": "multi_static_select"} | ({"initial_options": initial} if initial else {})


def _menu(named: Mapping[str, str]) -> dict[str, list[dict[str, object]]]:
    return {
        "options": [_option(f"{name} {title}".strip(), name) for name, title in list(named.items())[:MOST]]
    }


def _option(label: str, value: str) -> dict[str, object]:
    return {"text": {"type": "plain_text", "text": text.plain(label, 75)}, "value": value}
