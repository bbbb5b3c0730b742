"""A launch: what the ledger's entries about one experiment add up to.

Nothing else is kept: where a launch stands is computed from its entries, so that what people saw, what was
decided and what is true cannot disagree. `Kind` names the entries and what their bodies hold;
`bot.core.launch_steps` adds them up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Kind(StrEnum):
    """What can happen to a launch. The comment names the body's fields; `by` is who did it.

    warnings are {code, path, message}; acknowledged the near-vetoes named; override an id or null. A
    registration that runs another one again has rerun_of, its id.
    """

    REGISTERED = "registered"  # sha256, text_sha256, title, channel, owner, signoffs, warnings, start
    ACKNOWLEDGED = "acknowledged"  # codes [..]: the warnings that this person takes on
    SIGNED = "signed"  # sha256, role
    VOIDED = "voided"  # sha256, role, of, why: a signature that no longer counts
    LOCKED = "locked"  # sha256
    AMENDMENT = "amendment"  # sha256, text_sha256, reason, breaking, diff, touches, signoffs, warnings
    WITHDRAWN = "withdrawn"  # sha256: a proposed amendment given up
    AMENDED = "amended"  # sha256, breaking, title, owner, signoffs, warnings, start: it is in force
    MOVED = "moved"  # channel
    STARTED = "started"  # date: day 1 of the experiment
    STAGE = "stage"  # stage (0 is the first), name, check {..}: advanced to it
    BREACH = "breach"  # stage, conditions [{condition, metric, measured, limit, ..}]
    HELD = "held"  # stage, conditions: it cannot be judged, so it goes no further
    RELEASED = "released"  # stage, conditions: what held it is gone
    PAUSED = "paused"  # why
    RESUMED = "resumed"  # why
    LOOK = "look"  # record, look, day, planned, verdict, seal, sha256
    PEEK = "peek"  # record, look 0, day, planned, verdict, seal, sha256, reason, cost
    LATE = "late"  # look, why: the data were not there by the deadline
    DECIDED = "decided"  # decision ship|stop, verdict, record, look, acknowledged, override, reason
    INVESTIGATION = "investigation"  # playbook, tasks [{id, title, owner, due, by_role}]
    REDESIGN = "redesign"  # option, title, reason, record
    TASK_DONE = "task_done"  # task, note
    TASK_MOVED = "task_moved"  # task, due, owner
    OVERRIDE_REQUESTED = "override_requested"  # override, record, fields {..}, expires, retrospective
    OVERRIDE_APPROVED = "override_approved"  # override
    OVERRIDE_REFUSED = "override_refused"  # override, why
    OVERRIDE_ENDED = "override_ended"  # override
    SUPPLIED = "supplied"  # row (the document), artefact: of the readiness check
    WAIVED = "waived"  # row, reason, missing: what was missing of it then
    AFTER = "after"  # day, result {..}: the check after the launch
    DELTA = "delta"  # offline, online, offline_metric, online_metric, eval_set, eval_set_built
    CLOSED = "closed"  # why


class State(StrEnum):
    """Where a launch stands."""

    SIGNING = "signing"  # registered; warnings or signatures are outstanding
    LOCKED = "locked"  # the rule holds; nobody is exposed yet
    RUNNING = "running"
    PAUSED = "paused"
    VETOED = "vetoed"  # the newest planned look vetoed: it stays where it is until decided
    SHIPPED = "shipped"
    STOPPED = "stopped"
    CLOSED = "closed"  # after the check after the launch, or archived


@dataclass(frozen=True)
class Mark:
    """Who did something, and when."""

    by: str
    at: datetime


@dataclass(frozen=True)
class Amendment:
    """A change of the registration that is proposed; `signatures` by role.

    touches: the parts of the plan it changes that a look has to leave alone; signoffs: the roles that sign,
    those in force and those it brings; warnings: the ones it adds; entry: of the ledger.
    """

    sha256: str
    reason: str
    breaking: bool
    diff: tuple[str, ...]
    by: str
    at: datetime
    signatures: Mapping[str, Mark] = field(default_factory=lambda: MappingProxyType({}))
    touches: tuple[str, ...] = ()
    signoffs: tuple[str, ...] = ()
    warnings: tuple[Mapping[str, str], ...] = ()
    acknowledged: Mapping[str, Mark] = field(default_factory=lambda: MappingProxyType({}))
    entry: int = 0

    @property
    def missing_signoffs(self) -> tuple[str, ...]:
        """Roles that have not signed it."""
        return tuple(role for role in self.signoffs if role not in self.signatures)

    @property
    def missing_acknowledgements(self) -> tuple[Mapping[str, str], ...]:
        """Warnings of it that nobody has taken on."""
        return tuple(one for one in self.warnings if one["code"] not in self.acknowledged)


@dataclass(frozen=True)
class LookSeen:
    """A look on record; `look` is 0 for a peek."""

    record: int
    look: int
    day: float
    verdict: str
    at: datetime
    entry: int


@dataclass(frozen=True)
class Task:
    """Something somebody is to do; `owner` is a Slack id or the name of a role; due is a local date."""

    id: str
    title: str
    owner: str
    due: date
    done: Mark | None = None


@dataclass(frozen=True)
class Override:
    """A review that asks to ship against the rule; it counts only while approved and not ended."""

    id: str
    record: int
    by: str
    at: datetime
    fields: Mapping[str, str]
    expires: date
    retrospective: date
    approved: Mark | None = None
    refused: Mark | None = None
    ended: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether nobody has answered it yet."""
        return self.approved is None and self.refused is None and self.ended is None


