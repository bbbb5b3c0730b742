"""An incident: where it stands, how it got there, and its milestones. All values are frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from bot.core.alert import AlertStatus
from bot.core.evidence import Evidence

Severity: TypeAlias = Literal["SEV1", "SEV2", "SEV3"]
SEVERITIES: tuple[Severity, ...] = ("SEV1", "SEV2", "SEV3")
"""The worst first."""
UNKNOWN = 0
"""The category of an incident that is not localized."""


class Status(StrEnum):
    """Where an incident stands."""

    TRIAGING = "triaging"
    LOCALIZED = "localized"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    FALSE_ALARM = "false_alarm"

    @property
    def words(self) -> str:
        """The status as shown."""
        return {"triaging": "localizing", "false_alarm": "false alarm"}.get(self.value, self.value)


_PROGRESS = {
    Status.TRIAGING: 0,
    Status.LOCALIZED: 1,
    Status.MITIGATED: 2,
    Status.RESOLVED: 3,
    Status.FALSE_ALARM: 3,
}


@dataclass(frozen=True)
class IncidentAlert:
    """An alert as part of an incident.

    `times` counts how often it began to fire; `started_at` is the start of the current or last firing,
    `first_started_at` of the first.
    """

    source: str
    key: str
    title: str
    status: AlertStatus
    first_seen: datetime
    last_seen: datetime
    severity: str = ""
    metric: str = ""
    service: str = ""
    value: float | None = None
    baseline: float | None = None
    cohort: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    first_started_at: datetime | None = None
    ended_at: datetime | None = None
    times: int = 1
    url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def cohort_name(self) -> str:
        """The cohort as people write it, or nothing."""
        return "-".join(self.cohort.values())


@dataclass(frozen=True)
class Tally:
    """How many alerts an incident has, how many fire, how many of them again after a resolve; its cohorts."""

    alerts: int
    firing: int
    again: int
    cohorts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """An answer given on the way: who said what, and what the evidence said just then.

    `step` is where the incident stood, and stands again when the answer is taken back; `asked` is the
    question it answers where that is another one: a roll-back may be entered from anywhere.
    """

    step: str
    answer: str
    label: str
    by: str
    at: datetime
    evidence: tuple[Evidence, ...] = ()
    asked: str = ""

    @property
    def question(self) -> str:
        """The id of the question it answers."""
        return self.asked or self.step


@dataclass(frozen=True)
class Moved:
    """The last thing that changed where the incident stands: for telling those who come too late."""

    what: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Claim:
    """A step of a leaf's checklist that somebody took, and when it was done; None while it is not."""

    by: str
    at: datetime
    done_at: datetime | None = None


