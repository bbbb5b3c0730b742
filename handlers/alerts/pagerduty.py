"""PagerDuty, webhooks version 3: one event of an incident there.

Every event of an incident says how it stands, so that priority changes, reassignments and reopenings keep
ours up to date; events of services, and notes, are taken and say nothing about an alert.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.core.alert import Alert, fallen
from handlers.fields import inner, moment, text
from handlers.json_body import UnreadableError
from handlers.signatures import digest, hex_sha256

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ()


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`X-PagerDuty-Signature: v1=HEX[,v1=HEX]`: one that fits is enough, while a secret is rotated."""
    given = headers.get("x-pagerduty-signature", "").split(",")
    marks = [mark.strip() for mark in given]
    return any(hex_sha256(mark[3:], body, secret) for mark in marks if mark.startswith("v1="))


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The event's id, which a retry repeats."""
    return text(inner(payload, "event"), "id") or digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Alert, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the incident as an alert; nothing for events of anything else.

    Raises:
        UnreadableError: this is no event of version 3.

    """
    event = inner(payload, "event")
    kind = text(event, "event_type")
    if not kind:
        hint = "Expected a webhook of version 3; older ones end in PagerDuty too."
        raise UnreadableError("event.event_type is missing", "/event/event_type", hint)
    incident = inner(event, "data")
    if not kind.startswith("incident.") or text(incident, "type") != "incident":
        return ()
    if not text(incident, "id"):
        raise UnreadableError("the incident has no id", "/event/data/id", "")
    resolved = kind == "incident.resolved" or text(incident, "status") == "resolved"
    at = moment(event.get("occurred_at"))
    title = text(incident, "title") or "PagerDuty incident"
    moved = fallen(title)
    return (
        Alert(
            source="pagerduty",
            key=text(incident, "id"),
            title=title,
            status="resolved" if resolved else "firing",
            severity=_severity(text(inner(incident, "priority"), "summary"), text(incident, "urgency")),
            service=text(inner(incident, "service"), "summary"),
            value=moved[1] if moved else None,
            baseline=moved[0] if moved else None,
            started_at=moment(incident.get("created_at")) or (at if kind == "incident.triggered" else None),
            ended_at=at if resolved else None,
            url=text(incident, "html_url"),
            labels={"number": str(incident["number"])} if isinstance(incident.get("number"), int) else {},
        ),
    )


def _severity(priority: str, urgency: str) -> str:
    """P1 to P5 as the team named them; without a priority, whether it paged."""
    return priority or {"high": "page", "low": "ticket"}.get(urgency, "")
