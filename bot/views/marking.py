"""Marked messages: the form of the message shortcut, and what who marked one is told."""

from collections.abc import Sequence
from enum import StrEnum

from bot.core.effect import Block, Message
from bot.core.incident import Incident
from bot.core.marked import Marked
from bot.views import text
from bot.views.decision_forms import field, modal

INCIDENT, REMARK = "incident", "remark"
MOST_OFFERED = 50
"""Incidents offered in the form, the newest first."""


class MarkAction(StrEnum):
    """The form of the message shortcut; also the shortcut's callback id."""

    FORM = "incident.mark_message"


def form(offered: Sequence[Incident], here: Incident | None, about: str) -> Block:
    """Which incident, and why it matters; `about` is the message's channel and ts."""
    options = [
        {
            "text": {"type": "plain_text", "text": text.plain(f"{one.number} {one.title}", 75)},
            "value": str(one.id),
        }
        for one in offered[:MOST_OFFERED]
    ]
    chosen = next((one for one in options if here and one["value"] == str(here.id)), options[0])
    choice: Block = {"type": "static_select", "options": options, "initial_option": chosen}
    remark: Block = {"type": "plain_text_input", "max_length": 300}
    view = modal(
        "Add to the timeline",
        "Add",
        [
            field(INCIDENT, "Incident", choice),
            field(REMARK, "Why it matters", remark, optional=True, hint="Stands beside it in the record."),
        ],
    )
    return {**view, "private_metadata": about}


def kept(message: Marked, *, removable: bool) -> Message:
    """What who marked a message is told; of emoji only the first time.

    It quotes nothing: what its author deletes later must not stand here either.
    """
    link = message.said.permalink
    said = f"<{link}|the message>" if link else "the message"
    who = text.person(message.said.author) if message.said.author else "somebody"
    out = "Take the emoji away" if removable else "`/incidents unmark LINK`"
    images = sum(one.image is not None for one in message.said.attachments)
    left = [one for one in message.said.attachments if one.image is None]
    lines = [f"In the timeline of INC-{message.incident}: {said} of {who}, {text.when(message.said_at)}."]
    if images:
        lines.append(f"With {images} image{'' if images == 1 else 's'}.")
    lines += [f"Not kept: {text.escape(one.name, 80)}, {text.escape(one.why, 120)}." for one in left[:5]]
    lines.append(f"Edits are followed. {out} to take it out again.")
    return Message(text.fit(lines), (text.section(text.fit(lines)),))


def closed(channel: str) -> Message:
    """Lookout may not read there."""
    where = text.channel(channel)
    return text.message(f"I am not in {where} and cannot read that message. Invite me there, then try again.")


def gone() -> Message:
    """The message was deleted before it was read."""
    return text.message("That message is not there any more, so it is in no timeline.")


def taken_out(numbers: Sequence[int]) -> Message:
    """A message was taken out by hand."""
    named = ", ".join(f"INC-{number}" for number in numbers)
    return text.message(f"Taken out of the timeline of {named}. The record says that it was in it.")