@dataclass(frozen=True)
class Event:
    """A line of the timeline. `by` is a Slack user id, or "" for Lookout itself."""

    at: datetime
    kind: str
    text: str
    by: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Incident:
    """One incident.

    `position` is the id of the question or leaf it stands at, `path` the answers that led there. `version`
    grows with every move, so that a button drawn before it can be recognised. `started` is the onset (the
    earliest start of its alerts), `detected_at` when Lookout heard of it; the other milestones are None
    until reached and None again when taken back. `channel` is where the card lives, a channel reference.
    `playbook` is the hash of the tree it walks. `category` is 1-10, 0 while unknown. `labels` are those of
    the alert that opened it. `onset_from` and `onset_to` bound `started` where it was estimated; `onset_by`
    is "alert", "history" (estimated from the metric's past) or a person's id, "" where it was opened by hand.
    `acknowledged_at` is when somebody first said that they look at it. `roles` are people by role
    ("commander", "investigator", "scribe", "comms"); `claims` are the steps of the checklist somebody took,
    by "<leaf>/<number from 1>". `drill` names the drill it belongs to, "" for what is real; `excluded` says
    why it does not count in the metrics. `alerts` are the first of its alerts, firing ones before others;
    `tally` counts all of them where it was loaded with it, since a storm brings more than a card can hold.
    """

    id: int
    title: str
    severity: Severity
    status: Status
    channel: str
    group: str
    playbook: str
    position: str
    opened_at: datetime
    started: datetime
    detected_at: datetime
    opened_by: str = ""
    lead: str = ""
    version: int = 1
    category: int = UNKNOWN
    metric: str = ""
    service: str = ""
    value: float | None = None
    baseline: float | None = None
    localized_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    last_alert_at: datetime | None = None
    path: tuple[Answer, ...] = ()
    alerts: tuple[IncidentAlert, ...] = ()
    moved: Moved | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    onset_from: datetime | None = None
    onset_to: datetime | None = None
    onset_by: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    drill: str = ""
    excluded: str = ""
    tally: Tally | None = field(default=None, compare=False)

    @property
    def number(self) -> str:
        """The name people use: "INC-7"."""
        return f"INC-{self.id}"

    @property
    def dated(self) -> bool:
        """Whether its onset was estimated or said, and is not merely the earliest start of its alerts."""
        return self.onset_by not in ("", "alert")

    @property
    def onset_until(self) -> datetime:
        """When it had begun at the latest: the end of the onset's bounds, where it has any."""
        return max(self.started, self.onset_to or self.started)

    @property
    def closed(self) -> bool:
        """Whether it is over: resolved or a false alarm."""
        return self.status in {Status.RESOLVED, Status.FALSE_ALARM}

    @property
    def firing(self) -> tuple[IncidentAlert, ...]:
        """The alerts that still fire."""
        return tuple(alert for alert in self.alerts if alert.status == "firing")

    @property
    def alert_count(self) -> int:
        """How many alerts it has."""
        return self.tally.alerts if self.tally is not None else len(self.alerts)

    @property
    def firing_count(self) -> int:
        """How many of its alerts still fire."""
        return self.tally.firing if self.tally is not None else len(self.firing)

    @property
    def again_count(self) -> int:
        """How many of those that fire do so again after a resolve."""
        if self.tally is not None:
            return self.tally.again
        return sum(1 for alert in self.firing if alert.times > 1)

    @property
    def cohorts(self) -> tuple[str, ...]:
        """The cohorts its alerts named, each once, in the order they came."""
        if self.tally is not None:
            return self.tally.cohorts
        return tuple(dict.fromkeys(alert.cohort_name for alert in self.alerts if alert.cohort_name))

    def reached(self, status: Status) -> bool:
        """Whether it got as far as `status`; a false alarm is past everything."""
        return _PROGRESS[self.status] >= _PROGRESS[status]

    def age(self, now: datetime) -> timedelta:
        """How long it has been, or was, open; never negative."""
        return max((self.resolved_at or now) - self.opened_at, timedelta(0))


@dataclass(frozen=True)
class Milestones:
    """How long each stage took; None where it was not reached or a time is missing.

    `detect` counts from the onset; the others count from the detection.
    """

    detect: timedelta | None
    localize: timedelta | None
    mitigate: timedelta | None
    resolve: timedelta | None


def milestones(incident: Incident) -> Milestones:
    """Differences of the named milestones, which later edits of text cannot move."""

    def since(moment: datetime | None) -> timedelta | None:
        return None if moment is None else moment - incident.detected_at

    return Milestones(
        detect=incident.detected_at - incident.started if incident.alerts or incident.onset_by else None,
        localize=since(incident.localized_at),
        mitigate=since(incident.mitigated_at),
        resolve=since(incident.resolved_at),
    )


def severity_of(text: str) -> Severity:
    """Translate a sender's severity; what is not known is SEV2.

    >>> severity_of("critical"), severity_of("page"), severity_of("warning")
    ('SEV1', 'SEV2', 'SEV3')
    """
    word = text.strip().lower()
    if word in {"sev1", "critical", "p1", "emergency", "fatal", "disaster"}:
        return "SEV1"
    if word in {"sev3", "warning", "warn", "ticket", "info", "low", "minor", "p3", "p4", "p5"}:
        return "SEV3"
    return "SEV2"
