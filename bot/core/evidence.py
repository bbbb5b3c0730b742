"""What a check has to say about a step of the tree: a line, and the answer it speaks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EvidenceStatus(StrEnum):
    """How a check came out; unknown is a result, with its reason in the line."""

    SUSPECT = "suspect"
    CLEAR = "clear"
    UNKNOWN = "unknown"


_WORST_FIRST = {EvidenceStatus.SUSPECT: 0, EvidenceStatus.UNKNOWN: 1, EvidenceStatus.CLEAR: 2}


@dataclass(frozen=True)
class Evidence:
    """One line of evidence.

    `suggests` is the id of the answer that the line speaks for, None for no answer; `rank` orders lines of
    the same status, the strongest (0) first; `query` is what was asked, for the record; `took` is in
    seconds; `url` leads to where it can be seen; `chart` is what to draw beside it, as JSON. A `symptom` says
    what is seen, not why. `line` may hold outside text and is escaped when shown.
    """

    check: str
    status: EvidenceStatus
    line: str
    at: datetime
    suggests: str | None = None
    source: str = ""
    query: str = ""
    url: str = ""
    took: float = 0.0
    rank: int = 0
    chart: Mapping[str, Any] | None = None
    symptom: bool = False

    @property
    def seen(self) -> bool:
        """Whether it says what is seen, as the metric itself always does."""
        return self.symptom or self.check == "metric"

    def to_json(self) -> dict[str, Any]:
        """The form kept with an answer: what was seen when it was given."""
        return {
            "check": self.check,
            "status": self.status.value,
            "line": self.line,
            "at": self.at.isoformat(),
            "suggests": self.suggests,
            "source": self.source,
            "query": self.query,
            "url": self.url,
            "took": self.took,
            "rank": self.rank,
            "chart": self.chart,
            "symptom": self.symptom,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Evidence":
        """Read the kept form back."""
        return cls(
            check=data["check"],
            status=EvidenceStatus(data["status"]),
            line=data["line"],
            at=datetime.fromisoformat(data["at"]),
            suggests=data["suggests"],
            source=data["source"],
            query=data["query"],
            url=data["url"],
            took=data["took"],
            rank=data["rank"],
            chart=data.get("chart"),
            symptom=data.get("symptom", data["check"] == "metric"),
        )


def worst_first(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Suspects first, then what is unknown, then what is clear; within each the strongest first."""
    return tuple(sorted(evidence, key=lambda item: (_WORST_FIRST[item.status], item.rank)))


def suggestion(evidence: Sequence[Evidence]) -> str | None:
    """The answer that the worst line with an opinion speaks for.

    That nothing was found speaks for an answer only where no check of the step had to leave it open; a
    symptom, such as the metric itself, is no such check.
    """
    opinions = [item for item in worst_first(evidence) if item.suggests]
    if not opinions:
        return None
    open_ones = any(item.status is not EvidenceStatus.CLEAR and not item.seen for item in evidence)
    if opinions[0].status is EvidenceStatus.CLEAR and open_ones:
        return None
    return opinions[0].suggests
