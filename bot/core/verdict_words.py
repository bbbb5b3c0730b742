"""What a line, or the primary, says in a sentence: the movement, the line beside it, and whether chance
could have done it."""

from bot.core.figures import bound, interval, level, p_is, share, signed
from bot.core.look import CohortResult, GuardrailResult, PrimaryResult, relative
from bot.core.registration import Registration
from bot.stats.effect import Effect
from bot.stats.guardrail import Judgement, Status, Threshold
from bot.stats.undecided import Undecided


def guardrail(one: GuardrailResult) -> str:
    """One guardrail in a sentence."""
    return _line(one.metric, one.threshold, one.judgement)


def cohort(registration: Registration, one: CohortResult) -> str:
    """One cohort in a sentence."""
    name = f"{registration.primary.metric} in {one.cohort}"
    return _line(name, cohort_line(registration), one.judgement)


def cohort_line(registration: Registration) -> Threshold:
    """The line every cohort must hold."""
    limit = registration.cohorts.max_relative_regression or 0.0
    increase = registration.primary.direction == "increase"
    return Threshold("max_relative_regression", limit, "decrease" if increase else "increase")


def line_of(threshold: Threshold) -> str:
    """A threshold as a reader compares with it: `+5 %`, `≤ 800`."""
    if not threshold.relative:
        return f"{'≤' if threshold.kind == 'max' else '≥'} {level(threshold.value)}"
    mark = "+" if threshold.limit > 0 else ""
    return f"{mark}{share(threshold.limit, 2)}"


def measured(threshold: Threshold, value: float) -> str:
    """What was measured, in a few words: `fell 1.43 %`, `is 812`."""
    if not threshold.relative:
        return f"is {level(value)}"
    size = share(abs(value), 2)
    return "did not move" if size == "0 %" else f"{'rose' if value > 0 else 'fell'} {size}"


def _line(name: str, threshold: Threshold, judged: Judgement) -> str:
    if judged.measured is None or judged.interval is None or judged.p is None:
        return f"{name} cannot be judged: {judged.reason}."
    low, high = judged.interval
    span = interval(judged.interval, 2) if threshold.relative else f"({level(low)} … {level(high)})"
    said = f"{name} {measured(threshold, judged.measured)} {span}, and its line is {line_of(threshold)}"
    chance = f"{p_is(judged.p)}, judged at {judged.alpha:.3g}"
    endings = {
        Status.VETO: f". Chance does not explain it ({chance}): veto.",
        Status.NEAR_VETO: f". It may be chance ({chance}): near-veto.",
        Status.UNPROVEN: ": not crossed, and not ruled out yet.",
        Status.CLEAR: ": it holds.",
    }
    return said + endings.get(judged.status, f": {judged.reason}.")


def primary(registration: Registration, result: PrimaryResult, look: int) -> str:
    """The primary against what this look asks."""
    name = registration.primary.metric
    if isinstance(result.effect, Undecided):
        return f"{name} cannot be judged: {result.effect.reason}."
    p, line = p_is(result.effect.p), bound(result.boundary_p)
    if result.significant:
        return f"{name} {moved(result.effect)}: {p}, below the {line} that look {look} asks."
    if look == len(registration.looks):
        return f"{p}, and look {look} asks for less than {line}."
    if result.boundary_p <= 0:
        return f"{p}, and look {look} cannot stop: the plan spends nothing yet."
    return f"{p}, and look {look} stops only below {line}."


def moved(effect: Effect) -> str:
    """How the primary moved: relative where that means something, else in its own units."""
    rel = relative(effect)[0]
    if rel is not None:
        return f"moved by {signed(rel)}"
    return f"went from {level(effect.control.mean)} to {level(effect.treatment.mean)}"


def below_minimum(registration: Registration, effect: Effect | Undecided) -> str:
    """The effect beside the declared minimum, when it is smaller; else empty."""
    mde = registration.primary.mde
    if isinstance(effect, Undecided) or mde is None:
        return ""
    rel = relative(effect)[0]
    if mde.relative is not None and rel is not None:
        short = abs(rel) < mde.relative
        return f"{signed(rel)} is less than the declared minimum of {share(mde.relative)}" if short else ""
    if mde.absolute is not None and abs(effect.absolute) < mde.absolute:
        return f"{level(effect.absolute)} is less than the declared minimum of {level(mde.absolute)}"
    return ""
