"""Keeps everyone but this machine out: no other host, no other web page."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_NAMES: Final = frozenset({"localhost"})


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() in _NAMES


class Guard:
    """Refuses peers that are not on this machine, Host names that are not its own, and foreign Origins.

    The Host check stops a web page whose name was re-bound to 127.0.0.1; the Origin check stops any other
    page in the same browser from clicking and typing here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or refuse with 403, or 400 for a broken Host (a WebSocket is closed with 1008)."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal, status = self._refusal(scope)
        if not refusal:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(1008, refusal)(scope, receive, send)
        else:
            await PlainTextResponse(refusal + "\n", status)(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[str, int]:
        client = scope.get("client")
        if client is not None and not is_loopback(client[0]):
            return "This workspace answers its own machine only.", 403
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return "The Host header cannot be read.", 400
        if not is_loopback(name):
            return "This workspace is 127.0.0.1 or localhost, nothing else.", 403
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"http://{host}".lower():
            return "Another page may not act in this workspace.", 403
        if origin is None and headers.get("sec-fetch-site") == "cross-site" and scope.get("method") != "GET":
            return "Another page may not act in this workspace.", 403
        return "", 200
