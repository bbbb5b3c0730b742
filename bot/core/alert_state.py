"""What is known of an alert over its life, from one delivery to the next."""

from dataclasses import replace
from datetime import datetime

from bot.core.alert import Alert
from bot.core.incident import IncidentAlert


def first_seen(alert: Alert, now: datetime, *, since: datetime | None = None) -> IncidentAlert:
    """The alert as it comes into an incident; `since` is when it was first heard, where it was held."""
    return IncidentAlert(
        source=alert.source,
        key=alert.key,
        title=alert.title,
        status=alert.status,
        first_seen=since or now,
        last_seen=now,
        severity=alert.severity,
        metric=alert.metric,
        service=alert.service,
        value=alert.value,
        baseline=alert.baseline,
        cohort=alert.cohort,
        started_at=alert.started_at,
        first_started_at=alert.started_at,
        ended_at=alert.ended_at,
        url=alert.url,
        labels=alert.labels,
        annotations=alert.annotations,
    )


def seen(before: IncidentAlert, alert: Alert, now: datetime) -> IncidentAlert:
    """The alert as of this delivery; what the sender leaves out this time is kept."""
    again = before.status == "resolved" and alert.firing
    return replace(
        before,
        status=alert.status,
        last_seen=now,
        value=alert.value if alert.value is not None else before.value,
        baseline=alert.baseline if alert.baseline is not None else before.baseline,
        started_at=alert.started_at or before.started_at,
        ended_at=None if alert.firing else alert.ended_at or now,
        times=before.times + 1 if again else before.times,
    )
