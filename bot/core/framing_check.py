"""What a framing still lacks before it can be decided, and what does not fit together in it."""

import datetime as dt
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.figures import share
from bot.core.framing import STEP_OF, F, FramingField, Recommendation, Step
from bot.core.framing_reader import Framed, Option
from bot.core.framing_worth import Worth, compare
from bot.stats import power
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Lack:
    """Something that keeps a framing from being decided: on which page, and what."""

    step: Step
    what: str


@dataclass(frozen=True)
class Reach:
    """What it takes to see the effect: units per arm (80 % power, two-sided 5 %), days until all are ripe."""

    per_arm: int
    days: float | None


_WANTED: tuple[tuple[FramingField, str], ...] = (
    (F.TITLE, "a title"),
    (F.WHO, "who the customer is"),
    (F.WORDS, "the pain in the customer's words"),
    (F.WORDS_FROM, "where those words were said"),
    (F.STAY, "what would have made them stay"),
    (F.LAGGING, "the lagging signal"),
    (F.LEADING, "the leading signal"),
    (F.COHORT, "the cohort"),
    (F.H0, "H0"),
    (F.H1, "H1"),
    (F.DO, "the do() clause"),
    (F.EVIDENCE, "prior evidence"),
    (F.DISCONFIRMING, "what would count against it"),
    (F.PRIOR, "the prior probability of H1"),
    (F.STAGE1, "stage 1: what shows that any intervention moves it"),
    (F.STAGE2, "stage 2: what shows that ML beats the heuristic"),
    (F.HEURISTIC, "the heuristic"),
    (F.HEURISTIC_VALUE, "the heuristic's expected value"),
    (F.HEURISTIC_WEEKS, "the heuristic's cost"),
    (F.ML, "the ML option"),
    (F.ML_VALUE, "the ML option's expected value"),
    (F.ML_WEEKS, "the ML option's cost"),
    (F.RECOMMENDATION, "the recommendation"),
    (F.WHY, "why that is recommended"),
)


def missing(framed: Framed, today: dt.date) -> tuple[Lack, ...]:
    """Everything that keeps it from being decided, in the order of the pages; empty when nothing does."""
    found = [Lack(STEP_OF[name], what) for name, what in _WANTED if not framed.text(name)]
    found += [
        Lack(STEP_OF[name], f"{_label(name)}: {said[:1].lower()}{said[1:]}")
        for name, said in framed.faults.items()
    ]
    found += list(_thin(framed))
    found += list(_decides(framed, today))
    return tuple(sorted(found, key=lambda one: one.step.number))


def _thin(framed: Framed) -> Iterator[Lack]:
    """What is written and does not hold yet."""
    if framed.text(F.H0) and framed.text(F.H0).lower() == framed.text(F.H1).lower():
        yield Lack(Step.HYPOTHESIS, "H0 and H1 say the same")
    for place, one in enumerate(framed.evidence, 1):
        if not one.source:
            yield Lack(Step.EVIDENCE, f"a source for piece {place} of the evidence (“{_short(one.said)}”)")
    for name, option in (("heuristic", framed.heuristic), ("ML option", framed.ml)):
        if option.value is not None and not option.value.unit:
            yield Lack(Step.OPTIONS, f"the unit of the {name}'s expected value")
    if framed.stage2 != "open" and framed.stage1 != "yes":
        said = "stage 1 first: whether ML beats the heuristic is only worth asking once something moves it"
        yield Lack(Step.STAGES, said)


def _decides(framed: Framed, today: dt.date) -> Iterator[Lack]:
    """Whether the recommendation follows from the stages, and comes back when it has to."""
    chosen, at = framed.recommendation, Step.RECOMMENDATION
    if chosen is Recommendation.ML_NOW and framed.stage1 != "yes":
        yield Lack(
            at, "a yes in stage 1, or “heuristic first”: ML now would answer two questions with one test"
        )
    if chosen is Recommendation.ML_NOW and framed.stage2 == "no":
        yield Lack(at, "another recommendation than ML now: stage 2 says that ML does not beat the heuristic")
    if chosen is Recommendation.HEURISTIC_FIRST and framed.stage1 == "no":
        yield Lack(at, "another recommendation than heuristic first: stage 1 says that nothing moves it")
    if chosen is Recommendation.NOT_NOW and framed.revisit is None and F.REVISIT not in framed.faults:
        yield Lack(at, "the day on which “not now” is looked at again")
    if framed.revisit is not None and framed.revisit <= today:
        yield Lack(at, f"a day to come for looking at it again ({framed.revisit} is not)")


