"""The URLs that are not methods: where bytes go, where they come from, where responses go."""

import json
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.workspace.bodies import body_of, parts_of
from bot.workspace.hub import Hub
from bot.workspace.responses import ResponseError

LARGEST_UPLOAD: Final = 64 * 1024 * 1024  # bytes
LARGEST_RESPONSE: Final = 1024 * 1024  # bytes of a response


async def receive_upload(hub: Hub, request: Request) -> Response:
    """The bytes of a file: as the raw body, or as one part of a form."""
    file = hub.workspace.files.get(request.path_params["file_id"])
    if file is None or file.uploaded:
        return PlainTextResponse("no such upload", 404)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        parts = (await parts_of(request, LARGEST_UPLOAD)).values()
        content = next((part for part in parts if isinstance(part, bytes)), b"")
    else:
        content = await body_of(request, LARGEST_UPLOAD)
    if len(content) != file.size:
        hub.workspace.warn(f"{file.name}: {file.size} bytes announced, {len(content)} sent.")
        return PlainTextResponse("the length is not what was announced", 400)
    hub.workspace.put_file(replace(file, content=content, uploaded=True))
    return PlainTextResponse(f"OK - {len(content)}")


def download(hub: Hub, request: Request) -> Response:
    """A file's bytes, for who shows a bot token."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if hub.installation.kind_of(token) != "bot":
        return PlainTextResponse("files want the bot's token", 403)
    file = hub.workspace.files.get(request.path_params["file_id"])
    if file is None or not file.uploaded:
        return PlainTextResponse("no such file", 404)
    return Response(file.content, media_type=file.mimetype, headers={"X-Content-Type-Options": "nosniff"})


async def respond(hub: Hub, request: Request) -> Response:
    """A response_url."""
    try:
        body = json.loads(await body_of(request, LARGEST_RESPONSE))
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return JSONResponse({"ok": False, "error": "invalid_payload"}, 400)
    try:
        hub.responses.use(request.path_params["key"], body)
    except ResponseError as error:
        return JSONResponse({"ok": False, "error": error.code}, error.status)
    return PlainTextResponse("ok")
