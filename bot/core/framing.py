"""A framing: from a vague signal to a decision whether this is a problem for ML at all (AML-01).

What people write is kept as they wrote it, field by field, so that nothing is ever lost for being half done;
`bot.core.framing_reader` reads it, `bot.core.framing_check` says what is missing. Deciding makes an edition,
which never changes; what is written afterwards becomes the next one when it is decided.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from bot.core.registration import canonical_json
from bot.core.thing import Thing, ThingKind


class FramingField(StrEnum):
    """The fields, in the order of the form."""

    TITLE = "title"
    WHO = "who"
    WORDS = "words"
    WORDS_FROM = "words_from"
    STAY = "stay"
    LAGGING = "lagging"
    LEADING = "leading"
    COHORT = "cohort"
    TRAFFIC = "traffic"
    H0 = "h0"
    H1 = "h1"
    DO = "do"
    METRIC = "metric"
    KIND = "kind"
    BASELINE = "baseline"
    EFFECT = "effect"
    WINDOW = "window"
    EVIDENCE = "evidence"
    DISCONFIRMING = "disconfirming"
    PRIOR = "prior"
    STAGE1 = "stage1"
    STAGE1_ANSWER = "stage1_answer"
    STAGE2 = "stage2"
    STAGE2_ANSWER = "stage2_answer"
    HEURISTIC = "heuristic"
    HEURISTIC_VALUE = "heuristic_value"
    HEURISTIC_WEEKS = "heuristic_weeks"
    ML = "ml"
    ML_VALUE = "ml_value"
    ML_WEEKS = "ml_weeks"
    RECOMMENDATION = "recommendation"
    WHY = "why"
    REVISIT = "revisit"
    TENET = "tenet"


F = FramingField


class Step(StrEnum):
    """The pages of the form, in order."""

    LETTER = "letter"
    SIGNALS = "signals"
    HYPOTHESIS = "hypothesis"
    EVIDENCE = "evidence"
    STAGES = "stages"
    OPTIONS = "options"
    RECOMMENDATION = "recommendation"

    @property
    def heading(self) -> str:
        """What the page is called."""
        return _TITLES[self]

    @property
    def number(self) -> int:
        """Its place, from 1."""
        return list(Step).index(self) + 1

    @property
    def following(self) -> "Step | None":
        """The page after it."""
        return next((one for one in Step if one.number == self.number + 1), None)

    @property
    def previous(self) -> "Step | None":
        """The page before it."""
        return next((one for one in Step if one.number == self.number - 1), None)


_TITLES: Mapping[str, str] = {
    "letter": "Customer letter",
    "signals": "Signals and cohort",
    "hypothesis": "Hypothesis",
    "evidence": "Evidence",
    "stages": "Two-stage decision",
    "options": "Heuristic and ML",
    "recommendation": "Recommendation",
}

FIELDS: Mapping[Step, tuple[FramingField, ...]] = MappingProxyType(
    {
        Step.LETTER: (F.TITLE, F.WHO, F.WORDS, F.WORDS_FROM, F.STAY),
        Step.SIGNALS: (F.LAGGING, F.LEADING, F.COHORT, F.TRAFFIC),
        Step.HYPOTHESIS: (F.H0, F.H1, F.DO, F.METRIC, F.KIND, F.BASELINE, F.EFFECT, F.WINDOW),
        Step.EVIDENCE: (F.EVIDENCE, F.DISCONFIRMING, F.PRIOR),
        Step.STAGES: (F.STAGE1, F.STAGE1_ANSWER, F.STAGE2, F.STAGE2_ANSWER),
        Step.OPTIONS: (F.HEURISTIC, F.HEURISTIC_VALUE, F.HEURISTIC_WEEKS, F.ML, F.ML_VALUE, F.ML_WEEKS),
        Step.RECOMMENDATION: (F.RECOMMENDATION, F.WHY, F.REVISIT, F.TENET),
    }
)
"""What each page asks for."""

STEP_OF: Mapping[FramingField, Step] = MappingProxyType(
    {name: step for step, names in FIELDS.items() for name in names}
)


class Recommendation(StrEnum):
    """What a framing may come to."""

    HEURISTIC_FIRST = "heuristic_first"
    ML_NOW = "ml_now"
    NOT_NOW = "not_now"

    @property
    def words(self) -> str:
        """As people say it."""
        return _RECOMMENDED[self]


_RECOMMENDED: Mapping[str, str] = {
    "heuristic_first": "heuristic first",
    "ml_now": "ML now",
    "not_now": "not now",
}


class FramingKind(StrEnum):
    """What the ledger keeps of framings. The comment names the body's fields; the subject is FRM-3."""

    DECIDED = "framing_decided"  # edition, sha256, title, recommendation, do, prior, revisit, why, fields
    DROPPED = "framing_dropped"  # why
    QUESTIONED = "framing_questioned"  # by_incident, line: an incident's review found it misframed


