"""PagerDuty change events: whoever sends them to PagerDuty's Events API may send them here as well."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from bot.core.change import Change, ChangeKind
from bot.core.outside import kept
from handlers.fields import RECEIVED, inner, moment, text
from handlers.json_body import UnreadableError
from handlers.signatures import digest, same

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = (RECEIVED,)


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """The body's `routing_key`, which is the secret of such a sender."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return False
    key = payload.get("routing_key") if isinstance(payload, dict) else None
    return isinstance(key, str) and same(key.encode("utf-8", "replace").decode("latin-1"), secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The body: nothing numbers an event."""
    return digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the change; `custom_details.kind` may name its kind, else it is a code deploy.

    Raises:
        UnreadableError: there is no summary.

    """
    event = inner(payload, "payload")
    summary = text(event, "summary")
    if not summary:
        raise UnreadableError("payload.summary is missing", "/payload/summary", "Expected a change event.")
    at = moment(event.get("timestamp")) or moment(headers.get(RECEIVED))
    if at is None:
        raise UnreadableError("the timestamp cannot be read", "/payload/timestamp", "Expected RFC 3339.")
    details, source = inner(event, "custom_details"), text(event, "source")
    kind = text(details, "kind")
    return (
        Change(
            source="pagerduty",
            id=sha256(f"{summary}\n{source}\n{at.isoformat()}".encode()).hexdigest()[:32],
            kind=ChangeKind(kind) if kind in set(ChangeKind) else ChangeKind.CODE_DEPLOY,
            title=kept(summary, 300),
            at=at,
            service=text(details, "service") or source,
            version=text(details, "version", "revision"),
            url=_link(payload),
        ),
    )


def _link(payload: object) -> str:
    links = payload.get("links") if isinstance(payload, dict) else None
    first = links[0] if isinstance(links, list) and links and isinstance(links[0], dict) else {}
    return text(first, "href")
