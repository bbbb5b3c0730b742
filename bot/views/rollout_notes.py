"""What is said in a launch's channel as its rollout goes on, and the forms that ask for a reason."""

from collections.abc import Sequence

from bot.core.condition import Check, Reading
from bot.core.effect import Block, Message
from bot.core.ledger import Entry
from bot.views import ledger, text
from bot.views.experiment_actions import Reference
from bot.views.rollout_actions import REASON, REASON_LEAST, REASON_MOST, RolloutAction, button
from bot.views.rollout_words import compared, counted, reading_line, tally


def started(name: str, count: int, by: str, day_one: str, entry: Entry) -> Message:
    """The first stage began."""
    head = f"{entry.subject} started: stage 1 of {count}, {name}"
    return _note(head, f"By {text.person(by)}. {day_one}", (), entry)


def day_one(said: str, by: str, entry: Entry) -> Message:
    """A launch without stages began: its first day is known."""
    return _note(f"{entry.subject} started", f"By {text.person(by)}. {said}", (), entry)


def advanced(name: str, index: int, count: int, by: str, check: Check, entry: Entry) -> Message:
    """The next stage began."""
    head = f"{entry.subject} advanced: stage {index + 1} of {count}, {name}"
    what = f"By {text.person(by)}, with the check of that moment: {tally(check)}."
    return _note(head, what, [reading_line(one) for one in check.readings], entry)


def not_advanced(launch: str, name: str, by: str, check: Check) -> Message:
    """It was asked for, and the check of that moment holds it."""
    said = f"`{launch}` not advanced to {text.escape(name, 80)}: {counted(check)}."
    head = f"*`{launch}` not advanced to {text.escape(name, 80)}: {tally(check)}*"
    lines = [head, f"Asked for by {text.person(by)}.", *map(reading_line, check.readings)]
    return Message(said, (text.section(text.fit(lines)),))


def breached(check: Check, stage: str, launch: str, owner: str, entry: Entry, breach: int) -> Message:
    """The conditions that abort the stage came true: what, where, by how much, and what to do."""
    first = check.breached[0]
    more = f" and {len(check.breached) - 1} more" if len(check.breached) > 1 else ""
    head = f"{launch} paused at {stage}: {first.metric or first.condition} crossed its line{more}"
    what = f"{compared(first)}. {owner}: find out why, then resume with a reason or stop the launch."
    reference = Reference(launch, breach)
    blocks = (
        text.header(head),
        text.section(what),
        text.section(text.fit([reading_line(one) for one in check.readings])),
        {
            "type": "actions",
            "block_id": "breach",
            "elements": [
                button("Open incident", RolloutAction.INCIDENT, reference, "danger"),
                button("Resume…", RolloutAction.RESUME, reference),
            ],
        },
        text.context(f"`{launch}` · asked {_sources(check.breached)} · {ledger.witness(entry)}"),
    )
    return Message(f"{text.escape(head, 300)}. {what}"[: text.NOTIFICATION], blocks)


def paused(stage: str, by: str, why: str, entry: Entry) -> Message:
    """Somebody paused it."""
    return _note(
        f"{entry.subject} paused at {stage}",
        f"By {text.person(by)}: {text.escape(why, REASON_MOST)}",
        (),
        entry,
    )


def resumed(stage: str, by: str, why: str, check: Check, entry: Entry) -> Message:
    """Somebody resumed it; the check of that moment allowed it."""
    what = f"By {text.person(by)}: {text.escape(why.rstrip('.'), REASON_MOST)}. {_sentence(tally(check))}."
    return _note(
        f"{entry.subject} resumed at {stage}", what, [reading_line(one) for one in check.readings], entry
    )


def not_resumed(launch: str, by: str, check: Check) -> Message:
    """It is still beyond a line."""
    said = f"`{launch}` not resumed, it is still {counted(check)}."
    lines = [
        f"*`{launch}` not resumed: {tally(check)}*",
        f"Asked for by {text.person(by)}.",
        *map(reading_line, check.readings),
    ]
    return Message(said, (text.section(text.fit(lines)),))


def held(launch: str, check: Check, owner: str, stage: str, entry: Entry) -> Message:
    """People are exposed, and twice in a row something could not be judged."""
    where = f"⚠ `{launch}` held at {text.escape(stage, 80)}"
    lines = [
        f"*{where}: {tally(check)}*",
        f"{owner}: it was so twice in a row. The launch stays where it is, exposed, and cannot advance.",
        *map(reading_line, check.readings),
    ]
    blocks = (text.section(text.fit(lines)), text.context(ledger.witness(entry)))
    return Message(f"{where}: {counted(check)}.", blocks)


def released(launch: str, check: Check, stage: str, entry: Entry) -> Message:
    """What held it is gone."""
    said = f"✓ `{launch}` is no longer held at {text.escape(stage, 80)}: {counted(check)}."
    return Message(said, (text.section(said), text.context(ledger.witness(entry))))


def suspect(launch: str, title: str, number: str, channel: str, stage: str) -> Message:
    """In the launch's channel: the incident that was opened."""
    where = text.channel(channel)
    return Message(
        f"{number} is open for `{launch}` at {text.escape(stage, 80)}: {title}. It goes on in {where}."
    )


def from_launch(launch: str, channel: str, stage: str, check: Sequence[Reading], entry: Entry) -> Message:
    """In the incident's channel: the launch that is suspected."""
    at, where = text.escape(stage, 80), text.channel(channel)
    said = f"Suspected: launch `{launch}`, paused at {at}; its channel is {where}."
    lines = [f"*{said}*", *map(reading_line, check)]
    return Message(said, (text.section(text.fit(lines)), text.context(ledger.witness(entry))))


def reason_form(title: str, submit: str, asks: str, explained: str) -> Block:
    """A form that asks for a reason."""
    return {
        "title": {"type": "plain_text", "text": text.plain(title, 24)},
        "submit": {"type": "plain_text", "text": text.plain(submit, 24)},
        "close": {"type": "plain_text", "text": "Not now"},
        "blocks": [
            text.section(explained),
            {
                "type": "input",
                "block_id": REASON,
                "label": {"type": "plain_text", "text": asks},
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON,
                    "multiline": True,
                    "max_length": REASON_MOST,
                },
            },
        ],
    }


def reasonless(reason: str) -> str:
    """What is wrong with a reason; empty when nothing is."""
    if len(reason.strip()) >= REASON_LEAST:
        return ""
    return f"Say why, in {REASON_LEAST} characters or more: it goes into the ledger."


def _note(head: str, what: str, lines: Sequence[str], entry: Entry) -> Message:
    blocks: list[Block] = [text.section(text.fit([f"*{text.escape(head, 300)}*", what]))]
    if lines:
        blocks.append(text.section(text.fit(lines)))
    blocks.append(text.context(ledger.witness(entry)))
    return Message(f"{text.escape(head, 300)}. {what}"[: text.NOTIFICATION], tuple(blocks))


def _sources(readings: Sequence[Reading]) -> str:
    return (
        ", ".join(dict.fromkeys(text.escape(one.source, 80) for one in readings if one.source)) or "nothing"
    )


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:]
