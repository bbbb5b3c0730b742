"""What is said in the channel when a narrative is drafted: its opening, its gaps, where the files are."""

from collections.abc import Sequence

from bot.core.citation import Gap
from bot.core.effect import Block, Message
from bot.core.thing import Thing
from bot.views import text
from bot.views.trace_actions import TraceAction, button

_GAPS = 8
"""Gaps on the card; the document has all."""


def card(title: str, thing: Thing, summary: str, gaps: Sequence[Gap], records: int) -> Message:
    """The card. summary: the opening of the document, plain text."""
    head = f"Draft · {title}"
    said = verdict(gaps, records)
    blocks: list[Block] = [text.header(head), text.section(said)]
    if summary:
        blocks.append(text.section(f"> {text.escape(summary, 2800)}"))
    if gaps:
        lines = [f"? {_gap(one)}" for one in gaps[:_GAPS]]
        more = [f"and {len(gaps) - _GAPS} more, in the document"] if len(gaps) > _GAPS else []
        blocks.append(text.section(text.fit(["*What is not on record*", *lines, *more])))
    buttons = [
        button(f"Trace {thing.id}", TraceAction.SHOW, thing),
        button("Draft it again", TraceAction.DRAFT, thing),
    ]
    blocks.append({"type": "actions", "block_id": "narrative", "elements": buttons})
    small = "Markdown to edit and a page to print are in this thread. Templates: `narrative_*.md.j2`."
    blocks.append(text.context(small))
    return Message(f"{text.escape(head, 200)}. {said}", tuple(blocks))


def verdict(gaps: Sequence[Gap], records: int) -> str:
    """Whether it can be sent as it is."""
    rests = f"It rests on {records} record{'' if records == 1 else 's'}"
    if not gaps:
        return f"✓ Every figure has its record. {rests}; read it before it goes anywhere."
    many = len(gaps) != 1
    return (
        f"⚠ {len(gaps)} gap{'s' if many else ''} to fill before it goes anywhere. {rests}; where one was "
        "missing nothing was put in its place."
    )


def _gap(gap: Gap) -> str:
    """A gap in mrkdwn: what is missing is outside text, how it comes to be on record is ours."""
    return "; ".join(filter(None, (text.escape(gap.what, 300), gap.how)))
