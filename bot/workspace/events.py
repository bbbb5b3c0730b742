"""Slack's events: what happened in the workspace, told to the app if it subscribed and is there to see it."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from bot.workspace import shapes
from bot.workspace.delivery import Delivery
from bot.workspace.installation import Installation
from bot.workspace.records import Message
from bot.workspace.state import Workspace

Event: TypeAlias = dict[str, Any]


class Events:
    """Turns what happened into events for the app."""

    def __init__(self, workspace: Workspace, delivery: Delivery, installation: Installation) -> None:
        self.workspace = workspace
        self.delivery = delivery
        self.installation = installation
        self.base_url = ""

    def message(self, message: Message) -> None:
        """Someone, perhaps the app itself, said something."""
        channel = self.workspace.channels[message.channel]
        bot = self.workspace.bot
        if message.ephemeral_to or bot not in channel.members:
            return
        kind = "im" if channel.is_im else "channel"
        self._tell("message.channels" if kind == "channel" else "message.im", self._said(message, kind))
        mentions_bot = f"<@{bot}>" in message.text or f"<@{bot}|" in message.text
        if mentions_bot and message.user != bot and not channel.is_im:
            event = self._said(message, kind)
            del event["channel_type"]
            self._tell("app_mention", {**event, "type": "app_mention"})

    def joined(self, user: str, channel: str, inviter: str = "") -> None:
        """Someone came into a channel."""
        event: Event = {
            "type": "member_joined_channel",
            "user": user,
            "channel": channel,
            "channel_type": "C",
            "team": self.workspace.team_id,
            **({"inviter": inviter} if inviter else {}),
        }
        if self.workspace.bot in self.workspace.channels[channel].members:
            self._tell("member_joined_channel", event)

    def edited(self, message: Message, before: Message) -> None:
        """Someone, perhaps the app itself, wrote a message anew."""
        self._altered(message, "message_changed", {"message": self._shape(message)}, before)

    def deleted(self, message: Message) -> None:
        """Someone took a message away."""
        self._altered(message, "message_deleted", {"deleted_ts": message.ts}, message)

    def reacted(self, message: Message, user: str, name: str, *, added: bool = True) -> None:
        """Someone put an emoji under a message, or took theirs away."""
        kind = "reaction_added" if added else "reaction_removed"
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        event = {"type": kind, "user": user, "reaction": name, "item": item, "item_user": message.user}
        if self.workspace.bot in self.workspace.channels[message.channel].members:
            self._tell(kind, event)

    def file_shared(self, file: str, user: str, channel: str) -> None:
        """Somebody, perhaps the app itself, put a file into a channel."""
        if self.workspace.bot in self.workspace.channels[channel].members:
            shared = {"file_id": file, "file": {"id": file}, "user_id": user, "channel_id": channel}
            self._tell("file_shared", {"type": "file_shared", **shared})

    def user_changed(self, user: str) -> None:
        """An account was deactivated, activated again, or renamed."""
        shown = shapes.user(self.workspace, self.workspace.users[user])
        self._tell("user_change", {"type": "user_change", "user": shown})

    def home_opened(self, user: str, channel: str) -> None:
        """Someone opened the app's Home tab."""
        view = self.workspace.homes.get(user)
        shown = {"view": shapes.view(self.workspace, view)} if view else {}
        self._tell(
            "app_home_opened",
            {"type": "app_home_opened", "user": user, "channel": channel, "tab": "home", **shown},
        )

    def channel(self, kind: str, channel: str, user: str) -> None:
        """A channel was created, archived, unarchived or renamed; `kind` is the event's name."""
        value = self.workspace.channels[channel]
        whole = {"id": value.id, "name": value.name, "created": value.created, "creator": value.creator}
        created = kind in ("channel_created", "channel_rename")
        self._tell(kind, {"type": kind, "channel": whole if created else channel, "user": user})

    def _altered(self, message: Message, subtype: str, what: Event, before: Message) -> None:
        channel = self.workspace.channels[message.channel]
        if message.ephemeral_to or self.workspace.bot not in channel.members:
            return
        event: Event = {
            "type": "message",
            "subtype": subtype,
            "hidden": True,
            "channel": channel.id,
            "channel_type": "im" if channel.is_im else "channel",
            "previous_message": self._shape(before),
            "ts": self.workspace.clock.ts(),
            **what,
        }
        self._tell("message.im" if channel.is_im else "message.channels", event)

    def _shape(self, message: Message) -> Event:
        return shapes.message(self.workspace, message, self.base_url)

    def _said(self, message: Message, kind: str) -> Event:
        return {
            **self._shape(message),
            "channel": message.channel,
            "channel_type": kind,
            "event_ts": message.ts,
            **({} if message.bot_id else {"client_msg_id": f"local-{message.ts}"}),
        }

    def _tell(self, subscription: str, event: Mapping[str, Any]) -> None:
        if subscription in self.installation.manifest.events:
            self.delivery.announce({"event_ts": self.workspace.clock.ts(), **event})
