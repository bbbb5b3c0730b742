"""The parts of the page that change by themselves, by the macros of pages/regions.j2."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

from bot.workspace.page_screen import Screen, address
from bot.workspace.records import Channel, User
from bot.workspace.render import PAGES


@dataclass(frozen=True)
class Entry:
    """A line of the sidebar."""

    url: str
    name: str
    unread: int = 0
    mentions: int = 0
    current: bool = False
    archived: bool = False
    person: User | None = None


def entries(screen: Screen) -> list[tuple[str, list[Entry]]]:
    """The sidebar's sections."""
    joined = [c for c in screen.public_channels if screen.user.id in c.members]
    others = [c for c in screen.public_channels if screen.user.id not in c.members]
    return [
        ("Channels", [_entry(screen, channel) for channel in joined]),
        ("Other channels", [_entry(screen, channel) for channel in others]),
        ("Direct messages", _directs(screen)),
    ]


def _entry(screen: Screen, channel: Channel) -> Entry:
    user = screen.user.id
    current = channel.id == screen.channel_id
    unread = 0 if current or user not in channel.members else screen.workspace.unread(user, channel.id)
    mentions = screen.workspace.unread_mentions(user, channel.id) if unread else 0
    return Entry(address(user, channel.id), channel.name, unread, mentions, current, channel.archived)


def _directs(screen: Screen) -> list[Entry]:
    mine = [c for c in screen.workspace.channels_of(screen.user.id) if c.is_im]
    open_with = {screen.partner(channel).id: channel for channel in mine}
    found = []
    for person in screen.mentionable:
        if person.id == screen.user.id:
            continue
        channel = open_with.get(person.id)
        current = channel is not None and channel.id == screen.channel_id
        unread = screen.workspace.unread(screen.user.id, channel.id) if channel and not current else 0
        url = f"/client/{quote(screen.user.id, safe='')}/dm/{quote(person.id, safe='')}"
        found.append(Entry(url, person.real_name, unread, unread, current, person=person))
    return found


def tint(user: str) -> int:
    """One of six tints for an avatar that stays with a user id."""
    return sum(position * ord(letter) for position, letter in enumerate(user, 1)) % 6


def css_word(text: str) -> str:
    """A message subtype as a class name."""
    return text.replace("_", "-") if text.replace("_", "").isalnum() else ""


PAGES.filters.update(tint=tint, css_word=css_word)
PAGES.globals.update(entries=entries)
_REGIONS: Final = PAGES.get_template("regions.j2").module


def region(name: str, *arguments: object, **options: object) -> Markup:
    """A part of the page by the name of its macro."""
    return Markup("{}").format(getattr(_REGIONS, name)(*arguments, **options))
