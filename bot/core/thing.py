"""The things whose history is kept, and how they are joined: what led to what."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ThingKind(StrEnum):
    """What a thing is."""

    FRAMING = "framing"  # FRM-3
    CANDIDATE = "candidate"  # CAN-7
    PORTFOLIO = "portfolio"  # 2026-Q4
    EXPERIMENT = "experiment"  # us-mle-02-reranker-l12: its registration, its looks and its launch
    INCIDENT = "incident"  # INC-7, with its retrospective
    BUDGET = "budget"  # a latency budget, by its id


@dataclass(frozen=True, order=True)
class Thing:
    """One thing, by its kind and the name that people use: FRM-3, 2026-Q4, INC-7, an experiment's id."""

    kind: ThingKind
    id: str

    @classmethod
    def read(cls, text: str) -> "Thing":
        """Read a name as people type it; what has no form of its own is an experiment.

        >>> Thing.read("inc-7").id, Thing.read("2026-q4").kind.value
        ('INC-7', 'portfolio')
        """
        name = text.strip()
        for pattern, kind in _FORMS:
            if re.fullmatch(pattern, name, re.IGNORECASE | re.ASCII):
                return cls(kind, name.upper())
        return cls(ThingKind.EXPERIMENT, name)


@dataclass(frozen=True)
class Link:
    """`earlier` led to `later`; `why` in a few words, `by` a Slack id or empty for Lookout itself."""

    earlier: Thing
    later: Thing
    why: str
    by: str
    at: datetime


_FORMS = (
    (r"FRM-\d{1,9}", ThingKind.FRAMING),
    (r"CAN-\d{1,9}", ThingKind.CANDIDATE),
    (r"INC-\d{1,9}", ThingKind.INCIDENT),
    (r"\d{4}-Q[1-4]", ThingKind.PORTFOLIO),
)