@dataclass(frozen=True)
class Edition:
    """A decision on it: what was written then, its SHA-256, by whom, the ledger's entry and hash.

    why: what changed, of a later edition; empty for the first.
    """

    number: int
    fields: Mapping[str, str]
    sha256: str
    by: str
    at: datetime
    entry: int
    head: str
    why: str = ""


@dataclass(frozen=True)
class Touch:
    """Who last wrote a page, and when."""

    by: str
    at: datetime


@dataclass(frozen=True)
class Framing:
    """A framing as it stands.

    token: what its form was opened with, before it had a number. author: a Slack id. fields: what is written
    now, by field. touched: pages by who last wrote them. editions: oldest first. dropped: why it is given up.
    questioned: why it should be looked at again, until it is decided anew.
    """

    number: int
    token: str
    author: str
    channel: str
    created_at: datetime
    changed_at: datetime
    fields: Mapping[str, str]
    touched: Mapping[str, Touch] = field(default_factory=dict)
    editions: tuple[Edition, ...] = ()
    dropped: str = ""
    questioned: str = ""

    @property
    def id(self) -> str:
        """As people say it: FRM-3."""
        return f"FRM-{self.number}"

    @property
    def thing(self) -> Thing:
        """It, as a thing that others are joined with."""
        return Thing(ThingKind.FRAMING, self.id)

    @property
    def title(self) -> str:
        """What it is about, as written; never empty."""
        return self.fields.get(F.TITLE, "").strip() or "untitled"

    @property
    def decided(self) -> Edition | None:
        """The edition in force; None while it is a draft."""
        return self.editions[-1] if self.editions else None

    @property
    def changed(self) -> bool:
        """Whether something was written since it was decided."""
        return self.decided is not None and sha256_of(self.fields) != self.decided.sha256

    @property
    def key(self) -> str:
        """The key of its card."""
        return f"framing/{self.number}/card"


def sha256_of(fields: Mapping[str, str]) -> str:
    """The hash of what is written: over canonical JSON, without fields that are empty."""
    written = {name: value for name, value in fields.items() if value.strip()}
    return hashlib.sha256(canonical_json(written).encode("utf-8", "surrogatepass")).hexdigest()


def number_of(text: str) -> int | None:
    """The number of FRM-3, however it is typed; None for what names no framing.

    >>> number_of("frm-3"), number_of("INC-3")
    (3, None)
    """
    found = re.fullmatch(r"\s*(?:FRM-?)?(\d{1,9})\s*", text, re.IGNORECASE | re.ASCII)
    return int(found[1]) if found and int(found[1]) > 0 else None


@dataclass(frozen=True)
class Page:
    """Which page of which framing a form shows: what its private metadata carries.

    number: 0 while it is only known by the token it was opened with. opened: seconds since the epoch.
    """

    step: Step
    token: str
    number: int = 0
    opened: float = 0.0

    def encode(self) -> str:
        """Compact JSON."""
        shape = {"s": self.step.value, "t": self.token, "n": self.number, "o": self.opened}
        return json.dumps(shape, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> "Page | None":
        """Read it back; None for what is no page, such as a title typed behind the command."""
        try:
            fields: Any = json.loads(text)
            step, token, number, opened = (fields[name] for name in ("s", "t", "n", "o"))
            page = cls(Step(step), str(token)[:200], int(number), float(opened))
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
            return None
        return page if 0 <= page.number < 2**31 else None
