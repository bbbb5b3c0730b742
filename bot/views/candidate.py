"""A candidate's living card: what it would bring, what it lacks, what led to it, what can be done to it."""

import re
from collections.abc import Sequence

from bot.core.backlog import Item, Standing, lacking
from bot.core.candidate import PRE_MORTEM_FROM, Candidate, Effort, Impact, Kind, Reach, Test
from bot.core.effect import Block, Message
from bot.core.thing import Thing
from bot.views import text
from bot.views.portfolio_actions import PortfolioAction

_NAMED = {"points": "percentage points", "percent": "%"}


def card(
    item: Item, *, led_by: Sequence[Thing] = (), led_to: Sequence[Thing] = (), picked: str = ""
) -> Message:
    """Return the card; `picked` is the quarter in which it was picked, by a locked portfolio."""
    one = item.candidate
    title = f"{item.id} · {one.title}"
    said = _standing(item, picked)
    lines = [said, *_facts(one), *_rules(one)]
    why = f"Why: {text.escape(item.why, 1500)}" if item.why and item.standing is Standing.OPEN else ""
    blocks: list[Block] = [
        text.header(title),
        text.section(text.fit([line for line in [*lines, why] if line])),
    ]
    blocks += _buttons(item)
    blocks.append(text.context(_small_print(item, led_by, led_to)))
    return Message(f"{item.id}, {text.escape(one.title, 200)}: {said}", tuple(blocks))


def line(item: Item) -> str:
    """Return the candidate in a line, as lists show it."""
    one = item.candidate
    wants = lacking(one)
    state = (
        f"⚠ lacks {text.escape(', '.join(wants))}"
        if wants
        else (weeks(one.effort) if one.effort else one.kind.value)
    )
    return f"• `{item.id}` {text.escape(one.title, 120)} · {state}" + (
        f" · {text.escape(one.team, 60)}" if one.team else ""
    )


def reach(one: Reach) -> str:
    """Return a reach in words: 8,000,000 sessions a quarter."""
    return f"{text.number(one.value)} {text.escape(one.unit, 60)} a {one.per.value}"


def impact(one: Impact) -> str:
    """Return an impact in words: +0.5 percentage points of useful_answer_rate."""
    unit = _NAMED.get(one.unit, text.escape(one.unit, 60))
    metric = f" of {text.escape(one.metric, 80)}" if one.metric else ""
    sign = "\u2212" if one.value < 0 else "+"
    base = "" if one.baseline is None else f" (baseline {text.number(one.baseline)})"
    return f"{sign}{text.number(abs(one.value))} {unit}{metric}{base}"


def weeks(one: Effort) -> str:
    """Return an effort in words, with its correction."""
    said = f"{text.number(one.weeks)} engineer-weeks"
    return said if one.corrected is None else f"{said}, corrected to {text.number(one.corrected)}"


def _standing(item: Item, picked: str) -> str:
    if item.standing is Standing.DROPPED:
        said = re.fullmatch(r"(.*) \(said by ([UW][A-Z0-9]+)\)", item.why, re.DOTALL)
        if said is None:
            return f"Dropped: {text.escape(item.why, 500)}"
        return f"Dropped by {text.person(said[2])}: {text.escape(said[1], 500)}"
    if picked:
        return f"✓ Picked for {picked}."
    wants = lacking(item.candidate)
    if wants:
        return f"⚠ In the backlog; to be scored it lacks {', '.join(wants)}."
    return "✓ In the backlog, and complete enough to be scored."


def _facts(one: Candidate) -> list[str]:
    what = [reach(one.reach) if one.reach else "", impact(one.impact) if one.impact else ""]
    sure = "" if one.confidence is None else f"confidence {text.number(one.confidence)}"
    cost = weeks(one.effort) if one.effort else ""
    kind = "" if one.kind is Kind.EXPERIMENT else one.kind.value
    whose = f"team {text.escape(one.team, 100)}" if one.team else ""
    needs = f"needs {text.escape(', '.join(one.depends_on), 200)}" if one.depends_on else ""
    shared = f"shares {text.escape(', '.join(one.infrastructure), 200)}" if one.infrastructure else ""
    rows = [what, [sure, cost, _test(one.test)], [kind, whose, needs, shared]]
    lines = [" · ".join(part for part in row if part) for row in rows]
    lines += [
        f"Decides: {text.escape(choice.what, 300)} for {text.number(choice.horizon)} quarters, from "
        f"{text.number(choice.threshold)} up"
        for choice in one.choices[:3]
    ]
    lines.append(f"Notes: {text.escape(one.notes, 600)}" if one.notes else "")
    return lines


def _test(one: Test) -> str:
    return (
        ""
        if one.units is None
        else f"{text.number(one.units)} {text.escape(one.unit or 'units', 60)} to test on"
    )


def _rules(one: Candidate) -> list[str]:
    lines = []
    if one.pre_mortem is not None:
        risks = one.pre_mortem.risks
        named = "; ".join(
            f"{text.escape(risk.risk, 150)} (+{text.number(risk.weeks)} weeks)" for risk in risks[:5]
        )
        lines.append(f"✓ Pre-mortem: {named}. Then: {text.escape(one.pre_mortem.contingency, 400)}")
    elif one.needs_pre_mortem:
        lines.append(
            f"⚠ {PRE_MORTEM_FROM:g} engineer-weeks or more: it cannot be picked without a pre-mortem that "
            "names cost risks and a contingency."
        )
    if one.waiver is not None:
        lines.append(f"⚠ Waived by {text.person(one.waiver.by)}: {text.escape(one.waiver.why, 400)}")
    return lines


def _buttons(item: Item) -> list[Block]:
    if item.standing is Standing.DROPPED:
        elements = [_button("Take it up again", PortfolioAction.TAKE_UP, item)]
    else:
        one = item.candidate
        primary = bool(lacking(one))
        elements = [_button("Edit…", PortfolioAction.EDIT, item, primary=primary)]
        if one.needs_pre_mortem or one.pre_mortem is not None:
            needed = one.pre_mortem is None and not primary
            elements.append(_button("Pre-mortem…", PortfolioAction.PRE_MORTEM, item, primary=needed))
        elements.append(_button("Waive detectability…", PortfolioAction.WAIVE, item))
        elements.append(_button("Drop…", PortfolioAction.DROP, item))
    return [{"type": "actions", "block_id": f"candidate-{item.number}", "elements": elements}]


def _button(label: str, action: PortfolioAction, item: Item, *, primary: bool = False) -> Block:
    button: dict[str, object] = {
        "type": "button",
        "action_id": action.value,
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "value": item.id,
    }
    return button | ({"style": "primary"} if primary else {})


def _small_print(item: Item, led_by: Sequence[Thing], led_to: Sequence[Thing]) -> str:
    who = text.person(item.by) if item.by else "Lookout"
    day = "{date_short_pretty}"
    parts = [f"proposed by {who} {text.when(item.at, style=day)}", f"edition {item.edition}"]
    if item.alias:
        parts.append(f"{text.escape(item.alias, 80)} in its file")
    if led_by:
        parts.append(f"from {', '.join(text.escape(one.id, 80) for one in led_by[:5])}")
    if led_to:
        parts.append(f"led to {', '.join(text.escape(one.id, 80) for one in led_to[:5])}")
    return " · ".join(parts)
