"""Measures every acknowledgement, from Slack's request to Bolt's response."""

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.metrics import Metrics

_KINDS = {"block_actions": "action", "view_submission": "view", "event_callback": "event"}


def register(app: AsyncApp, metrics: Metrics) -> None:
    """Let `metrics` count the acknowledgements of `app`."""

    @app.middleware
    async def timed(
        req: AsyncBoltRequest,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt passes by these names
    ) -> BoltResponse:
        began = perf_counter()
        try:
            return await next()
        finally:
            metrics.acked(kind_of(req.body), perf_counter() - began)


def kind_of(body: dict[str, Any]) -> str:
    """Return what was asked: command, action, view, event, or other."""
    return "command" if "command" in body else _KINDS.get(str(body.get("type")), "other")
