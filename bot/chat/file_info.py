"""What Slack knows of a file that somebody dropped into a channel."""

import re
from dataclasses import dataclass
from typing import Any

from bot.chat.web import DeniedError, Web

_GONE = frozenset({"file_not_found", "file_deleted", "not_visible"})


@dataclass(frozen=True)
class FileInfo:
    """A file: its name, size in bytes, where it is read, who shared it, and its message's ts in a channel."""

    id: str
    name: str
    size: int
    url: str
    user: str
    message: str


def file_info(file: str, channel: str, *, token: str, api_url: str) -> FileInfo | None:
    """Ask `files.info`; None where the file is gone or not ours to see.

    Raises SourceError when Slack cannot be reached, or will not say for another reason.
    """
    found = _ask(file, token, api_url)
    if found is None:
        return None
    return FileInfo(
        id=file,
        name=str(found.get("name") or ""),
        size=int(found.get("size") or 0),
        url=str(found.get("url_private") or ""),
        user=str(found.get("user") or ""),
        message=_message(found.get("shares") or {}, channel),
    )


def permalink(file: str, *, token: str, api_url: str) -> str:
    """The address at which people see the file; empty where it is gone. Raises SourceError as above."""
    found = _ask(file, token, api_url) or {}
    link = str(found.get("permalink") or "")
    return link if re.fullmatch(r"https?://[^\s<>|\"']+", link) else ""


def _ask(file: str, token: str, api_url: str) -> dict[str, Any] | None:
    """What `files.info` says; None where the file is gone or not ours to see."""
    with Web(token, api_url) as slack:
        try:
            found: dict[str, Any] = slack.ask("files.info", file=file)["file"]
        except DeniedError as error:
            if error.code in _GONE:
                return None
            raise
    return found


def _message(shares: dict[str, Any], channel: str) -> str:
    """The ts of the newest message of the channel that carries the file; its thread's, where it has one."""
    carried = [one for kind in shares.values() for one in kind.get(channel, ())]
    newest: dict[str, Any] = max(carried, key=lambda one: float(one.get("ts") or 0), default={})
    return str(newest.get("thread_ts") or newest.get("ts") or "")
