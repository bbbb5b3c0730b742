"""How senders prove who they are, compared in constant time; a header no one could send is simply wrong."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

REPLAY = 300.0
"""Seconds after which a signed time is refused."""


def bearer(headers: Mapping[str, str], secret: str) -> bool:
    """`Authorization: Bearer SECRET`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and same(token.strip(), secret)


def hub_sha256(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """`X-Hub-Signature-256: sha256=HEX`, an HMAC over the raw body."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return same(headers.get("x-hub-signature-256", ""), f"sha256={expected}")


def hex_sha256(given: str, signed: bytes, secret: str) -> bool:
    """An HMAC-SHA256 in hex over what was signed."""
    return same(given.strip().lower(), hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest())


def basic(headers: Mapping[str, str], secret: str) -> bool:
    """`Authorization: Basic`, whatever the user's name, with the secret as the password."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    try:
        user = base64.b64decode(token.strip().encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return False
    password = user.partition(b":")[2]
    return scheme.lower() == "basic" and hmac.compare_digest(password, secret.encode())


def timely(sent: str, now: datetime) -> bool:
    """Whether seconds since 1970 are at most five minutes from now: an older delivery may be a replay."""
    try:
        return abs(now.timestamp() - float(sent)) <= REPLAY
    except ValueError:
        return False


def digest(body: bytes) -> str:
    """The SHA-256 of a body in hex: the delivery key of senders that number nothing."""
    return hashlib.sha256(body).hexdigest()


def same(given: str, expected: str) -> bool:
    """Compare a header, whose bytes the server reads as Latin-1, with a secret, which is sent as UTF-8."""
    return hmac.compare_digest(given.encode("latin-1", "backslashreplace"), expected.encode())
