"""The looks of an experiment as its chart tells them: boundary, alpha spent and z, also in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.figures import MINUS, bound, plain
from bot.core.futility import boundary
from bot.core.look import LookResult
from bot.core.registration import Registration
from bot.core.verdict_words import judged
from bot.stats.undecided import Undecided
from bot.views.text import cut

MOST_LOOKS = 16
"""Looks written out; of more, the last ones held, the next ones and the last."""


@dataclass(frozen=True)
class Seen:
    """The z of a look that was held, positive when the treatment is higher; look 0 is a peek."""

    look: int
    day: float
    z: float


@dataclass(frozen=True)
class Step:
    """One look: its boundary as |z| and p (None where the plan has no place for it), the alpha spent by then,
    the futility bound in the declared direction, and the z that was seen."""

    look: int
    day: float
    bound: float | None
    p: float
    spent: float
    futility: float
    held: bool
    z: float | None = None

    @property
    def name(self) -> str:
        """`look 2` or `peek`."""
        return f"look {self.look}" if self.look else "peek"

    @property
    def spends(self) -> str:
        """`spent 0.003`; empty where the plan has no place for the look."""
        return "" if self.bound is None else f"spent {short_alpha(self.spent)}"

    @property
    def asks(self) -> str:
        """`p < 0.0030`."""
        if self.bound is None:
            return "no verdict"
        return "cannot stop" if self.bound > 1e300 else f"p < {bound(self.p)}"


@dataclass(frozen=True)
class Course:
    """The looks of an experiment by day. sign: +1 when the primary is to rise; now: p beside what is asked;
    trouble: why this look has no z."""

    metric: str
    alpha: float
    one_sided: bool
    sign: int
    steps: tuple[Step, ...]
    now: str
    trouble: str = ""

    @property
    def told(self) -> Sequence[Step]:
        """The looks written out."""
        if len(self.steps) <= MOST_LOOKS:
            return self.steps
        now = sum(step.held for step in self.steps)
        first = max(0, min(now - MOST_LOOKS // 2, len(self.steps) - MOST_LOOKS))
        return (*self.steps[first : first + MOST_LOOKS - 1], self.steps[-1])

    @property
    def left_out(self) -> int:
        """How many looks are not written out."""
        return len(self.steps) - len(self.told)

    def words(self) -> str:
        """The same facts in words."""
        sides = "one-sided" if self.one_sided else "two-sided"
        head = f"z of {cut(self.metric, 80)} against its boundary, {sides}, alpha {plain(self.alpha)}"
        said = "; ".join(self._step_words(step) for step in self.told)
        more = f"; and {self.left_out} more looks" if self.left_out else ""
        trouble = f" {self.trouble}." if self.trouble else ""
        now = f" Now {self.now}." if self.now else ""
        return f"{head}: {said}{more}.{now}{trouble}"

    def _step_words(self, step: Step) -> str:
        seen = (
            f"z {signed_z(step.z)}, " if step.z is not None else ("no figure, " if step.held else "to come, ")
        )
        name = f"{step.name} on day {step.day:g}: {seen}"
        if step.bound is None:
            return f"{name}no verdict, the plan does not have it"
        if step.bound > 1e300:
            return f"{name}cannot stop"
        mark = "±" if not self.one_sided else ("+" if self.sign > 0 else MINUS)
        futile = "" if math.isinf(step.futility) else f", futile beyond {signed_z(self.sign * step.futility)}"
        return f"{name}boundary {mark}{step.bound:.2f} ({step.asks}){futile}, spent {plain(step.spent)}"


def course_of(registration: Registration, result: LookResult, history: Sequence[Seen]) -> Course:
    """The course, from a look and the z of every look so far in order, this one last."""
    sequential, effect = registration.sequential, result.primary.effect
    sign = 1 if registration.primary.direction == "increase" else -1
    now = trouble = ""
    if result.verdict == "invalid":
        trouble = "This look is not judged: the data are invalid"
    elif isinstance(effect, Undecided):
        trouble = "This look is not judged: the primary has no figure"
    elif result.primary.boundary_p > 0:
        now = f"{judged(result.primary)}, asked below {bound(result.primary.boundary_p)}"
    steps = _steps(registration, result, history)
    name, one_sided = registration.primary.metric, sequential.sided == 1
    return Course(name, registration.alpha, one_sided, sign, steps, now, trouble)


def _steps(registration: Registration, result: LookResult, history: Sequence[Seen]) -> tuple[Step, ...]:
    """The looks of the plan as it stands, and the peeks it has no place for, by day."""
    plan, course = result.plan, result.course
    seen = {one.day: one for one in history}
    steps = [
        Step(
            look=number,
            day=day,
            bound=plan.z[at],
            p=plan.nominal_p[at],
            spent=plan.cumulative_alpha[at],
            futility=boundary(registration, plan, at + 1),
            held=day <= result.day,
        )
        for at, (number, day) in enumerate(zip(course.numbers, course.days, strict=True))
    ]
    places = {step.day for step in steps}
    steps += [
        Step(one.look, one.day, None, 0.0, 0.0, -math.inf, held=True)
        for one in history
        if one.day not in places
    ]
    steps.sort(key=lambda step: step.day)
    return tuple(replace(step, z=seen[step.day].z) if step.day in seen else step for step in steps)


def short_alpha(alpha: float) -> str:
    """Alpha to three decimals, or that it is less than the last of them."""
    return f"{alpha:.3f}" if alpha >= 0.0005 else ("< 0.001" if alpha > 0 else "0")


def signed_z(z: float) -> str:
    """`+2.05`, with a real minus sign."""
    return f"{z:+.2f}".replace("-", MINUS)
