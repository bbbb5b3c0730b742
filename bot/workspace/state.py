"""The workspace in memory: who is there, what was said, what is open on whose screen.

Reading, as the page does it:

    workspace.channels_of("U0ENG")              the sidebar, with workspace.unread("U0ENG", channel.id)
    workspace.timeline(channel.id, "U0ENG")     top-level messages this person sees, oldest first
    workspace.thread(channel.id, ts, "U0ENG")   the parent and its replies
    workspace.reply_count(channel.id, ts)
    workspace.modals.get("U0ENG", ())           the stack of open modals, topmost last
    workspace.homes.get("U0ENG")                the app's Home tab
    workspace.commands / .warnings / .files / .users

and to hear of changes as they happen:

    with workspace.subscribe() as changes:
        async for change in changes:            # records.Change: kind, channel, ts, thread, view, user
            ...

A `Change` of kind "everything" means that the listener was too slow or all was reset: draw anew.
Everything runs in one event loop; nothing here may be called from another thread.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.workspace.changes import Listeners
from bot.workspace.clock import Clock
from bot.workspace.records import (
    Change,
    Channel,
    Command,
    Complaint,
    File,
    Json,
    Message,
    Shortcut,
    Timer,
    User,
    UserGroup,
    View,
)

__all__ = [
    "Change",
    "Channel",
    "Command",
    "Complaint",
    "File",
    "Json",
    "Message",
    "Timer",
    "User",
    "UserGroup",
    "View",
    "Workspace",
]

WARNINGS_KEPT: Final = 200


class Workspace(Listeners):
    """Everything a person could see in the workspace, and the ways to change it.

    The methods do what they are told and say so to the listeners; whether Slack would allow it is the
    business of `api` (for the app) and `people` (for persons).
    """

    team_id: Final = "T0LOCAL"
    enterprise_id: Final = None

    def __init__(self, clock: Clock | None = None, *, name: str = "Local workspace") -> None:
        super().__init__()
        self.clock = clock or Clock()
        self.name = name
        self.users: dict[str, User] = {}
        self.groups: dict[str, UserGroup] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.modals: dict[str, tuple[View, ...]] = {}
        self.homes: dict[str, View] = {}
        self.commands: dict[str, Command] = {}
        self.shortcuts: tuple[Shortcut, ...] = ()
        self.suggestions: dict[str, tuple[str, ...]] = {}  # by channel: what to type next
        self.next_timer: Timer | None = None  # what the app waits for
        self.warnings: list[Complaint] = []
        self.bot = ""  # the user id of the app's bot user
        self.connections = 0  # open Socket Mode connections
        self._messages: dict[str, dict[str, Message]] = {}
        self._counters: dict[str, int] = {}

    def warn(self, text: str) -> None:
        """Show a warning in the page; only the newest are kept."""
        self.warnings.append(Complaint(self.clock.now(), text))
        del self.warnings[:-WARNINGS_KEPT]
        self.tell("warning")

    def suggest(self, channel: str, texts: Sequence[str]) -> None:
        """Offer these texts above the composer of a channel."""
        self.suggestions[channel] = tuple(texts)
        self.tell("channel", channel=channel)

    def expect(self, timer: Timer | None) -> None:
        """Let the pages offer to go forward to this moment; None when nothing is waited for."""
        if timer != self.next_timer:
            self.next_timer = timer
            self.tell("clock")

    def new_id(self, prefix: str) -> str:
        """An id such as C0000001A: unique within the workspace, and the same in every rehearsal."""
        number = self._counters[prefix] = self._counters.get(prefix, 0) + 1
        return f"{prefix}{number:08d}A"

    def reset(self) -> None:
        """Forget everything that happened; listeners stay and are told to draw anew."""
        for store in (
            self.users,
            self.groups,
            self.channels,
            self.files,
            self.modals,
            self.homes,
            self.suggestions,
            self._messages,
            self._counters,
        ):
            store.clear()
        self.warnings.clear()
        self.next_timer = None
        self.tell("everything")

    def add_user(self, user: User) -> User:
        """Add or replace someone."""
        self.users[user.id] = user
        return user

    def person(self, name_or_id: str) -> User | None:
        """Someone by id, by @name or by name."""
        name = name_or_id.removeprefix("@")
        return self.users.get(name_or_id) or next((u for u in self.users.values() if u.name == name), None)

    def add_channel(self, channel: Channel) -> Channel:
        """Add a channel, or put a changed one in its place."""
        self.channels[channel.id] = channel
        self._messages.setdefault(channel.id, {})
        self.tell("channel", channel=channel.id)
        return channel

    def create_channel(self, name: str, *, creator: str, members: Sequence[str] = ()) -> Channel:
        """A new public channel with its creator in it."""
        everyone = tuple(dict.fromkeys((creator, *members)))
        created = int(self.clock.now())
        return self.add_channel(Channel(self.new_id("C"), name, creator, created, everyone))

    def direct(self, one: str, other: str) -> Channel:
        """The direct messages between two members, opened if they never spoke."""
        for channel in self.channels.values():
            if channel.is_im and set(channel.members) == {one, other}:
                return channel
        return self.add_channel(
            Channel(self.new_id("D"), "", one, int(self.clock.now()), (one, other), is_im=True)
        )

    def named(self, name: str) -> Channel | None:
        """The channel of that name, archived ones included; with or without its #."""
        bare = name.removeprefix("#")
        return next((c for c in self.channels.values() if c.name == bare and not c.is_im), None)

    def change_channel(self, channel: str, **fields: Any) -> Channel:
        """Replace fields of a channel: topic, purpose, archived, members, name."""
        return self.add_channel(replace(self.channels[channel], **fields))

    def channels_of(self, user: str) -> list[Channel]:
        """The channels this person is in: public ones by name, then direct messages."""
        mine = [c for c in self.channels.values() if user in c.members]
        return sorted(mine, key=lambda c: (c.is_im, c.archived, c.name, c.id))

    def post(self, channel: str, user: str, text: str = "", **fields: Any) -> Message:
        """Say something, now. `fields` are those of `records.Message`."""
        message = Message(self.clock.ts(), channel, user, text, **fields)
        self._messages[channel][message.ts] = message
        if message.thread_ts:
            self._mark_parent(channel, message.thread_ts)
        if not message.ephemeral_to:
            self._move_read_mark(channel, user, message.ts)
        self._tell_message("message", message)
        return message

    def message(self, channel: str, ts: str) -> Message | None:
        """A message by its ts, ephemeral ones included."""
        return self._messages.get(channel, {}).get(ts)

    def change_message(self, channel: str, ts: str, **fields: Any) -> Message:
        """Replace fields of a message: an edit, a pin, a reaction."""
        message = replace(self._messages[channel][ts], **fields)
        self._messages[channel][ts] = message
        self._tell_message("message", message)
        return message

    def delete_message(self, channel: str, ts: str) -> None:
        """Take a message away."""
        self._tell_message("deleted", self._messages[channel].pop(ts))

    def messages(self, channel: str) -> list[Message]:
        """All that was said in a channel, replies and ephemeral messages included, oldest first."""
        return list(self._messages.get(channel, {}).values())

    def timeline(self, channel: str, user: str) -> list[Message]:
        """What this person sees in the channel itself, oldest first: no replies unless broadcast."""
        return [m for m in self.messages(channel) if m.seen_by(user) and (not m.is_reply or m.broadcast)]

    def thread(self, channel: str, ts: str, user: str) -> list[Message]:
        """The parent and the replies this person sees, oldest first."""
        return [m for m in self.messages(channel) if m.seen_by(user) and ts in (m.ts, m.thread_ts)]

    def reply_count(self, channel: str, ts: str) -> int:
        """How many replies everyone sees beneath a message."""
        return sum(m.thread_ts == ts != m.ts and not m.ephemeral_to for m in self.messages(channel))

    def unread(self, user: str, channel: str) -> int:
        """How many messages of others stand below this person's read mark in the channel."""
        return len(self._unread(user, channel))

    def unread_mentions(self, user: str, channel: str) -> int:
        """How many of the unread messages mention this person or everyone; all of them in a DM."""
        unread = self._unread(user, channel)
        if self.channels[channel].is_im:
            return len(unread)
        signs = (f"<@{user}", "<!channel", "<!here", "<!everyone")
        return sum(any(sign in message.text for sign in signs) for message in unread)

    def mark_read(self, user: str, channel: str) -> None:
        """This person has seen everything in the channel."""
        seen = self.messages(channel)
        if seen:
            self._move_read_mark(channel, user, seen[-1].ts)

    def put_file(self, file: File) -> File:
        """Add a file, or put a changed one in its place."""
        self.files[file.id] = file
        self.tell("file")
        return file

    def view(self, view_id: str) -> View | None:
        """An open modal or Home tab by its id."""
        return next((view for view in self._views() if view.id == view_id), None)

    def show_view(self, view: View) -> View:
        """Show a view, or put a changed one in its place; a modal not shown yet goes on top."""
        if view.payload.get("type") == "home":
            self.homes[view.opener] = view
        else:
            stack = self.modals.get(view.opener, ())
            shown = any(v.id == view.id for v in stack)
            changed = tuple(view if v.id == view.id else v for v in stack)
            self.modals[view.opener] = changed if shown else (*stack, view)
        self.tell("view", view=view.id, user=view.opener)
        return view

    def close_views(self, user: str, *view_ids: str) -> tuple[View, ...]:
        """Take these modals (all, if none is named) off someone's screen; those that were open."""
        stack = self.modals.get(user, ())
        closed = tuple(v for v in stack if not view_ids or v.id in view_ids)
        self.modals[user] = tuple(v for v in stack if v not in closed)
        for view in closed:
            self.tell("view", view=view.id, user=user)
        return closed

    def register(self, commands: Sequence[Command]) -> None:
        """Make slash commands known; one of the same name is replaced."""
        self.commands.update({command.name: command for command in commands})
        self.tell("commands")

    def _views(self) -> Iterator[View]:
        yield from self.homes.values()
        for stack in self.modals.values():
            yield from stack

    def _tell_message(self, kind: str, message: Message) -> None:
        self.tell(
            kind,
            channel=message.channel,
            ts=message.ts,
            thread=message.thread_ts,
            user=message.ephemeral_to,
        )

    def _mark_parent(self, channel: str, ts: str) -> None:
        parent = self._messages[channel].get(ts)
        if parent is not None and not parent.thread_ts:
            self.change_message(channel, ts, thread_ts=ts)

    def _unread(self, user: str, channel: str) -> list[Message]:
        mark = self.channels[channel].last_read.get(user, "")
        return [m for m in self.timeline(channel, user) if m.ts > mark and m.user != user]

    def _move_read_mark(self, channel: str, user: str, ts: str) -> None:
        marks: Mapping[str, str] = self.channels[channel].last_read
        if marks.get(user, "") < ts:
            self.channels[channel] = replace(self.channels[channel], last_read={**marks, user: ts})
            self.tell("read", channel=channel, user=user)
