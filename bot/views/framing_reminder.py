"""The reminder of the day on which a framing is looked at again."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.effect import Block, Message
from bot.core.framing import F, Framing, Step
from bot.core.framing_reader import read
from bot.core.launch import Launch
from bot.core.ledger import Entry
from bot.views import text
from bot.views.framing_actions import FramingAction, button


def reminder(
    framing: Framing,
    who: str,
    since: Sequence[str],
    *,
    number: int,
    most: int,
    following: datetime | None,
) -> Message:
    """What was decided, what came of it since, what is asked; which reminder of how many this is."""
    edition = framing.decided
    framed = read(edition.fields if edition else framing.fields)
    chosen = framed.recommendation.words if framed.recommendation else "decided"
    day = text.when(edition.at, style="{date_short_pretty}") if edition else ""
    said = (
        f"{who}: {framing.id} {text.escape(framing.title, 200)} was to be looked at again. "
        f"It was decided *{chosen}* {day}."
    )
    lines = [said]
    if framed.text(F.WHY):
        lines.append(f"Why: {text.escape(framed.text(F.WHY), 500)}")
    lines += [f"Since then: {one}" for one in since] or ["Since then: no experiment was joined with it."]
    lines.append("Does it still stand? Change what is not true any more and decide on the next edition.")
    then = (
        f"The next reminder comes {text.when(following, style='{date_short_pretty} {time}')}."
        if following
        else "This is the last reminder."
    )
    buttons = [button("Look at it…", FramingAction.WRITE, framing, step=Step.STAGES, style="primary")]
    if following:
        buttons.append(button("Snooze a week", FramingAction.SNOOZE, framing))
        buttons.append(button("No more reminders", FramingAction.QUIET, framing))
    blocks: tuple[Block, ...] = (
        text.section(text.fit(lines)),
        {"type": "actions", "block_id": "revisit", "elements": buttons},
        text.context(f"Reminder {number} of {most}. {then}"),
    )
    return Message(f"{said} {then}", blocks)


def answered(framing: Framing, launch: Launch, entry: Entry) -> Message:
    """That an experiment of it was decided, and which of its two questions that may answer."""
    framed = read(framing.decided.fields if framing.decided else framing.fields)
    body = entry.body
    seen = (
        f", verdict {body['verdict']} at look {body['look']}, record {body['record']}"
        if body["record"]
        else ""
    )
    said = (
        f"`{text.escape(launch.id, 80)}`, which {framing.id} led to, was decided: *{body['decision']}*{seen} "
        f"(ledger {entry.number})."
    )
    question = (
        "That answers stage 1: does any intervention move it?"
        if framed.stage1 == "open"
        else "That may answer stage 2: does ML beat the heuristic?"
    )
    blocks: tuple[Block, ...] = (
        text.section(f"{said}\n{question} Write it down, and decide on the next edition."),
        {
            "type": "actions",
            "block_id": "answered",
            "elements": [button("Answer…", FramingAction.WRITE, framing, step=Step.STAGES, style="primary")],
        },
    )
    return Message(f"{said} {question}", blocks)


def settled(framing: Framing) -> Message:
    """What a reminder becomes once it was looked at."""
    edition = framing.decided
    name = f"{framing.id} {text.escape(framing.title, 200)}"
    if framing.dropped or edition is None:
        return text.message(f"{name} was given up.")
    when = text.when(edition.at, style="{date_short_pretty}")
    return text.message(
        f"✓ looked at again: {name}, edition {edition.number} decided by {text.person(edition.by)} {when}."
    )
