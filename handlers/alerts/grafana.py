"""Grafana: notifications of unified alerting, which are Alertmanager's with more, and legacy ones before it.

Grafana signs where the contact point has an HMAC secret, over the body or, with a time header, over
"time:body"; else the contact point sends `Authorization: Bearer`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.core.alert import Alert, AlertStatus
from handlers.alerts import alert_group
from handlers.fields import number, text, texts
from handlers.json_body import UnreadableError
from handlers.signatures import bearer, digest, hex_sha256, timely

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ()

SIGNATURE = "x-grafana-alerting-signature"
TIME = "x-grafana-alerting-timestamp"

_LEGACY: Mapping[str, AlertStatus | None] = {
    "alerting": "firing",
    "no_data": "firing",
    "ok": "resolved",
    "paused": None,
    "pending": None,
}


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:
    """The HMAC where there is one, of at most five minutes ago where it has a time; else the bearer token."""
    given, sent = headers.get(SIGNATURE), headers.get(TIME)
    if given is None:
        return bearer(headers, secret)
    if sent is None:
        return hex_sha256(given, body, secret)
    return timely(sent, now) and hex_sha256(given, sent.encode() + b":" + body, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The body itself: nothing numbers a delivery."""
    return digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Alert, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the alerts of a notification; a legacy rule is one alert.

    Raises:
        UnreadableError: this is no Grafana notification.

    """
    if isinstance(payload, dict) and "alerts" not in payload and "state" in payload:
        return _legacy(payload)
    return alert_group.read(payload, "grafana")


def _legacy(rule: Mapping[str, Any]) -> tuple[Alert, ...]:
    state = text(rule, "state").lower()
    if state not in _LEGACY:
        raise UnreadableError(f"the state is {state[:40]!r}", "/state", f"Expected {', '.join(_LEGACY)}.")
    status = _LEGACY[state]
    if status is None:
        return ()
    labels = texts(rule.get("tags"))
    given = rule.get("evalMatches")
    matches = [match for match in given if isinstance(match, dict)] if isinstance(given, list) else []
    metrics = {text(match, "metric") for match in matches}
    alert = Alert(
        source="grafana",
        key=f"rule/{rule['ruleId']}" if rule.get("ruleId") is not None else f"rule/{text(rule, 'ruleName')}",
        title=text(rule, "ruleName", "title") or "Alert",
        status=status,
        severity=text(labels, "severity", "priority"),
        metric=text(labels, "metric") or (metrics.pop() if len(metrics) == 1 else ""),
        service=text(labels, "service", "app", "model", "job"),
        value=number(matches[0].get("value")) if len(matches) == 1 else None,
        cohort=alert_group.cohort_of(labels),
        url=text(rule, "ruleUrl"),
        labels=labels,
        annotations={"message": text(rule, "message")} if text(rule, "message") else {},
    )
    return (alert,)
