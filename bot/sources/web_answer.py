"""One bounded answer over HTTP for sources of changes; what goes wrong is told without the address."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bot.errors import SourceError


@dataclass(frozen=True)
class Patience:
    """How much longer a reading may take: `until` is of time.monotonic(), `seconds` what there was."""

    until: float
    seconds: float

    @classmethod
    def of(cls, seconds: float) -> "Patience":
        """From now on."""
        return cls(time.monotonic() + seconds, seconds)

    def left(self, name: str) -> float:
        """Seconds. Raises SourceError when there are none."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise SourceError(f"{name} timed out after {self.seconds:g} s")
        return left


def ask(
    client: httpx.Client,
    url: str,
    *,
    name: str,
    patience: Patience,
    most: int,
    params: Mapping[str, str] | None = None,
    token: str = "",
) -> bytes:
    """Return the body of a GET that answered 200.

    `most` is in bytes. Redirects are not followed: whoever configured the address meant that one. Raises
    SourceError with the reason to show; what the address holds may be a secret and is never in it.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with client.stream(
            "GET", url, params=params, headers=headers, timeout=patience.left(name), follow_redirects=False
        ) as response:
            body = _read(response, name, patience, most)
    except httpx.TimeoutException as error:
        raise SourceError(f"{name} timed out after {patience.seconds:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"{name} cannot be reached: {type(error).__name__}") from None
    if response.status_code != 200:
        raise SourceError(f"{name} answered {response.status_code}{_hint(response)}")
    return body


def _read(response: httpx.Response, name: str, patience: Patience, most: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > most:
            raise SourceError(f"{name} answered more than {most // 1024 // 1024} MiB")
        patience.left(name)
    return bytes(body)


def _hint(response: httpx.Response) -> str:
    if response.status_code in (401, 403):
        return ": is its token right?"
    if response.is_redirect:
        where = _host(response.headers.get("location", ""))
        return f", a redirect{f' to {where}' if where else ''}: configure the address it leads to"
    if response.status_code == 404:
        return ": is its url right?"
    return ""


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
