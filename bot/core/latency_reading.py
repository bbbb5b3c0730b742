"""What was last read of a thing that is watched: its value, and whether it has been too high long enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.core.latency_watch import Watched

Points = Sequence[tuple[datetime, float]]
"""Times and finite values, in order."""


class State(StrEnum):
    """How something stands that is watched."""

    FIRES = "fires"  # above its alert for all of the minutes
    HIGH = "high"  # above its alert, and not yet so long; or above its target
    FINE = "fine"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reading:
    """name: of what is watched; cohort: of which part, {} for the whole. value: ms or a share.

    since: when it went above its alert, as far as the window shows.
    """

    name: str
    state: State
    value: float | None = None
    cohort: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    firing: bool = False

    @property
    def key(self) -> str:
        """What it is known by within its budget."""
        return "/".join([self.name, *(f"{name}={self.cohort[name]}" for name in sorted(self.cohort))])

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        since = None if self.since is None else self.since.isoformat()
        return {"name": self.name, "state": str(self.state), "value": self.value,
                "cohort": dict(self.cohort), "since": since, "firing": self.firing}  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Reading":
        """As it was kept."""
        since = None if data["since"] is None else datetime.fromisoformat(data["since"])
        return cls(data["name"], State(data["state"]), data["value"], data["cohort"], since, data["firing"])


def read(
    one: Watched, points: Points, *, start: datetime, end: datetime, step: timedelta,
    cohort: Mapping[str, str] | None = None,
) -> Reading:  # fmt: skip
    """How it stands by the points from `start` to `end`, one a step.

    It fires where all of them are above the alert and none but one is missing, as Prometheus' `for` has it.
    Without points, or without recent ones, it is unknown; an alarm by any answer is then fine.
    """
    cohort = cohort or {}
    if not points or points[-1][0] < end - 2 * step:
        gone = State.UNKNOWN if one.limit is not None else State.FINE
        return Reading(one.name, gone, cohort=cohort)
    value, above = points[-1][1], 0
    for _, seen in reversed(points):
        if seen <= one.alert:
            break
        above += 1
    if above:
        whole = above == len(points) and len(points) >= (end - start) / step
        return Reading(one.name, State.FIRES if whole else State.HIGH, value, cohort, points[-above][0])
    over = one.limit is not None and value > one.limit.target
    return Reading(one.name, State.HIGH if over else State.FINE, value, cohort)


def following(one: Reading, before: Reading | None) -> Reading:
    """With whether its alert is out: it goes out when it fires, and back when it is no longer above it."""
    went = before is not None and before.firing
    high = one.state is State.HIGH and one.since is not None
    out = one.state is State.FIRES or (went and (high or one.state is State.UNKNOWN))
    return replace(one, firing=out)
