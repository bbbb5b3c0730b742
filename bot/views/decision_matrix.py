"""The matrix a decision rests on: the primary, every guardrail and cohort, each with its line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.figures import level, p_is, share, signed
from bot.core.look import CohortResult, GuardrailResult, LookResult, relative
from bot.core.registration import Registration
from bot.core.verdict_words import cohort_line, line_of
from bot.stats.effect import Effect
from bot.stats.guardrail import Judgement, Status, Threshold
from bot.stats.undecided import Undecided
from bot.views import text
from bot.views.look_words import MARKS

UNKNOWN = "unknown"
NBSP = "\N{NO-BREAK SPACE}"
_ORDER = (
    Status.VETO,
    Status.NEAR_VETO,
    Status.UNDECIDED,
    Status.UNPROVEN,
    Status.CLEAR,
    Status.UNDERPOWERED,
)
_SAID = {
    Status.VETO: "veto",
    Status.NEAR_VETO: "near-veto, crossed but not significant",
    Status.UNDECIDED: "not judged",
    Status.UNPROVEN: "not crossed, not ruled out",
    Status.CLEAR: "holds",
    Status.UNDERPOWERED: "under-powered, not evidence",
}
_TO_ACKNOWLEDGE = (Status.NEAR_VETO, Status.UNDECIDED)


@dataclass(frozen=True)
class Row:
    """One line of the matrix, as plain text.

    before, after: the control's and the treatment's level; line: empty for the primary; name: the metric's or
    the cohort's; status: None for the primary; cohort: its name alone, empty where it is none.
    """

    name: str
    before: str
    after: str
    change: str
    line: str
    p: str
    asked: str
    status: Status | None
    said: str
    cohort: str = ""

    @property
    def mark(self) -> str:
        """✓ ⚠ ✗ or ?, always beside its words."""
        return "" if self.status is None else MARKS[self.status]


def rows(registration: Registration, result: LookResult) -> list[Row]:
    """The primary, then guardrails and cohorts, worst first."""
    lines = [_guardrail(one) for one in result.guardrails]
    if registration.cohorts.max_relative_regression is not None:
        lines += [_cohort(registration, one) for one in result.cohorts]
    order = {status: place for place, status in enumerate(_ORDER)}
    worst = sorted(lines, key=lambda row: (order[row.status or Status.CLEAR], bool(row.cohort)))
    return [_primary(result), *worst]


def crossed(every: Sequence[Row]) -> list[Row]:
    """The lines that veto."""
    return [row for row in every if row.status is Status.VETO]


def together(lines: Sequence[Row], most: int = 4) -> str:
    """A few lines by name, the metric of cohorts once: `csat, useful_answer_rate in jp and jp returning`."""
    shown = lines[:most]
    names = [row.name for row in shown if not row.cohort]
    cohorts = [row for row in shown if row.cohort]
    if cohorts:
        metric = cohorts[0].name.removesuffix(f" in {cohorts[0].cohort}")
        names.append(f"{metric} in {_listed([_spoken(row.cohort) for row in cohorts])}")
    return ", ".join(names)


def _spoken(cohort: str) -> str:
    """`locale=jp,tenure=returning` as people say it, `jp returning`; what is no word keeps its name."""
    parts = (part.partition("=") for part in cohort.split(","))
    return " ".join(
        value if any(one.isalpha() for one in value) else f"{name} {value}" for name, _, value in parts
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def to_acknowledge(every: Sequence[Row]) -> list[Row]:
    """What the verdict says a decision must acknowledge: near-vetoes, and lines that could not be judged."""
    return [row for row in every if row.status in _TO_ACKNOWLEDGE]


def in_words(row: Row, usual: str, *, short: bool = False) -> str:
    """One line for a card: the mark, how far it moved from its line, what that means, levels, chance.

    usual: what most lines are judged at, which is left out; short: metric and line stand above it.
    """
    name = text.escape(row.cohort if short else row.name, 120)
    head = f"{row.mark} {name}".strip()
    if row.change == UNKNOWN:
        return f"{head}: unknown, {text.escape(row.said, 200)}"
    line = f", line {row.line}" if row.line and not short else ""
    chance = text.escape(row.p).replace(" ", NBSP)
    chance = f"{chance} {row.asked}" if chance and row.asked != usual else chance
    facts = [f"{row.before} → {row.after}" if row.before else "", chance]
    return " · ".join([f"{head} {row.change}{line}: {text.escape(row.said, 200)}", *filter(None, facts)])


def _primary(result: LookResult) -> Row:
    primary = result.primary
    said = {None: "not judged", True: "significant on the plan", False: "not significant on the plan"}
    if primary.significant and not primary.good:
        words = "significant, against the declared direction"
    else:
        words = said[primary.significant]
    if isinstance(primary.effect, Undecided):
        reason = primary.effect.reason
        return Row(f"{primary.metric} (primary)", "", "", UNKNOWN, "", "", "", None, reason)
    before, after = _levels(primary.effect)
    p = "" if primary.p_judged is None else p_is(primary.p_judged)
    asked = f"at {primary.boundary_p:.3g}" if primary.significant is not None else ""
    name = f"{primary.metric} (primary)"
    return Row(name, before, after, _change(primary.effect), "", p, asked, None, words)


def _guardrail(one: GuardrailResult) -> Row:
    return _row(one.metric, one.effect, one.judgement, one.threshold)


def _cohort(registration: Registration, one: CohortResult) -> Row:
    judged, name = one.judgement, f"{registration.primary.metric} in {one.cohort}"
    row = _row(name, one.effect, judged, cohort_line(registration), cohort=str(one.cohort))
    if judged.status is not Status.UNDERPOWERED or one.adequacy is None:
        return row
    said = f"{_SAID[judged.status]} ({share(one.adequacy, 0)} of the units needed)"
    return replace(row, said=said)


def _row(
    name: str, effect: Effect | Undecided, judged: Judgement, line: Threshold, *, cohort: str = ""
) -> Row:
    if isinstance(effect, Undecided) or (judged.measured is None and judged.status is Status.UNDECIDED):
        reason = judged.reason
        return Row(name, "", "", UNKNOWN, line_of(line), "", "", judged.status, reason, cohort)
    before, after = _levels(effect)
    change = _change(effect, 2) if line.relative or judged.measured is None else _change(effect)
    p = p_is(effect.p)
    asked = f"at {judged.alpha:.3g}"
    said = _SAID[judged.status]
    return Row(name, before, after, change, line_of(line), p, asked, judged.status, said, cohort)


def _levels(effect: Effect) -> tuple[str, str]:
    return level(effect.control.mean), level(effect.treatment.mean)


def _change(effect: Effect, digits: int = 1) -> str:
    """The movement: relative where that means something, else in the metric's own units."""
    value = relative(effect)[0]
    if value is not None:
        return signed(value, digits)
    sign = "+" if effect.absolute > 0 else ""
    return f"{sign}{level(effect.absolute)}".replace("-", "\N{MINUS SIGN}")
