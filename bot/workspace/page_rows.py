"""Messages and modals made ready for the templates, and how to tell that one has to be drawn again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from markupsafe import Markup, escape

from bot.workspace.page_regions import region
from bot.workspace.page_screen import Screen, file_address, message_id
from bot.workspace.records import File, Message, User, View
from bot.workspace.render import blocks
from bot.workspace.render_rich import markdown
from bot.workspace.render_text import mrkdwn

_GROUP_WITHIN: Final = timedelta(minutes=5)
_PREVIEW: Final = 20_000  # characters of a text file that are shown
_SHORT: Final = 1_500  # a preview up to this length is open at once
_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True)
class Place:
    """A message and what around it decides how it is drawn; equal places look the same."""

    message: Message
    continued: bool
    day: str
    new: bool
    replies: tuple[str, ...]  # ts of the last reply first, then who replied
    reply_count: int
    files: tuple[File, ...]
    in_thread: bool = False

    @property
    def id(self) -> str:
        """The id of its element."""
        return message_id(self.message.ts, in_thread=self.in_thread)


@dataclass(frozen=True)
class Replies:
    """The line beneath a message that has a thread."""

    count: int
    last: str
    faces: tuple[User, ...]


@dataclass(frozen=True)
class FileCard:
    """A file beneath a message."""

    file: File
    url: str
    size: str
    image: bool
    preview: Markup | None
    short: bool


@dataclass(frozen=True)
class Row:
    """Everything the template needs to draw a message."""

    id: str
    message: Message
    author: User
    continued: bool
    day: str
    new: bool
    in_thread: bool
    clock: str
    iso: str
    utc: str
    edited: str
    body: Markup
    files: list[FileCard]
    reactions: list[tuple[str, int, str]]
    replies: Replies | None
    thread_url: str
    mentions_me: bool


@dataclass(frozen=True)
class Modal:
    """A modal ready for the template."""

    id: str
    view: View
    body: Markup
    submit_url: str
    close_url: str


def timeline(screen: Screen, read_mark: str) -> list[Place]:
    """The places of the open channel's messages; those of others after `read_mark` begin with "New"."""
    replies: dict[str, list[Message]] = {}
    for message in screen.workspace.messages(screen.channel.id):
        if message.is_reply and not message.ephemeral_to:
            replies.setdefault(message.thread_ts, []).append(message)
    shown = screen.workspace.timeline(screen.channel.id, screen.user.id)
    return _places(screen, shown, replies, read_mark)


def thread(screen: Screen) -> list[Place]:
    """The places of the open thread's messages."""
    found = screen.workspace.thread(screen.channel.id, screen.thread, screen.user.id)
    return _places(screen, found, {}, None)


def _places(
    screen: Screen, messages: list[Message], replies: dict[str, list[Message]], read_mark: str | None
) -> list[Place]:
    places: list[Place] = []
    before: Message | None = None
    marked = read_mark is None
    for message in messages:
        moment = screen.moment(message.ts)
        new_day = before is None or screen.moment(before.ts).date() != moment.date()
        new = not marked and message.ts > (read_mark or "") and message.user != screen.user.id
        marked = marked or new
        answers = replies.get(message.ts, [])
        places.append(
            Place(
                message=message,
                continued=not (new_day or new or _is_root(before, read_mark))
                and _continues(before, message, screen),
                day=screen.day(moment) if new_day else "",
                new=new,
                replies=(answers[-1].ts, *dict.fromkeys(a.user for a in answers)) if answers else (),
                reply_count=len(answers),
                files=tuple(f for i in message.files if (f := screen.workspace.files.get(i)) is not None),
                in_thread=read_mark is None,
            )
        )
        before = message
    return places


def _is_root(before: Message | None, read_mark: str | None) -> bool:
    """Whether the message before is the parent of the thread that is drawn."""
    return read_mark is None and before is not None and not before.is_reply


def _continues(before: Message | None, message: Message, screen: Screen) -> bool:
    """Whether a message needs no name above it: same author, shortly after, nothing special."""
    if before is None or before.user != message.user or before.ephemeral_to != message.ephemeral_to:
        return False
    if message.blocks or before.blocks or message.pinned or before.subtype != message.subtype:
        return False
    return screen.moment(message.ts) - screen.moment(before.ts) < _GROUP_WITHIN


