"""What one person looks at: a channel, perhaps a thread, and all that stands around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.workspace.records import Channel, Command, File, User
from bot.workspace.render import Surface
from bot.workspace.render_text import Reader, mrkdwn
from bot.workspace.state import Workspace

NOBODY: Final = User("", "unknown", "Unknown member")


@dataclass(frozen=True)
class Pin:
    """A pinned message: the id to jump to, how it begins, who wrote it."""

    id: str
    text: str
    by: str


@dataclass(frozen=True)
class Noted:
    """A warning with its time of day in the reader's zone."""

    at: str
    text: str


@dataclass(frozen=True)
class Awaited:
    """The next moment the app waits for, in seconds since the epoch and as a time of day, and what for."""

    until: float
    at: str
    what: str


class Screen:
    """The page of one person at one address; everything is read from the workspace when asked for."""

    def __init__(self, workspace: Workspace, user: User, channel: Channel, thread: str = "") -> None:
        self.workspace = workspace
        self.user = user
        self.channel_id = channel.id
        self.thread = thread
        self.zone = _zone(user.tz)
        self.stream_url = ""

    @property
    def channel(self) -> Channel:
        """The open channel as it is now."""
        return self.workspace.channels[self.channel_id]

    @property
    def is_there(self) -> bool:
        """Whether person and channel still exist; a reset of the workspace takes them away."""
        return self.user.id in self.workspace.users and self.channel_id in self.workspace.channels

    @property
    def is_member(self) -> bool:
        """Whether the person is in the channel."""
        return self.user.id in self.channel.members

    @property
    def now(self) -> datetime:
        """The workspace's time, UTC."""
        return datetime.fromtimestamp(self.workspace.clock.now(), UTC)

    @property
    def base(self) -> str:
        """The address of this person in this channel."""
        return address(self.user.id, self.channel_id)

    @property
    def reader(self) -> Reader:
        """Who reads: for mentions, dates and links in texts."""
        space = self.workspace
        return Reader(
            user=self.user.id,
            now=self.now,
            zone=self.zone,
            user_name=lambda user: space.users[user].real_name if user in space.users else None,
            channel_name=lambda channel: space.channels[channel].name if channel in space.channels else None,
            group_handle=lambda group: space.groups[group].handle if group in space.groups else None,
            channel_url=lambda channel: address(self.user.id, channel),
        )

    def surface(self, ident: str, act: str) -> Surface:
        """Where blocks are drawn for this person."""
        return Surface(
            id=ident,
            reader=self.reader,
            act=act,
            people=[(user.id, user.real_name) for user in self.people],
            channels=[(c.id, c.name) for c in self.public_channels if not c.archived],
            file_url=self.file_url,
        )

    def file_url(self, reference: str) -> str | None:
        """Where an uploaded file can be fetched, by its id."""
        file = self.workspace.files.get(reference)
        return file_address(file) if file is not None and file.uploaded else None

    def author(self, user: str) -> User:
        """Who wrote it; someone unknown if the id is not a member's."""
        return self.workspace.users.get(user, NOBODY)

    @cached_property
    def people(self) -> list[User]:
        """The persons one can act as or choose."""
        return [user for user in self.workspace.users.values() if not user.is_bot]

    @property
    def mentionable(self) -> list[User]:
        """The app first, then the persons."""
        bot = self.workspace.users.get(self.workspace.bot)
        return ([bot] if bot else []) + self.people

    @property
    def commands(self) -> list[Command]:
        """The registered slash commands by name."""
        return sorted(self.workspace.commands.values(), key=lambda command: command.name)

    @property
    def public_channels(self) -> list[Channel]:
        """Every channel that is not a direct conversation, by name."""
        found = [c for c in self.workspace.channels.values() if not c.is_im]
        return sorted(found, key=lambda c: (c.archived, c.name))

    def as_person(self, person: User) -> str:
        """This page as someone else sees it; a DM is not theirs, so it leads to a channel of their own."""
        if self.channel.is_im and person.id not in self.channel.members:
            return f"/client/{quote(person.id, safe='')}"
        return address(person.id, self.channel_id)

    @property
    def with_app(self) -> bool:
        """Whether these are the direct messages with the app."""
        return self.channel.is_im and self.workspace.bot in self.channel.members

    def partner(self, channel: Channel) -> User:
        """The other member of a direct conversation."""
        others = [member for member in channel.members if member != self.user.id]
        return self.author(others[0]) if others else self.user

    @property
    def channel_title(self) -> str:
        """The channel's name, or with whom one speaks."""
        return self.partner(self.channel).real_name if self.channel.is_im else self.channel.name

    @property
    def title(self) -> str:
        """The same with a channel's hash."""
        return self.channel_title if self.channel.is_im else f"#{self.channel.name}"

    @property
    def member_names(self) -> str:
        """Who is in the channel, for the tooltip."""
        return ", ".join(self.author(member).real_name for member in self.channel.members)

    @property
    def elsewhere(self) -> int:
        """Unread messages in other channels, for the phone's menu button."""
        mine = [c for c in self.workspace.channels_of(self.user.id) if c.id != self.channel_id]
        return sum(self.workspace.unread(self.user.id, channel.id) for channel in mine)

    @property
    def status(self) -> str:
        """Whether an app is connected."""
        count = self.workspace.connections
        if count == 0:
            return "No app connected"
        return "App connected" if count == 1 else f"App connected ({count} sockets)"

    @property
    def pinned(self) -> list[Pin]:
        """The pinned messages of the channel."""
        return [
            Pin(message_id(m.ts), _start(m.text, self.reader), self.author(m.user).real_name)
            for m in self.workspace.timeline(self.channel_id, self.user.id)
            if m.pinned
        ]

    @property
    def warnings(self) -> list[Noted]:
        """What the app did that Slack would not put up with."""
        return [Noted(self.clock_time(warning.at), warning.text) for warning in self.workspace.warnings]

    @property
    def suggestions(self) -> Sequence[str]:
        """What to type next in this channel, offered above the composer."""
        return self.workspace.suggestions.get(self.channel_id, ())

    @property
    def offset(self) -> float:
        """Seconds by which the workspace is ahead of real time."""
        return self.workspace.clock.offset

    @property
    def ahead(self) -> str:
        """The same in words, empty for none."""
        minutes = round(self.offset / 60)
        days, rest = divmod(minutes, 1440)
        parts = ((days, "d"), (rest // 60, "h"), (rest % 60, "min"))
        return " ".join(f"{count} {unit}" for count, unit in parts if count)

    @property
    def now_text(self) -> str:
        """The time of day in the person's zone."""
        return f"{self.now.astimezone(self.zone):%H:%M:%S}"

    @property
    def next_timer(self) -> Awaited | None:
        """The next moment the app waits for, if the workspace was told."""
        timer = self.workspace.next_timer
        if timer is None:
            return None
        return Awaited(timer.at, self.clock_time(timer.at), timer.what)

    def moment(self, ts: str) -> datetime:
        """When a message was said, in the reader's zone."""
        return datetime.fromtimestamp(float(ts), UTC).astimezone(self.zone)

    def clock_time(self, at: float) -> str:
        """A time of day in the reader's zone."""
        return f"{datetime.fromtimestamp(at, UTC).astimezone(self.zone):%H:%M}"

    def day(self, moment: datetime) -> str:
        """A day as the divider above it says."""
        today = self.now.astimezone(self.zone).date()
        if moment.date() == today:
            return "Today"
        if moment.date() == today - timedelta(days=1):
            return "Yesterday"
        return f"{moment:%A}, {moment.day} {moment:%B %Y}"


def address(user: str, channel: str) -> str:
    """The address of a person's view of a channel."""
    return f"/client/{quote(user, safe='')}/{quote(channel, safe='')}"


def message_id(ts: str, *, in_thread: bool = False) -> str:
    """The id of a message's element in the page."""
    return f"{'t' if in_thread else 'm'}-{ts.replace('.', '-')}"


def file_address(file: File) -> str:
    """Where the page serves an uploaded file."""
    return f"/client-files/{quote(file.id, safe='')}/{quote(file.name, safe='')}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _start(text: str, reader: Reader) -> str:
    line = mrkdwn(text.split("\n")[0], reader).striptags()
    return line if len(line) <= 90 else line[:89] + "…"
