"""How a drill went: time to localize, wrong turns, unnecessary roll-backs, and the nags that were needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.core.drill import Drill, right
from bot.core.incident import UNKNOWN, Event, Incident
from bot.core.incident_metrics import LOCALIZE_TARGET
from bot.core.playbook import Choice, Leaf, Playbook

NAGS = frozenset({"escalated", "called"})
"""Timeline lines that say nobody had got far enough, or nobody was on it."""


@dataclass(frozen=True)
class Score:
    """What is kept of a drill.

    `right` says whether it ended at the right leaf; `localize` and `mitigate` are None where not reached;
    `wrong_turns` are the answers off the right path, `rollbacks` those that led to a roll-back which the
    right way does without; `nags` counts reminders that came because nobody had got far enough.
    """

    drill: str
    incident: int
    ended_at: datetime
    right: bool
    localize: timedelta | None
    mitigate: timedelta | None
    wrong_turns: tuple[str, ...]
    rollbacks: tuple[str, ...]
    nags: int
    stopped: bool = False

    @property
    def passed(self) -> bool:
        """The right category within 15 minutes, without a roll-back that helps nobody."""
        in_time = self.localize is not None and self.localize <= LOCALIZE_TARGET
        return self.right and in_time and not self.rollbacks and not self.stopped

    def to_json(self) -> dict[str, Any]:
        """The form kept."""
        return {
            "drill": self.drill,
            "incident": self.incident,
            "ended_at": self.ended_at.isoformat(),
            "right": self.right,
            "localize_s": _seconds(self.localize),
            "mitigate_s": _seconds(self.mitigate),
            "wrong_turns": list(self.wrong_turns),
            "rollbacks": list(self.rollbacks),
            "nags": self.nags,
            "stopped": self.stopped,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Score":
        """Read the kept form back."""
        return cls(
            drill=data["drill"],
            incident=data["incident"],
            ended_at=datetime.fromisoformat(data["ended_at"]),
            right=data["right"],
            localize=_span(data["localize_s"]),
            mitigate=_span(data["mitigate_s"]),
            wrong_turns=tuple(data["wrong_turns"]),
            rollbacks=tuple(data["rollbacks"]),
            nags=data["nags"],
            stopped=data["stopped"],
        )


def score(
    drill: Drill,
    incident: Incident,
    playbook: Playbook,
    timeline: Sequence[Event],
    *,
    now: datetime,
    stopped: bool = False,
) -> Score:
    """Return how it went, from the timeline and the milestones alone."""
    answered = [event for event in timeline if event.kind == "answered"]
    wrong = [event for event in answered if not _on_the_way(drill, playbook, event)]
    leaf = playbook.leaves.get(drill.leaf)
    needed = leaf.category if leaf else UNKNOWN
    return Score(
        drill=drill.id,
        incident=incident.id,
        ended_at=now,
        right=right(drill, incident),
        localize=_after(incident, incident.localized_at),
        mitigate=_after(incident, incident.mitigated_at),
        wrong_turns=tuple(_said(playbook, event) for event in wrong),
        rollbacks=tuple(_said(playbook, event) for event in wrong if _rolls_back(playbook, event, needed)),
        nags=sum(event.kind in NAGS and not event.by for event in timeline),
        stopped=stopped,
    )


def _on_the_way(drill: Drill, playbook: Playbook, event: Event) -> bool:
    choice = _chosen(playbook, event)
    if choice is None:
        return False
    # Straight to the right leaf is right too, from wherever it may be entered.
    return drill.path.get(str(event.detail["step"])) == choice.id or choice.to == drill.leaf


def _rolls_back(playbook: Playbook, event: Event, needed: int) -> bool:
    """Whether the answer led to a roll-back of a category that the right way does not end in."""
    choice = _chosen(playbook, event)
    leaf = playbook.leaves.get(choice.to) if choice else None
    if not isinstance(leaf, Leaf) or leaf.category == needed:
        return False
    category = playbook.categories.get(leaf.category)
    return category is not None and category.roll_back_first


def _said(playbook: Playbook, event: Event) -> str:
    choice = _chosen(playbook, event)
    return f"{event.detail['step']}: {choice.label if choice else event.detail['answer']}"


def _chosen(playbook: Playbook, event: Event) -> Choice | None:
    """The answer given; None where it is one of another tree, which the walk went over to or came from."""
    step = str(event.detail["step"])
    place = playbook.questions.get(step) or playbook.leaves.get(step)
    return place.choice(str(event.detail["answer"])) if place else None


def _after(incident: Incident, moment: datetime | None) -> timedelta | None:
    return None if moment is None else moment - incident.detected_at


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
