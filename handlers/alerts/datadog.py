"""Datadog: the body is written by whoever sets the webhook up, so ours is in templates/datadog.json.

`aggregate` names the alert over its life and `cycle` one firing of it; a monitor by several tags sends one
delivery a group.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.core.alert import Alert, AlertStatus, fallen
from handlers.alerts.alert_group import cohort_of
from handlers.fields import moment, number, text
from handlers.json_body import UnreadableError
from handlers.signatures import bearer, digest

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ()

_TRANSITIONS: Mapping[str, AlertStatus | None] = {
    "triggered": "firing",
    "re-triggered": "firing",
    "renotify": "firing",
    "no data": "firing",
    "re-no data": "firing",
    "warn": "firing",
    "re-warn": "firing",
    "recovered": "resolved",
    "warn recovered": "resolved",
    "no data recovered": "resolved",
    "test notification": None,
}
_MILLISECONDS = 1000


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`Authorization: Bearer`, from the webhook's custom headers."""
    return bearer(headers, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The body: five tries of one notification repeat it."""
    return digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Alert, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the alert; nothing for the test notification.

    Raises:
        UnreadableError: the body is not written as our template says.

    """
    hint = "Use the body in templates/datadog.json."
    if not isinstance(payload, dict):
        raise UnreadableError("not an object", "", hint)
    key, transition = text(payload, "aggregate", "monitor"), text(payload, "transition").lower()
    if not key:
        raise UnreadableError("aggregate is missing", "/aggregate", hint)
    if transition not in _TRANSITIONS:
        raise UnreadableError(f"the transition is {transition[:40]!r}", "/transition", hint)
    status = _TRANSITIONS[transition]
    if status is None:
        return ()
    tags, at = _tags(text(payload, "scope"), text(payload, "tags")), _time(payload.get("at"))
    title = text(payload, "title") or "Datadog alert"
    moved = fallen(f"{title} {text(payload, 'message')}")
    alert = Alert(
        source="datadog",
        key=key,
        title=title,
        status=status,
        severity=text(payload, "priority"),
        metric=text(payload, "metric") or tags.get("metric", ""),
        service=tags.get("service", ""),
        value=moved[1] if moved else number(payload.get("value")),
        baseline=moved[0] if moved else None,
        cohort=cohort_of(tags),
        started_at=at if transition in {"triggered", "warn", "no data"} else None,
        ended_at=at if status == "resolved" else None,
        url=text(payload, "url"),
        labels=tags,
        annotations={"transition": transition},
    )
    return (alert,)


def _tags(*given: str) -> dict[str, str]:
    """ "service:answers,locale:jp" as labels; tags without a value say nothing here."""
    pairs = [tag.strip().partition(":") for tags in given for tag in tags.split(",")]
    return {name: value for name, _, value in pairs[:64] if name and value}


def _time(value: object) -> datetime | None:
    milliseconds = number(value)
    return None if milliseconds is None else moment(milliseconds / _MILLISECONDS)
