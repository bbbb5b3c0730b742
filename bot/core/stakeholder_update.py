"""The draft of an update for those who wait: what happened, what is known, what is done."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.incident import Event, Incident, Status
from bot.core.playbook import Leaf, Playbook

MOST = 3000
"""Characters of an update."""
_NEWS = frozenset({"answered", "back", "mitigated", "resolved", "reopened", "false_alarm", "onset"})
"""Events that change what those outside would want to know."""
_MOST_NEWS = 5


def draft(
    incident: Incident, playbook: Playbook, events: Sequence[Event], *, zone: ZoneInfo, now: datetime
) -> str:
    """Return the draft in plain text, times in `zone`; a person edits it before anybody else reads it."""
    lines = [
        f"{incident.number}: {incident.title} ({incident.severity})",
        f"Status at {_at(now, zone)}: {_status(incident)}.",
        f"What happened: {_happened(incident, zone)}",
        f"What we know: {_known(incident, playbook, zone)}",
        f"What we do: {_doing(incident, playbook)}",
        *_since(events, zone),
    ]
    return "\n".join(lines)[:MOST]


def last_update(events: Sequence[Event]) -> Event | None:
    """The newest update that was posted."""
    return next((event for event in reversed(events) if event.kind == "update"), None)


def _status(incident: Incident) -> str:
    return {
        Status.TRIAGING: "the cause is being localized",
        Status.LOCALIZED: "the cause is known and being mitigated",
        Status.MITIGATED: "mitigated, the recovery is being watched",
        Status.RESOLVED: "resolved",
        Status.FALSE_ALARM: "a false alarm, nothing was wrong with the product",
    }[incident.status]


def _happened(incident: Incident, zone: ZoneInfo) -> str:
    metric = incident.metric or "the metric"
    what = f"since about {_at(incident.started, zone)}"
    if incident.value is not None and incident.baseline is not None:
        what += f" {metric} is at {incident.value:.4g} instead of {incident.baseline:.4g}"
    else:
        what += f", noticed at {_at(incident.detected_at, zone)}"
    cohorts = ", ".join(incident.cohorts[:5])
    return f"{what}; affected: {cohorts}." if cohorts else f"{what}."


def _known(incident: Incident, playbook: Playbook, zone: ZoneInfo) -> str:
    if incident.localized_at is not None:
        name = playbook.category_name(incident.category)
        return f"the cause is {name}, found at {_at(incident.localized_at, zone)}."
    ruled = [
        choice.rules_out
        for answer in incident.path
        if (choice := playbook.at(answer.step).choice(answer.answer)) is not None and choice.rules_out
    ]
    return f"ruled out so far: {'; '.join(ruled)}." if ruled else "the cause is not known yet."


def _doing(incident: Incident, playbook: Playbook) -> str:
    place = playbook.at(incident.position)
    if incident.closed:
        return "nothing more; the review follows within five days."
    if incident.status is Status.MITIGATED:
        return "we watch the recovery before we call it resolved."
    return f"{place.action}." if isinstance(place, Leaf) else f"we ask: {place.ask}"


def _since(events: Sequence[Event], zone: ZoneInfo) -> list[str]:
    """What changed since the last update, the newest few."""
    last = last_update(events)
    news = [event for event in events if event.kind in _NEWS and (last is None or event.at > last.at)]
    if not news:
        return []
    head = f"Since the update of {_at(last.at, zone)}:" if last is not None else "So far:"
    return [head, *(f"- {_at(event.at, zone)} {event.text}" for event in news[-_MOST_NEWS:])]


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M %Z}"
