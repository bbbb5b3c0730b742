"""Files: uploaded for a channel, or for an image block that waits for them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from bot.chat.channels import inside
from bot.chat.slack import Attempt, Call, Later, LeaseLost, Refused, ask
from bot.core.effect import Upload

_PREFIX = "upload:"
_ALT_TEXT = 1000  # https://docs.slack.dev/reference/methods/files.getUploadURLExternal
_PAGE = 200
_PAGES = 5


async def upload(
    attempt: Attempt, effect: Upload, channel: str | None, thread: str | None
) -> Mapping[str, str]:
    """Upload it and, with a `channel`, share it there.

    The file's id is written down before it is shared, so that after a crash the channel can be asked for
    this very file. An unshared file is seen by nobody: in doubt it is uploaded anew.
    """
    noted = attempt.claimed.note.get("file")
    maybe_shared = channel is not None and attempt.claimed.doubt and isinstance(noted, str)
    if maybe_shared and await _shared(attempt, str(channel), thread, str(noted)):
        return {"file": str(noted), "adopted": "yes"}
    content = await _content(attempt, effect)
    ticket = await ask(
        lambda: attempt.client.files_getUploadURLExternal(
            filename=effect.filename, length=len(content), alt_txt=effect.alt_text[:_ALT_TEXT] or None
        )
    )
    file = str(ticket["file_id"])
    await _send(attempt, str(ticket["upload_url"]), content)
    if not await asyncio.to_thread(attempt.storage.note, attempt.claimed, {"file": file}):
        raise LeaseLost("another worker has taken over")
    attempt.check_lease()
    await _complete(attempt, effect, file, channel, thread)
    return {"file": file}


async def fill(attempt: Attempt, blocks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The blocks with "upload:<key>" replaced by Slack's file ids; Later while one is still being uploaded.

    A block whose file was given up becomes a line that says what would have been there.
    """
    filled: list[dict[str, Any]] = []
    for block in blocks:
        ids: dict[str, str] = {}
        for reference in sorted(_references(block)):
            file = await _file(attempt, reference.removeprefix(_PREFIX))
            if file is not None:
                ids[reference] = file
        if ids.keys() == _references(block):
            filled.append(_replace(block, ids))
        else:
            filled.append(_instead(block))
    return filled


def mentioned(blocks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any block waits for an upload."""
    return any(_references(block) for block in blocks)


async def _content(attempt: Attempt, effect: Upload) -> bytes:
    try:
        return await asyncio.to_thread(attempt.storage.blob, effect.blob)
    except KeyError:
        raise Refused("blob_not_found") from None


async def _send(attempt: Attempt, url: str, content: bytes) -> None:
    """POST the bytes where Slack said; sending them again is harmless."""
    client = attempt.client
    timeout = aiohttp.ClientTimeout(total=client.timeout)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=client.trust_env_in_session) as session,
            session.post(url, data=content, proxy=client.proxy, ssl=client.ssl or True) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Later(f"upload: {type(error).__name__}") from None
    if status == 429:
        raise Later("ratelimited", seconds=1, limited=True)
    if status != 200:
        raise Later(f"upload: http_{status}")


async def _complete(
    attempt: Attempt, effect: Upload, file: str, channel: str | None, thread: str | None
) -> None:
    call: Call = lambda: attempt.client.files_completeUploadExternal(  # noqa: E731 - asked once or twice
        files=[{"id": file, "title": effect.title}],
        channel_id=channel,
        thread_ts=thread if channel else None,
        initial_comment=(effect.comment or None) if channel else None,
    )
    await (inside(attempt, channel, call) if channel else ask(call))


async def _shared(attempt: Attempt, channel: str, thread: str | None, file: str) -> bool:
    """Whether a recent message of the channel or thread carries the file."""
    cursor: str | None = None
    for _ in range(_PAGES):
        page = await inside(attempt, channel, _page(attempt, channel, thread, cursor))
        for message in page["messages"]:
            if any(shown.get("id") == file for shown in message.get("files") or ()):
                return True
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            break
    return False


def _page(attempt: Attempt, channel: str, thread: str | None, cursor: str | None) -> Call:
    client = attempt.client
    if thread is None:
        return lambda: client.conversations_history(channel=channel, limit=_PAGE, cursor=cursor)
    return lambda: client.conversations_replies(channel=channel, ts=thread, limit=_PAGE, cursor=cursor)


async def _file(attempt: Attempt, key: str) -> str | None:
    storage = attempt.storage
    found = await asyncio.to_thread(storage.upload, key)
    if found is None:
        if await asyncio.to_thread(storage.awaited, attempt.claimed, "upload", key):
            raise Later(f"waiting for upload {key}", seconds=1)
        found = await asyncio.to_thread(storage.upload, key)  # it may have arrived between the two
    return found


def _references(value: Any) -> set[str]:
    """Every "upload:<key>" that stands as a slack_file's id."""
    if isinstance(value, Mapping):
        file = value.get("slack_file")
        own = {file["id"]} if isinstance(file, Mapping) and str(file.get("id")).startswith(_PREFIX) else set()
        return own.union(*(_references(item) for item in value.values()))
    if isinstance(value, (list, tuple)):
        return set().union(*(_references(item) for item in value))
    return set()


def _replace(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {
            key: {"id": ids[item["id"]]}
            if key == "slack_file" and isinstance(item, Mapping) and item.get("id") in ids
            else _replace(item, ids)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_replace(item, ids) for item in value]
    return value


def _instead(block: Mapping[str, Any]) -> dict[str, Any]:
    what = str(block.get("alt_text") or "an image")[:1000]
    text = f"{what} (the file could not be uploaded)"
    return {"type": "context", "elements": [{"type": "plain_text", "text": text}]}