@dataclass(frozen=True)
class Decision:
    """What was decided; `record` is the look's it rests on, `override` the review's it needed."""

    decision: str
    verdict: str
    record: int
    override: str
    reason: str
    by: str
    at: datetime
    entry: int


@dataclass(frozen=True)
class Launch:
    """One experiment's life so far; `sha256` is the registration in force, `stage` is -1 before the first.

    home: the entry that moved it to the channel where it is; 0 while it is where it was registered.
    author: who wrote what was locked, or is to be. broken: a look was on record when the plan was changed;
    broken_by and broken_why say by whom, when and why, the newest such change, broken_entry its entry.
    """

    id: str
    title: str
    channel: str
    owner: str
    author: str
    registered_at: datetime
    sha256: str
    signoffs: tuple[str, ...]
    warnings: tuple[Mapping[str, str], ...]
    acknowledged: Mapping[str, Mark]
    signatures: Mapping[str, Mark]
    locked_at: datetime | None = None
    start: date | None = None
    stage: int = -1
    stage_name: str = ""
    stage_at: datetime | None = None
    paused: Mark | None = None
    paused_why: str = ""
    looks: tuple[LookSeen, ...] = ()
    late: tuple[int, ...] = ()
    amendment: Amendment | None = None
    amended: int = 0
    broken: bool = False
    broken_by: Mark | None = None
    broken_why: str = ""
    broken_entry: int = 0
    decision: Decision | None = None
    tasks: tuple[Task, ...] = ()
    investigation: str = ""
    redesign: str = ""
    overrides: tuple[Override, ...] = ()
    supplied: Mapping[str, tuple[str, Mark]] = field(default_factory=lambda: MappingProxyType({}))
    waived: Mapping[str, tuple[str, Mark]] = field(default_factory=lambda: MappingProxyType({}))
    after: Mapping[str, Any] | None = None
    closed_at: datetime | None = None
    home: int = 0
    entry: int = 0
    head: str = ""

    @property
    def card(self) -> str:
        """The key of the living card's message; a launch that moves gets a new one in its new channel."""
        return f"experiment/{self.id}/card" + (f"/{self.home}" if self.home else "")

    @property
    def state(self) -> State:
        """Where it stands."""
        if self.closed_at is not None:
            return State.CLOSED
        if self.decision is not None:
            return State.SHIPPED if self.decision.decision == "ship" else State.STOPPED
        if self.locked_at is None:
            return State.SIGNING
        if self.veto is not None:
            return State.VETOED
        if self.paused is not None:
            return State.PAUSED
        return State.LOCKED if self.stage < 0 and not self.looks else State.RUNNING

    @property
    def open(self) -> bool:
        """Whether it still goes on: nothing is decided and it is not closed."""
        return self.decision is None and self.closed_at is None

    @property
    def missing_signoffs(self) -> tuple[str, ...]:
        """Roles that have not signed what is in force, or not yet the first registration."""
        return tuple(role for role in self.signoffs if role not in self.signatures)

    @property
    def missing_acknowledgements(self) -> tuple[Mapping[str, str], ...]:
        """Warnings nobody has taken on."""
        return tuple(one for one in self.warnings if one["code"] not in self.acknowledged)

    @property
    def newest(self) -> LookSeen | None:
        """The newest planned look whose data could be judged."""
        sound = [one for one in self.looks if one.look and one.verdict != "invalid"]
        return max(sound, key=lambda one: (one.look, one.record), default=None)

    @property
    def judged(self) -> tuple[LookSeen, ...]:
        """Looks and peeks on record whose data were sound: after the first, the plan may not be touched."""
        return tuple(one for one in self.looks if one.verdict != "invalid")

    @property
    def veto(self) -> LookSeen | None:
        """The newest planned look, where it vetoed."""
        newest = self.newest
        return newest if newest is not None and newest.verdict == "veto" else None

    @property
    def override(self) -> Override | None:
        """The review in force: approved and not ended."""
        return next((o for o in reversed(self.overrides) if o.approved and o.ended is None), None)

    @property
    def lapsed(self) -> Override | None:
        """The review under which it shipped, once that has ended: it runs against the rule."""
        under = self.decision.override if self.decision else ""
        return next((o for o in self.overrides if o.id == under and o.ended is not None), None)
