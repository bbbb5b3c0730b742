"""The generic change: for senders written by hand, so every fault is answered with what to mend."""

from collections.abc import Mapping
from datetime import datetime

from bot.core.change import Change, ChangeKind
from handlers.fields import Strict
from handlers.signatures import bearer, digest

VENDOR = False
KEEP_HEADERS: tuple[str, ...] = ()


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`Authorization: Bearer` with the configured token."""
    return bearer(headers, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The body itself; two different bodies with one id are told apart, the newer one then counts."""
    return digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Change, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the change; unknown fields are ignored.

    Raises:
        UnreadableError: with the JSON pointer of the field that is missing or of the wrong kind.

    """
    fields = Strict(payload)
    return (
        Change(
            source="generic",
            id=fields.required("id"),
            kind=ChangeKind(fields.one_of("kind", tuple(ChangeKind))),
            title=fields.required("title"),
            at=fields.required_moment("at"),
            ended_at=fields.moment("ended_at"),
            by=fields.text("by"),
            service=fields.text("service"),
            version=fields.text("version"),
            previous_version=fields.text("previous_version"),
            url=fields.text("url"),
        ),
    )
