"""What the documents of an incident say, as a template's context; the same for Markdown and HTML."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.core import incident_metrics as goals
from bot.core.evidence import Evidence, worst_first
from bot.core.incident import Event, Incident, milestones
from bot.core.marked import Marked
from bot.core.playbook import Playbook, Question
from bot.core.review import MILESTONES, PARTS, ActionItem, Check, Outcome, recorded
from bot.core.unseen import unasked
from bot.services.incident_record import IncidentRecord, Line
from bot.views.document import People
from bot.views.text import duration, number

_LINK: Final = re.compile(r"https?://[^\s<>|\"']+")
MOST_SAID: Final = 8000
"""Characters of a marked message."""
OUTCOMES: Final = {Outcome.FINE: "✓ fine", Outcome.GAP: "⚠ a gap", Outcome.UNKNOWN: "? unknown"}


@dataclass(frozen=True)
class Missed:
    """A milestone that came later than its target."""

    name: str
    took: str
    target: str


class Writer:
    """Writes a record out for one kind of document; `esc` makes outside text harmless in it."""

    def __init__(
        self, record: IncidentRecord, people: People, zone: ZoneInfo, esc: Callable[..., str]
    ) -> None:
        self.record = record
        self.people = people
        self.zone = zone
        self.esc = esc

    def context(self) -> dict[str, Any]:
        """Everything but the suggested action items and the review's date."""
        incident, playbook = self.record.incident, self.record.playbook
        category = playbook.categories.get(incident.category)
        return {
            "number": incident.number,
            "title": self.esc(incident.title),
            "severity": incident.severity,
            "status": incident.status.words,
            "category": self.esc(playbook.category_name(incident.category)),
            "signal": self.esc(category.signal) if category else "unknown",
            "fix": self.esc(category.fix) if category else "unknown",
            "metric": self._metric(incident),
            "cohorts": self.esc(", ".join(incident.cohorts)) or "none was named",
            "opened_by": self.people.called(incident.opened_by) if incident.opened_by else "an alert",
            "lead": self.people.called(incident.lead) if incident.lead else "nobody took the lead",
            "zone": str(self.zone),
            "drill": self.esc(incident.drill),
            "milestones": self.milestones()[0],
            "timeline": [self._line(line) for line in self.record.lines],
            "answers": self._answers(playbook),
            "alerts": self._alerts(incident),
            "unknown": [self.esc(line) for line in unknown(self.record)],
            "parts": self._parts(),
            "checks": self._checks(),
            "items": [self._item(item) for item in self.record.items],
            "reviewers": self._reviewers(),
        }

    def milestones(self) -> tuple[list[dict[str, str]], list[Missed]]:
        """The rows of the milestones, and those that missed their target.

        What people gave where the record has none is shown with its reason, and judged by no target.
        """
        incident, review = self.record.incident, self.record.review
        took, known = milestones(incident), recorded(incident)
        category = self.record.playbook.categories.get(incident.category)
        mitigate = (
            goals.ROLLED_BACK_TARGET if category and category.roll_back_first else goals.MITIGATE_TARGET
        )
        targets = {
            "detected": (took.detect if known["started"] else None, goals.DETECT_TARGET),
            "localized": (took.localize, goals.LOCALIZE_TARGET),
            "mitigated": (took.mitigate, mitigate),
            "resolved": (took.resolve, goals.RECOVER_TARGET),
        }
        rows, missed = [], []
        for name in MILESTONES:
            span, target = targets.get(name, (None, None))
            given = review.given.get(name) if review and known[name] is None else None
            at = given.at if given else known[name]
            rows.append(
                {
                    "name": "started (onset)" if name == "started" else name,
                    "utc": _utc(at),
                    "local": self._local(at),
                    "took": duration(span) if span is not None else "unknown" if target else "",
                    "target": f"≤ {duration(target)}" if target else "",
                    "verdict": _verdict(span, target)
                    or (
                        f"given by {self.people.called(given.by)}: {self.esc(given.reason)}" if given else ""
                    ),
                }
            )
            if span is not None and target is not None and span > target:
                missed.append(Missed(name, duration(span), duration(target)))
        return rows, missed

    def _line(self, line: Line) -> dict[str, Any]:
        if line.message is not None:
            return self._message(line.message)
        event = line.event
        assert event is not None  # noqa: S101 - a line is a message or an event
        return {
            "utc": _utc(line.at),
            "local": self._local(line.at),
            "who": self.people.called(event.by) if event.by else "Lookout",
            "what": self.esc(self._told(event)),
            "kind": event.kind,
            "images": [],
            "files": [],
            "notes": [],
            "link": "",
        }

    def _told(self, event: Event) -> str:
        """What an event says, with the name of who was made the lead."""
        lead = event.detail.get("lead")
        if isinstance(lead, str) and lead and lead in event.text:
            return event.text.replace(lead, self.record.names.get(lead, lead))
        return event.text

    def _message(self, message: Marked) -> dict[str, Any]:
        said = message.said
        notes = [f"marked by {', '.join(self.people.called(one) for one in message.marked_by)}"]
        if message.remark:
            notes.append(f"why it matters: {self.esc(message.remark)}")
        if said.edited_at:
            notes.append(f"edited {_utc(said.edited_at)} UTC")
        return {
            "utc": _utc(message.said_at),
            "local": self._local(message.said_at),
            "who": self.people.called(said.author) if said.author else "somebody",
            "what": self.esc(said.text, MOST_SAID),
            "kind": "message",
            "images": [
                {"name": self.esc(one.name), "uri": self._uri(one.image)}
                for one in said.attachments
                if one.image is not None
            ],
            "files": [
                f"{self.esc(one.name)} (not kept: {self.esc(one.why) or 'it is gone'})"
                for one in said.attachments
                if one.image is None
            ],
            "notes": notes,
            "link": said.permalink if _LINK.fullmatch(said.permalink) else "",
        }

    def _uri(self, image: int) -> str:
        """Its bytes as an address; empty for a document that was gathered without them."""
        picture = self.record.images.get(image)
        if picture is None:
            return ""
        return f"data:{picture.media_type};base64,{base64.b64encode(picture.content).decode()}"

    def _answers(self, playbook: Playbook) -> list[dict[str, Any]]:
        """Every answer given. Those before it went over to another tree are in that one's words."""
        events = self.record.events
        switched = max((place for place, one in enumerate(events) if one.kind == "switched"), default=-1)
        return [
            self._answer(playbook if place > switched else None, one)
            for place, one in enumerate(events)
            if one.kind == "answered"
        ]

    def _answer(self, playbook: Playbook | None, event: Event) -> dict[str, Any]:
        ask, label = event.text, ""
        if playbook is not None:
            place = playbook.at(str(event.detail["step"]))
            choice = place.choice(str(event.detail["answer"]))
            ask = place.ask if isinstance(place, Question) else place.action
            label = choice.label if choice else str(event.detail["answer"])
        evidence = [Evidence.from_json(item) for item in event.detail["evidence"]]
        return {
            "utc": _utc(event.at),
            "who": self.people.called(event.by),
            "ask": self.esc(ask),
            "label": self.esc(label),
            "evidence": [
                f"{item.status.value}: {self.esc(item.check)}: {self.esc(item.line)}"
                + (f" (asked: {self.esc(item.query)})" if item.query else "")
                for item in worst_first(evidence)
            ],
        }

    def _alerts(self, incident: Incident) -> list[str]:
        lines = []
        for alert in incident.alerts:
            cohort = f", cohort {self.esc(alert.cohort_name)}" if alert.cohort_name else ""
            first = alert.first_started_at
            began = f"began {_utc(first)} UTC" if first else "began at an unknown time"
            ended = f", no longer seen {_utc(alert.ended_at)} UTC" if alert.ended_at else ", still firing"
            again = f", fired {alert.times} times" if alert.times > 1 else ""
            lines.append(f"{self.esc(alert.title)}{cohort}: {began}{ended}{again} ({self.esc(alert.source)})")
        if incident.alert_count > len(lines):
            lines.append(f"and {incident.alert_count - len(lines)} more")
        return lines

    def _parts(self) -> list[dict[str, Any]]:
        written: Mapping[str, str] = self.record.review.written if self.record.review else {}
        return [
            {
                "title": title,
                "lines": [self.esc(line, 3000) for line in written[part].splitlines() if line.strip()],
            }
            for part, title in PARTS.items()
            if written.get(part)
        ]

    def _checks(self) -> list[dict[str, str]]:
        review = self.record.review
        found = []
        for check in Check if review else ():
            answered = review.checks.get(check) if review else None
            found.append(
                {
                    "ask": check.ask,
                    "outcome": OUTCOMES[answered.outcome if answered else Outcome.UNKNOWN],
                    "line": self.esc(answered.line, 1000) if answered else "nobody has answered it yet",
                    "who": self.people.called(answered.by) if answered and answered.by else "",
                }
            )
        return found

    def _item(self, item: ActionItem) -> dict[str, Any]:
        owner = self.people.called(item.owner) if item.owner else "nobody yet"
        state = f"done {_utc(item.done_at)} UTC by {self.people.called(item.done_by)}" if item.done_at else ""
        if item.dropped:
            state = f"dropped: {self.esc(item.dropped)}"
        return {
            "number": item.number,
            "title": self.esc(item.title, 1000),
            "owner": owner,
            "due": item.due.isoformat(),
            "state": state,
            "open": item.open,
        }

    def _reviewers(self) -> list[str]:
        review = self.record.review
        return [
            f"{self.people.called(who)}, {f'read {_utc(at)} UTC' if at else 'has not read it'}"
            for who, at in (review.reviewers.items() if review else ())
        ]

    def _metric(self, incident: Incident) -> str:
        name = self.esc(incident.metric) or "none was named"
        if incident.value is None or incident.baseline is None:
            return name
        return f"{name}: {number(incident.baseline)} → {number(incident.value)}"

    def _local(self, at: datetime | None) -> str:
        return f"{at.astimezone(self.zone):%m-%d %H:%M}" if at else "unknown"


def unknown(record: IncidentRecord) -> list[str]:
    """What the record does not show, said as unknown."""
    incident, lines = record.incident, []
    if recorded(incident)["started"] is None:
        lines.append("When it started: it was opened by hand, so the time to detect is unknown.")
    if not incident.category:
        lines.append("The root-cause category: none was named.")
    reached = milestones(incident)
    lines += [
        f"The time to {name}: the milestone was not reached."
        for name, span in (("localize", reached.localize), ("mitigate", reached.mitigate))
        if span is None
    ]
    lines += [f"At an answer, {line}." for line in unasked(incident)]
    if not (record.review and record.review.written.get("impact")):
        lines.append("How many customers were hit: nothing here measures it.")
    return lines


def _verdict(span: timedelta | None, target: timedelta | None) -> str:
    if target is None or span is None:
        return ""
    return "✓ within the target" if span <= target else "✗ over the target"


def _utc(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else "unknown"
