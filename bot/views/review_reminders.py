"""Reminders of a review and of its action items: what, how often, when next, and how to make them stop."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from bot.core.effect import Block, Message
from bot.core.figures import weekday
from bot.core.incident import Incident
from bot.core.review import ActionItem
from bot.views import text
from bot.views.review_actions import About, ReviewAction, button

MOST_ITEMS: Final = 6
"""Items shown in one reminder; the rest are counted."""

_NUMBERED: Final = 20
"""Items that the buttons of a reminder act on: more do not fit their value."""


def of_review(incident: Incident, todo: Sequence[str], who: str, *, today: date, due: date) -> str:
    """What a reminder of the review says."""
    needs = f"It still needs: {'; '.join(todo)}." if todo else "Everything is there: publish it."
    title = text.escape(incident.title, 150)
    return f"{who}: the retrospective of *{incident.number}* {title} {_when(due, today)}. {needs}"


def review(incident: Incident, said: str, *, number: int, most: int, following: datetime | None) -> Message:
    """A reminder of the review."""
    return _message(said, [], About(incident.id, "review"), f"Reminder {number} of {most}.", following)


def items(
    incident: Incident,
    who: str,
    due: Sequence[ActionItem],
    *,
    today: date,
    following: datetime | None,
    most: int,
) -> Message:
    """A reminder of all that is due of one person's items."""
    noun = "an action item" if len(due) == 1 else f"{len(due)} action items"
    said = f"{who}: {noun} of *{incident.number}* {text.escape(incident.title, 150)}"
    blocks: list[Block] = []
    for item in due[:MOST_ITEMS]:
        line = f"{item.number}. *{text.escape(item.title, 500)}* {_when(item.due, today)}"
        section = dict(text.section(line))
        section["accessory"] = button("Done", ReviewAction.ITEM_DONE, About(incident.id, str(item.number)))
        blocks.append(section)
    if len(due) > MOST_ITEMS:
        blocks.append(text.context(f"And {len(due) - MOST_ITEMS} more: `/incidents actions mine`."))
    about = About(incident.id, f"items:{','.join(str(item.number) for item in due[:_NUMBERED])}")
    times = sorted({item.reminded for item in due})
    which = f"Reminder {times[0]}" if len(times) == 1 else f"Reminders {times[0]} to {times[-1]}"
    return _message(said, blocks, about, f"{which} of {most}.", following)


def _message(
    said: str, blocks: Sequence[Block], about: About, which: str, following: datetime | None
) -> Message:
    then = (
        f"The next one comes {text.when(following, style='{date_short_pretty} {time}')}."
        if following
        else "This is the last reminder."
    )
    drawn: list[Block] = [text.section(said), *blocks]
    if following:
        made = [
            button("Snooze 3 days", ReviewAction.SNOOZE, about),
            button("No more reminders", ReviewAction.QUIET, about),
        ]
        drawn.append({"type": "actions", "block_id": "reminder", "elements": made})
    drawn.append(text.context(f"{which} {then}"))
    return Message(f"{said}. {then}" if not said.endswith(".") else f"{said} {then}", tuple(drawn))


def _when(due: date, today: date) -> str:
    late = (today - due).days
    if late > 0:
        return f"was due {weekday(due)}, ⚠ {late} day{'' if late == 1 else 's'} overdue"
    return "is due today" if late == 0 else f"is due {weekday(due)}"
