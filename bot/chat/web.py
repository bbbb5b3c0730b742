"""Slack's Web API for a job: synchronous, and it waits when Slack asks for a pause."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import httpx

from bot.errors import SourceError

SECONDS = 10.0
MOST_WAITED = 60.0
"""Seconds in all that Slack's Retry-After is waited for; the job's lease is twice that."""


class DeniedError(SourceError):
    """Slack answered that it will not; `code` is its word for why."""

    def __init__(self, method: str, code: str, needed: str = "") -> None:
        super().__init__(f"Slack's {method}: {code}{f' {needed}' if needed else ''}")
        self.code = code


class Web:
    """A connection to the Web API; use it in a `with`."""

    def __init__(
        self,
        token: str,
        api_url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=api_url, headers=headers, timeout=SECONDS, transport=transport)
        self._sleep = sleep
        self._left = MOST_WAITED

    def __enter__(self) -> "Web":
        """Its connections end with the `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, method: str, **arguments: str) -> dict[str, Any]:
        """Return what Slack answered. Raises DeniedError for a refusal, SourceError for no answer."""
        while True:
            try:
                answer = self._client.post(method, data=arguments)
            except httpx.HTTPError as error:
                raise SourceError(f"Slack's {method}: {type(error).__name__}") from None
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return _read(method, answer)
            self._pause(method, answer)

    def _pause(self, method: str, answer: httpx.Response) -> None:
        try:
            seconds = max(float(answer.headers.get("retry-after", 1)), 0.1)
        except ValueError:
            seconds = 1.0
        if seconds > self._left:
            raise SourceError(f"Slack's {method}: asks for a pause of {seconds:g} s")
        self._left -= seconds
        self._sleep(seconds)


def _read(method: str, answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.status_code != httpx.codes.OK or not isinstance(body, dict):
        raise SourceError(f"Slack's {method}: answered {answer.status_code}")
    if body.get("ok"):
        return body
    raise DeniedError(method, str(body.get("error", "unknown error")), str(body.get("needed") or ""))
