"""How senders prove who they are, compared in constant time; a header no one could send is simply wrong."""

import hashlib
import hmac
from collections.abc import Mapping


def bearer(headers: Mapping[str, str], secret: str) -> bool:
    """`Authorization: Bearer SECRET`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and _same(token.strip(), secret)


def hub_sha256(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """`X-Hub-Signature-256: sha256=HEX`, an HMAC over the raw body."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return _same(headers.get("x-hub-signature-256", ""), f"sha256={expected}")


def digest(body: bytes) -> str:
    """The SHA-256 of a body in hex: the delivery key of senders that number nothing."""
    return hashlib.sha256(body).hexdigest()


def _same(given: str, expected: str) -> bool:
    """Compare a header, whose bytes the server reads as Latin-1, with a secret, which is sent as UTF-8."""
    return hmac.compare_digest(given.encode("latin-1", "backslashreplace"), expected.encode())
