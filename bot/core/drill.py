"""A drill: a past incident as data, its evidence played back on a clock, and what the right way was.

Minutes count from the page. Nothing outside is asked for and nobody outside the drill's channel is called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.change import Change, ChangeKind
from bot.core.change_evidence import change_evidence
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.incident import Incident, IncidentAlert, Status
from bot.core.metric_evidence import against_baseline
from bot.core.playbook import Leaf, Playbook, Question

SOURCE = "drill"
"""What evidence and changes of a drill name as their source."""


@dataclass(frozen=True)
class Cue:
    """What a check says at a step from `after` on; a later cue of the same check there takes its place."""

    step: str
    check: str
    status: EvidenceStatus
    line: str
    suggests: str = ""
    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class PastChange:
    """A change in the drill's own change log, `before` the page."""

    kind: ChangeKind
    title: str
    before: timedelta
    service: str = ""
    by: str = ""
    version: str = ""
    previous_version: str = ""


@dataclass(frozen=True)
class Page:
    """The alert that begins it; `began` is how long before the page the metric fell."""

    title: str
    metric: str
    value: float
    baseline: float
    severity: str
    service: str
    began: timedelta
    cohort: Mapping[str, str]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Recovery:
    """The metric is at `value` again this long after the right leaf was reached, and at no other time."""

    after: timedelta
    value: float


@dataclass(frozen=True)
class Drill:
    """One drill. `path` is the right answer of each step on the way to `leaf`, in the tree named `tree`."""

    id: str
    title: str
    tree: str
    page: Page
    changes: tuple[PastChange, ...]
    cues: tuple[Cue, ...]
    recovery: Recovery
    path: Mapping[str, str]
    leaf: str
    story: str
    lesson: str
    source: str

    def alert(self, now: datetime) -> IncidentAlert:
        """The page as an alert of the drill's incident."""
        page, began = self.page, now - self.page.began
        return IncidentAlert(
            source=SOURCE,
            key=f"{self.id}/{now.isoformat()}",
            title=page.title,
            status="firing",
            first_seen=now,
            last_seen=now,
            severity=page.severity,
            metric=page.metric,
            service=page.service,
            value=page.value,
            baseline=page.baseline,
            cohort=page.cohort,
            started_at=began,
            first_started_at=began,
            labels=page.labels,
        )


def playback(
    drill: Drill, incident: Incident, playbook: Playbook, *, window: timedelta, now: datetime
) -> dict[str, list[Evidence]]:
    """Return what every step's checks say at this moment of the drill, by step."""
    found: dict[str, list[Evidence]] = {}
    recent = log(drill, incident)
    metric = metric_now(drill, incident, playbook, now)
    places: list[Question | Leaf] = [*playbook.questions.values(), *playbook.leaves.values()]
    for place in places:
        lines: list[Evidence] = []
        if isinstance(place, Question) and "changes" in place.checks:
            lines += change_evidence(
                place, recent, onset=incident.started, window=window, last_heard=now, at=now
            )
        if "metric" in place.checks:
            lines.append(metric)
        lines += _heard(drill, place.id, now - incident.detected_at, now)
        if lines:
            found[place.id] = lines
    return found


def log(drill: Drill, incident: Incident) -> tuple[Change, ...]:
    """The drill's change log as of its incident."""
    return tuple(
        Change(
            source=SOURCE,
            id=f"{drill.id}-{number}",
            kind=change.kind,
            title=change.title,
            at=incident.detected_at - change.before,
            by=change.by,
            service=change.service,
            version=change.version,
            previous_version=change.previous_version,
        )
        for number, change in enumerate(drill.changes, 1)
    )


def metric_now(drill: Drill, incident: Incident, playbook: Playbook, now: datetime) -> Evidence:
    """Where the metric stands: down, until the right leaf has had its time."""
    mended = right(drill, incident) and incident.localized_at is not None
    since = now - incident.localized_at if mended and incident.localized_at else timedelta(0)
    value = drill.recovery.value if mended and since >= drill.recovery.after else drill.page.value
    return against_baseline(
        drill.alert(incident.detected_at),
        value,
        drill.page.baseline,
        within=playbook.within,
        at=now,
        source=SOURCE,
        query=f"{drill.page.metric} of the drill",
    )


def right(drill: Drill, incident: Incident) -> bool:
    """Whether the incident stands at the right leaf."""
    return incident.position == drill.leaf and incident.reached(Status.LOCALIZED)


def _heard(drill: Drill, step: str, elapsed: timedelta, now: datetime) -> Sequence[Evidence]:
    """The newest cue of each check that has come by now, in the file's order."""
    heard: dict[str, Cue] = {}
    for cue in sorted(drill.cues, key=lambda cue: cue.after):
        if cue.step == step and cue.after <= elapsed:
            heard[cue.check] = cue
    return [
        Evidence(cue.check, cue.status, cue.line, now, cue.suggests or None, source=SOURCE, rank=rank)
        for rank, cue in enumerate(heard.values())
    ]
