"""Updates for those who wait: the form in which one is edited, and how it is posted."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from textwrap import wrap

from bot.core.effect import Block, Message
from bot.core.incident import Incident
from bot.core.stakeholder_update import MOST
from bot.views import text
from bot.views.decision_forms import field, modal
from bot.views.people_actions import PeopleAction, button

CHANNEL = "channel"
TEXT = "text"
NEXT = "next"
_PIECE = 500
"""Characters of a piece of a line that is too long for a section, even where each becomes an entity."""
_SPANS = {"0": "No next one is promised", "30": "In 30 min", "60": "In 1 h", "120": "In 2 h", "240": "In 4 h"}


def form(incident: Incident, draft: str, channel: str) -> Block:
    """The draft, to be edited; where it goes, and when the next one comes. `channel` is an id, or ""."""
    where: dict[str, object] = {"type": "channels_select"}
    if channel:
        where["initial_channel"] = channel
    options = [
        {"text": {"type": "plain_text", "text": label}, "value": value} for value, label in _SPANS.items()
    ]
    body = {"type": "plain_text_input", "multiline": True, "max_length": MOST, "initial_value": draft}
    said = "Drafted from the timeline. Say what customers notice; whoever reads it has not read the channel."
    return modal(
        f"Update on {incident.number}",
        "Post",
        [
            text.section(said),
            field(CHANNEL, "Where", where),
            field(TEXT, "What", body),
            field(NEXT, "The next one", {"type": "static_select", "options": options}, optional=True),
        ],
    )


def faults(fields: Mapping[str, str]) -> dict[str, str]:
    """What is missing."""
    found = {}
    if not fields.get(CHANNEL):
        found[CHANNEL] = "Choose a channel."
    if len(fields.get(TEXT, "").strip()) < 10:
        found[TEXT] = "Say at least a sentence."
    if fields.get(NEXT, "") not in ("", *_SPANS):
        found[NEXT] = "Choose one of the times."
    return found


def update(incident: Incident, said: str, *, number: int, by: str, next_at: datetime | None) -> Message:
    """The update as posted; what was written is shown as it was written, and links nobody."""
    drill = "DRILL · " if incident.drill else ""
    head = f"{drill}{incident.number}: update {number}"
    promise = f" · next update by {text.when(next_at)}" if next_at is not None else ""
    title = text.escape(incident.title, 150)
    return Message(
        f"{head} · {title}",
        (
            *(text.section(page) for page in _pages([f"*{head}*", *_whole(said)])),
            text.context(f"Posted by {text.person(by)}{promise}"),
        ),
    )


def _whole(said: str) -> list[str]:
    """All of what was written, in lines that each fit a section."""
    found: list[str] = []
    for line in said.strip().splitlines():
        short = len(text.escape(line, 10 * MOST)) < text.SECTION
        found += [text.escape(one, text.SECTION - 1) for one in ([line] if short else wrap(line, _PIECE))]
    return found


def _pages(lines: Sequence[str]) -> list[str]:
    """The lines in as few sections as they need."""
    pages = [""]
    for line in lines:
        longer = f"{pages[-1]}\n{line}" if pages[-1] else line
        if len(longer) < text.SECTION:
            pages[-1] = longer
        else:
            pages.append(line)
    return [page for page in pages if page.strip()]


def posted(by: str, channel: str, number: int, next_at: datetime | None) -> Message:
    """The note in the incident's thread."""
    promise = f" The next one is promised for {text.when(next_at)}." if next_at is not None else ""
    return text.message(f"{text.person(by)} posted update {number} in {text.channel(channel)}.{promise}")


def refused(channel: str, number: int, reason: str) -> Message:
    """Slack did not take it: nobody there has read it."""
    where = text.channel(channel)
    return text.message(
        f"⚠ Update {number} was not posted in {where}: Slack said {text.escape(reason, 80)}. Nobody there "
        "has read it; invite Lookout there, or post it elsewhere."
    )


def offered(incident: Incident, draft: str) -> Message:
    """A draft for whoever typed it, with the button that opens the form."""
    lines = [text.escape(line, 600) for line in draft.splitlines()]
    elements = [button("Edit and post…", PeopleAction.UPDATE, incident, primary=True)]
    head = f"*Draft of an update on {incident.number}*, posted nowhere yet:"
    return Message(
        f"Draft of an update on {incident.number}",
        (
            text.section(text.fit([head, *lines])),
            {"type": "actions", "block_id": "update", "elements": elements},
        ),
    )


def promised(incident: Incident, who: str, due: datetime, *, last: bool, every: timedelta) -> Message:
    """The update that was promised is due; `who` is a mention or a name."""
    said = f"{incident.number}: {who}, the next update was promised for {text.when(due)}."
    span = text.duration(every)
    then = "This is the last reminder of it." if last else f"It is said once more in {span}."
    elements = [button("Write an update…", PeopleAction.UPDATE, incident, primary=True)]
    if not last:
        elements.append(button(f"Snooze {span}", PeopleAction.UPDATE_SNOOZE, incident))
        elements.append(button("Dismiss this one", PeopleAction.UPDATE_DISMISS, incident))
    return Message(
        said,
        (
            text.section(f"{said} {then}"),
            {"type": "actions", "block_id": "promised", "elements": elements},
        ),
    )
