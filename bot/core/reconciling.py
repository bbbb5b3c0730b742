"""What the cohorts add up to against the aggregate: the one that is measured, or the one that is stated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from bot.core.data_finding import DataFinding, error, warning
from bot.core.figures import p_is, signed
from bot.core.look import no_relative
from bot.core.measure import measure
from bot.core.metric import Quantile, Ratio
from bot.core.observation import SIDES, Observations
from bot.core.registration import Registration
from bot.stats.effect import Effect
from bot.stats.reconciliation import Reconciliation, Stratum, reconcile
from bot.stats.sample import Sample
from bot.stats.srm import THRESHOLD
from bot.stats.undecided import Undecided

EXACT = 1e-6
"""Relative difference that the rounding of a computation explains."""
MISCOUNT = 0.001
"""Share of an arm's units by which a stated aggregate may differ from its cohorts."""


def reconciled(registration: Registration, seen: Observations) -> Reconciliation | Undecided:
    """The aggregate effect against the cohorts', without CUPED: both arms' plain means.

    The aggregate is what the source states of everybody; where it states none, the cohorts' own, and then
    only the mix can be at fault.
    """
    if not registration.cohorts.dimensions:
        return Undecided("no cohorts were declared")
    primary = registration.primary.metric
    if isinstance(registration.metrics[primary], Quantile):
        return Undecided(f"{primary} is a quantile, and a quantile of all is no mean of the cohorts'")
    overall = measure(registration, seen, primary).plain
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
    used = [one for one in strata if one is not None]
    claimed = stated(registration, seen)
    if claimed is None:
        return reconcile(used, (overall.control.mean, overall.treatment.mean), tolerance=EXACT)
    means = claimed[0].mean_of("value"), claimed[1].mean_of("value")
    found = reconcile(used, means, tolerance=_tolerance(used, means))
    miscount = _miscount(registration, seen, claimed)
    if miscount and isinstance(found, Reconciliation):
        return replace(found, ok=False, reason=miscount, fault="irreconcilable")
    return found


def contradiction(
    registration: Registration, seen: Observations, found: Reconciliation | Undecided
) -> list[DataFinding]:
    """An aggregate that its cohorts do not add up to, or a mix that differs between the arms.

    The first is an error, since one of two statements is wrong and nobody knows which. The second is a
    warning, since the cohorts stand; it is raised where the mixes differ for certain, or where they turn the
    sign of an effect that is significant.
    """
    if isinstance(found, Undecided) or not found.fault:
        return []
    claimed = stated(registration, seen)
    if found.fault == "irreconcilable" and claimed is None:
        return []  # computed from the cohorts: what is left over is rounding, about a mean of nearly 0
    if found.fault == "irreconcilable":
        return [error("irreconcilable", _words(registration, seen, found, claimed))]
    plain = measure(registration, seen, registration.primary.metric).plain
    certain = isinstance(found.mix_p, float) and found.mix_p < THRESHOLD
    turned = isinstance(plain, Effect) and plain.p < registration.alpha
    if not (certain or turned):
        return []
    mixes = f" ({p_is(found.mix_p)})" if isinstance(found.mix_p, float) else ""
    end = "" if certain else "; it turns the sign (Simpson's paradox)"
    return [
        warning(
            "mix-shift",
            f"⚠ The arms have different cohort mixes{mixes}: of the aggregate "
            f"{signed(found.aggregate_rel, 2)} the cohorts make {signed(found.cohort_weighted_rel, 2)} "
            f"and the mix {signed(found.mix_shift, 2)}{end}.",
        )
    ]


def stated(registration: Registration, seen: Observations) -> tuple[Sample, Sample] | None:
    """Both arms' samples of the primary as the source states them of everybody; None where it does not."""
    primary = registration.primary.metric
    found = [seen.aggregate.get(side, {}).get(primary) for side in SIDES]
    control, treatment = found
    return None if control is None or treatment is None else (control, treatment)


def _words(
    registration: Registration,
    seen: Observations,
    found: Reconciliation,
    claimed: tuple[Sample, Sample] | None,
) -> str:
    primary = registration.primary.metric
    arms = [seen.sample(side, primary) for side in SIDES]
    # Five digits, since the difference of two means lies in the last ones.
    means = [f"{one.mean_of('value'):.5g}" if one else "?" for one in (*(claimed or ()), *arms)]
    miscount = "" if claimed is None else _miscount(registration, seen, claimed)
    if miscount:
        return f"not reconcilable: {miscount}"
    return (
        f"not reconcilable: the aggregate of {primary} says {signed(found.aggregate_rel, 2)} ({means[0]} to "
        f"{means[1]}), its cohorts add up to {signed(found.cohort_weighted_rel, 2)} ({means[2]} to "
        f"{means[3]}) and the mix shift to {signed(found.mix_shift, 2)}: {signed(found.unexplained, 2)} is "
        "in no cohort"
    )


def _miscount(registration: Registration, seen: Observations, claimed: tuple[Sample, Sample]) -> str:
    """The arm whose cohorts have other units than are stated of it; empty when they agree."""
    for side, sample in zip(SIDES, claimed, strict=True):
        parts = seen.sample(side, registration.primary.metric)
        units = 0 if parts is None else parts.n
        if abs(units - sample.n) > MISCOUNT * max(units, sample.n):
            return f"the aggregate has {sample.n:,} {side} units, and its cohorts have {units:,}"
    return ""


def _tolerance(strata: Sequence[Stratum], means: tuple[float, float]) -> float:
    """Relative difference that the digits of the stated figures leave open.

    A figure is as exact as it is written: half a unit of the last decimal that any of them has. Each of the
    two effects is a difference of two such figures, over the control's.
    """
    figures = [*means, *(one.mean_control for one in strata), *(one.mean_treatment for one in strata)]
    half = 0.5 * 10.0 ** -max(_decimals(figure) for figure in figures)
    return EXACT if means[0] == 0 else max(EXACT, 4 * half / abs(means[0]))


def _decimals(value: float) -> int:
    exponent = Decimal(repr(value)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 17


def _partition(seen: Observations) -> Iterator[tuple[str, Mapping[int, str | None]]]:
    """Every cell there is, also those of values that were not declared: together they are everybody."""
    for cohort in sorted({cell.cohort for cell in seen.cells}, key=str):
        yield ",".join(value or "other" for value in cohort), dict(enumerate(cohort))


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
