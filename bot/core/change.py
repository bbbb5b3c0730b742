"""A change somewhere in the product that may be why a metric moved."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class ChangeKind(StrEnum):
    """What changed."""

    CODE_DEPLOY = "code_deploy"
    MODEL = "model"
    CONFIG = "config"
    PROMPT = "prompt"
    FEATURE = "feature"
    SCHEMA = "schema"
    EVAL_SET = "eval_set"
    FRONTEND = "frontend"
    CAMPAIGN = "campaign"
    EXTERNAL_EVENT = "external_event"
    INFRA = "infra"

    @property
    def words(self) -> str:
        """The kind as people say it: "code deploy"."""
        return self.value.replace("_", " ")


@dataclass(frozen=True)
class Change:
    """One change, known by its source and that source's id.

    `at` is when it took effect, `ended_at` when it stopped having one (a campaign's end), None for changes
    that last. `earliest` is given where only a span is known, as of what was found by asking now and then:
    it took effect after `earliest`, and at `at` at the latest. `twin` names what happened whoever tells it,
    where one thing may be told twice under two ids: a webhook knows when, a poll only between which asks.
    """

    source: str
    id: str
    kind: ChangeKind
    title: str
    at: datetime
    ended_at: datetime | None = None
    by: str = ""
    service: str = ""
    version: str = ""
    previous_version: str = ""
    url: str = ""
    earliest: datetime | None = None
    twin: str = ""

    @property
    def begins(self) -> datetime:
        """When it may have taken effect at the soonest."""
        return self.earliest or self.at

    @property
    def versions(self) -> str:
        """The move between versions, as far as it is known: "l6 → l12"."""
        return " → ".join(version for version in (self.previous_version, self.version) if version)


def before_onset(change: Change, onset: datetime, window: timedelta) -> bool:
    """Whether the change took effect, or was still in effect, in the `window` that ends at the onset.

    A change after the onset cannot have caused it: of an onset with bounds, its end is meant.
    """
    last = change.at if change.ended_at is None else max(change.at, change.ended_at)
    return change.begins <= onset and last >= onset - window


def nearness(change: Change, onset: datetime) -> timedelta:
    """How long before the onset the change took effect; nothing below zero."""
    return max(onset - change.at, timedelta(0))
