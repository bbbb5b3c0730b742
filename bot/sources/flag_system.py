"""Posts one event to the flag system: signed, TLS verified, no redirect followed, time and size bounded."""

import time
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import httpx

from bot.core.flag import Delivery, signature
from bot.core.outside import kept
from bot.settings import FlagSettings

MOST_READ = 4096
MOST_SHOWN = 200
"""Characters of an answer that anybody is shown."""
LONGEST_WAIT = 3600.0
"""Seconds of a Retry-After that are believed."""
AGAIN = (408, 425, 429)
"""Answers below 500 after which trying again may help."""

Outcome: TypeAlias = Literal["told", "again", "refused"]


@dataclass(frozen=True)
class Answer:
    """What came of one try; wait: seconds that the system asked for, 0 where it did not."""

    outcome: Outcome
    said: str
    wait: float = 0.0


def host_of(settings: FlagSettings) -> str:
    """The host, for people; the rest of the address may hold a secret."""
    return urlsplit(settings.url).hostname or "the configured address"


def post(settings: FlagSettings, secret: str, delivery: Delivery, now: datetime) -> Answer:
    """Tell it; never raises for what the other side does."""
    body, timestamp = delivery.body(), int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "X-Lookout-Delivery": delivery.delivery,
        "X-Lookout-Timestamp": str(timestamp),
        "X-Lookout-Signature": signature(secret, timestamp, body),
    }
    over = time.monotonic() + settings.timeout_seconds
    try:
        with (
            httpx.Client(timeout=settings.timeout_seconds, follow_redirects=False) as client,
            client.stream("POST", settings.url, content=body, headers=headers) as response,
        ):
            return _answer(response, _read(response, over), now)
    except httpx.TimeoutException:
        return Answer("again", f"no answer in {settings.timeout_seconds:g} s")
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        return Answer("refused", "the configured url is not one that can be posted to")
    except httpx.HTTPError as error:
        return Answer("again", f"cannot be reached ({type(error).__name__}: {kept(str(error), 120)})")


def _read(response: httpx.Response, over: float) -> str:
    """The beginning of the answer's body."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) >= MOST_READ or time.monotonic() > over:
            break
    return kept(bytes(body[:MOST_READ]).decode("utf-8", "replace"), MOST_SHOWN)


def _answer(response: httpx.Response, text: str, now: datetime) -> Answer:
    status = response.status_code
    said = f"answered {status}: {text}" if text else f"answered {status}"
    if 200 <= status < 300:
        return Answer("told", f"answered {status}")
    if 300 <= status < 400:
        return Answer("refused", f"answered {status}, and no redirect is followed")
    if status >= 500 or status in AGAIN:
        return Answer("again", said, _wait(response.headers.get("Retry-After", ""), now))
    return Answer("refused", said)


def _wait(value: str, now: datetime) -> float:
    """Seconds of a Retry-After, a number or a date; 0 for one that cannot be read."""
    try:
        seconds = (
            float(value) if value.strip().isdigit() else (parsedate_to_datetime(value) - now).total_seconds()
        )
    except (ValueError, TypeError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT)
