"""A metric by days since exposure: the effect on each day, and what every unit adds to their line's slope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.stats.arm import Arm, mean_arm, ratio_arm
from bot.stats.effect import compare
from bot.stats.novelty import Line, Point
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Day:
    """The rows of both arms, `days` days after their units were first seen; columns as in looks' samples."""

    days: int
    control: Sample
    treatment: Sample


Share: TypeAlias = tuple[float, ...]
"""What one row adds to the slope: a constant, then a factor for each column."""


def point(day: Day) -> Point | None:
    """The relative effect on one day since exposure; None where it cannot be had.

    Its variance is that of the delta method (Deng, Knoblich & Lu 2018, KDD, section 3.1).
    """
    arms = [_arm(one) for one in (day.control, day.treatment)]
    control, treatment = arms
    if isinstance(control, Undecided) or isinstance(treatment, Undecided):
        return None
    effect = compare(control, treatment)
    if isinstance(effect, Undecided) or isinstance(effect.relative, Undecided):
        return None
    rel = effect.relative
    variance = (treatment.variance + (1 + rel) ** 2 * control.variance) / control.mean**2
    return Point(day.days, rel, variance)


def shares(days: Sequence[Day], fitted: Line) -> Mapping[tuple[str, int], Share]:
    """By arm and day since exposure what one row adds to the slope, beyond what every row adds.

    The slope is a sum over days of share * (treatment mean / control mean - 1). To first order a row y of n
    moves it by share * (y - mean) / n times the derivative by its arm's mean: 1 / control mean for the
    treatment, -treatment mean / control mean² for the control. Added up over a unit's rows and squared, these
    give the slope's variance however the rows of one unit go together.
    """
    found: dict[tuple[str, int], Share] = {}
    for day, share in zip(days, fitted.shares, strict=True):
        control, treatment = _arm(day.control), _arm(day.treatment)
        if isinstance(control, Undecided) or isinstance(treatment, Undecided):
            raise ValueError(f"day {day.days} has no effect")
        found["control", day.days] = _share(day.control, -share * treatment.mean / control.mean**2)
        found["treatment", day.days] = _share(day.treatment, share / control.mean)
    return found


def _share(sample: Sample, factor: float) -> Share:
    each = factor / sample.n
    if "numerator" not in sample.columns:
        return -each * sample.mean_of("value"), each
    bottom = sample.mean_of("denominator")
    ratio = sample.mean_of("numerator") / bottom
    return 0.0, each / bottom, -each * ratio / bottom


def _arm(sample: Sample) -> Arm | Undecided:
    if "numerator" in sample.columns:
        return ratio_arm(sample, "numerator", "denominator")
    return mean_arm(sample, "value")
