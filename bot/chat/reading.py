"""One message as Slack has it now, with its images: for the timeline that somebody marked it for."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.chat.directory import Directory, Unknown
from bot.chat.download import content, slacks
from bot.chat.web import DeniedError
from bot.core.marked import Attachment, Said, moment_of
from bot.core.outside import kept
from bot.core.slack_text import plain
from bot.errors import SourceError

MAX_IMAGE: Final = 5 * 1024 * 1024
"""Bytes of one image that is kept."""
MAX_IMAGES: Final = 10
"""Images kept of one message: as many as Slack lets one attach."""

NO_ROOM: Final = "the incident's images fill their room"

_MAGIC: Final = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
"""The images kept, by how they begin: what only calls itself one (SVG, a sign-in page) is not."""

_GONE = frozenset({"thread_not_found", "message_not_found"})
_CLOSED = frozenset({"channel_not_found", "not_in_channel", "missing_scope", "is_archived", "no_permission"})


class Closed(SourceError):  # noqa: N818 - an outcome, said as one
    """Lookout is not in that conversation, and cannot come in by itself."""


@dataclass(frozen=True)
class Found:
    """A message with its images: (place among the attachments, bytes); `names` are people it names, by id."""

    said: Said
    images: Mapping[int, bytes]
    names: Mapping[str, str]


def read_message(
    channel: str, ts: str, known: Mapping[str, str], *, token: str, api_url: str, room: int
) -> Found | None:
    """Ask Slack for the message; None where it is gone.

    `known` are names by Slack id; whoever is not among them is asked for. Images are kept up to `room` bytes.

    Raises:
        Closed: Lookout may not read there.
        SourceError: Slack could not be asked; another try may help.

    """
    with Directory(token, api_url) as slack:
        shown = _message(slack, channel, ts)
        if shown is None:
            return None
        names = {**known, **_names(slack, shown, known)}
        link = ""
        with suppress(SourceError):
            link = str(slack.ask("chat.getPermalink", channel=channel, message_ts=ts).get("permalink") or "")
    attachments, images = _files(shown.get("files") or (), token, api_url, room)
    said = Said(
        author=_author(shown),
        text=plain(str(shown.get("text") or ""), names),
        thread=str(shown.get("thread_ts") or ""),
        permalink=link,
        edited_at=_edited(shown),
        attachments=attachments,
    )
    return Found(said, images, {who: name for who, name in names.items() if who not in known})


def _message(slack: Directory, channel: str, ts: str) -> Mapping[str, Any] | None:
    """The one message: `conversations.replies` finds it in a thread and outside of one, by its own ts."""
    arguments = {"channel": channel, "ts": ts, "oldest": ts, "latest": ts, "inclusive": "true", "limit": "5"}
    try:
        try:
            page = slack.ask("conversations.replies", **arguments)
        except DeniedError as error:
            if error.code != "not_in_channel":
                raise
            slack.ask("conversations.join", channel=channel)
            page = slack.ask("conversations.replies", **arguments)
    except DeniedError as error:
        if error.code in _GONE:
            return None
        if error.code in _CLOSED or error.code == "method_not_supported_for_channel_type":
            raise Closed(error.code) from None
        raise
    found = next((one for one in page.get("messages") or () if one.get("ts") == ts), None)
    return None if found is None or found.get("subtype") == "tombstone" else found


def _author(shown: Mapping[str, Any]) -> str:
    """The id of the person; of an app the name it speaks under."""
    if shown.get("bot_id"):
        profile = shown.get("bot_profile") or {}
        return kept(str(shown.get("username") or profile.get("name") or "an app"), 80)
    return str(shown.get("user") or "")


def _edited(shown: Mapping[str, Any]) -> datetime | None:
    ts = str((shown.get("edited") or {}).get("ts") or "")
    return moment_of(ts) if ts.replace(".", "", 1).isdigit() else None


def _names(slack: Directory, shown: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
    """The name of who wrote it, where nobody has met them yet; who cannot be asked for stays an id."""
    author = "" if shown.get("bot_id") else str(shown.get("user") or "")
    found: dict[str, str] = {}
    if author and author not in known:
        with suppress(SourceError, Unknown):
            found[author] = slack.account(author).name
    return found


def _files(
    files: Sequence[Mapping[str, Any]], token: str, api_url: str, room: int
) -> tuple[tuple[Attachment, ...], dict[int, bytes]]:
    attachments, images = [], {}
    for place, file in enumerate(files[:MAX_IMAGES]):
        one = Attachment(
            file=str(file.get("id") or ""),
            name=kept(str(file.get("title") or file.get("name") or "a file"), 200),
            media_type=str(file.get("mimetype") or ""),
            size=int(file.get("size") or 0),
        )
        body, why = _image(one, str(file.get("url_private") or ""), token, api_url, room)
        if body is not None:
            images[place] = body
            room -= len(body)
        attachments.append(Attachment(one.file, one.name, one.media_type, one.size, None, why))
    return tuple(attachments), images


def _image(file: Attachment, url: str, token: str, api_url: str, room: int) -> tuple[bytes | None, str]:
    """The bytes of an image, or why they are not kept."""
    if file.media_type not in _MAGIC:
        return None, "only images are kept"
    if file.size > MAX_IMAGE:
        return None, f"it has {file.size / 1024 / 1024:.1f} MB, at most {MAX_IMAGE // 1024 // 1024} are kept"
    if not slacks(url, api_url):
        return None, "it is not kept by Slack"
    if file.size > room:
        return None, NO_ROOM
    try:
        body = content(url, token=token, most=min(MAX_IMAGE, room))
    except SourceError as error:
        return None, str(error)
    if body is None:
        return None, "it is larger than Slack said"
    if not body.startswith(_MAGIC[file.media_type]):
        return None, "it is no such image"
    return body, ""
