"""What a Slack workspace consists of, as frozen values. Change them through `state.Workspace` only.

Timestamps named `ts` are Slack's ("1732334567.000100"); times named `created` or `at` are seconds since
the epoch. Blocks, metadata and view payloads are the JSON the app sent, with `block_id` and `action_id`
filled in where it left them out, as Slack does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class User:
    """A person or an app's bot user. `emoji` stands in for the picture; `title` is the job.

    `deleted` is Slack's word for an account that was deactivated.
    """

    id: str
    name: str
    real_name: str
    title: str = ""
    emoji: str = ""
    email: str = ""
    tz: str = "UTC"
    is_bot: bool = False
    bot_id: str = ""
    deleted: bool = False

    @property
    def initials(self) -> str:
        """Up to two letters for an avatar."""
        return "".join(word[0] for word in self.real_name.split()[:2]).upper() or "?"


@dataclass(frozen=True)
class UserGroup:
    """A user group (S…) that can be mentioned as `<!subteam^S…>`."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Channel:
    """A public channel, or with `is_im` the direct messages of two members (then `name` is empty)."""

    id: str
    name: str
    creator: str
    created: int
    members: tuple[str, ...] = ()
    topic: str = ""
    purpose: str = ""
    is_im: bool = False
    archived: bool = False
    last_read: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """One message. `user` wrote it; `bot_id` is set when an app did.

    `ephemeral_to` names the one person who sees it (it is in no history). `thread_ts` is set on a thread's
    replies and, as soon as there is one, on its parent, where it equals `ts`. `subtype` is Slack's, among
    them "system" for what Slack itself says, such as a slash command that timed out. `reactions` maps an
    emoji name to those who reacted. `edited` is the ts of the last edit, empty if there was none.
    `broadcast` marks a reply that is shown in the channel too.
    """

    ts: str
    channel: str
    user: str
    text: str = ""
    bot_id: str = ""
    blocks: tuple[Json, ...] = ()
    thread_ts: str = ""
    broadcast: bool = False
    edited: str = ""
    metadata: Json | None = None
    files: tuple[str, ...] = ()
    ephemeral_to: str = ""
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pinned: bool = False
    subtype: str = ""

    @property
    def is_reply(self) -> bool:
        """Whether it answers another message in a thread."""
        return bool(self.thread_ts) and self.thread_ts != self.ts

    def seen_by(self, user: str) -> bool:
        """Whether this person sees it at all."""
        return not self.ephemeral_to or self.ephemeral_to == user


@dataclass(frozen=True)
class File:
    """An uploaded file; `content` is empty until the upload URL received it (`uploaded`)."""

    id: str
    name: str
    title: str
    mimetype: str
    size: int
    user: str
    created: int
    content: bytes = b""
    alt_txt: str = ""
    uploaded: bool = False
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """A modal on someone's screen, or a Home tab.

    `payload` is the view as the app sent it (type, title, blocks, submit, close, callback_id,
    private_metadata, ...). `errors` maps a block_id to what is wrong with its input; `problem` is what Slack
    itself says under the form when the app did not answer. `previous_id` is the modal beneath in the stack.
    `busy` is set while a submission waits for the app's ack.
    """

    id: str
    hash: str
    payload: Json
    opener: str
    root_id: str
    previous_id: str | None = None
    trigger: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    busy: bool = False

    @property
    def title(self) -> str:
        """The title's text."""
        return str((self.payload.get("title") or {}).get("text", ""))

    @property
    def blocks(self) -> tuple[Json, ...]:
        """The blocks as they are shown."""
        return tuple(self.payload.get("blocks") or ())


@dataclass(frozen=True)
class Command:
    """A slash command that an app registered, for the composer's suggestions; `name` has its slash."""

    name: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True)
class Shortcut:
    """An entry of an app's own in the menu of every message."""

    callback_id: str
    name: str
    description: str = ""


@dataclass(frozen=True)
class Complaint:
    """A warning shown in the page: something the app did that Slack would not put up with."""

    at: float
    text: str


@dataclass(frozen=True)
class Timer:
    """The next moment the app waits for: `at` in seconds since the epoch, and what will happen then."""

    at: float
    what: str


@dataclass(frozen=True)
class Change:
    """Something moved. `kind` is one of KINDS in `changes`; the ids name what it touches, empty if nothing.

    `thread` is the parent's ts when a thread is touched; `user` is set when only that person sees it
    (ephemeral messages, modals, read marks).
    """

    kind: str
    channel: str = ""
    ts: str = ""
    thread: str = ""
    view: str = ""
    user: str = ""
