"""How much of the planned information each look had, in days or in units."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.core.sizing import size
from bot.stats.power import arms_of
from bot.stats.undecided import Undecided

LEAST = 1e-5
"""Two looks must lie at least so far apart, as shares of the planned information."""


@dataclass(frozen=True)
class Information:
    """The information fractions of looks held.

    fractions: of the planned information, one a look, rising. counted_in: what they were counted in. note:
    why it was not what the registration asks for; empty when it was.
    """

    fractions: tuple[float, ...]
    counted_in: str
    note: str = ""


def planned_units(registration: Registration) -> float | Undecided:
    """Units of both arms that the plan has at its last look: as declared, else its own sample size."""
    declared = registration.sequential.planned_units
    if declared is not None:
        return declared
    sizing = size(registration)
    if sizing.n_cuped is None:
        why = (
            sizing.n_fixed.reason if isinstance(sizing.n_fixed, Undecided) else "the plan has no sample size"
        )
        return Undecided(f"sequential.planned_units is not declared, and {why}")
    return sum(arms_of(sizing.n_cuped, registration.allocation))


def information(registration: Registration, seen: Observations, days: Sequence[float]) -> Information:
    """The fractions of the looks held on `days`, of which this one, that saw `seen`, is the last.

    In units when the registration asks for that and they can be known: this look's are in `seen`, those of
    the looks before in `seen.earlier`. Otherwise time stands for information.
    """
    by_days = tuple(day / registration.looks[-1] for day in days)
    if registration.sequential.information == "days":
        return Information(by_days, "days")
    fractions = _by_units(registration, seen, days)
    if isinstance(fractions, Undecided):
        note = f"Information is counted in days, not in units: {fractions.reason}."
        return Information(by_days, "days", note)
    return Information(fractions, "units")


def _by_units(
    registration: Registration, seen: Observations, days: Sequence[float]
) -> tuple[float, ...] | Undecided:
    planned = planned_units(registration)
    if isinstance(planned, Undecided):
        return planned
    units = [_units_by(seen, day) for day in days[:-1]]
    absent = [f"{day:g}" for day, counted in zip(days, units, strict=False) if counted is None]
    if absent:
        return Undecided(f"the units seen by day {', '.join(absent)} are not known")
    counts = [*(one for one in units if one), (seen.units("control"), seen.units("treatment"))]
    fractions = tuple(fraction(registration, planned, *one) for one in counts)
    before = (0.0, *fractions)
    for day, first, then in zip(days, before, fractions, strict=False):
        if then - first < LEAST:
            return Undecided(f"the units seen by day {day:g} are no more than those before")
    return fractions


def _units_by(seen: Observations, day: float) -> tuple[int, int] | None:
    """Units of both arms a look on `day` saw; a summary table's are those of the newest day until then."""
    if seen.summary:
        until = [one for one in seen.earlier if one[0] <= day]
        return max(until)[1:] if until else None
    return next((one[1:] for one in seen.earlier if one[0] == day), None)


def fraction(registration: Registration, planned: float, control: int, treatment: int) -> float:
    """Information of the units there are over that of the planned ones, split as planned.

    The variance of a difference of means is that of one unit times 1/n_c + 1/n_t, so information goes with
    n_c n_t / (n_c + n_t): 4 n_c n_t / (n_c + n_t) over the planned total for equal arms (Jennison & Turnbull
    2000, section 1.3).
    """
    if control + treatment == 0:
        return 0.0
    share = registration.allocation
    return control * treatment / (control + treatment) / (share * (1 - share) * planned)
