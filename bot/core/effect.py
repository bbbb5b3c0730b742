"""What Lookout wants said or done in Slack: values that wait in the outbox.

A *channel reference* is a Slack id ("C0123", "D0123") or a name with its hash ("#inc-20261123-ndcg");
the chat worker turns names into ids. A *key* names a message for ever ("incident/7/card"): it is unique,
goes into the message's metadata, and lets an effect in doubt be found again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Block: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """What a view renders: `text` is the notification and must make sense alone."""

    text: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class CreateChannel:
    """Create a public channel, or adopt the one that has the name already."""

    channel: str
    topic: str = ""
    invite: tuple[str, ...] = ()


@dataclass(frozen=True)
class Post:
    """Post a new message; `thread` is the key of the message it answers, or a Slack ts."""

    key: str
    channel: str
    message: Message
    thread: str | None = None
    broadcast: bool = False


@dataclass(frozen=True)
class Update:
    """Edit the message posted under `key` in place; later updates replace earlier ones not yet sent."""

    key: str
    channel: str
    message: Message


@dataclass(frozen=True)
class Ephemeral:
    """Say something that only `user` sees."""

    key: str
    channel: str
    user: str
    message: Message
    thread: str | None = None


@dataclass(frozen=True)
class Upload:
    """Upload a file; with `share` it appears in the channel, else it waits for an image block.

    An image block refers to it as {"slack_file": {"id": "upload:<key>"}}.
    """

    key: str
    channel: str
    filename: str
    title: str
    blob: str
    alt_text: str = ""
    comment: str = ""
    thread: str | None = None
    share: bool = True


@dataclass(frozen=True)
class Pin:
    """Pin the message posted under `key`."""

    key: str
    channel: str


@dataclass(frozen=True)
class PublishHome:
    """Show a person their home page; a later one replaces one not yet sent. `channel` is the person's id."""

    key: str
    channel: str
    message: Message


Effect: TypeAlias = CreateChannel | Post | Update | Ephemeral | Upload | Pin | PublishHome
