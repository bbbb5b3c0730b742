"""Opsgenie, and the alerts of Jira Service Management: the webhook integration's actions.

Notes, tags and assignments are taken and say nothing new; an acknowledgement says that it still fires.
Times are milliseconds, and in some versions `updatedAt` is nanoseconds.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.core.alert import Alert, AlertStatus, fallen
from handlers.alerts.alert_group import cohort_of
from handlers.fields import inner, moment, number, text, texts
from handlers.json_body import UnreadableError
from handlers.signatures import bearer, digest

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ()

_ACTIONS: Mapping[str, AlertStatus] = {
    "create": "firing",
    "acknowledge": "firing",
    "unacknowledge": "firing",
    "escalate": "firing",
    "snooze": "firing",
    "snoozeended": "firing",
    "updatepriority": "firing",
    "updatemessage": "firing",
    "updatedescription": "firing",
    "close": "resolved",
    "delete": "resolved",
}
_UNITS = (1e3, 1e6, 1e9)
"""What one second is in milliseconds, microseconds and nanoseconds."""


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`Authorization: Bearer`, from the integration's custom headers."""
    return bearer(headers, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The body: nothing numbers a delivery."""
    return digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Alert, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the alert; nothing for actions that do not change whether it fires.

    Raises:
        UnreadableError: there is no action, or no alert with an alias or an id.

    """
    alert = inner(payload, "alert")
    action = text(payload, "action") if isinstance(payload, dict) else ""
    key = text(alert, "alias", "alertId", "id")
    if not action:
        raise UnreadableError("action is missing", "/action", "Expected Opsgenie's webhook integration.")
    if not key:
        raise UnreadableError("the alert has neither alias nor id", "/alert/alias", "")
    status = _ACTIONS.get(action.lower())
    if status is None:
        return ()
    labels = texts(alert.get("details")) | _tags(alert.get("tags"))
    title = text(alert, "message") or "Opsgenie alert"
    moved = fallen(f"{title} {text(alert, 'description')}")
    return (
        Alert(
            source="opsgenie",
            key=key,
            title=title,
            status=status,
            severity=text(alert, "priority") or text(labels, "severity"),
            metric=text(labels, "metric"),
            service=text(labels, "service", "app", "model") or text(alert, "entity"),
            value=moved[1] if moved else number(labels.get("value")),
            baseline=moved[0] if moved else number(labels.get("baseline")),
            cohort=cohort_of(labels),
            started_at=_time(alert.get("createdAt")),
            ended_at=_time(alert.get("updatedAt")) if status == "resolved" else None,
            labels=labels,
            annotations={"description": text(alert, "description")} if text(alert, "description") else {},
        ),
    )


def _tags(tags: object) -> dict[str, str]:
    """Tags written as "service:answers"."""
    given = [tag.partition(":") for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    return texts({name.strip(): value.strip() for name, _, value in given if name and value})


def _time(value: object) -> datetime | None:
    given = number(value)
    if given is None:
        return None
    return next((found for unit in _UNITS if (found := _near(given / unit)) is not None), None)


def _near(seconds: float) -> datetime | None:
    """The time, if it is one of this century: that tells the units apart."""
    found = moment(seconds)
    return found if found is not None and 2000 <= found.year < 2100 else None
