"""What a line, or the primary, says in a sentence: the movement, the line beside it, and whether chance
could have done it."""

from bot.core.course import PEEK, Course
from bot.core.figures import bound, day_of, interval, level, p_is, share, signed
from bot.core.look import CohortResult, GuardrailResult, PrimaryResult, relative
from bot.core.registration import Registration
from bot.core.timetable import planned
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


def primary(registration: Registration, result: PrimaryResult, course: Course) -> str:
    """The primary against what this look asks."""
    name = registration.primary.metric
    if isinstance(result.effect, Undecided):
        return f"{name} cannot be judged: {result.effect.reason}."
    p, line = judged(result), bound(result.boundary_p)
    if result.significant:
        return f"{name} {moved(result.effect)}: {p}, below the {line} that {course.name} asks."
    if course.last:
        return f"{p}, and {course.name} asks for less than {line}."
    if result.boundary_p <= 0:
        return f"{p}, and {course.name} cannot stop: the plan spends nothing yet."
    return f"{p}, and {course.name} stops only below {line}."


def judged(result: PrimaryResult) -> str:
    """The p that is held against the boundary: `p = 0.040`, and of what when the plan is one-sided."""
    if result.p_judged is None:
        return "p unknown"
    return p_is(result.p_judged) if result.sided == 2 else f"one-sided {p_is(result.p_judged)}"


def over(registration: Registration, course: Course) -> str:
    """That nothing more can be shown: by the plan, or because all the planned information is there."""
    if course.number == len(registration.looks):
        return "This was the last look: the effect was not shown."
    return "All of the planned information is there, so this was the last look: the effect was not shown."


def next_look(registration: Registration, course: Course) -> str:
    """Until when there is nothing to decide; records keep the sentence, so it never changes."""
    following = course.following
    if following is None:
        return "No look of the plan follows."
    day = day_of(registration, registration.looks[following - 1])
    return f"Nothing to decide before look {following} on {day}."


def no_function(registration: Registration) -> str:
    """Why a peek at this plan has no verdict."""
    rule = registration.sequential.spending
    return (
        f"The plan has no such look, and its rule ({rule}) does not say what an unplanned one may spend: "
        "the figures are shown, and nothing follows from them."
    )


def unplanned(registration: Registration, course: Course, planned: float | None) -> list[str]:
    """What a peek, or a look on another day, does to the boundaries; empty when all is planned."""
    said = [course.information.note] if course.information.note else []
    pairs = list(zip(course.numbers, course.days, strict=True))[: course.at or 0]
    peeks = [f"day {day:g}" for number, day in pairs if number == PEEK]
    if peeks:
        said.append(f"Counted as well: the unplanned look on {' and '.join(peeks)}.")
    if course.peek and course.at is not None:
        peek = f"⚠ A peek: the plan has no look on day {course.day:g}."
        said.append(f"{peek} {cost_of_peek(registration, course)}")
    elif planned is not None and course.day != planned:
        said.append(
            f"Held on day {course.day:g} instead of day {planned:g}: the boundary was computed again from "
            "the information there was."
        )
    return said


def cost_of_peek(registration: Registration, course: Course) -> str:
    """What a peek spends, and what the looks to come ask because of it."""
    if course.at is None:
        return no_function(registration)
    spent = bound(course.plan.alpha_at_look[course.at])
    return f"It spends {spent} of alpha. {_later(registration, course)}"


def _later(registration: Registration, course: Course) -> str:
    """What the looks to come ask, beside what they asked as registered."""
    if course.at is None or course.at == course.plan.last:
        return "Nothing is left for a later look."
    before = planned(registration).nominal_p
    asks = []
    for number, p in list(zip(course.numbers, course.plan.nominal_p, strict=True))[course.at + 1 :]:
        was, now = bound(before[number - 1]), bound(p)
        if was != now:
            asks.append(f"look {number} stops only below {now} ({was} as registered)")
    return f"With it, {', '.join(asks)}." if asks else "What later looks ask changes by less than is shown."


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
