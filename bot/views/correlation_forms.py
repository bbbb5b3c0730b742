"""Forms about offline against online: both deltas of an experiment, a replay's table, a diagnosis."""

from collections.abc import Mapping, Sequence

from bot.core.diagnosis import Diagnosis, Plan, Step, Verdict
from bot.core.effect import Block
from bot.core.harness_declared import Cause
from bot.views import text
from bot.views.decision_forms import field, modal, written

TABLE, FILE = "table", "file"
NOTE, VERDICT = "note", "verdict"
DOMINANT, SECONDARY = "dominant", "secondary"
NONE = "none"
NOTE_MOST = 1000
_SHOWN = {
    "experiment": ("Experiment", "Its id, as launches have it."),
    "offline": ("Offline delta", "Relative: +5 % or 0.05. Positive is better."),
    "online": ("Online delta", "Relative, as measured: +0.3 %."),
    "ci": ("Interval of the online delta", "For example -0.4% .. 0.9%."),
    "on": ("Finished on", "The day, as 2026-10-03; today if empty."),
    "offline_metric": ("Offline metric", "For example NDCG@10."),
    "online_metric": ("Online metric", "For example useful_answer_rate."),
    "direction": ("Better is", "increase or decrease, of the online metric; increase if empty."),
    "eval_set": ("Eval set", "Its name."),
    "built": ("Eval set built on", "The day."),
}
_NEEDED = ("experiment", "offline", "online")


def record(said: Mapping[str, str]) -> Block:
    """The form of `/correlation record`, with what is known already filled in."""
    blocks: list[Block] = [
        text.section("For experiments that ran elsewhere, or to correct one: a new entry, the newest counts.")
    ]
    for name, (label, hint) in _SHOWN.items():
        element: dict[str, object] = {"type": "plain_text_input", "max_length": 100}
        if said.get(name):
            element["initial_value"] = said[name][:100]
        blocks.append(field(name, label, element, hint=hint, optional=name not in _NEEDED))
    return modal("Record both deltas", "Record", blocks)


def replay() -> Block:
    """The form of `/correlation replay`."""
    said = "Past experiments scored again by the new harness, a line each; online deltas are on record."
    file: Block = {"type": "file_input", "filetypes": ["csv", "tsv", "txt", "yaml", "yml"], "max_files": 1}
    placeholder = "experiment,offline_new\nreranker-l12,+1.2%"
    table = {**written(), "max_length": 3000, "placeholder": {"type": "plain_text", "text": placeholder}}
    return modal(
        "Replay",
        "Replay",
        [
            text.section(said),
            field(TABLE, "The table, pasted", table, hint="CSV or YAML.", optional=True),
            field(FILE, "Or as a file", file, optional=True),
        ],
    )


def answer(found: Diagnosis, step: Step) -> Block:
    """The form of [Answer with a note…]."""
    means = {
        Verdict.HIT: step.hit,
        Verdict.PARTIAL: step.partial,
        Verdict.CLEAR: step.clear,
        Verdict.UNKNOWN: "nobody can say for now",
    }
    options = [_option(str(one), f"{one.value}: {said}") for one, said in means.items()]
    chosen = found.suggests(step.cause)
    element: dict[str, object] = {"type": "static_select", "options": options}
    if chosen is not None:
        element["initial_option"] = next(one for one in options if one["value"] == str(chosen))
    return modal(
        f"{found.name}",
        "Answer",
        [
            text.section(f"*{text.escape(step.name, 150)}*\n{text.escape(step.ask, 500)}"),
            field(VERDICT, "Verdict", element),
            field(NOTE, "What it rests on", written(most=NOTE_MOST), optional=True),
        ],
    )


def conclude(found: Diagnosis, plan: Plan) -> Block:
    """The form of [Conclude…]: what is dominant, and what contributes, as the answers have it."""
    dominant, secondary = found.proposed(plan)
    causes = (*found.of(Verdict.HIT, plan), *found.of(Verdict.PARTIAL, plan))
    options = [_option(str(one), plan.step(one).name) for one in causes]
    blocks: list[Block] = [text.section(_answers(found, plan))]
    if options:
        first: dict[str, object] = {"type": "static_select", "options": options}
        if dominant is not None:
            first["initial_option"] = next(one for one in options if one["value"] == str(dominant))
        blocks.append(field(DOMINANT, "Dominant cause", first))
        more: dict[str, object] = {"type": "checkboxes", "options": options}
        if secondary and dominant is not None:
            names = {str(one) for one in secondary}
            more["initial_options"] = [one for one in options if one["value"] in names]
        blocks.append(field(SECONDARY, "Contributing", more, optional=True))
    else:
        blocks.append(text.section("No cause was hit: it is concluded that none is established."))
    blocks.append(field(NOTE, "For the record", written(most=NOTE_MOST), optional=True))
    return modal(f"Conclude {found.name}", "Conclude", blocks)


def causes(lines: str) -> Sequence[str]:
    """The causes ticked."""
    known = {str(one) for one in Cause}
    return [one for one in lines.split("\n") if one in known]


def _answers(found: Diagnosis, plan: Plan) -> str:
    lines = []
    for step in plan.steps:
        given = found.answered(step.cause)
        lines.append(f"{given.verdict.value if given else 'no answer'} · {text.escape(step.name, 150)}")
    return "\n".join(lines)


def _option(value: str, said: str) -> dict[str, object]:
    return {"text": {"type": "plain_text", "text": text.plain(said, 75)}, "value": value}
