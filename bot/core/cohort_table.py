"""The cohort table of a look: each dimension's values, the full crossing, and what they add up to."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

from bot.core.look import CohortResult, no_relative
from bot.core.measure import Measured, measure
from bot.core.metric import Ratio
from bot.core.observation import SIDES, Observations
from bot.core.registration import Registration
from bot.core.sizing import needed_per_arm
from bot.stats.cohort import judge_cohort
from bot.stats.effect import Harm
from bot.stats.guardrail import Judgement, Status, Threshold, judge
from bot.stats.heterogeneity import Heterogeneity, relative_heterogeneity
from bot.stats.reconciliation import Reconciliation, Stratum, reconcile
from bot.stats.undecided import Undecided

Where = Mapping[int, str]


def harm_of(registration: Registration) -> Harm:
    """The direction of the primary that is worse."""
    return "decrease" if registration.primary.direction == "increase" else "increase"


def table(registration: Registration, seen: Observations, overall: Measured) -> tuple[CohortResult, ...]:
    """Every declared value of every dimension, then every crossing of all dimensions that has units."""
    if not registration.cohorts.dimensions:
        return ()
    needed = _needed(registration, overall)
    total = sum(seen.units(side) for side in SIDES)
    rows = []
    for name, where, crossing in _cohorts(registration):
        units = sum(seen.count(side, where) for side in SIDES)
        if crossing and units == 0:
            continue
        counts = _known(seen, registration.primary.metric, where)
        share = units / total if total else 0.0
        rows.append(_row(registration, seen, name, where, counts, share, needed))
    return tuple(rows)


def heterogeneity(registration: Registration, seen: Observations) -> Heterogeneity | Undecided:
    """Whether the cohorts of the full crossing respond differently."""
    if not registration.cohorts.dimensions:
        return Undecided("no cohorts were declared")
    primary = registration.primary.metric
    cells = [measure(registration, seen, primary, where).effect for _, where in _crossings(registration)]
    return relative_heterogeneity(cells)


def reconciled(registration: Registration, seen: Observations) -> Reconciliation | Undecided:
    """The aggregate effect against the cohorts', without CUPED: both arms' plain means."""
    if not registration.cohorts.dimensions:
        return Undecided("no cohorts were declared")
    overall = measure(registration, seen, registration.primary.metric).plain
    if isinstance(overall, Undecided):
        return overall
    if overall.control.mean < 0:
        return Undecided(no_relative(overall))
    strata = []
    for name, where in _partition(seen):
        stratum = _stratum(registration, seen, name, where)
        if isinstance(stratum, Undecided):
            return stratum
        strata.append(stratum)
    return reconcile(
        [one for one in strata if one is not None], (overall.control.mean, overall.treatment.mean)
    )


def _cohorts(registration: Registration) -> Iterator[tuple[str, Where, bool]]:
    dimensions = registration.cohorts.dimensions
    for number, (dimension, values) in enumerate(dimensions.items()):
        for value in values:
            yield f"{dimension}={value}", {number: value}, False
    if len(dimensions) > 1:
        for name, where in _crossings(registration):
            yield name, where, True


def _crossings(registration: Registration) -> Iterator[tuple[str, Where]]:
    dimensions = registration.cohorts.dimensions
    for values in product(*dimensions.values()):
        name = ",".join(f"{dimension}={value}" for dimension, value in zip(dimensions, values, strict=True))
        yield name, dict(enumerate(values))


def _partition(seen: Observations) -> Iterator[tuple[str, Mapping[int, str | None]]]:
    """Every cell there is, also those of values that were not declared: together they are everybody."""
    for cohort in sorted({cell.cohort for cell in seen.cells}, key=str):
        yield ",".join(value or "other" for value in cohort), dict(enumerate(cohort))


def _known(seen: Observations, metric: str, where: Where) -> list[int]:
    """Units per arm that have a value."""
    samples = [seen.sample(side, metric, where) for side in SIDES]
    return [0 if sample is None else sample.n for sample in samples]


def _needed(registration: Registration, overall: Measured) -> float | Undecided:
    effect = overall.effect
    if isinstance(effect, Undecided):
        return needed_per_arm(registration, float("nan"), float("nan"))
    return needed_per_arm(registration, effect.control.mean, effect.control.sd)


def _row(
    registration: Registration,
    seen: Observations,
    name: str,
    where: Where,
    counts: list[int],
    share: float,
    needed: float | Undecided,
) -> CohortResult:
    effect = measure(registration, seen, registration.primary.metric, where).effect
    limit = registration.cohorts.max_relative_regression
    if limit is None:
        reason = "no cohort threshold was declared"
        adequacy = None if isinstance(needed, Undecided) else min(counts) / needed
        if isinstance(needed, Undecided):
            reason = f"{reason} ({needed.reason})"
        undecided = Judgement(Status.UNDECIDED, reason, registration.alpha)
        return CohortResult(name, share, sum(counts), effect, adequacy, undecided)
    threshold = Threshold("max_relative_regression", limit, harm_of(registration))
    if isinstance(needed, Undecided):
        judged = judge(effect, threshold, alpha=registration.alpha)
        judged = replace(judged, reason=f"{judged.reason} ({needed.reason})")
        return CohortResult(name, share, sum(counts), effect, None, judged)
    status = judge_cohort(
        effect,
        threshold,
        n=min(counts),
        needed=needed,
        min_adequacy=registration.cohorts.min_adequacy,
        alpha=registration.alpha,
    )
    judged, least = status.judgement, registration.cohorts.min_adequacy
    if judged.status is Status.UNDECIDED and sum(counts) > 0 and status.adequacy < least:
        # A handful of units without a figure is no open question.
        judged = replace(judged, status=Status.UNDERPOWERED)
    return CohortResult(name, share, sum(counts), effect, status.adequacy, judged)


def _stratum(
    registration: Registration, seen: Observations, name: str, where: Mapping[int, str | None]
) -> Stratum | Undecided | None:
    primary = registration.primary.metric
    samples = [seen.sample(side, primary, where) for side in SIDES]
    sizes = [0 if sample is None else sample.n for sample in samples]
    if not any(sizes):
        return None
    control, treatment = samples
    if control is None or treatment is None or not all(sizes):
        return Undecided(f"cohort {name} has units in one arm only")
    if isinstance(registration.metrics[primary], Ratio) and not seen.summary:
        bottoms = control.mean_of("denominator"), treatment.mean_of("denominator")
        if not all(bottoms):
            return Undecided(f"cohort {name} has a denominator of 0")
        tops = control.mean_of("numerator"), treatment.mean_of("numerator")
        weights = control.n * bottoms[0], treatment.n * bottoms[1]
        return Stratum(name, control.n, treatment.n, tops[0] / bottoms[0], tops[1] / bottoms[1], weights)
    return Stratum(name, control.n, treatment.n, control.mean_of("value"), treatment.mean_of("value"))
