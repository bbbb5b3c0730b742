"""What the cohorts say together: the post-stratified effect, how much they differ, and the worst of them.

The registered primary analysis decides; the post-stratified effect is shown beside it. It answers the same
question with the cohorts' mix held fixed, so the two differ by chance in the mix alone; where they differ by
more, the mix shifted, and the finding about that says so.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from bot.core.look import CohortResult, PostStratified, WorstCohort, relative
from bot.core.measure import measure
from bot.core.metric import Quantile, Ratio
from bot.core.observation import SIDES, Observations
from bot.core.registration import Registration
from bot.stats.cohort import post_stratified, rake
from bot.stats.effect import Effect
from bot.stats.guardrail import Threshold
from bot.stats.heterogeneity import Heterogeneity, relative_heterogeneity
from bot.stats.undecided import Undecided

Where = Mapping[int, str]


def crossings(registration: Registration) -> Iterator[tuple[str, Where]]:
    """Every crossing of all declared values: its name, and its values by dimension number."""
    dimensions = registration.cohorts.dimensions
    for values in product(*dimensions.values()):
        name = ",".join(f"{dimension}={value}" for dimension, value in zip(dimensions, values, strict=True))
        yield name, dict(enumerate(values))


def heterogeneity(registration: Registration, cohorts: Sequence[CohortResult]) -> Heterogeneity | Undecided:
    """Whether the cohorts of the full crossing respond differently."""
    if not registration.cohorts.dimensions:
        return Undecided("no cohorts were declared")
    return relative_heterogeneity([one.effect for one in cohorts if one.crossing])


def shrunk(effects: Mapping[str, Effect | Undecided]) -> dict[str, tuple[float, float]] | Undecided:
    """By crossing, the relative effect pulled towards the mean of all, and its standard deviation."""
    found = relative_heterogeneity(list(effects.values()))
    if isinstance(found, Undecided):
        return found
    names = [
        name
        for name, one in effects.items()
        if isinstance(one, Effect) and not isinstance(one.relative, Undecided)
    ]
    return dict(zip(names, zip(found.shrunk, found.shrunk_sd, strict=True), strict=True))


def stratified(registration: Registration, seen: Observations) -> PostStratified | Undecided:
    """The effect on the primary in a population with fixed cohort shares.

    The strata are the cells of the full crossing, those of undeclared values too; when one of them has no
    effect, the values of one dimension. Their shares are the declared ones, the crossing's raked to them, and
    else those observed in both arms together. A ratio's strata weigh by their denominators.
    """
    if not registration.cohorts.dimensions:
        return Undecided("no cohorts were declared")
    primary = registration.primary.metric
    if isinstance(registration.metrics[primary], Quantile):
        return Undecided(f"{primary} is a quantile, and a quantile of all is no mean of the cohorts'")
    reason: Undecided | None = None
    for numbers in _choices(registration):
        found = _over(registration, seen, numbers)
        if not isinstance(found, Undecided):
            return found
        reason = reason or found
    assert reason is not None  # noqa: S101  # there is a dimension, so there was a choice
    return reason


def _choices(registration: Registration) -> list[tuple[int, ...]]:
    """Dimensions to stratify by, the finest first, then those with declared shares."""
    names = list(registration.cohorts.dimensions)
    every = tuple(range(len(names)))
    single = sorted(every, key=lambda number: names[number] not in registration.cohorts.shares)
    return [every, *((number,) for number in single)] if len(names) > 1 else [every]


def _over(
    registration: Registration, seen: Observations, numbers: Sequence[int]
) -> PostStratified | Undecided:
    names = list(registration.cohorts.dimensions)
    cells = _units(seen, numbers)
    if not cells:
        return Undecided("no cohort has units")
    declared = registration.cohorts.shares
    margins = {at: declared[names[number]] for at, number in enumerate(numbers) if names[number] in declared}
    weights = rake(cells, margins)
    if isinstance(weights, Undecided):
        return weights
    primary = registration.primary.metric
    places = [dict(zip(numbers, cohort, strict=True)) for cohort in weights]
    shares = [
        share * _denominator(registration, seen, where)
        for share, where in zip(weights.values(), places, strict=True)
    ]
    if not (min(shares) >= 0 and 0 < sum(shares) < math.inf):
        return Undecided(
            f"a cohort's mean denominator of {primary} is negative or not finite, and weighs nothing"
        )
    effects = [measure(registration, seen, primary, where).effect for where in places]
    effect = post_stratified(effects, shares, alpha=registration.alpha)
    if isinstance(effect, Undecided):
        return effect
    over = tuple(names[number] for number in numbers)
    return PostStratified(effect, "declared" if margins else "observed", over)


def _units(seen: Observations, numbers: Sequence[int]) -> dict[tuple[str | None, ...], float]:
    cells: dict[tuple[str | None, ...], float] = {}
    for cell in seen.cells:
        if cell.units:
            key = tuple(cell.cohort[number] for number in numbers)
            cells[key] = cells.get(key, 0.0) + cell.units
    return cells


def _denominator(registration: Registration, seen: Observations, where: Mapping[int, str | None]) -> float:
    """What a unit of this cohort weighs in the aggregate: 1, or its mean denominator in a ratio."""
    primary = registration.primary.metric
    if seen.summary or not isinstance(registration.metrics[primary], Ratio):
        return 1.0
    samples = [one for side in SIDES if (one := seen.sample(side, primary, where)) is not None and one.n]
    total = sum(one.n for one in samples)
    return sum(one.n * one.mean_of("denominator") for one in samples) / total if total else 1.0


def worst(
    registration: Registration, cohorts: Sequence[CohortResult], line: Threshold | None
) -> WorstCohort | Undecided:
    """The adequate cohort that moved furthest the harmful way, and how far it is from the floor."""
    if not cohorts:
        return Undecided("no cohorts were declared")
    least = registration.cohorts.min_adequacy
    enough = [one for one in cohorts if one.adequacy is None or one.adequacy >= least]
    known = [(rel, one) for one in enough if (rel := relative(one.effect)[0]) is not None]
    if not known:
        return Undecided("no cohort with units enough has a relative effect")
    sign = 1.0 if registration.primary.direction == "increase" else -1.0
    rel, one = min(known, key=lambda pair: sign * pair[0])
    distance = None if line is None else sign * (rel - line.limit)
    return WorstCohort(one.cohort, rel, distance, str(one.judgement.status))
