"""Slack's request signature."""

import hmac
from hashlib import sha256

import pytest

from handlers.slack_http import verified

NOW = 1_700_000_000.0


def sign(secret: str, stamp: str, body: bytes) -> str:
    """Sign as Slack's documentation describes."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()


def test_slacks_own_example_verifies() -> None:
    """The example of Slack's documentation: secret, timestamp, body and signature as printed there."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert verified("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", signature, body, 1531420618.0)


@pytest.mark.parametrize(
    ("stamp", "age", "change"),
    [
        ("abc", 0, ""),
        ("", 0, ""),
        ("9" * 40, 0, ""),
        ("1700000000", 301, ""),
        ("1700000000", -301, ""),
        ("1700000000", 0, "v0=é"),
        ("1700000000", 0, "v0=00"),
        ("1700000000", 0, " "),
    ],
)
def test_anything_else_is_refused(stamp: str, age: float, change: str) -> None:
    """A strange timestamp, an old one, or a wrong signature is refused and never an error."""
    signature = change or (sign("s", stamp, b"body"))
    assert not verified("s", stamp, signature, b"body", NOW + age)


def test_a_changed_body_is_refused() -> None:
    """The signature covers the body."""
    stamp = str(int(NOW))
    assert verified("s", stamp, sign("s", stamp, b"body"), b"body", NOW)
    assert not verified("s", stamp, sign("s", stamp, b"body"), b"other", NOW)
