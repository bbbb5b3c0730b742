"""Unleash: what changes for users when a feature's toggles, strategies, variants or segments do."""

import re
from collections.abc import Mapping
from datetime import datetime

from bot.core.change import Change, ChangeKind
from bot.core.outside import kept
from handlers.fields import moment, text
from handlers.json_body import UnreadableError
from handlers.signatures import bearer, digest, same

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ()

_COUNTS = re.compile(
    r"^(feature-(environment-(enabled|disabled|variants-updated)|strategy-(add|update|remove)"
    r"|variants-updated|archived|revived|enabled|disabled)|segment-(updated|deleted))$"
)


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`Authorization`, which Unleash sends as it was typed: with "Bearer" before the token or without."""
    return bearer(headers, secret) or same(headers.get("authorization", "").strip(), secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The event's id."""
    event = payload.get("id") if isinstance(payload, dict) else None
    return f"event/{event}" if isinstance(event, int) else digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Change, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the change; nothing for tags, comments and features that nobody gets yet.

    Raises:
        UnreadableError: not an event, or one without an id or a time.

    """
    if not isinstance(payload, dict) or not text(payload, "type"):
        raise UnreadableError("type is missing", "/type", "Expected an Unleash event.")
    kind = text(payload, "type")
    if not _COUNTS.match(kind):
        return ()
    at, number = moment(payload.get("createdAt")), payload.get("id")
    if at is None:
        raise UnreadableError("createdAt cannot be read", "/createdAt", "Expected RFC 3339.")
    if not isinstance(number, int):
        raise UnreadableError("id is no number", "/id", "")
    feature, environment = text(payload, "featureName"), text(payload, "environment")
    where = f" in {environment}" if environment else ""
    return (
        Change(
            source="unleash",
            id=str(number),
            kind=ChangeKind.CONFIG,
            title=kept(f"{feature or 'A segment'}: {kind.replace('-', ' ')}{where}", 300),
            at=at,
            by=text(payload, "createdBy"),
            service=text(payload, "project"),
        ),
    )
