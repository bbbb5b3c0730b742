"""Whether units are split as planned: in all, day by day, and within every cohort."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.data_finding import DataFinding, error
from bot.core.figures import p_is, share
from bot.core.observation import SIDES, Observations
from bot.core.registration import Registration
from bot.stats.srm import THRESHOLD, Srm, split_p, srm_anytime
from bot.stats.undecided import Undecided

LEAST = 20
"""Units below which a cohort's split is not tested: no split of so few is unlikely enough to be found."""
NAMED = 3
"""Cohorts that a finding names."""


@dataclass(frozen=True)
class Split:
    """A cohort's units, and how unlikely such a split is under the planned one."""

    cohort: str
    control: int
    treatment: int
    p: float


def anytime_p(registration: Registration, seen: Observations) -> float | Undecided:
    """The sequential p of the split over the days before and this one: valid on any day."""
    days = [(control, treatment) for _, control, treatment in seen.earlier]
    now = seen.units("control"), seen.units("treatment")
    return srm_anytime([*days, now], registration.allocation)


def overall(registration: Registration, seen: Observations, srm: Srm | Undecided) -> list[DataFinding]:
    """The arms' sizes against the allocation."""
    if isinstance(srm, Undecided) or srm.ok:
        return []
    control, treatment = seen.units("control"), seen.units("treatment")
    return [
        error(
            "sample-ratio-mismatch",
            f"sample-ratio mismatch: {control:,} control and {treatment:,} treatment units, "
            f"a treatment share of {share(srm.share, 2)} where {share(registration.allocation, 2)} "
            f"was planned ({p_is(srm.p)}): the assignment is broken",
        )
    ]


def within_cohorts(registration: Registration, seen: Observations, srm: Srm | Undecided) -> list[DataFinding]:
    """The arms' sizes within every marginal and crossing, those of undeclared values too.

    Their p is compared with THRESHOLD over the number tested (Bonferroni), so that the chance of any false
    finding is THRESHOLD. Where the whole is off already, the cohorts are compared with the whole: only those
    that are off in another way say something more.
    """
    if isinstance(srm, Undecided) or not registration.cohorts.dimensions:
        return []
    planned = registration.allocation if srm.ok else srm.share
    if not 0 < planned < 1:
        return []
    tested = [one for one in splits(registration, seen, planned) if one.control + one.treatment >= LEAST]
    off = sorted((one for one in tested if one.p < THRESHOLD / len(tested)), key=lambda one: one.p)
    if not off:
        return []
    said = "; ".join(_words(one) for one in off[:NAMED])
    more = f"; and {len(off) - NAMED} more" if len(off) > NAMED else ""
    expected = f"{share(planned, 2)} {'was planned' if srm.ok else 'is the share of all'}"
    return [
        error(
            "cohort-sample-ratio-mismatch",
            f"sample-ratio mismatch within {len(off)} of {len(tested)} cohorts tested, where {expected}: "
            f"{said}{more}",
        )
    ]


def splits(registration: Registration, seen: Observations, allocation: float) -> Iterator[Split]:
    """Every marginal, then every crossing there are units of; None stands for undeclared values."""
    dimensions = registration.cohorts.dimensions
    crossed: defaultdict[tuple[str | None, ...], list[int]] = defaultdict(lambda: [0, 0])
    for cell in seen.cells:
        crossed[cell.cohort][SIDES.index(cell.side)] += cell.units
    for number, (dimension, values) in enumerate(dimensions.items()):
        for value in (*values, None):
            inside = [sizes for cohort, sizes in crossed.items() if cohort[number] == value]
            sizes = [sum(one[at] for one in inside) for at in (0, 1)]
            yield _split(f"{dimension}={value or 'other'}", sizes, allocation)
    if len(dimensions) < 2:
        return
    for cohort, sizes in sorted(crossed.items(), key=lambda one: str(one[0])):
        names = zip(dimensions, cohort, strict=True)
        yield _split(",".join(f"{name}={value or 'other'}" for name, value in names), sizes, allocation)


def _split(cohort: str, sizes: list[int], allocation: float) -> Split:
    return Split(cohort, sizes[0], sizes[1], split_p(sizes[0], sizes[1], allocation))


def _words(one: Split) -> str:
    part = share(one.treatment / (one.control + one.treatment), 2)
    return (
        f"{one.cohort} has {one.control:,} control and {one.treatment:,} treatment units, "
        f"a share of {part} ({p_is(one.p)})"
    )
