"""HTTP delivery: signed requests to the app's request URL."""

import json
import secrets
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.workspace.clock import monotonic, wall
from bot.workspace.envelope import Answer, Envelope
from bot.workspace.installation import VERIFICATION_TOKEN, Installation

_FORM = "application/x-www-form-urlencoded"


class HttpMode:
    """Posts to one request URL, as Slack does: commands and interactions as forms, events as JSON."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._client = httpx.AsyncClient(
            headers={"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"},
            follow_redirects=False,
            trust_env=False,
            verify=_trusted(),
        )

    async def send(self, envelope: Envelope, patience: float) -> Answer:
        """Post the envelope; a 2xx within `patience` seconds is the ack."""
        headers = {}
        if envelope.attempt:
            reason = "http_timeout" if envelope.reason == "timeout" else envelope.reason
            headers = {"X-Slack-Retry-Num": str(envelope.attempt), "X-Slack-Retry-Reason": reason}
        kind, body = _encode(envelope)
        started = monotonic()
        try:
            response = await self._post(kind, body, headers, patience)
        except httpx.TimeoutException:
            return Answer(False, reason="timeout", seconds=monotonic() - started)
        except httpx.HTTPError:
            return Answer(False, reason="connection_failed", seconds=monotonic() - started)
        seconds = monotonic() - started
        if not response.is_success:
            no_retry = response.headers.get("X-Slack-No-Retry") == "1"
            return Answer(False, reason="http_error", seconds=seconds, no_retry=no_retry)
        return Answer(True, _payload(response), seconds=seconds)

    async def verify(self) -> bool:
        """Ask the request URL to prove itself (url_verification); whether it returned the challenge."""
        challenge = secrets.token_urlsafe(32)
        body = {
            "type": "url_verification",
            "token": VERIFICATION_TOKEN,
            "challenge": challenge,
        }
        try:
            response = await self._post("application/json", json.dumps(body).encode(), {}, 3.0)
        except httpx.HTTPError:
            return False
        return response.is_success and challenge in response.text

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(
        self, kind: str, body: bytes, headers: Mapping[str, str], patience: float
    ) -> httpx.Response:
        timestamp = str(int(wall()))
        signed = {
            **headers,
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": self.installation.sign(timestamp, body),
        }
        return await self._client.post(
            self.installation.request_url, content=body, headers=signed, timeout=patience
        )


def _encode(envelope: Envelope) -> tuple[str, bytes]:
    if envelope.kind == "events_api":
        return "application/json", json.dumps(envelope.payload).encode()
    if envelope.kind == "interactive":
        return _FORM, urlencode({"payload": json.dumps(envelope.payload)}).encode()
    return _FORM, urlencode(envelope.payload).encode()


def _payload(response: httpx.Response) -> dict[str, Any]:
    if not response.content:
        return {}
    if response.headers.get("content-type", "").startswith("application/json"):
        try:
            payload = response.json()
        except ValueError:
            return {}
        return payload if isinstance(payload, dict) else {}
    return {"text": response.text}


@cache
def _trusted() -> ssl.SSLContext:
    """The usual authorities; reading them takes 20 ms, once in a process."""
    return httpx.create_ssl_context()
