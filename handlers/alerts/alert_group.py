"""A group of alerts as Alertmanager sends it, and as Grafana does after it: each alert has its own status."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from bot.core.alert import COHORT_DIMENSIONS, Alert, AlertStatus, fallen
from handlers.fields import inner, moment, number, text, texts
from handlers.json_body import UnreadableError

MAX_ALERTS = 1000
MOST_LEFT_OUT = 1_000_000
"""What is believed of a sender's count; a database's number has an end."""

_VALUE = re.compile(
    r"\b(?:value|now)\s*(?:is|[:=])?\s*([-\u2212]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\b", re.IGNORECASE
)


def read(payload: object, source: str) -> tuple[Alert, ...]:
    """Return the alerts of the group.

    Raises:
        UnreadableError: this is no such notification.

    """
    if not isinstance(payload, dict):
        raise UnreadableError("not an object", "", "Expected a webhook payload with alerts.")
    items = payload.get("alerts")
    if not isinstance(items, list):
        raise UnreadableError("alerts is missing", "/alerts", "Expected a webhook payload of version 3 or 4.")
    truncated = payload.get("truncatedAlerts")
    left_out = truncated if isinstance(truncated, int) and not isinstance(truncated, bool) else 0
    left_out = min(max(left_out, 0), MOST_LEFT_OUT) + max(len(items) - MAX_ALERTS, 0)
    return tuple(
        _alert(source, item, index, payload, left_out if index == 0 else 0)
        for index, item in enumerate(items[:MAX_ALERTS])
    )


def _alert(source: str, item: object, index: int, group: Mapping[str, Any], left_out: int) -> Alert:
    if not isinstance(item, dict):
        raise UnreadableError("an alert is not an object", f"/alerts/{index}", "Expected labels and status.")
    labels = texts(group.get("commonLabels")) | texts(item.get("labels"))
    notes = texts(group.get("commonAnnotations")) | texts(item.get("annotations"))
    status = _status(item, index, group)
    value, baseline = _numbers(notes, inner(item, "values"))
    started = moment(item.get("startsAt"))
    return Alert(
        source=source,
        key=text(item, "fingerprint") or _fingerprint(labels),
        title=text(notes, "summary", "title")
        or text(labels, "alertname")
        or text(notes, "description")
        or "Alert",
        status=status,
        severity=text(labels, "severity", "priority"),
        metric=text(labels, "metric") or text(notes, "metric") or text(labels, "__name__"),
        service=text(labels, "service", "app", "model", "job"),
        value=value,
        baseline=baseline,
        cohort=cohort_of(labels),
        started_at=started,
        ended_at=moment(item.get("endsAt")) if status == "resolved" else None,
        url=text(item, "generatorURL", "panelURL", "dashboardURL"),
        labels=labels,
        annotations=notes,
        left_out=left_out,
    )


def _status(item: Mapping[str, Any], index: int, group: Mapping[str, Any]) -> AlertStatus:
    word = item.get("status", group.get("status"))
    if word == "firing":
        return "firing"
    if word == "resolved":
        return "resolved"
    raise UnreadableError("the status is neither firing nor resolved", f"/alerts/{index}/status", "")


def _numbers(notes: Mapping[str, str], values: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Value and baseline: as annotated, else from the summary or description where that is unambiguous.

    `values` are Grafana's, by the letter of a query: where there is one, it is what was measured.
    """
    value, baseline = number(notes.get("value")), number(notes.get("baseline"))
    for name in ("summary", "title", "description"):
        moved = fallen(notes.get(name, ""))
        if moved and value is None and baseline is None:
            baseline, value = moved
    if value is None:
        said = {match for name in ("summary", "description") for match in _VALUE.findall(notes.get(name, ""))}
        value = number(said.pop()) if len(said) == 1 else None
    if value is None and len(values) == 1:
        value = number(next(iter(values.values())))
    return value, baseline


def cohort_of(labels: Mapping[str, str]) -> dict[str, str]:
    """The label `cohort` where there is one, else the known dimensions."""
    if labels.get("cohort"):
        return {"cohort": labels["cohort"]}
    return {name: labels[name] for name in COHORT_DIMENSIONS if labels.get(name)}


def _fingerprint(labels: Mapping[str, str]) -> str:
    """What old versions leave out: the labels identify an alert."""
    return hashlib.sha256(json.dumps(sorted(labels.items())).encode()).hexdigest()[:16]
