"""The change log as people read it: a page of it, and what is said of sources that cannot be read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from bot.core.change import Change
from bot.core.effect import Block, Message
from bot.core.incident import Incident
from bot.errors import InputError
from bot.store.change_sources import Reading
from bot.store.changes import Logged
from bot.views import text

PAGE = 12
"""Changes on a page: what fits a phone's screen twice."""
LATE = timedelta(minutes=30)
"""A change heard of so much later than it took effect says so."""


class ChangesAction(StrEnum):
    """Action ids."""

    OLDER = "incident.changes_older"
    NEWER = "incident.changes_newer"


@dataclass(frozen=True)
class Asked:
    """What part of the log is shown. `skip` counts from the newest; `until` keeps the pages from moving."""

    since: datetime
    until: datetime
    service: str = ""
    kind: str = ""
    source: str = ""
    skip: int = 0

    def encode(self) -> str:
        """The value of a button."""
        fields = {
            "a": int(self.since.timestamp()),
            "b": int(self.until.timestamp()),
            "s": self.service,
            "k": self.kind,
            "f": self.source,
            "n": self.skip,
        }
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def decode(cls, value: str, zone: tzinfo) -> "Asked":
        """Read it back.

        Raises:
            InputError: the message was not drawn by this version of Lookout.

        """
        try:
            fields = json.loads(value)
            since, until = (datetime.fromtimestamp(int(fields[key]), zone) for key in ("a", "b"))
            service, kind, source = (str(fields[key]) for key in ("s", "k", "f"))
            return cls(since, until, service, kind, source, max(0, min(int(fields["n"]), 1_000_000)))
        except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
            raise InputError("This control cannot be read.", "Type `/changes` again.") from None


def page(
    asked: Asked, logged: Sequence[Logged], total: int, began: Sequence[Incident], unread: Sequence[Reading]
) -> Message:
    """A page of the log, the latest first; incidents that began in between stand where they did."""
    title = f"Changes since {_day(asked.since)}{_only(asked)}"
    first, last = asked.skip + 1, asked.skip + len(logged)
    count = f"{total} change{'' if total == 1 else 's'}"
    blocks: list[Block] = [text.section(f"*{title}* · {count}")]
    lines = _lines(asked, logged, began, last >= total)
    if not logged:
        lines = [*lines, _none(asked, total)]
    blocks += [text.section(text.fit(lines[at : at + 4])) for at in range(0, len(lines), 4)]
    small = [_unread(one) for one in unread]
    if total > len(logged) and logged:
        small.append(f"{first} to {last} of {total}, the latest first")
    if small:
        blocks.append(text.context(text.fit(small)))
    if buttons := _buttons(asked, last, total):
        blocks.append({"type": "actions", "block_id": "changes", "elements": buttons})
    return Message(f"{title}: {count}", tuple(blocks))


def unread(reading: Reading) -> Message:
    """A source of changes that cannot be read, said once."""
    since = text.when(reading.failing_since) if reading.failing_since else "now"
    last = f"It was last read {_day(reading.read_at)}. " if reading.read_at else "It was never read. "
    return text.message(
        f"⚠ Changes of *{text.escape(reading.name, 60)}* cannot be read since {since}: "
        f"{text.escape(reading.error, 300)}. {last}"
        "Until it answers, incidents show its changes as unknown. It is asked again by itself; "
        "`lookout doctor` asks it at once."
    )


def reads_again(reading: Reading, new: int) -> Message:
    """It answers again."""
    name = text.escape(reading.name, 60)
    caught = f"{new} change{'' if new == 1 else 's'} caught up" if new else "nothing was missed"
    return text.message(f"✓ Changes of *{name}* are read again: {caught}.")


def faulty(name: str, fault: str) -> Message:
    """It answers, and not all of it can be understood."""
    return text.message(
        f"⚠ Changes of *{text.escape(name, 60)}* are read, but {text.escape(fault, 400)}. "
        "The others are in the log."
    )


def line(logged: Logged) -> str:
    """One change: when, what, between which versions, whose, by whom."""
    change = logged.change
    title = text.escape(change.title, 160)
    parts = [f"{_time(change)} · {change.kind.words} · *{title}*"]
    if change.versions:
        parts.append(text.escape(change.versions, 80))
    if change.service:
        parts.append(text.escape(change.service, 60))
    if change.by:
        parts.append(f"by {text.escape(change.by, 60)}")
    parts.append(text.escape(change.source, 40) + _late(logged))
    if link := _link(change.url):
        parts.append(link)
    return " · ".join(parts)


def _lines(asked: Asked, logged: Sequence[Logged], began: Sequence[Incident], end: bool) -> list[str]:
    """The changes and the incidents in one order of time."""
    newest = asked.until if asked.skip == 0 else logged[0].change.at if logged else asked.until
    oldest = asked.since if end or not logged else logged[-1].change.at
    marks = [one for one in began if oldest <= one.started <= newest]
    rows = [(one.change.at, 1, line(one)) for one in logged]
    rows += [(one.started, 0, _mark(one)) for one in marks]
    return [said for _, _, said in sorted(rows, key=lambda row: (row[0], -row[1]), reverse=True)]


def _mark(incident: Incident) -> str:
    at = text.when(incident.started)
    return f"*{incident.number} began* {at}: {text.escape(incident.title, 100)}"


def _time(change: Change) -> str:
    style = "{date_short_pretty} {time}"
    if change.earliest is not None:
        return f"{text.when(change.earliest, style=style)} to {text.when(change.at)}"
    if change.ended_at is not None:
        return f"{text.when(change.at, style=style)} until {text.when(change.ended_at, style=style)}"
    return text.when(change.at, style=style)


def _late(logged: Logged) -> str:
    late = logged.received_at - logged.change.at
    return f" (heard of {text.duration(late)} later)" if late > LATE and not logged.change.ended_at else ""


def _link(url: str) -> str:
    """A link, where the address holds nothing that Slack's markup would take for its own."""
    if not url.startswith(("https://", "http://")) or len(url) > 500 or any(c in url for c in '<>|" \n'):
        return ""
    return f"<{url}|open>"


def _only(asked: Asked) -> str:
    named = {"service": asked.service, "kind": asked.kind.replace("_", " "), "source": asked.source}
    said = [f"{name} {text.escape(value, 60)}" for name, value in named.items() if value]
    return f", {', '.join(said)}" if said else ""


def _none(asked: Asked, total: int) -> str:
    if total:
        return "There are no older ones."
    if asked.service or asked.kind or asked.source:
        return "Nobody reported such a change in that time."
    return "Nobody reported any change in that time."


def _unread(reading: Reading) -> str:
    last = f"last read {_day(reading.read_at)}" if reading.read_at else "never read"
    return f"? {text.escape(reading.name, 60)} cannot be read, {last}: what it knows is missing here"


def _day(moment: datetime | None) -> str:
    return text.when(moment, style="{date_short_pretty} {time}") if moment else "never"


def _buttons(asked: Asked, last: int, total: int) -> list[Block]:
    buttons = []
    if asked.skip > 0:
        buttons.append(_button(ChangesAction.NEWER, "Newer", asked, max(0, asked.skip - PAGE)))
    if last < total:
        buttons.append(_button(ChangesAction.OLDER, "Older", asked, asked.skip + PAGE))
    return buttons


def _button(action: ChangesAction, label: str, asked: Asked, skip: int) -> Block:
    there = Asked(asked.since, asked.until, asked.service, asked.kind, asked.source, skip)
    return {
        "type": "button",
        "action_id": action.value,
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "value": there.encode(),
    }
