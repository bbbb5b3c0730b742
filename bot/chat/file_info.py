"""What Slack knows of a file that somebody dropped into a channel."""

from dataclasses import dataclass
from typing import Any

import httpx

from bot.errors import SourceError

SECONDS = 10.0
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
    try:
        answer = httpx.post(
            f"{api_url}files.info",
            data={"file": file},
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
        said: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise SourceError(f"files.info could not be asked: {type(error).__name__}") from None
    if said.get("ok") is not True:
        reason = str(said.get("error", answer.status_code))
        if reason in _GONE:
            return None
        raise SourceError(f"files.info answered {reason}")
    found = said["file"]
    return FileInfo(
        id=file,
        name=str(found.get("name") or ""),
        size=int(found.get("size") or 0),
        url=str(found.get("url_private") or ""),
        user=str(found.get("user") or ""),
        message=_message(found.get("shares") or {}, channel),
    )


def _message(shares: dict[str, Any], channel: str) -> str:
    """The ts of the newest message of the channel that carries the file; its thread's, where it has one."""
    carried = [one for kind in shares.values() for one in kind.get(channel, ())]
    newest: dict[str, Any] = max(carried, key=lambda one: float(one.get("ts") or 0), default={})
    return str(newest.get("thread_ts") or newest.get("ts") or "")
