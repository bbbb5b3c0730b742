"""A diagnosis: why offline gains stopped predicting online ones, cause by cause (AML-04's five)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.core.harness_declared import Cause, Declared


class Verdict(StrEnum):
    """What a cause turned out to be."""

    HIT = "hit"
    PARTIAL = "partial"
    CLEAR = "clear"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Step:
    """One cause as the playbook walks it.

    ask: the question; hit, partial, clear: what each answer means; fix: what mends it.
    """

    cause: Cause
    name: str
    ask: str
    hit: str
    partial: str
    clear: str
    fix: str


@dataclass(frozen=True)
class Plan:
    """The playbook of a diagnosis, its steps in the order they are walked; evidence: where the data are."""

    id: str
    title: str
    steps: tuple[Step, ...]
    evidence: Declared = field(default_factory=Declared)

    def measures(self, cause: Cause) -> bool:
        """Whether data are named for a cause."""
        declared = {
            Cause.SELECTION_BIAS: self.evidence.selection,
            Cause.LABEL_LEAKAGE: self.evidence.leakage,
            Cause.DISTRIBUTION_SHIFT: self.evidence.shift,
            Cause.METRIC_PROXY: self.evidence.proxy,
            Cause.GOODHARTING: self.evidence.goodhart,
        }
        return declared[cause] is not None

    def step(self, cause: Cause) -> Step:
        """The step of a cause."""
        return next(one for one in self.steps if one.cause is cause)


@dataclass(frozen=True)
class Line:
    """A line of evidence: `status` is suspect, clear or unknown; `verdict` what a suspect line speaks for."""

    cause: Cause
    status: str
    line: str
    verdict: str = ""
    source: str = ""
    query: str = ""


@dataclass(frozen=True)
class Answer:
    """What somebody answered, when (ISO), and what the evidence had said by then."""

    cause: Cause
    verdict: Verdict
    by: str
    at: str
    note: str = ""
    saw: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conclusion:
    """The end: the dominant cause, "" where none is established; what contributes; the ledger's entry."""

    dominant: str
    secondary: tuple[str, ...]
    note: str
    by: str
    at: str
    entry: int = 0
    head: str = ""
    candidate: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """A diagnosis so far; said: the correlation's figures when it was opened."""

    number: int
    channel: str
    by: str
    opened_at: datetime
    said: str
    gathered: str = ""
    evidence: tuple[Line, ...] = ()
    answers: tuple[Answer, ...] = ()
    conclusion: Conclusion | None = None

    @property
    def name(self) -> str:
        """As people type it."""
        return f"DIA-{self.number}"

    def answered(self, cause: Cause) -> Answer | None:
        """What was answered of a cause."""
        return next((one for one in self.answers if one.cause is cause), None)

    def current(self, plan: Plan) -> Step | None:
        """The first cause without an answer; None when all have one."""
        return next((step for step in plan.steps if self.answered(step.cause) is None), None)

    def found(self, cause: Cause) -> tuple[Line, ...]:
        """The evidence of a cause, worst first."""
        order = {"hit": 0, "partial": 1}
        rank = {"suspect": 0, "unknown": 2, "clear": 3}
        mine = [one for one in self.evidence if one.cause is cause]
        return tuple(sorted(mine, key=lambda one: (rank.get(one.status, 2), order.get(one.verdict, 1))))

    def suggests(self, cause: Cause) -> Verdict | None:
        """What the evidence speaks for: its worst line; None where nothing was measured.

        Clear only where every line is: what is unknown clears nothing.
        """
        lines = self.found(cause)
        if not lines:
            return None
        worst = lines[0]
        if worst.status == "suspect":
            return Verdict.HIT if worst.verdict == "hit" else Verdict.PARTIAL
        return Verdict.CLEAR if all(one.status == "clear" for one in lines) else None

    def answer(self, given: Answer) -> "Diagnosis":
        """With an answer, in place of an earlier one of the same cause."""
        others = tuple(one for one in self.answers if one.cause is not given.cause)
        return replace(self, answers=(*others, given))

    def back(self) -> "Diagnosis":
        """Without the newest answer."""
        return replace(self, answers=self.answers[:-1])

    def of(self, verdict: Verdict, plan: Plan) -> tuple[Cause, ...]:
        """The causes with that verdict, in the playbook's order."""
        order = [step.cause for step in plan.steps]
        mine = [one.cause for one in self.answers if one.verdict is verdict]
        return tuple(sorted(mine, key=order.index))

    def proposed(self, plan: Plan) -> tuple[Cause | None, tuple[Cause, ...]]:
        """The dominant cause and those that contribute, as the answers have it.

        A single hit is dominant; with several hits, or partial hits alone, a person has to say which.
        """
        hits, partial = self.of(Verdict.HIT, plan), self.of(Verdict.PARTIAL, plan)
        if len(hits) == 1:
            return hits[0], partial
        if not hits and len(partial) == 1:
            return partial[0], ()
        return None, (*hits, *partial)


def wrong(found: Diagnosis, plan: Plan, dominant: str, secondary: Sequence[str]) -> str:
    """What is wrong with a conclusion; "" where nothing is."""
    waits = found.current(plan)
    if waits is not None:
        return f"{waits.name} has no answer yet"
    hits, partial = found.of(Verdict.HIT, plan), found.of(Verdict.PARTIAL, plan)
    named = {str(one): found.answered(one) for one in Cause}
    for one in (dominant, *secondary):
        answer = named.get(one)
        if one and (answer is None or answer.verdict not in (Verdict.HIT, Verdict.PARTIAL)):
            return f"{one.replace('_', ' ')} was answered {answer.verdict if answer else 'not at all'}"
    if not dominant and (hits or partial):
        return "a cause was hit, and none was named as the dominant one"
    if dominant and hits and dominant not in hits:
        return f"{dominant.replace('_', ' ')} is a partial hit only, and {hits[0].replace('_', ' ')} is a hit"
    if dominant in secondary:
        return f"{dominant.replace('_', ' ')} is named as dominant and as contributing"
    return ""
