"""Whether the data of a look can be judged at all."""

from bot.core.figures import p_is, share
from bot.core.observation import SIDES, Observations
from bot.core.registration import Registration
from bot.stats.srm import THRESHOLD, Srm, mix_p
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
            f"sample-ratio mismatch: {control:,} control and {treatment:,} treatment units, "
            f"a treatment share of {share(srm.share, 2)} where {share(registration.allocation, 2)} "
            f"was planned ({p_is(srm.p)}): the assignment is broken"
        )
    total = sum(seen.units(side) for side in SIDES)
    if seen.both_arms > CONTAMINATION * (total + seen.both_arms):
        found.append(f"{_units(seen.both_arms)} seen in both arms: the assignment is not stable")
    if seen.duplicates > 0:
        found.append(
            f"{seen.duplicates:,} rows repeat a unit, and the data has no day: "
            "name the day column, or give one row per unit"
        )
    primary = registration.primary.metric
    if seen.infinite.get(primary):
        found.append(f"an infinite value of {primary} for {_units(seen.infinite[primary])}")
    found += seen.broken
    if not seen.summary and seen.last_day is not None and seen.last_day < day:
        found.append(f"the data end on day {seen.last_day:g}, and this look is on day {day:g}")
    return found


def notes(registration: Registration, seen: Observations, day: float) -> list[str]:
    """What a reader should know although it does not forbid a verdict."""
    found = []
    if seen.both_arms and seen.both_arms <= CONTAMINATION * sum(seen.units(side) for side in SIDES):
        found.append(f"{_units(seen.both_arms)} seen in both arms, and left out.")
    for metric, count in sorted(seen.infinite.items()):
        if metric != registration.primary.metric:
            found.append(f"{metric}: {_units(count)} with an infinite value left out.")
    found += [*seen.remarks, *_unknown(registration, seen), *_undeclared(registration, seen)]
    if seen.summary and seen.last_day is not None and seen.last_day <= day - 1:
        found.append(f"the newest statistics are of day {seen.last_day:g}, for the look on day {day:g}.")
    return found


def _unknown(registration: Registration, seen: Observations) -> list[str]:
    """Units without a value; and whether one arm has more of them, which makes the arms differ."""
    found, units = [], {side: seen.units(side) for side in SIDES}
    judged = dict.fromkeys((registration.primary.metric, *(one.metric for one in registration.guardrails)))
    for metric in judged:
        nulls = seen.nulls.get(metric, 0)
        samples = [seen.sample(side, metric) for side in SIDES]
        if not nulls or None in samples:
            continue
        known = [sample.n for sample in samples if sample is not None]
        total = sum(units.values())
        if metric == registration.primary.metric:
            found.append(f"{metric} is known for {total - nulls:,} of {total:,} units.")
        rest = [units[side] - n for side, n in zip(SIDES, known, strict=True)]
        p = mix_p((known[0], rest[0]), (known[1], rest[1]))
        if isinstance(p, float) and p < THRESHOLD:
            shares = [share(n / units[side]) for side, n in zip(SIDES, known, strict=True)]
            found.append(
                f"⚠ {metric} is known for {shares[0]} of the control and {shares[1]} of the treatment "
                f"({p_is(p)}): those with a value may differ between the arms."
            )
    return found


def _undeclared(registration: Registration, seen: Observations) -> list[str]:
    """Units whose cohort is none of those declared."""
    total = sum(seen.units(side) for side in SIDES)
    found = []
    for number, dimension in enumerate(registration.cohorts.dimensions):
        other = sum(seen.count(side, {number: None}) for side in SIDES)
        if other and total:
            found.append(
                f"{dimension}: {_units(other)} ({share(other / total)}) with none of the declared values; "
                "they count in the whole only."
            )
    return found


def _units(count: int) -> str:
    return f"{count:,} unit{'' if count == 1 else 's'}"


def _arms(registration: Registration, seen: Observations) -> list[str]:
    found = []
    for side in SIDES:
        if seen.units(side) == 0:
            label = getattr(registration.arms, side)
            other = f" ({_units(seen.other_arm)} in neither arm)" if seen.other_arm else ""
            found.append(f"the {side} arm `{label}` has no units{other}")
    return found
