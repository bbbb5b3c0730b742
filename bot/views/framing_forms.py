"""The pages of a framing's form, and the form that decides on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.core.effect import Block
from bot.core.framing import FIELDS, F, Framing, FramingField, Page, Recommendation, Step
from bot.views import text
from bot.views.decision_forms import field, modal, written
from bot.views.framing_actions import FramingAction

WHY, THING = "why_decided", "thing"
LINE_MOST, LINES_MOST = 300, 2500
ANSWERS = {"open": "Not known yet", "yes": "Yes", "no": "No"}
KINDS = {"proportion": "Share of the units (31 %)", "mean": "Mean per unit (12.4 minutes)"}


@dataclass(frozen=True)
class Ask:
    """A field: label, example, hint, and how many lines it takes."""

    label: str
    example: str = ""
    hint: str = ""
    lines: bool = False


ASKS: Mapping[FramingField, Ask] = {
    F.TITLE: Ask("What is this about?", "New JP readers leave before we know their taste"),
    F.WHO: Ask("Who is the customer?", "Yuki, 24, new to the app last week"),
    F.WORDS: Ask(
        "What happened, in their words?", "After the fourth turn none of them felt like my thing", lines=True
    ),
    F.WORDS_FROM: Ask("Where was that said?", "Support tickets of October, exit interview 114"),
    F.STAY: Ask("What would have made them stay?", lines=True),
    F.LAGGING: Ask(
        "Lagging signal: what fell", "Week-2 retention of new JP readers, 38 % to 31 % in 4 weeks"
    ),
    F.LEADING: Ask(
        "Leading signal: what is seen earlier", "Day-1 session length, titles outside their taste"
    ),
    F.COHORT: Ask("Cohort: whose problem is it?", "New readers (no session in 30 days), locale JP"),
    F.TRAFFIC: Ask("How many of them come by in a day?", "3,500 readers", "For what a test takes."),
    F.H0: Ask("H0: what is true if it does nothing", lines=True),
    F.H1: Ask("H1: what is true if it works, and by how much", lines=True),
    F.DO: Ask(
        "What is done: the do() clause",
        "do(cold_start = quiz) vs do(cold_start = popularity)",
        "What is set to what. “Readers who … retain better” is an association and is refused.",
        lines=True,
    ),
    F.METRIC: Ask("Metric that it should move", "week2_retention"),
    F.KIND: Ask("The metric is a"),
    F.BASELINE: Ask("Baseline: its value now", "31 %"),
    F.EFFECT: Ask("Smallest change worth having", "+4 points", "Points for a share, else its own unit."),
    F.WINDOW: Ask("Days until one unit's value is known", "14"),
    F.EVIDENCE: Ask(
        "Prior evidence, one piece a line: what | source",
        "Quiz lifts retention 5 to 8 points | Spotify, 2024",
        "Behind the bar: a link, a ticket, a report.",
        lines=True,
    ),
    F.DISCONFIRMING: Ask("What would count against it, one a line", lines=True),
    F.PRIOR: Ask("Prior probability that H1 is true", "0.55"),
    F.STAGE1: Ask("Stage 1: what shows that any intervention moves it?", lines=True),
    F.STAGE1_ANSWER: Ask("Does any intervention move it?"),
    F.STAGE2: Ask("Stage 2: what shows that ML beats the heuristic?", lines=True),
    F.STAGE2_ANSWER: Ask("Does ML beat the heuristic?", hint="Only worth asking after a yes above."),
    F.HEURISTIC: Ask("The heuristic", "Five-question taste quiz on the first session"),
    F.HEURISTIC_VALUE: Ask("What it is expected to bring, with the unit", "+4 points of week-2 retention"),
    F.HEURISTIC_WEEKS: Ask("What it costs, engineer-weeks", "3"),
    F.ML: Ask("The ML option", "Cold-start model on first-session signals"),
    F.ML_VALUE: Ask("What it is expected to bring, in the same unit", "6 to 7 points of week-2 retention"),
    F.ML_WEEKS: Ask("What it costs, engineer-weeks", "12"),
    F.RECOMMENDATION: Ask("Recommendation"),
    F.WHY: Ask("Why", lines=True),
    F.REVISIT: Ask("Look at it again on", hint="Needed for “not now”; a reminder comes on that morning."),
    F.TENET: Ask("Tenet it rests on", "We ship the simplest intervention that moves customer behaviour"),
}


def page(about: Page, fields: Mapping[str, str], name: str, notes: Sequence[str] = ()) -> Block:
    """A page with what is written so far; `name` is FRM-3 or empty, `notes` what the page before comes to."""
    step = about.step
    kept = f"{name} · " if name else ""
    blocks: list[Block] = [
        text.context(
            f"{kept}Each page is kept when you go on; close it whenever you like, and go on later. "
            "What is left empty is asked for before it can be decided."
        ),
        text.header(step.heading),
        *[text.section(one) for one in notes],
        *[_asked(one, fields.get(one, "")) for one in FIELDS[step]],
    ]
    if step.previous is not None:
        back = {
            "type": "button",
            "action_id": str(FramingAction.BACK),
            "text": {"type": "plain_text", "text": f"Back: {step.previous.heading}", "emoji": False},
            "value": step.previous.value,
        }
        blocks.append({"type": "actions", "block_id": "back", "elements": [back]})
    submit = "Keep and go on" if step.following else "Keep"
    shape = modal(f"Framing, page {step.number} of {len(Step)}", submit, blocks)
    close = {"type": "plain_text", "text": "Close"}
    return {**shape, "close": close, "private_metadata": about.encode()}


def decide(framing: Framing, said: str, notes: Sequence[str]) -> Block:
    """The form that decides: what is recommended, what does not fit, and of a later edition what changed."""
    blocks: list[Block] = [text.section(said), *[text.section(f"⚠ {one}") for one in notes]]
    label = "What changed since, and why" if framing.editions else "A note for the record"
    blocks.append(field(WHY, label, written(), optional=not framing.editions))
    blocks.append(
        text.context(
            "It goes into the ledger with the hash of what is written. Later changes are new editions."
        )
    )
    return modal("Decide", "Decide", blocks)


def link(framing: Framing) -> Block:
    """The form that joins it with what was made elsewhere."""
    element: Block = {"type": "plain_text_input", "max_length": 100}
    hint = "An experiment's id, INC-7 or CAN-3."
    return modal(f"Join {framing.id}", "Join", [field(THING, "What to join it with", element, hint=hint)])


def drop(framing: Framing) -> Block:
    """The form that gives it up, with the reason."""
    said = (
        f"{framing.id} {text.escape(framing.title, 200)} is given up; what was decided stays in the ledger."
    )
    return modal("Give up", "Give up", [text.section(said), field(WHY, "Why", written(10))])


def _asked(name: FramingField, value: str) -> Block:
    ask = ASKS[name]
    return field(
        str(name), ask.label, _element(name, ask, value), hint=ask.hint, optional=name is not F.TITLE
    )


def _element(name: FramingField, ask: Ask, value: str) -> Block:
    match name:
        case F.KIND:
            return _choice(KINDS, value or "proportion")
        case F.STAGE1_ANSWER | F.STAGE2_ANSWER:
            return _choice(ANSWERS, value or "open")
        case F.RECOMMENDATION:
            return _choice({one.value: _first_up(one.words) for one in Recommendation}, value)
        case F.REVISIT:
            return {"type": "datepicker", **({"initial_date": value} if _is_date(value) else {})}
    most = LINES_MOST if ask.lines else LINE_MOST
    shape: dict[str, object] = {"type": "plain_text_input", "max_length": most}
    if ask.lines:
        shape["multiline"] = True
    if value:
        shape["initial_value"] = value[:most]
    if ask.example:
        shape["placeholder"] = {"type": "plain_text", "text": ask.example}
    return shape


def _choice(options: Mapping[str, str], value: str) -> Block:
    every = [{"text": {"type": "plain_text", "text": said}, "value": name} for name, said in options.items()]
    chosen = next((one for one in every if one["value"] == value), None)
    return {"type": "static_select", "options": every, **({"initial_option": chosen} if chosen else {})}


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _first_up(said: str) -> str:
    return said[:1].upper() + said[1:]
