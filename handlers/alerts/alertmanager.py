"""Prometheus Alertmanager, webhook payloads version 3 and 4.

A group is "firing" while any of its alerts is, so the status of each alert counts. A "resolved" may only
mean that Prometheus died: after about four minutes without evaluations Alertmanager sends one.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.core.alert import Alert
from handlers.alerts import alert_group
from handlers.signatures import bearer, digest

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ()


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`Authorization: Bearer`, from `http_config.authorization` of the receiver."""
    return bearer(headers, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The body itself: a retry after 5xx repeats it, a new state of any alert changes it."""
    return digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Alert, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the alerts of the group, each with its own status.

    Raises:
        UnreadableError: this is no Alertmanager notification.

    """
    return alert_group.read(payload, "alertmanager")
