"""`/healthz`, `/readyz` (each part with a reason) and `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

Check = Callable[[], Awaitable[str]]
"""Returns why the part is not ready, or the empty text when it is."""


def routes(checks: Mapping[str, Check], registry: CollectorRegistry) -> list[Route]:
    """Return the three routes; `checks` by part: database, chat, scheduler."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        parts = {name: await check() for name, check in checks.items()}
        body = {name: {"ready": not reason, "reason": reason} for name, reason in parts.items()}
        return JSONResponse(body, 503 if any(parts.values()) else 200)

    async def metrics(_: Request) -> Response:
        text = await asyncio.to_thread(generate_latest, registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
