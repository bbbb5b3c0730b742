"""A service that knows who is on call, over HTTP: bounded in time and size, its faults in words to show."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from bot.errors import SourceError

MAX_BYTES = 1024 * 1024
MOST_PAGES = 5
Query = Sequence[tuple[str, str]]


class Service:
    """GETs JSON from one service; `name` is what faults call it. Follows no redirects: they carry tokens."""

    def __init__(
        self,
        name: str,
        address: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name = name
        self._timeout = timeout
        self._client = httpx.Client(
            base_url=address,
            headers={"Accept": "application/json", **headers},
            timeout=timeout,
            transport=transport,
        )

    def __enter__(self) -> "Service":
        """Use it in a `with`: its connections end with it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, query: Query) -> Mapping[str, Any]:
        """The object it answers. Raises SourceError with the reason to show."""
        deadline = time.monotonic() + self._timeout
        try:
            with self._client.stream("GET", path, params=list(query)) as answer:
                body = self._read(answer, deadline)
                status = answer.status_code
        except httpx.TimeoutException as error:
            raise SourceError(f"{self.name} timed out after {self._timeout:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{self.name} cannot be reached: {type(error).__name__}") from error
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise SourceError(f"{self.name} refuses the token ({status})")
        if status == httpx.codes.NOT_FOUND:
            raise SourceError(f"{self.name} knows no such schedule ({status})")
        if status != httpx.codes.OK:
            raise SourceError(f"{self.name} answered {status}")
        return self._understand(body)

    def _read(self, answer: httpx.Response, deadline: float) -> bytes:
        body = b""
        for part in answer.iter_bytes():
            body += part
            if len(body) > MAX_BYTES:
                raise SourceError(f"{self.name} answered more than {MAX_BYTES} bytes")
            if time.monotonic() > deadline:
                raise SourceError(f"{self.name} timed out after {self._timeout:g} s")
        return body

    def _understand(self, body: bytes) -> Mapping[str, Any]:
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise SourceError(f"{self.name} answered what is no JSON object")
        return found


def part(text: str) -> str:
    """A schedule's id as a part of a path."""
    return quote(text, safe="")


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; nothing where it is none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def inner(fields: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under a key; empty where it is none."""
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def text(fields: Mapping[str, Any], key: str) -> str:
    """The text under a key, short; empty where it is none."""
    value = fields.get(key)
    return value.strip()[:200] if isinstance(value, str) else ""


def moment(fields: Mapping[str, Any], key: str) -> datetime | None:
    """The time under a key; None where there is none that can be read."""
    try:
        found = datetime.fromisoformat(text(fields, key))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