def row(place: Place, screen: Screen, *, swap: bool = False) -> Markup:
    """A message as HTML; with `swap` it takes its own place in the page."""
    return region("row", _row(place, screen), screen, swap=swap)


def _row(place: Place, screen: Screen) -> Row:
    message = place.message
    moment = screen.moment(message.ts)
    act = f"{screen.base}/message/{quote(message.ts)}/act"
    thread_ts = message.thread_ts or message.ts
    return Row(
        id=place.id,
        message=message,
        author=screen.author(message.user),
        continued=place.continued,
        day=place.day,
        new=place.new,
        in_thread=place.in_thread,
        clock=f"{moment:%H:%M}",
        iso=moment.isoformat(timespec="seconds"),
        utc=_utc(screen.moment(message.ts)),
        edited=f"Edited {_utc(screen.moment(message.edited))}" if message.edited else "",
        body=_body(message, screen, place.id, act),
        files=[_file(file) for file in place.files],
        reactions=[
            (name, len(who), ", ".join(screen.author(user).real_name for user in who))
            for name, who in message.reactions.items()
            if who
        ],
        replies=_replies(place, screen),
        thread_url=f"{screen.base}/thread/{quote(thread_ts)}",
        mentions_me=f"<@{screen.user.id}" in message.text,
    )


def _utc(moment: datetime) -> str:
    return f"{datetime.fromtimestamp(moment.timestamp(), tz=UTC):%Y-%m-%d %H:%M:%S} UTC"


def _body(message: Message, screen: Screen, ident: str, act: str) -> Markup:
    if message.blocks:
        return blocks(message.blocks, screen.surface(ident, act))
    text = mrkdwn(message.text, screen.reader)
    return Markup('<div class="text">{}</div>').format(text) if message.text else Markup("")


def _replies(place: Place, screen: Screen) -> Replies | None:
    if not place.reply_count:
        return None
    last, *people = place.replies
    faces = tuple(screen.author(user) for user in people[:4])
    return Replies(place.reply_count, f"{screen.moment(last):%H:%M}", faces)


def _file(file: File) -> FileCard:
    preview = _preview(file)
    return FileCard(
        file=file,
        url=file_address(file),
        size=_size(file.size),
        image=file.mimetype in _IMAGES,
        preview=preview,
        short=file.size <= _SHORT,
    )


def _preview(file: File) -> Markup | None:
    readable = file.mimetype.startswith("text/") or file.mimetype in ("application/json", "application/yaml")
    named = file.name.endswith((".md", ".txt", ".yaml", ".yml", ".csv", ".json", ".log"))
    if not (readable or named) or not file.uploaded:
        return None
    text = file.content.decode("utf-8", errors="replace")
    cut = text[:_PREVIEW] + ("\n…" if len(text) > _PREVIEW else "")
    if file.name.endswith(".md") or file.mimetype == "text/markdown":
        return markdown(cut)
    return Markup("<pre>{}</pre>").format(escape(cut))


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def home(screen: Screen, *, swap: bool = False) -> Markup:
    """The app's Home tab, above the direct messages with it; an empty, hidden section anywhere else."""
    view = screen.workspace.homes.get(screen.user.id) if screen.with_app else None
    if view is None:
        return region("home", Markup(""), swap=swap)
    act = f"{screen.base}/view/{quote(view.id, safe='')}/act"
    return region("home", blocks(view.blocks, screen.surface("home", act)), swap=swap)


def modal(view: View, screen: Screen, *, swap: bool = False) -> Markup:
    """A modal as HTML: the whole dialog, or with `swap` only the form that replaces the one in it."""
    ident = f"v-{view.id}"
    base = f"{screen.base}/view/{quote(view.id, safe='')}"
    surface = screen.surface(ident, f"{base}/act")
    drawn = Modal(
        id=ident,
        view=view,
        body=blocks(view.blocks, surface.with_errors(view.errors)),
        submit_url=f"{base}/submit",
        close_url=f"{base}/close",
    )
    return region("modal", drawn, screen, swap=swap)
