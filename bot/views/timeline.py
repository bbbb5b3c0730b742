"""The timeline as it is shown in Slack: a line each, the newest last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.core.effect import Block, Message
from bot.core.incident import Event, Incident
from bot.core.marked import Marked
from bot.views import text

MOST: Final = 40
"""Lines shown; the export has all."""


@dataclass(frozen=True)
class Shown:
    """A line: an event, or a message."""

    at: datetime
    event: Event | None = None
    message: Marked | None = None


def timeline(incident: Incident, lines: Sequence[Shown], *, left_out: int) -> Message:
    """The last lines of an incident's timeline."""
    head = f"*{incident.number}* · {text.escape(incident.title, 150)} · timeline"
    written = [_line(line) for line in lines]
    blocks: list[Block] = [text.section(head), *(text.section(part) for part in _parts(written))]
    earlier = f"{left_out} earlier lines are left out. " if left_out else ""
    blocks.append(
        text.context(f"{earlier}All of it: `/incidents export {incident.number} html`, `md` or `json`.")
    )
    return Message(head, tuple(blocks))


def _parts(lines: Sequence[str]) -> list[str]:
    """The lines in as few texts as sections hold, none left out: the newest must not be the one that is."""
    parts: list[str] = []
    for line in lines:
        if parts and len(parts[-1]) + 1 + len(line) <= text.SECTION:
            parts[-1] += f"\n{line}"
        else:
            parts.append(line)
    return parts


def _line(line: Shown) -> str:
    at = text.when(line.at, style="{date_short_pretty} {time}")
    if line.message is not None:
        said = line.message.said
        who = text.person(said.author) if said.author else "somebody"
        link = f" · <{said.permalink}|message>" if said.permalink else ""
        images = sum(one.image is not None for one in said.attachments)
        pictures = f" · {images} image{'' if images == 1 else 's'}" if images else ""
        return f"{at} · {who}: “{text.escape(said.text, 200)}”{pictures}{link}"
    event = line.event
    assert event is not None  # noqa: S101 - a line is a message or an event
    who = text.person(event.by) if event.by else "Lookout"
    lead = event.detail.get("lead")
    if isinstance(lead, str) and lead and lead != event.by and lead in event.text:
        before, _, after = event.text.partition(lead)
        return f"{at} · {who} {text.escape(before, 100)} {text.person(lead)} {text.escape(after, 100)}"
    return f"{at} · {who} {text.escape(event.text, 220)}"
