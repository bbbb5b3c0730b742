"""A look from its observations: pure, so that the record of a look is enough to compute it again."""

from collections.abc import Sequence
from itertools import pairwise

from bot.core import cohort_table
from bot.core.futility import is_futile
from bot.core.look import GuardrailResult, LookResult, PrimaryResult, relative
from bot.core.measure import Measured, measure
from bot.core.observation import SIDES, Observations
from bot.core.registration import Guardrail, Registration
from bot.core.sizing import mde_absolute, size
from bot.core.timetable import at_look
from bot.core.validity import faults, notes
from bot.core.verdict import Findings, decide
from bot.stats.adjusted import Adjusted, adjusted, repeated
from bot.stats.effect import Effect
from bot.stats.guardrail import Threshold, judge_all
from bot.stats.plan_power import conditional_power, current_drift
from bot.stats.sequential import Plan
from bot.stats.srm import srm
from bot.stats.undecided import Undecided

UNFIT = "the data are invalid"
"""Why nothing is judged."""


def analyse(
    registration: Registration,
    sha256: str,
    seen: Observations,
    *,
    look: int,
    day: float | None = None,
    earlier: Sequence[float] = (),
) -> LookResult:
    """The result of `look` (from 1).

    day: when it was held, the planned day by default. earlier: days on which the looks before were held, as
    far as known; the planned ones otherwise. Raises ValueError when the look is not in the plan or `day` does
    not come after the look before.
    """
    if not 1 <= look <= len(registration.looks):
        raise ValueError(f"look {look} is not in the plan of {len(registration.looks)}")
    planned_day = registration.looks[look - 1]
    held = float(planned_day if day is None else day)
    if seen.summary and seen.last_day is not None and seen.last_day <= held - 1:
        held = seen.last_day
        _fresh(registration, look, held, earlier)
    plan = at_look(registration, look, _days(registration, look, held, earlier))
    split = srm(seen.units("control"), seen.units("treatment"), registration.allocation)
    found = _find(registration, seen, plan, look, faults(registration, seen, held, split))
    verdict, reasons = decide(registration, found)
    sound = not found.faults
    unfit = Undecided(UNFIT)
    return LookResult(
        registration=registration.id,
        sha256=sha256,
        look=look,
        looks=len(registration.looks),
        day=held,
        planned=held == planned_day,
        verdict=verdict,
        reasons=tuple(reasons),
        notes=(*_unplanned(held, planned_day), *notes(registration, seen, planned_day)),
        srm=split,
        units=(seen.units("control"), seen.units("treatment")),
        primary=found.primary,
        plan=plan,
        guardrails=tuple(found.guardrails),
        cohorts=tuple(found.cohorts),
        heterogeneity=cohort_table.heterogeneity(registration, seen) if sound else unfit,
        reconciliation=cohort_table.reconciled(registration, seen) if sound else unfit,
        data_fingerprint=seen.fingerprint(),
        last_day=seen.last_day,
    )


def _fresh(registration: Registration, look: int, held: float, earlier: Sequence[float]) -> None:
    before = _before(registration, look, earlier)
    if before and held <= before[-1]:
        raise ValueError(
            f"the newest statistics are of day {held:g}, and look {look - 1} on day {before[-1]:g} had them"
        )


def _find(
    registration: Registration, seen: Observations, plan: Plan, look: int, wrong: Sequence[str]
) -> Findings:
    """Everything the verdict is made of; when the data are wrong only the primary, and unjudged."""
    measured = measure(registration, seen, registration.primary.metric, alpha=registration.alpha)
    return Findings(
        look=look,
        faults=wrong,
        primary=_primary(registration, measured, plan, look, judged=not wrong),
        guardrails=() if wrong else _guardrails(registration, seen),
        cohorts=() if wrong else cohort_table.table(registration, seen, measured),
        adequate=_adequate(registration, seen),
        clears_mde=_clears_mde(registration, measured),
        futile=not wrong and is_futile(registration, plan, look, measured.effect),
    )


