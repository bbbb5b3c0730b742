"""Socket Mode: two connections, opened as soon as Slack can be reached, kept open by slack_sdk."""

import asyncio

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import ConfigError

log = structlog.get_logger()

CONNECTIONS = 2
"""When one drops, the other hears what comes until it is back (about 10 s)."""

LONGEST_PAUSE = 30.0
"""Seconds between tries while Slack cannot be reached; alerts are taken meanwhile."""

_LOCKED_OUT = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "not_allowed_token_type"}


class Sockets:
    """The connections of one process."""

    def __init__(self, app: AsyncApp, token: str, client: AsyncWebClient) -> None:
        self._handlers = [AsyncSocketModeHandler(app, token, web_client=client) for _ in range(CONNECTIONS)]

    async def connect(self) -> None:
        """Open them all, trying until Slack answers.

        Raises:
            ConfigError: Slack does not take the tokens, so trying again would not help.

        """
        for handler in self._handlers:
            await _open(handler)
        log.info("slack_connected", connections=len(self._handlers))

    async def close(self) -> None:
        """Close them all."""
        for handler in self._handlers:
            await handler.close_async()  # type: ignore[no-untyped-call] # Bolt leaves it untyped

    async def trouble(self) -> str:
        """Why nothing can be heard; empty while any connection is up."""
        for handler in self._handlers:
            if await handler.client.is_connected():
                return ""
        return "no Socket Mode connection"


async def _open(handler: AsyncSocketModeHandler) -> None:
    pause = 0.5
    while True:
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call] # Bolt leaves it untyped
            return
        except SlackApiError as error:
            reason = str(error.response.get("error"))
            if reason in _LOCKED_OUT:
                what = f"Slack refuses SLACK_APP_TOKEN: {reason}."
                raise ConfigError(what, "Create an app-level token with connections:write.") from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            reason = type(error).__name__
        log.warning("slack_unreachable", reason=reason, seconds=pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
