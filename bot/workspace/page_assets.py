"""What the page fetches beside itself: its own static files, and the files people and the app uploaded."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.workspace.state import Workspace

_TYPES: Final = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "composer.js": "text/javascript",
    "htmx-2.0.11.min.js": "text/javascript",
    "htmx-ext-sse-2.2.4.min.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_INLINE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})


def asset_routes(workspace: Workspace, guarded: Callable[[Any], Any]) -> list[BaseRoute]:
    """The routes; `guarded` wraps an answer so that only the page itself gets it."""

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _TYPES:
            return PlainTextResponse("No such file", 404)
        content = files("bot.workspace").joinpath("static", name).read_bytes()
        return Response(content, media_type=_TYPES[name], headers={"Cache-Control": "no-cache"})

    async def uploaded(request: Request) -> Response:
        file = workspace.files.get(request.path_params["id"])
        if file is None or not file.uploaded:
            return PlainTextResponse("No such file", 404)
        inline = file.mimetype in _INLINE and "download" not in request.query_params
        way = "inline" if inline else "attachment"
        return Response(
            file.content,
            media_type=file.mimetype if inline else "application/octet-stream",
            headers={
                "Content-Disposition": f"{way}; filename*=utf-8''{quote(file.name, safe='')}",
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    return [
        Route("/static/{name}", guarded(static), methods=["GET"]),
        Route("/client-files/{id}/{name}", guarded(uploaded), methods=["GET"]),
    ]
