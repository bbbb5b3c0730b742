"""The review of an incident after it is resolved: what has to be there before its page is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from bot.core.incident import Incident

MILESTONES: Final = ("started", "detected", "acknowledged", "localized", "mitigated", "resolved")
"""In the order in which they must lie, as far as people gave them."""

PARTS: Final[Mapping[str, str]] = {
    "summary": "What happened, in three sentences",
    "impact": "Who was hit, how, how many",
    "cause": "Why it happened: the root cause, and what made it possible",
    "helped": "What went well",
    "hindered": "What was hard, slow or lucky",
}
"""What people write; the first three must be there to publish."""

NEEDED: Final = ("summary", "impact", "cause")


class Check(StrEnum):
    """What is checked after every incident (Composition 2 of the reference, steps 3 to 6)."""

    RECOVERY = "recovery"
    CORRELATION = "correlation"
    FRAMING = "framing"
    PORTFOLIO = "portfolio"

    @property
    def ask(self) -> str:
        """What is to be found out."""
        return _ASKS[self]

    @property
    def step(self) -> str:
        """Which step of the composition it is, and whose procedure: "3, AML-06"."""
        return _STEPS[self]


_ASKS = {
    "recovery": "Is recovery uniform over the cohorts?",
    "correlation": "Does offline evidence still predict online effects?",
    "framing": "Was the underlying problem misframed?",
    "portfolio": "What would have shown it earlier, for next quarter's portfolio?",
}


_STEPS = {
    "recovery": "3, AML-06",
    "correlation": "4, AML-04",
    "framing": "5, AML-01",
    "portfolio": "6, AML-02",
}


class Outcome(StrEnum):
    """How a check came out. UNKNOWN is what a record could not say; a person has to."""

    FINE = "fine"
    GAP = "gap"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Checked:
    """One check's outcome; `by` is empty where the record itself answers."""

    outcome: Outcome
    line: str
    at: datetime
    by: str = ""


@dataclass(frozen=True)
class Given:
    """A milestone that the record lacks, as a person gave it, and how they know. Metrics do not use it."""

    at: datetime
    reason: str
    by: str
    given_at: datetime


@dataclass(frozen=True)
class ActionItem:
    """Something to be done because of the incident. `number` counts from 1 within the incident.

    `owner` is a Slack id, "" for nobody yet; `due` is a day in the configured zone. `dropped` is why it will
    not be done. `remind_on` is the day of its next reminder, None when no more come; `reminded` counts those
    since it has its day.
    """

    incident: int
    number: int
    title: str
    owner: str
    due: date
    created_at: datetime
    created_by: str = ""
    done_at: datetime | None = None
    done_by: str = ""
    dropped: str = ""
    remind_on: date | None = None
    reminded: int = 0

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.done_at is None and not self.dropped


@dataclass(frozen=True)
class Review:
    """A retrospective as people work on it.

    `reviewers` are Slack ids with when each had read it, None while they have not. `given`, `written` and
    `checks` are by milestone, part and check. `edition` counts the pages published; `link` leads to the last
    one, empty until Slack has given its address.
    """

    incident: int
    owner: str
    opened_at: datetime
    due: datetime
    reviewers: Mapping[str, datetime | None] = field(default_factory=dict)
    given: Mapping[str, Given] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Checked] = field(default_factory=dict)
    edition: int = 0
    published_at: datetime | None = None
    published_by: str = ""
    link: str = ""
    closed: bool = False

    @property
    def published(self) -> bool:
        """Whether a page is published and nothing was taken back since."""
        return self.published_at is not None

    @property
    def read_by(self) -> tuple[str, ...]:
        """Who has reviewed it, besides its owner."""
        return tuple(who for who, at in self.reviewers.items() if at is not None and who != self.owner)


def recorded(incident: Incident) -> dict[str, datetime | None]:
    """The milestones as the record has them; the onset of what was opened by hand is not known by itself."""
    started = incident.started if incident.alerts or incident.onset_by else None
    return {
        "started": started,
        "detected": incident.detected_at,
        "acknowledged": incident.acknowledged_at,
        "localized": incident.localized_at,
        "mitigated": incident.mitigated_at,
        "resolved": incident.resolved_at,
    }


def milestones(incident: Incident, review: Review | None) -> dict[str, datetime | None]:
    """The milestones, with what people gave where the record has none."""
    given = review.given if review else {}
    return {
        name: at if at is not None else (given[name].at if name in given else None)
        for name, at in recorded(incident).items()
    }


def missing(incident: Incident, review: Review) -> tuple[str, ...]:
    """The milestones that nobody knows yet."""
    return tuple(name for name, at in milestones(incident, review).items() if at is None)


def misplaced(incident: Incident, review: Review, name: str, at: datetime) -> str:
    """Why `at` cannot be it: a milestone before lies later, or one after it earlier; empty if it can."""
    known = milestones(incident, review)
    place = MILESTONES.index(name)
    for other in MILESTONES:
        there = known[other]
        if other == name or there is None:
            continue
        if MILESTONES.index(other) < place and there > at and not _either_way(other, name):
            return f"{other} came at {there:%Y-%m-%d %H:%M} UTC, after that"
        if MILESTONES.index(other) > place and there < at and not _either_way(name, other):
            return f"{other} came at {there:%Y-%m-%d %H:%M} UTC, before that"
    return ""


def _either_way(earlier: str, later: str) -> bool:
    """A category may be named before anybody pressed that they are on it."""
    return (earlier, later) == ("acknowledged", "localized")


def unsettled(review: Review) -> tuple[Check, ...]:
    """The checks that neither the record nor a person has answered."""
    return tuple(
        check
        for check in Check
        if check not in review.checks or review.checks[check].outcome is Outcome.UNKNOWN
    )


def blockers(incident: Incident, review: Review, items: Sequence[ActionItem]) -> tuple[str, ...]:
    """What keeps the page from being published, each as something to do; empty when nothing does."""
    found = []
    lacking = missing(incident, review)
    if lacking:
        found.append(f"give the milestone{'s' if len(lacking) > 1 else ''} {_and(lacking)}, with a reason")
    unwritten = [part for part in NEEDED if not review.written.get(part)]
    if unwritten:
        found.append(f"write {_and(unwritten)}")
    unchecked = unsettled(review)
    if unchecked:
        noun = "check" if len(unchecked) == 1 else "checks"
        found.append(f"answer the {noun} {_and([one.value for one in unchecked])}")
    nobodys = [str(one.number) for one in items if one.open and not one.owner]
    if nobodys:
        found.append(f"give action item{'s' if len(nobodys) > 1 else ''} {_and(nobodys)} an owner")
    if not review.read_by:
        found.append("have somebody other than the owner review it")
    return tuple(found)


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