def remarks(framed: Framed) -> tuple[str, ...]:
    """What does not fit together, or should be known; none of it keeps it from being decided."""
    found = [*_against_h1(framed)]
    worth = compare(framed)
    if isinstance(worth, Worth):
        found += _against_worth(framed, worth)
    if framed.prior is not None and not 0.1 <= framed.prior <= 0.9:
        sure = "true" if framed.prior > 0.5 else "false"
        found.append(
            f"A prior of {framed.prior:g} takes H1 for all but {sure}: a test would hardly change it."
        )
    return tuple(found)


def _against_h1(framed: Framed) -> Iterator[str]:
    """H1's own figures against baseline and effect."""
    said = _FROM_TO.search(framed.text(F.H1))
    if said is None or framed.baseline is None or framed.kind != "proportion":
        return
    before, after = float(said[1]) / 100, float(said[2]) / 100
    gap = after - before
    if abs(before - framed.baseline) > 0.0005:
        points = f"{gap * 100:+g}".replace("-", "\N{MINUS SIGN}")
        yield (
            f"H1 goes from {share(before)} to {share(after)}, and the baseline is {share(framed.baseline)}: "
            f"{points} points from there is {share(framed.baseline + gap)}."
        )
    if framed.effect is not None and abs(gap - framed.effect) > 0.0005:
        yield (
            f"H1 changes it by {gap * 100:.3g} points, and the effect worth having is "
            f"{framed.effect * 100:.3g} points."
        )


def _against_worth(framed: Framed, worth: Worth) -> Iterator[str]:
    if framed.recommendation is Recommendation.ML_NOW and worth.favours_heuristic:
        yield "The figures favour the heuristic: it brings more for an engineer-week than ML does on top."
    if framed.recommendation is Recommendation.HEURISTIC_FIRST and not worth.favours_heuristic:
        yield "The figures favour ML: on top of the heuristic it brings more for an engineer-week."


def reach(framed: Framed) -> Reach | Undecided:
    """What it takes to see the effect from the baseline; only of a share, whose spread follows from it."""
    if framed.baseline is None or framed.effect is None:
        return Undecided("baseline and effect are not both given")
    if framed.kind != "proportion":
        return Undecided("the spread of a mean is not asked for here; the registration asks for it")
    try:
        n = power.n_per_arm_proportion(framed.baseline, framed.effect)
    except ValueError as error:
        return Undecided(str(error))
    per_arm = math.ceil(n)
    days = None if framed.traffic is None else 2 * per_arm / framed.traffic.per_day + (framed.window or 0)
    return Reach(per_arm, days)


def lead(found: tuple[Lack, ...]) -> str:
    """What is missing in a clause: the first of it, and how much more there is."""
    if not found:
        return ""
    more = len(found) - 1
    return found[0].what + (f", and {more} more" if more else "")


def option_line(option: Option) -> str:
    """An option's figures in a clause: `+4 points for 3 engineer-weeks`."""
    value = "value not given" if option.value is None else span_words(option.value.low, option.value.high)
    unit = f" {option.value.unit}" if option.value is not None and option.value.unit else ""
    weeks = option.weeks
    cost = "cost not given"
    if weeks is not None:
        cost = f"{weeks.low:g}" if weeks.low == weeks.high else f"{weeks.low:g} to {weeks.high:g}"
        cost = f"{cost} engineer-week{'' if cost == '1' else 's'}"
    return f"{value}{unit} for {cost}"


def span_words(low: float, high: float) -> str:
    """A value with its sign, or both ends of it: `+2 to +3`."""
    ends = [f"{one:+.4g}".replace("-", "\N{MINUS SIGN}") for one in (low, high)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _label(name: FramingField) -> str:
    return _LABELS.get(name, str(name).replace("_", " "))


def _short(said: str) -> str:
    return said if len(said) <= 40 else f"{said[:39].rstrip()}…"


_LABELS = {
    F.DO: "do() clause",
    F.PRIOR: "prior probability",
    F.EFFECT: "effect worth having",
    F.EVIDENCE: "prior evidence",
    F.HEURISTIC_VALUE: "the heuristic's expected value",
    F.HEURISTIC_WEEKS: "the heuristic's cost",
    F.ML_VALUE: "the ML option's expected value",
    F.ML_WEEKS: "the ML option's cost",
    F.TRAFFIC: "units a day",
    F.REVISIT: "the day of looking again",
}
_FROM_TO = re.compile(
    r"(\d{1,2}(?:\.\d+)?)\s*%?\s*(?:\N{RIGHTWARDS ARROW}|->|to|\N{EN DASH})\s*(\d{1,2}(?:\.\d+)?)\s*%"
)
