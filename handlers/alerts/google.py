"""Google Cloud Monitoring: incidents, sent straight or in the envelope of a Pub/Sub push."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.core.alert import Alert, fallen
from handlers import json_body
from handlers.alerts.alert_group import cohort_of
from handlers.fields import inner, moment, number, text, texts
from handlers.json_body import UnreadableError
from handlers.signatures import basic, bearer, digest

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ()


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """A bearer token, or the password of basic authentication: a webhook channel has no other."""
    return bearer(headers, secret) or basic(headers, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """Pub/Sub's message id, which a redelivery repeats, else the body."""
    return text(inner(payload, "message"), "messageId", "message_id") or digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Alert, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the incident as an alert.

    Raises:
        UnreadableError: there is no incident, or its state is neither open nor closed.

    """
    incident = inner(_opened(payload), "incident")
    if not incident:
        raise UnreadableError(
            "incident is missing", "/incident", "Expected a notification of an alert policy."
        )
    state = text(incident, "state").lower()
    if state not in {"open", "closed"}:
        raise UnreadableError(f"the state is {state[:40]!r}", "/incident/state", "Expected open or closed.")
    labels = _labels(incident)
    summary = text(incident, "summary")
    moved = fallen(summary)
    return (
        Alert(
            source="google",
            key=text(incident, "incident_id") or _place(incident),
            title=": ".join(filter(None, (text(incident, "policy_name"), text(incident, "condition_name"))))
            or summary
            or "Google Cloud alert",
            status="firing" if state == "open" else "resolved",
            severity=text(incident, "severity") or labels.get("severity", ""),
            metric=text(inner(incident, "metric"), "type"),
            service=labels.get("service", "") or text(incident, "resource_name"),
            value=moved[1] if moved else number(incident.get("observed_value")),
            baseline=moved[0] if moved else None,
            cohort=cohort_of(labels),
            started_at=moment(incident.get("started_at")),
            ended_at=moment(incident.get("ended_at")) if state == "closed" else None,
            url=text(incident, "url"),
            labels=labels,
            annotations={"summary": summary} if summary else {},
        ),
    )


def _opened(payload: object) -> object:
    """What is in Pub/Sub's envelope, where there is one."""
    data = text(inner(payload, "message"), "data") if inner(payload, "message") else ""
    if not data:
        return payload
    given = inner(payload, "message")["data"]
    try:
        return json_body.parse(base64.b64decode(given, validate=True))
    except (binascii.Error, ValueError) as error:
        raise UnreadableError("data is not base64", "/message/data", "Expected a Pub/Sub push.") from error


def _labels(incident: Mapping[str, Any]) -> dict[str, str]:
    """The policy's own labels before the metric's, those before the resource's."""
    found: dict[str, str] = {}
    for name in ("resource", "metric"):
        found |= texts(inner(incident, name).get("labels"))
    return found | texts(incident.get("policy_user_labels"))


def _place(incident: Mapping[str, Any]) -> str:
    """What an open and a closed incident without an id have in common."""
    where = text(incident, "condition_name", "resource_name")
    return f"{text(incident, 'policy_name')}/{where}/{incident.get('started_at')}"[:200]
