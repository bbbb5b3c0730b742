"""`POST /webhooks/{source}` and `POST /changes/{source}`: authenticated, bounded, stored, then answered."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.clock import Clock
from bot.errors import SourceError
from bot.services import quarantine
from bot.settings import Settings
from bot.store.writer import Overloaded, Writer
from handlers import alerts, changes, json_body
from handlers.fields import RECEIVED
from handlers.json_body import UnreadableError

log = structlog.get_logger()

MAX_BODY = 1_048_576
KINDS = {"webhooks": alerts.SOURCES, "changes": changes.SOURCES}
"""What each path's first word takes; an inbox row's source is "webhooks/alertmanager"."""

REPEAT_AFTER = timedelta(hours=1)
"""An alert repeated word for word this much later is news: it still fires."""

_ASKING = ThreadPoolExecutor(2, thread_name_prefix="authentic")
"""Threads of their own for what asks elsewhere: those of the database must not wait for a slow answer."""


@dataclass(frozen=True)
class Hall:
    """What the webhook routes need."""

    settings: Settings
    writer: Writer
    clock: Clock
    wake: Callable[[], None]


def routes(hall: Hall) -> list[Route]:
    """Return the two routes."""

    async def webhook(request: Request) -> Response:
        return await _receive(hall, "webhooks", request)

    async def change(request: Request) -> Response:
        return await _receive(hall, "changes", request)

    return [
        Route("/webhooks/{source}", webhook, methods=["POST"], max_body_size=MAX_BODY),
        Route("/changes/{source}", change, methods=["POST"], max_body_size=MAX_BODY),
    ]


async def _receive(hall: Hall, kind: str, request: Request) -> Response:
    source = request.path_params["source"]
    adapter = KINDS[kind].get(source)
    body = await request.body()
    try:
        known = adapter is not None and await _authentic(hall, adapter, source, request, body)
    except SourceError as error:
        log.warning("webhook_not_verified", source=f"{kind}/{source[:40]}", reason=str(error))
        return JSONResponse({"error": "cannot verify now", "path": "", "hint": "Send it again."}, 503)
    if not known:
        return JSONResponse({"error": "unauthorized", "path": "", "hint": _hint(kind, source, adapter)}, 401)
    try:
        return await _store(hall, kind, source, adapter, request, body)
    except Overloaded:
        return JSONResponse({"error": "cannot store now", "path": "", "hint": "Send it again."}, 503)


def _hint(kind: str, source: str, adapter: Any) -> str:
    sources = ", ".join(sorted(KINDS[kind]))
    general = f"Sources here: {sources}. Configure LOOKOUT_WEBHOOK_SECRET_{source.upper()[:40]} and send it."
    return str(getattr(adapter, "HINT", general))


async def _authentic(hall: Hall, adapter: Any, source: str, request: Request, body: bytes) -> bool:
    """A source without a secret is refused, except on loopback where a demo opened the door.

    Raises:
        SourceError: whom it has to ask does not say now.

    """
    secret = hall.settings.webhook_secrets.get(source)
    if secret is None:
        return opened(hall, request)
    check = partial(adapter.authentic, request.headers, body, secret.get_secret_value(), hall.clock())
    if not getattr(adapter, "SLOW", False):
        return bool(check())
    return await asyncio.get_running_loop().run_in_executor(_ASKING, check)


def opened(hall: Hall, request: Request) -> bool:
    """Whether a demo opened the door, and this comes from its own machine."""
    return hall.settings.open_webhooks and request.client is not None and _loopback(request.client.host)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def _store(
    hall: Hall, kind: str, source: str, adapter: Any, request: Request, body: bytes
) -> JSONResponse:
    row_source, now = f"{kind}/{source}", hall.clock()
    headers = {name: request.headers[name] for name in adapter.KEEP_HEADERS if name in request.headers}
    if RECEIVED in adapter.KEEP_HEADERS:
        headers[RECEIVED] = now.isoformat()
    try:
        payload = json_body.parse(body)
        adapter.parse(payload, headers)
    except UnreadableError as error:
        problem = {"error": error.error, "path": error.path, "hint": error.hint}
        if not adapter.VENDOR:
            return JSONResponse(problem, 422)
        aside = partial(
            quarantine.keep,
            settings=hall.settings,
            source=row_source,
            body=body.decode("utf-8", "surrogateescape"),
            headers=headers,
            problem=problem,
            now=now,
        )
        stored = await hall.writer.store(aside)
        log.warning("webhook_quarantined", source=row_source, delivery=stored.id, error=error.error)
        hall.wake()
        return JSONResponse({"id": stored.id, "quarantined": True, **problem}, 202)
    stored = await hall.writer.put(
        source=row_source,
        key=adapter.delivery_key(headers, body, payload),
        body=body.decode(),
        headers=headers,
        now=now,
        repeat_after=REPEAT_AFTER,
    )
    hall.wake()
    return JSONResponse({"id": stored.id, "duplicate": stored.duplicate}, 200 if stored.duplicate else 202)