def _days(registration: Registration, look: int, held: float, earlier: Sequence[float]) -> list[float]:
    """When the looks so far were held; raises ValueError when they do not follow each other."""
    days = [*_before(registration, look, earlier), held]
    if any(after <= first for first, after in pairwise(days)):
        raise ValueError(f"look {look} on day {held:g} does not come after the looks before it")
    return days


def _before(registration: Registration, look: int, earlier: Sequence[float]) -> list[float]:
    """Days of the looks before, the planned ones where it is not known."""
    days = [*earlier, *registration.looks[len(earlier) : look - 1]][: look - 1]
    return [float(day) for day in days]


def _primary(
    registration: Registration, measured: Measured, plan: Plan, look: int, *, judged: bool
) -> PrimaryResult:
    effect, at = measured.effect, look - 1
    increase = registration.primary.direction == "increase"
    if isinstance(effect, Undecided):
        significant, good, power = None, False, None
        fair: Adjusted | Undecided = effect
    else:
        significant = effect.p <= plan.nominal_p[at] if judged else None
        good = (effect.absolute > 0) == increase
        fair = _adjusted(plan, at, effect) if judged else Undecided(UNFIT)
        power = None
        if at < plan.last and judged:
            drift = current_drift(plan, at, effect.z)
            power = conditional_power(plan, at, effect.z, drift, direction=1 if increase else -1)
    return PrimaryResult(
        metric=registration.primary.metric,
        effect=effect,
        plain=measured.plain,
        cuped=measured.cuped,
        boundary_z=plan.z[at],
        boundary_p=plan.nominal_p[at],
        significant=significant,
        good=good,
        adjusted=fair,
        conditional_power=power,
        note=measured.no_cuped,
    )


def _adjusted(plan: Plan, at: int, effect: Effect) -> Adjusted | Undecided:
    """Stage-wise when the experiment has stopped here, the repeated interval while it goes on."""
    try:
        stopped = adjusted(plan, at, effect)
    except ValueError as error:
        return Undecided(f"no adjusted estimate for z {effect.z:.1f} at look {at + 1}: {error}")
    return repeated(plan, at, effect) if isinstance(stopped, Undecided) else stopped


def _guardrails(registration: Registration, seen: Observations) -> tuple[GuardrailResult, ...]:
    effects = [
        measure(registration, seen, one.metric, alpha=registration.alpha).effect
        for one in registration.guardrails
    ]
    lines = [_threshold(registration, one) for one in registration.guardrails]
    judged = judge_all(
        list(zip(effects, lines, strict=True)), alpha=registration.alpha, correction=registration.correction
    )
    return tuple(
        GuardrailResult(one.metric, line, effect, judgement)
        for one, line, effect, judgement in zip(registration.guardrails, lines, effects, judged, strict=True)
    )


def _threshold(registration: Registration, guardrail: Guardrail) -> Threshold:
    kind, value = next(iter(guardrail.thresholds.items()))
    harm = (
        cohort_table.harm_of(registration) if guardrail.metric == registration.primary.metric else "decrease"
    )
    return Threshold(kind, value, harm)  # type: ignore[arg-type]  # the fields of Guardrail are these kinds


def _adequate(registration: Registration, seen: Observations) -> float | None:
    needed = size(registration).n_cuped
    samples = [seen.sample(side, registration.primary.metric) for side in SIDES]
    smaller = min(0 if sample is None else sample.n for sample in samples)
    return None if not needed else smaller / needed


def _clears_mde(registration: Registration, measured: Measured) -> bool | None:
    """Whether the estimate reaches the declared minimum; None when the rule does not ask."""
    effect = measured.effect
    if registration.ship_rule != "clears_mde" or isinstance(effect, Undecided):
        return None
    mde, rel = registration.primary.mde, relative(effect)[0]
    if mde is not None and mde.relative is not None and rel is not None:
        return abs(rel) >= mde.relative
    least = mde_absolute(registration, effect.control.mean)
    return least is not None and abs(effect.absolute) >= least


def _unplanned(held: float, planned: float) -> list[str]:
    if held == planned:
        return []
    return [
        f"Held on day {held:g} instead of day {planned:g}: the boundary was computed again from "
        "the information there was."
    ]
