"""Asks Amazon SNS for what a delivery names: the certificate it is signed with, the subscription to confirm.

Only addresses of SNS itself are asked, redirects are not followed, and little is read: the address stands in
a body that anybody can send.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bot.core.sns import certificate_url, confirmation_url
from bot.errors import SourceError

SECONDS = 3.0
MOST_READ = 65_536
KEPT = 16
FRESH = 24 * 3600.0
"""Seconds for which a certificate is not fetched again."""
REFUSED = 60.0
"""Seconds for which an address that gave none is not asked again."""
MOST_ASKED = 10
"""Certificates asked for in REFUSED seconds: forgeries may name as many addresses as they like."""


def fetch(url: str, *, transport: httpx.BaseTransport | None = None) -> bytes:
    """The bytes at an address of SNS.

    Raises:
        SourceError: it did not answer in time, with 200, or within MOST_READ bytes.

    """
    host = urlsplit(url).hostname
    try:
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False, transport=transport) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise SourceError(f"{host} answered {answer.status_code}")
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > MOST_READ:
                    raise SourceError(f"{host} answered more than {MOST_READ} bytes")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"{host}: {type(error).__name__}") from None
    return body


def confirm(url: str, *, transport: httpx.BaseTransport | None = None) -> None:
    """Confirm the subscription that `url` stands for.

    Raises:
        SourceError: it is no such address, or SNS did not confirm.

    """
    if not confirmation_url(url):
        raise SourceError("the address to confirm a subscription at is not one of Amazon SNS")
    if b"ConfirmSubscriptionResult" not in fetch(url, transport=transport):
        raise SourceError("Amazon SNS answered without a confirmation")


@dataclass(frozen=True)
class _Kept:
    pem: bytes | None
    until: float
    why: str = ""


class Certificates:
    """The certificates SNS signs with, by address: fetched one at a time, kept for a day, few of them.

    `get` gives ways in which the outside world comes in; threads may call it at once.
    """

    def __init__(
        self, get: Callable[[str], bytes] = fetch, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._get = get
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._asked: list[float] = []

    def of(self, url: str) -> bytes:
        """The certificate at the address, as PEM.

        Raises:
            SourceError: the address is not one of SNS, or the certificate cannot be had now.

        """
        if not certificate_url(url):
            raise SourceError("the address of a certificate is not one of Amazon SNS")
        with self._lock:
            now = self._monotonic()
            kept = self._kept.get(url)
            if kept is None or kept.until <= now:
                kept = self._ask(url, now)
        if kept.pem is None:
            raise SourceError(kept.why)
        return kept.pem

    def _ask(self, url: str, now: float) -> _Kept:
        self._asked = [at for at in self._asked if now - at < REFUSED]
        if len(self._asked) >= MOST_ASKED:
            return _Kept(None, now, f"more than {MOST_ASKED} certificates were asked for in a minute")
        self._asked.append(now)
        try:
            kept = _Kept(self._get(url), now + FRESH)
        except SourceError as error:
            kept = _Kept(None, now + REFUSED, str(error))
        self._kept.pop(url, None)
        while len(self._kept) >= KEPT:  # the refused first: forgeries must not drive out what is signed with
            refused = (address for address, one in self._kept.items() if one.pem is None)
            del self._kept[next(refused, next(iter(self._kept)))]
        self._kept[url] = kept
        return kept
