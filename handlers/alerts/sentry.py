"""Sentry: metric alerts, issue alerts and issues of an integration; the plugin's older body too.

What the delivery is about stands in the header `Sentry-Hook-Resource`; comments and installations are taken
and say nothing about an alert.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.core.alert import Alert, AlertStatus, fallen
from handlers.alerts.alert_group import cohort_of
from handlers.fields import inner, moment, text, texts
from handlers.json_body import UnreadableError
from handlers.signatures import bearer, digest, hex_sha256

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ("sentry-hook-resource",)

_METRIC: Mapping[str, AlertStatus] = {"critical": "firing", "warning": "firing", "resolved": "resolved"}
_ISSUE: Mapping[str, AlertStatus] = {
    "created": "firing",
    "unresolved": "firing",
    "resolved": "resolved",
    "ignored": "resolved",
    "archived": "resolved",
}


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`Sentry-Hook-Signature`; the older plugin signs nothing and takes a bearer token."""
    given = headers.get("sentry-hook-signature")
    return bearer(headers, secret) if given is None else hex_sha256(given, body, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The body: `Request-ID` differs between tries."""
    return digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Alert, ...]:
    """Return the alert; nothing for deliveries about anything else.

    Raises:
        UnreadableError: it says of itself that it is an alert, and has no id.

    """
    if not isinstance(payload, dict):
        raise UnreadableError("not an object", "", "Expected a webhook of a Sentry integration.")
    data = inner(payload, "data")
    for name, read in _KINDS.items():
        if name in data:
            return read(text(payload, "action"), inner(data, name), data)
    if "event" in payload and "project" in payload:
        return _plugin(payload)
    if headers.get("sentry-hook-resource") in {"metric_alert", "event_alert", "issue"}:
        raise UnreadableError("data has no alert", "/data", "Expected metric_alert, event or issue.")
    return ()


def _metric_alert(action: str, alert: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Alert, ...]:
    status = _METRIC.get(action)
    if status is None:
        return ()
    rule = inner(alert, "alert_rule")
    title = text(data, "description_title") or text(rule, "name") or text(alert, "title")
    return _one(
        f"metric/{_id(alert, '/data/metric_alert/id')}",
        title,
        status,
        severity=action if status == "firing" else "",
        metric=text(rule, "aggregate"),
        service=_project(alert),
        started_at=moment(alert.get("date_started")),
        ended_at=moment(alert.get("date_closed")) if status == "resolved" else None,
        url=text(data, "web_url"),
        annotations=texts({"description": data.get("description_text")}),
    )


def _event(action: str, event: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Alert, ...]:
    del action  # "triggered": an issue alert has no other
    tags = _tags(event.get("tags"))
    return _one(
        f"issue/{text(event, 'issue_id') or _id(event, '/data/event/issue_id')}",
        text(event, "title", "message"),
        "firing",
        severity=text(event, "level"),
        service=text(event, "project_slug") or tags.get("service", ""),
        cohort=cohort_of(tags),
        started_at=moment(event.get("datetime") or event.get("timestamp")),
        url=text(event, "web_url", "url"),
        labels=tags,
        annotations=texts({"rule": data.get("triggered_rule")}),
    )


def _issue(action: str, issue: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Alert, ...]:
    del data
    status = _ISSUE.get(action)
    if status is None:
        return ()
    return _one(
        f"issue/{_id(issue, '/data/issue/id')}",
        text(issue, "title"),
        status,
        severity=text(issue, "level"),
        service=text(inner(issue, "project"), "slug"),
        started_at=moment(issue.get("firstSeen")),
        url=text(issue, "web_url", "permalink"),
    )


def _plugin(payload: Mapping[str, Any]) -> tuple[Alert, ...]:
    event = inner(payload, "event")
    tags = _tags(event.get("tags"))
    return _one(
        f"issue/{_id(payload, '/id')}",
        text(event, "title") or text(payload, "message"),
        "firing",
        severity=text(payload, "level"),
        service=text(payload, "project_slug", "project"),
        cohort=cohort_of(tags),
        started_at=moment(event.get("timestamp")),
        url=text(payload, "url"),
        labels=tags,
        annotations=texts({"culprit": payload.get("culprit")}),
    )


_KINDS: Mapping[str, Callable[[str, Mapping[str, Any], Mapping[str, Any]], tuple[Alert, ...]]] = {
    "metric_alert": _metric_alert,
    "event": _event,
    "issue": _issue,
}


def _one(key: str, title: str, status: AlertStatus, **fields: Any) -> tuple[Alert, ...]:
    baseline, value = fallen(title) or (None, None)
    given = {"title": title or "Sentry alert", "baseline": baseline, "value": value, **fields}
    return (Alert(source="sentry", key=key, status=status, **given),)


def _id(fields: Mapping[str, Any], path: str) -> str:
    found = fields.get("id")
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not text(fields, "id"):
        raise UnreadableError("the alert has no id", path, "")
    return text(fields, "id")


def _project(alert: Mapping[str, Any]) -> str:
    projects = alert.get("projects")
    named = [one for one in projects if isinstance(one, str)] if isinstance(projects, list) else []
    return ", ".join(named[:3])


def _tags(tags: object) -> dict[str, str]:
    """Sentry's tags are pairs."""
    pairs = [tag for tag in tags if isinstance(tag, list) and len(tag) == 2] if isinstance(tags, list) else []
    return texts({str(name): value for name, value in pairs})
