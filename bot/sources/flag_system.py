"""Posts one event to the flag system: signed, TLS verified, no redirect followed, time and size bounded."""

import re
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
from bot.sources.deadline import deadline

MOST_READ = 4096
MOST_SHOWN = 200
"""Characters of an answer that anybody is shown."""
LONGEST_WAIT = 3600.0
"""Seconds of a Retry-After that are believed."""
AGAIN = (408, 425, 429)
"""Answers below 500 after which trying again may help."""
SHORTEST_SECRET = 4
"""Characters below which a part of the address is no secret, and would hide half the answer."""

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
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "X-Lookout-Delivery": delivery.delivery,
        "X-Lookout-Timestamp": str(timestamp),
        "X-Lookout-Signature": signature(secret, timestamp, body),
    }
    late = Answer("again", f"no answer in {settings.timeout_seconds:g} s")
    client = httpx.Client(timeout=settings.timeout_seconds, follow_redirects=False)
    with client, deadline(settings.timeout_seconds, client.close) as over:
        try:
            with client.stream("POST", settings.url, content=body, headers=headers) as response:
                return _answer(response, _Words(settings, secret), now)
        except httpx.TimeoutException:
            return late
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            return Answer("refused", "the configured url is not one that can be posted to")
        except httpx.HTTPError as error:
            said = kept(_Words(settings, secret).without_secrets(str(error)), 120)
            return late if over.is_set() else _unreachable(error, said)
        except (OSError, RuntimeError) as error:  # what it reads from was closed, at the deadline
            return late if over.is_set() else _unreachable(error, "")


def _unreachable(error: Exception, said: str) -> Answer:
    why = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return Answer("again", f"cannot be reached ({why})")


@dataclass(frozen=True)
class _Words:
    """What the other side says, as far as people may see it: it may repeat an address that is secret."""

    settings: FlagSettings
    secret: str

    def of(self, response: httpx.Response) -> str:
        """The beginning of the answer's body, as it came."""
        body, over = bytearray(), time.monotonic() + self.settings.timeout_seconds
        for chunk in response.iter_raw():
            body += chunk
            if len(body) >= MOST_READ or time.monotonic() > over:
                break
        text = bytes(body[:MOST_READ]).decode("utf-8", "replace")
        return kept(self.without_secrets(text), MOST_SHOWN)

    def without_secrets(self, text: str) -> str:
        """The same with every part of the address but its host taken out."""
        parts = urlsplit(self.settings.url)
        within = re.split(r"[/&=;]", f"{parts.path}&{parts.query}")
        secrets = {self.secret, parts.username or "", parts.password or "", *within}
        for part in sorted(secrets, key=len, reverse=True):
            if len(part) >= SHORTEST_SECRET:
                text = text.replace(part, "…")
        return text


def _answer(response: httpx.Response, words: _Words, now: datetime) -> Answer:
    """What the status says; the body is read only to tell people why it was not taken."""
    status = response.status_code
    if 200 <= status < 300:
        return Answer("told", f"answered {status}")
    if 300 <= status < 400:
        return Answer("refused", f"answered {status}, and no redirect is followed")
    wait = _wait(response.headers.get("Retry-After", ""), now)
    try:
        text = words.of(response)
    except (httpx.HTTPError, OSError, RuntimeError):
        text = ""  # the status came, and that is enough
    said = f"answered {status}: {text}" if text else f"answered {status}"
    if status >= 500 or status in AGAIN:
        return Answer("again", said, wait)
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
