"""An alert, whatever sent it, and how alerts belong together."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, TypeAlias

AlertStatus: TypeAlias = Literal["firing", "resolved"]

_NUMBER = r"[-\u2212]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_ARROW = r"(?:\u2192|->|=>)"
_FELL = re.compile(
    rf"(?<![\w.])({_NUMBER})(\s*%)?\s*{_ARROW}\s*({_NUMBER})(\s*%)?(?![\w.]*\d)(?!\s*{_ARROW})"
)

COHORT_DIMENSIONS = ("locale", "device", "tenure", "segment", "shard")
"""Labels that say which part of the traffic an alert is about, where the sender names no cohort."""

BELIEVED = timedelta(days=7)
"""How long before its first delivery an alert may have begun."""
AHEAD = timedelta(minutes=1)
"""How far ahead of ours a sender's clock may be without being spoken of."""

MAX_KEY = 200
"""Characters of an alert's key that are kept as they are: databases bound what an index takes."""


@dataclass(frozen=True)
class Alert:
    """What one alert said at one delivery.

    `key` identifies the alert over its life (a fingerprint); `value` and `baseline` are in the metric's own
    unit, None where the sender gave none; times are aware, None where unknown. A resolve says only that the
    condition is no longer seen: the monitor itself may have died. `left_out` counts alerts that the sender
    did not put into the delivery.
    """

    source: str
    key: str
    title: str
    status: AlertStatus
    severity: str = ""
    metric: str = ""
    service: str = ""
    value: float | None = None
    baseline: float | None = None
    cohort: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    left_out: int = 0

    @property
    def firing(self) -> bool:
        """Whether the condition holds as of this delivery."""
        return self.status == "firing"

    @property
    def cohort_name(self) -> str:
        """The cohort as people write it ("jp-mobile"), or nothing."""
        return "-".join(self.cohort.values())


def known_as(key: str) -> str:
    """The key by which an alert is kept: a long one by its hash.

    >>> known_as("k1"), len(known_as("k" * 1000))
    ('k1', 71)
    """
    if len(key) <= MAX_KEY:
        return key
    return f"sha256:{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def labels_of(alert: Alert) -> dict[str, str]:
    """What is known of an alert as labels: its own, its cohort, and metric, service and severity as read.

    This is what trees are chosen by and what rules, silences and maintenance windows are held against. What
    was read out of a payload wins over a label of the same name.
    """
    read = {"metric": alert.metric, "service": alert.service, "severity": alert.severity}
    said = {"source": alert.source, "title": alert.title, **alert.labels, **alert.cohort}
    return said | {name: value for name, value in read.items() if value}


def onset(started_at: datetime | None, received_at: datetime) -> datetime:
    """Return when the condition began: as the sender says where that can be, else when we heard of it.

    It cannot be later than that; and what began longer than BELIEVED ago would have been heard of before: a
    clock is wrong there, or the time is that of something else, such as the first time ever.
    """
    if started_at is None or received_at - started_at > BELIEVED:
        return received_at
    return min(started_at, received_at)


def misdated(started_at: datetime | None, received_at: datetime) -> str:
    """What is wrong with the start that a sender gave, or nothing; a clock some seconds ahead is usual."""
    if started_at is None:
        return ""
    if started_at - received_at > AHEAD:
        return "the sender dates its start into the future"
    if received_at - started_at > BELIEVED:
        return f"the sender dates its start {(received_at - started_at).days} days back"
    return ""


def same_episode(before: datetime | None, now: datetime | None, slack: timedelta = timedelta(0)) -> bool:
    """Whether two deliveries of one alert speak of the same firing, by its start."""
    if before is None or now is None:
        return before is now
    return abs(now - before) <= slack


def fallen(text: str) -> tuple[float, float] | None:
    """Return (baseline, value) where `text` names exactly one move "0.78 → 0.61", else None.

    >>> fallen("NDCG@10 0.78 -> 0.61")
    (0.78, 0.61)
    >>> fallen("p95 1 -> 2, p99 3 -> 4") is None
    True
    """
    moves = list(_FELL.finditer(text))
    if len(moves) != 1 or re.search(rf"{_ARROW}\s*$", text[: moves[0].start()]):
        return None
    before, before_unit, after, _ = moves[0].groups()
    if before_unit and not moves[0][4]:
        return None
    return _float(before), _float(after)


def _float(text: str) -> float:
    return float(text.replace("\u2212", "-"))
