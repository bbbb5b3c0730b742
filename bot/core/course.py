"""The looks of an experiment as they stand at one of them: those held, this one, and those to come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.core.information import Information, information
from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.core.timetable import planned
from bot.stats.sequential import Plan, realised

PEEK = 0
"""The number of a look that the plan does not have."""


@dataclass(frozen=True)
class Course:
    """What one look is measured by.

    number: which look this is, `PEEK` for one not in the plan; day: when it is held. numbers, days: of every
    look of `plan`, in its order. at: this one's index there; None for a peek at a plan that has no place for
    it. information: of the looks held so far.
    """

    number: int
    day: float
    numbers: tuple[int, ...]
    days: tuple[float, ...]
    plan: Plan
    at: int | None
    information: Information

    @property
    def peek(self) -> bool:
        """Whether the plan does not have this look."""
        return self.number == PEEK

    @property
    def held(self) -> int:
        """How many looks of `plan` were held by now, this one among them."""
        return sum(day <= self.day for day in self.days)

    @property
    def name(self) -> str:
        """`look 2`, or `this peek`."""
        return "this peek" if self.peek else f"look {self.number}"

    @property
    def last(self) -> bool:
        """Whether no look of the plan follows."""
        return self.following is None

    @property
    def following(self) -> int | None:
        """The number of the next look of the plan; None when none follows."""
        later = [n for n, day in zip(self.numbers, self.days, strict=True) if n and day > self.day]
        return later[0] if later else None


def course(
    registration: Registration,
    seen: Observations,
    *,
    number: int,
    day: float,
    earlier: Sequence[float] | None = None,
) -> Course:
    """The course at look `number`, held on `day`.

    earlier: the days on which looks were held before, peeks too; None for the planned ones. Raises ValueError
    when they do not follow each other, or when a rule without a spending function is to count a peek.
    """
    before = planned_before(registration, number, day) if earlier is None else [float(one) for one in earlier]
    _in_order(number, day, before)
    plan, held = planned(registration), (*before, day)
    known = information(registration, seen, held)
    if plan.spending.by_function:
        return _by_function(registration, number, held, plan, known)
    if number == PEEK:
        days = tuple(float(one) for one in registration.looks)
        return Course(number, day, _all(registration), days, plan, None, known)
    return _as_written(registration, number, held, plan, known)


def planned_before(registration: Registration, number: int, day: float) -> list[float]:
    """The days of the planned looks before look `number`; before `day` for a peek."""
    looks = registration.looks
    return [float(one) for one in (looks[: number - 1] if number else looks) if number or one < day]


def _in_order(number: int, day: float, before: Sequence[float]) -> None:
    if any(then <= first for first, then in pairwise(before)):
        shown = ", ".join(f"{one:g}" for one in before)
        raise ValueError(f"the days of the looks held before, {shown}, do not rise")
    if before and day <= before[-1]:
        name = f"look {number}" if number else "the peek"
        raise ValueError(f"{name} on day {day:g} does not come after the looks before it")


def _by_function(
    registration: Registration, number: int, held: tuple[float, ...], plan: Plan, known: Information
) -> Course:
    """The boundaries from what the function spends by each look, whichever looks there were."""
    last = registration.looks[-1]
    final = number == len(registration.looks) or known.fractions[-1] >= 1
    coming = [n for n, day in enumerate(registration.looks, start=1) if n > number and day > held[-1]]
    later = [] if final else coming
    now, day = known.fractions[-1], held[-1]
    # Whatever came by now, the rest of the planned information is taken to come evenly until the last look.
    ahead = [now + (1 - now) * (registration.looks[n - 1] - day) / (last - day) for n in later]
    if known.counted_in == "days":
        ahead = [registration.looks[n - 1] / last for n in later]
    days = (*held, *(float(registration.looks[n - 1]) for n in later))
    if days == registration.looks and known.counted_in == "days":
        stands = plan
    else:
        stands = realised(replace(plan, fractions=(*known.fractions, *ahead)), known.fractions, final=final)
    numbers = (*_numbers(registration, number, held[:-1]), number, *later)
    return Course(number, day, numbers, days, stands, len(held) - 1, known)


def _as_written(
    registration: Registration, number: int, held: tuple[float, ...], plan: Plan, known: Information
) -> Course:
    """The boundaries of a rule that knows its own looks only."""
    if len(held) != number:
        rule = plan.spending.rule
        said = f"{len(held) - 1} looks were held before look {number}, and the plan has {number - 1}"
        raise ValueError(f"{said}: the rule {rule} cannot count a peek nor leave out a look")
    looks = tuple(float(day) for day in registration.looks)
    if held == looks[:number] and known.counted_in == "days":
        return Course(number, held[-1], _all(registration), looks, plan, number - 1, known)
    stands = realised(plan, known.fractions, final=number == len(looks))
    later = [plan.fractions.index(time) for time in stands.fractions[number:]]
    numbers = (*range(1, number + 1), *(k + 1 for k in later))
    days = (*held, *(looks[k] for k in later))
    return Course(number, held[-1], numbers, days, stands, number - 1, known)


def _all(registration: Registration) -> tuple[int, ...]:
    return tuple(range(1, len(registration.looks) + 1))


def _numbers(registration: Registration, number: int, before: Sequence[float]) -> list[int]:
    """Which looks those before were: as many as planned are the planned ones, moved or not; else by day."""
    if len(before) == number - 1:
        return list(range(1, number))
    return [registration.looks.index(int(day)) + 1 if day in registration.looks else PEEK for day in before]
