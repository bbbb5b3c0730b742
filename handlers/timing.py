"""Every acknowledgement is measured, from Slack's request to Bolt's response, and goes first."""

from time import perf_counter
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from handlers.precedence import Precedence

_KINDS = {"block_actions": "action", "view_submission": "view", "event_callback": "event"}


class MeasuredApp(AsyncApp):
    """Bolt, acknowledging when a listener has ended.

    It does not verify signatures: in HTTP mode our own route has. A middleware could not measure it: Bolt
    runs its listeners after the last one has returned.
    """

    def __init__(self, client: AsyncWebClient, metrics: Metrics, precedence: Precedence) -> None:
        super().__init__(client=client, process_before_response=True, request_verification_enabled=False)
        self._metrics = metrics
        self._precedence = precedence

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Let Bolt find the listener and run it."""
        began = perf_counter()
        try:
            with self._precedence.first():
                return await super().async_dispatch(req)
        finally:
            self._metrics.acked(kind_of(req.body), perf_counter() - began)


def kind_of(body: dict[str, Any]) -> str:
    """Return what was asked: command, action, view, event, or other."""
    return "command" if "command" in body else _KINDS.get(str(body.get("type")), "other")
