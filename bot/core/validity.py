"""Whether the data of a look can be judged at all."""

from bot.core.observation import SIDES, Observations
from bot.core.registration import Registration
from bot.stats.srm import Srm
from bot.stats.undecided import Undecided

CONTAMINATION = 0.001
"""Share of units seen in both arms above which the assignment is taken as broken; below it they are left
out."""


def faults(registration: Registration, seen: Observations, day: float, srm: Srm | Undecided) -> list[str]:
    """Every reason why nothing may be judged, worst first; empty when the data are sound."""
    found = _arms(registration, seen)
    if isinstance(srm, Srm) and not srm.ok:
        control, treatment = seen.units("control"), seen.units("treatment")
        found.append(
            f"sample-ratio mismatch: {control:,} and {treatment:,} units, a treatment share of "
            f"{srm.share:.2%} where {registration.allocation:.2%} was planned (p = {srm.p:.1g}): "
            "the assignment is broken"
        )
    total = sum(seen.units(side) for side in SIDES)
    if seen.both_arms > CONTAMINATION * (total + seen.both_arms):
        found.append(f"{seen.both_arms:,} units were seen in both arms: the assignment is not stable")
    if seen.duplicates > 0:
        found.append(
            f"{seen.duplicates:,} rows repeat a unit, and the data has no day: "
            "name the day column, or give one row per unit"
        )
    primary = registration.primary.metric
    if seen.infinite.get(primary):
        found.append(f"{primary} is infinite for {seen.infinite[primary]:,} units")
    if not seen.summary and seen.last_day is not None and seen.last_day < day:
        found.append(f"the data end on day {seen.last_day:g}, and this look is on day {day:g}")
    return found


def notes(registration: Registration, seen: Observations, day: float) -> list[str]:
    """What a reader should know although it does not forbid a verdict."""
    found = []
    if seen.both_arms and seen.both_arms <= CONTAMINATION * sum(seen.units(side) for side in SIDES):
        found.append(f"{seen.both_arms:,} units seen in both arms were left out.")
    for metric, count in sorted(seen.infinite.items()):
        if metric != registration.primary.metric:
            found.append(f"{metric}: {count:,} units with an infinite value were left out.")
    nulls = seen.nulls.get(registration.primary.metric, 0)
    if nulls:
        units = sum(seen.units(side) for side in SIDES)
        found.append(f"{registration.primary.metric} is known for {units - nulls:,} of {units:,} units.")
    if seen.summary and seen.last_day is not None and seen.last_day <= day - 1:
        found.append(f"the newest statistics are of day {seen.last_day:g}, for the look on day {day:g}.")
    return found


def _arms(registration: Registration, seen: Observations) -> list[str]:
    found = []
    for side in SIDES:
        if seen.units(side) == 0:
            label = getattr(registration.arms, side)
            other = f" ({seen.other_arm:,} units are in neither arm)" if seen.other_arm else ""
            found.append(f"the {side} arm `{label}` has no units{other}")
    return found
