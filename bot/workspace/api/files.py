"""files.*: uploads in three steps, and looking at what was uploaded."""

import mimetypes
from dataclasses import replace
from typing import Any

from bot.workspace import shapes
from bot.workspace.api.call import ApiError, Call, Shape, bad_arguments
from bot.workspace.api.paging import page
from bot.workspace.records import Channel, File

_ALT_TEXT = 1000


def get_upload_url_external(call: Call) -> Shape:
    """files.getUploadURLExternal: a file's id, and where to send its bytes."""
    name = call.needed("filename")
    length = call.needed("length")
    if not length.isdigit() or int(length) == 0:
        raise bad_arguments("must be more than 0 [json-pointer:/length]")
    if len(call.text("alt_txt")) > _ALT_TEXT:
        raise ApiError("alt_txt_too_large")
    file = call.workspace.put_file(
        File(
            id=call.workspace.new_id("F"),
            name=name,
            title=name,
            mimetype=mimetypes.guess_type(name)[0] or "application/octet-stream",
            size=int(length),
            user=call.bot.id,
            created=int(call.workspace.clock.now()),
            alt_txt=call.text("alt_txt"),
        )
    )
    return {"upload_url": f"{call.hub.base_url}/upload/{file.id}", "file_id": file.id}


def complete_upload_external(call: Call) -> Shape:
    """files.completeUploadExternal: give the files their titles and, with a channel, share them there."""
    given = call.json("files", "invalid_arguments")
    if not isinstance(given, list) or not given:
        raise bad_arguments("missing required field: files")
    files = [_uploaded(call, item) for item in given]
    channels = [_channel(call, name) for name in call.ids("channels") or call.ids("channel_id")]
    if call.text("thread_ts") and len(channels) != 1:
        raise ApiError("invalid_thread_ts")
    blocks, threads = call.blocks(), [_thread(call, channel) for channel in channels]
    for file in files:
        shared = tuple(dict.fromkeys((*file.channels, *(channel.id for channel in channels))))
        call.workspace.put_file(replace(file, channels=shared))
    for channel, thread_ts in zip(channels, threads, strict=True):
        message = call.workspace.post(
            channel.id,
            call.bot.id,
            call.text("initial_comment"),
            bot_id=call.bot.bot_id,
            blocks=blocks,
            thread_ts=thread_ts,
            files=tuple(file.id for file in files),
            subtype="file_share",
        )
        call.hub.events.message(message)
        for file in files:
            call.hub.events.file_shared(file.id, call.bot.id, channel.id)
    return {"files": [_shape(call, file.id) for file in files]}


def info(call: Call) -> Shape:
    """files.info"""
    file = call.workspace.files.get(call.needed("file"))
    if file is None or not file.uploaded:
        raise ApiError("file_not_found")
    return {"file": _shape(call, file.id), "comments": [], "response_metadata": {"next_cursor": ""}}


def list_(call: Call) -> Shape:
    """files.list"""
    channel, user = call.text("channel"), call.text("user")
    files = [
        file
        for file in call.workspace.files.values()
        if file.uploaded and channel in ("", *file.channels) and user in ("", file.user)
    ]
    cut, metadata = page(call, files[::-1], default=100, most=1000)
    paging = {"count": len(cut), "total": len(files), "page": 1, "pages": 1}
    return {
        "files": [_shape(call, file.id) for file in cut],
        "paging": paging,
        "response_metadata": metadata,
    }


def _uploaded(call: Call, item: Any) -> File:
    file = call.workspace.files.get(str(item.get("id"))) if isinstance(item, dict) else None
    if file is None or not file.uploaded:
        raise ApiError("file_not_found")
    return replace(file, title=str(item.get("title") or file.title))


def _channel(call: Call, name: str) -> Channel:
    channel = call.workspace.channels.get(name)
    if channel is None:
        raise ApiError("channel_not_found")
    if channel.archived:
        raise ApiError("is_archived")
    if call.bot.id not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _thread(call: Call, channel: Channel) -> str:
    ts = call.text("thread_ts")
    if not ts:
        return ""
    parent = call.workspace.message(channel.id, ts)
    if parent is None or parent.ephemeral_to:
        raise ApiError("invalid_thread_ts")
    return parent.thread_ts or parent.ts


def _shape(call: Call, file_id: str) -> Shape:
    return shapes.file(call.workspace, call.workspace.files[file_id], call.hub.base_url)
