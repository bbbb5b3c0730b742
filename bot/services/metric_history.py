"""Asks Prometheus for the past of an incident's metric, its three spans side by side."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.core.change import Change
from bot.core.incident import Incident, IncidentAlert
from bot.core.metric_evidence import named
from bot.core.metric_history import SPANS, History, Span, overlaid
from bot.errors import SourceError
from bot.services.checks.servers import PATIENCE, side_by_side
from bot.services.metric_now import own, queries
from bot.sources.prometheus import Prometheus

Points = tuple[tuple[datetime, float], ...]


def history(
    source: Prometheus, incident: Incident, changes: Sequence[Change], now: datetime
) -> History | None:
    """The history of the incident's first alert, the firing ones first; None where it has none.

    A span that cannot be had has its reason; nothing is raised for it.
    """
    alerts = sorted(incident.alerts, key=lambda alert: alert.status != "firing")
    if not alerts:
        return None
    alert, asked = alerts[0], source.within(PATIENCE)
    told = side_by_side({name: _asks(asked, alert, now, length, step) for name, length, step in SPANS})
    low, high = incident.onset_from, incident.onset_to
    return History(
        title=named(alert),
        now=now,
        onset=incident.started,
        spans=tuple(_span(name, length, told[name]) for name, length, _ in SPANS),
        usual=alert.baseline,
        bounds=(low, high) if low is not None and high is not None else None,
        changes=overlaid(changes, onset=incident.started, now=now),
    )


def _asks(
    source: Prometheus, alert: IncidentAlert, now: datetime, length: timedelta, step: timedelta
) -> Callable[[], Points]:
    def ask() -> Points:
        for query in queries(alert):
            found = [one for one in source.range(query, start=now - length, end=now, step=step) if one.points]
            if found:
                return own(found, alert, query).points
        raise SourceError(f"{source.name} has no past of it")

    return ask


def _span(name: str, length: timedelta, answer: Points | SourceError) -> Span:
    if isinstance(answer, SourceError):
        return Span(name, length, reason=str(answer))
    return Span(name, length, answer)
