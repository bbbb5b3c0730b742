"""A message that somebody put into an incident's timeline: what was said, by whom, and who marked it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, TypeAlias

How: TypeAlias = Literal["emoji", "form", "typed"]
"""The ways to mark a message: an emoji under it, its menu, a command."""


class MarkState(StrEnum):
    """Whether a message is in the timeline; one taken out or deleted leaves nothing but the fact."""

    KEPT = "kept"
    REMOVED = "removed"
    DELETED = "deleted"


@dataclass(frozen=True)
class Mark:
    """Who marked it and how; `emoji` is the emoji's name, empty for the other ways."""

    by: str
    how: How
    emoji: str = ""


@dataclass(frozen=True)
class Attachment:
    """A file of a message. `image` numbers the bytes kept, None where none are and `why` says why."""

    file: str
    name: str
    media_type: str
    size: int
    image: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Said:
    """A message as Slack has it. `author` is a user's id, or the name an app speaks under; `text` is plain.

    `thread` is the ts of the thread's first message, empty where it stands in none.
    """

    author: str
    text: str
    thread: str = ""
    permalink: str = ""
    edited_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Marked:
    """A message of an incident's timeline. `remark` is what who marked it wrote about it."""

    id: int
    incident: int
    channel: str
    ts: str
    state: MarkState
    said: Said
    marks: tuple[Mark, ...]
    remark: str
    marked_at: datetime

    @property
    def said_at(self) -> datetime:
        """When it was said."""
        return moment_of(self.ts)

    @property
    def marked_by(self) -> tuple[str, ...]:
        """Who marked it, each once."""
        return tuple(dict.fromkeys(mark.by for mark in self.marks))


def moment_of(ts: str) -> datetime:
    """When a message with this ts was said.

    >>> moment_of("1795403520.000100").isoformat()
    '2026-11-23T03:12:00.000100+00:00'
    """
    seconds, _, fraction = ts.partition(".")
    return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int((fraction + "000000")[:6]))


def marked(message: Marked, mark: Mark, remark: str = "") -> Marked:
    """The message with one more mark, in the timeline (again); the same mark twice is one."""
    marks = message.marks if mark in message.marks else (*message.marks, mark)
    return replace(message, marks=marks, state=MarkState.KEPT, remark=remark or message.remark)


def unmarked(message: Marked, by: str, emoji: str) -> Marked:
    """The message without somebody's emoji; out of the timeline when that was the last mark."""
    left = tuple(mark for mark in message.marks if (mark.by, mark.emoji) != (by, emoji))
    if message.state is MarkState.KEPT and not left:
        return taken_out(message)
    return replace(message, marks=left)


def taken_out(message: Marked) -> Marked:
    """The message out of the timeline, whoever marked it; what it said is no longer kept either."""
    return replace(message, marks=(), state=MarkState.REMOVED, remark="", said=_forgotten(message.said))


def deleted(message: Marked) -> Marked:
    """The message as it is remembered when its author deleted it: that it was there, and nothing of it."""
    return replace(message, state=MarkState.DELETED, remark="", said=_forgotten(message.said))


def _forgotten(said: Said) -> Said:
    return replace(said, text="", attachments=())
