"""A diagnosis's living card: one cause at a time with its evidence, then the verdict and the fixes."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.diagnosis import Answer, Diagnosis, Line, Plan, Step, Verdict
from bot.core.effect import Block, Message
from bot.core.harness_declared import Cause
from bot.views import text
from bot.views.correlation_actions import About, CorrelationAction, button

_MARKS = {"suspect": "⚠", "clear": "✓", "unknown": "?"}
_VERDICTS = {
    Verdict.HIT: "✗ hit",
    Verdict.PARTIAL: "⚠ partial hit",
    Verdict.CLEAR: "✓ clear",
    Verdict.UNKNOWN: "? unknown",
}
_LABELS = {Verdict.HIT: "Hit", Verdict.PARTIAL: "Partial hit", Verdict.CLEAR: "Clear"}
_NOTE_SHOWN = 300


@dataclass(frozen=True)
class Shown:
    """What the card shows; gathering: the evidence is being computed."""

    found: Diagnosis
    plan: Plan
    gathering: bool = False


def card(shown: Shown) -> Message:
    """The card as it stands."""
    found, plan = shown.found, shown.plan
    if found.conclusion is not None:
        return _concluded(found, plan)
    step = found.current(plan)
    if step is None:
        return _to_conclude(found, plan)
    at = plan.steps.index(step) + 1
    head = f"{found.name} · cause {at} of {len(plan.steps)}: {step.name}"
    blocks: list[Block] = [
        text.header(head),
        text.section(f"{text.escape(plan.title, 200)}: {text.escape(found.said, 300)}."),
        text.section(f"*{text.escape(step.ask, 500)}*"),
        text.section(text.fit(_evidence(shown, step))),
        text.section(text.fit(_meanings(step))),
        {"type": "actions", "elements": _buttons(shown, step)},
        *_settled(found, plan),
        text.context(_small(found, f"answer {found.name} hit|partial|clear|unknown WHY")),
    ]
    return Message(f"{head}. {text.escape(step.ask, 500)}", tuple(blocks))


def answered(found: Diagnosis, step: Step, given: Answer) -> Message:
    """An answer as the thread keeps it: who, what, and what the evidence said at that moment."""
    lines = [f"{_VERDICTS[given.verdict]} · *{text.escape(step.name, 150)}* by {text.person(given.by)}"]
    if given.note:
        lines.append(text.escape(given.note, 1000))
    lines += [f"Evidence then: {text.escape(one, 400)}" for one in given.saw] or ["No evidence was measured."]
    del found
    return text.message(text.fit(lines))


def _evidence(shown: Shown, step: Step) -> list[str]:
    found = shown.found
    lines = [_line(one) for one in found.found(step.cause)]
    if lines:
        return lines
    if not shown.plan.measures(step.cause):
        where = f"under evidence.{step.cause} in playbooks/correlation.yaml"
        return [f"? Nothing was measured: no data are named {where}. Look at it and answer."]
    return ["Evidence is being gathered." if shown.gathering else "? Nothing was measured."]


def _line(one: Line) -> str:
    speaks = f" → {one.verdict}" if one.verdict else ""
    source = f" ({text.escape(one.source, 80)})" if one.source else ""
    return f"{_MARKS.get(one.status, '?')} {text.escape(one.line, 600)}{source}{speaks}"


def _meanings(step: Step) -> list[str]:
    return [
        f"hit: {text.escape(step.hit, 300)}",
        f"partial: {text.escape(step.partial, 300)}",
        f"clear: {text.escape(step.clear, 300)}",
    ]


def _buttons(shown: Shown, step: Step) -> list[Block]:
    found = shown.found
    suggested = found.suggests(step.cause)
    buttons = [
        button(
            label,
            CorrelationAction.ANSWER,
            About(found.number, str(step.cause), str(verdict)).encode(),
            style="primary" if verdict is suggested else "",
            end=str(verdict),
        )
        for verdict, label in _LABELS.items()
    ]
    about = About(found.number, str(step.cause)).encode()
    buttons.append(button("With a note…", CorrelationAction.NOTE, about))
    if found.answers:
        buttons.append(button("Back", CorrelationAction.BACK, about))
    if any(shown.plan.measures(one.cause) for one in shown.plan.steps):
        buttons.append(button("Gather again", CorrelationAction.GATHER, about))
    return buttons


def _settled(found: Diagnosis, plan: Plan) -> list[Block]:
    lines = [_settled_line(given, plan) for given in found.answers]
    return text.listed("*Answered*", lines)


def _settled_line(given: Answer, plan: Plan) -> str:
    note = f": {text.escape(given.note, _NOTE_SHOWN)}" if given.note else ""
    name = text.escape(plan.step(given.cause).name, 150)
    return f"{_VERDICTS[given.verdict]} · {name}{note} ({text.person(given.by)})"


def _to_conclude(found: Diagnosis, plan: Plan) -> Message:
    dominant, secondary = found.proposed(plan)
    head = f"{found.name} · every cause has an answer"
    if dominant is not None:
        said = f"The answers speak for *{text.escape(plan.step(dominant).name, 150)}* as the dominant cause"
        more = _names(secondary, plan)
        said += f", with {more} contributing." if more else "."
    elif secondary:
        said = f"Several causes could be the dominant one: {_names(secondary, plan)}. Say which."
    elif all(one.verdict is Verdict.CLEAR for one in found.answers):
        said = "Every cause is clear: the dip may be sampling noise. The next two experiments will tell."
    else:
        said = "No cause was hit, and some are unknown: none is established."
    blocks: list[Block] = [
        text.header(head),
        text.section(said),
        *_settled(found, plan),
        {
            "type": "actions",
            "elements": [
                button(
                    "Conclude…",
                    CorrelationAction.CONCLUDE,
                    About(found.number).encode(),
                    style="primary",
                ),
                button("Back", CorrelationAction.BACK, About(found.number).encode()),
            ],
        },
        text.context(_small(found, f"conclude {found.name} CAUSE, MORE")),
    ]
    return Message(f"{head}. {said}", tuple(blocks))


def _concluded(found: Diagnosis, plan: Plan) -> Message:
    end = found.conclusion
    if end is None:
        raise ValueError(f"{found.name} is not concluded")
    dominant = plan.step(Cause(end.dominant)) if end.dominant else None
    name = dominant.name if dominant else "no cause established"
    head = f"{found.name} · {name}"
    secondary = tuple(Cause(one) for one in end.secondary)
    lead = f"Dominant: *{text.escape(name, 150)}*" if dominant else "No cause was established"
    contributing = f"; contributing: {_names(secondary, plan)}" if secondary else ""
    said = f"{lead}{contributing}. Concluded by {text.person(end.by)}."
    fixes = [plan.step(one) for one in ((dominant.cause,) if dominant else ()) + secondary]
    lines = [f"{number}. {text.escape(step.fix, 500)}" for number, step in enumerate(fixes, 1)]
    following = (
        "Next: rebuild the harness, score the past experiments again and type `/correlation replay`."
        if fixes
        else "Next: watch the next two experiments; with data named for the causes, diagnose again."
    )
    blocks: list[Block] = [text.header(head), text.section(said)]
    if end.note:
        blocks.append(text.section(text.escape(end.note, 1000)))
    blocks += text.listed("*What mends it: the harness, not the model*", lines)
    item = f" {end.candidate} is in the backlog with this evidence." if end.candidate else ""
    blocks.append(text.section(f"{following}{item}"))
    blocks += _settled(found, plan)
    if fixes:
        replay = button("Replay…", CorrelationAction.REPLAY)
        blocks.append({"type": "actions", "elements": [replay]})
    blocks.append(text.context(f"ledger {end.entry} · head {end.head[:12]}… · {_small(found)}"))
    return Message(f"{head}. {said} {following}", tuple(blocks))


def _names(causes: tuple[Cause, ...], plan: Plan) -> str:
    return ", ".join(text.escape(plan.step(one).name, 150) for one in causes)


def _small(found: Diagnosis, typing: str = "") -> str:
    opened = text.when(found.opened_at, style="{date_short_pretty} {time}")
    gathered = ""
    if found.gathered:
        gathered = f" · evidence of {text.when(datetime.fromisoformat(found.gathered))}"
    typed = f" · or type `/correlation {typing}`" if typing else ""
    return f"opened by {text.person(found.by)} {opened}{gathered}{typed}"
