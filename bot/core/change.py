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
    that last.
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

    @property
    def versions(self) -> str:
        """The move between versions, as far as it is known: "l6 → l12"."""
        return " → ".join(version for version in (self.previous_version, self.version) if version)


def before_onset(change: Change, onset: datetime, window: timedelta) -> bool:
    """Whether the change took effect, or was still in effect, in the `window` that ends at the onset.

    A change after the onset cannot have caused it.
    """
    last = change.at if change.ended_at is None else max(change.at, change.ended_at)
    return change.at <= onset and last >= onset - window


def nearness(change: Change, onset: datetime) -> timedelta:
    """How long before the onset the change took effect; nothing below zero."""
    return max(onset - change.at, timedelta(0))
