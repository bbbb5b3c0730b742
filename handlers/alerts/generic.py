"""The generic alert: for senders written by hand, so every fault is answered with what to mend."""

from collections.abc import Mapping
from datetime import datetime

from bot.core.alert import Alert
from handlers.fields import Strict
from handlers.signatures import bearer, digest

VENDOR = False
KEEP_HEADERS: tuple[str, ...] = ()


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`Authorization: Bearer` with the configured token."""
    return bearer(headers, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The body itself: the same text again is a repeat."""
    return digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Alert, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the alert; unknown fields are ignored.

    Raises:
        UnreadableError: with the JSON pointer of the field that is missing or of the wrong kind.

    """
    fields = Strict(payload)
    return (
        Alert(
            source="generic",
            key=fields.required("key"),
            title=fields.required("title"),
            status="firing" if fields.one_of("status", ("firing", "resolved")) == "firing" else "resolved",
            severity=fields.text("severity"),
            metric=fields.text("metric"),
            service=fields.text("service") or fields.texts("labels").get("service", ""),
            value=fields.number("value"),
            baseline=fields.number("baseline"),
            cohort=fields.texts("cohort"),
            started_at=fields.moment("started_at"),
            url=fields.text("url"),
            labels=fields.texts("labels"),
        ),
    )
