"""A look from its observations: pure, so that the record of a look is enough to compute it again."""

from collections.abc import Sequence

from bot.core import cohort_table, cohort_whole, splits
from bot.core.course import PEEK, Course, course, planned_before
from bot.core.data_finding import faults, notes
from bot.core.futility import is_futile
from bot.core.guardrail_table import guardrails
from bot.core.look import LookResult, relative
from bot.core.measure import Measured, known_units, measure
from bot.core.observation import Observations
from bot.core.primary_table import primary
from bot.core.reconciling import reconciled
from bot.core.registration import Registration
from bot.core.sizing import mde_absolute, size
from bot.core.timetable import planned
from bot.core.validity import examine
from bot.core.verdict import Findings, decide
from bot.core.verdict_words import unplanned
from bot.stats.power import harmonic
from bot.stats.srm import srm
from bot.stats.undecided import Undecided

UNFIT = "the data are invalid"
"""Why nothing is judged."""


def analyse(
    registration: Registration,
    sha256: str,
    seen: Observations,
    *,
    look: int | None,
    day: float | None = None,
    earlier: Sequence[float] | None = None,
) -> LookResult:
    """The result of `look` (from 1), of a peek on `day` (0), or of whichever the plan has on `day` (None).

    day: when it was held, the planned day by default. earlier: days on which looks were held before, peeks
    too; the planned ones when None. Raises ValueError when the look is not in the plan, when a peek has no
    day or comes after the last look, or when the days do not follow each other.
    """
    number, planned_day, asked = _when(registration, look, day)
    held = asked
    if _behind(registration, seen, held) and seen.last_day is not None:
        before = planned_before(registration, number, held) if earlier is None else list(earlier)
        held = seen.last_day
        _fresh(held, before)
    at = course(registration, seen, number=number, day=held, earlier=earlier)
    split = srm(seen.units("control"), seen.units("treatment"), registration.allocation)
    added_up = reconciled(registration, seen)
    data = examine(registration, seen, day=asked, srm=split, reconciliation=added_up)
    found = _find(registration, seen, at, faults(data))
    verdict, reasons = decide(registration, found)
    sound = not found.faults
    unfit = Undecided(UNFIT)
    return LookResult(
        registration=registration.id,
        sha256=sha256,
        look=number,
        looks=len(registration.looks),
        day=held,
        asked=asked,
        planned=held == planned_day,
        verdict=verdict,
        reasons=tuple(reasons),
        notes=(*unplanned(registration, at, planned_day), *notes(data)),
        srm=split,
        units=(seen.units("control"), seen.units("treatment")),
        primary=found.primary,
        course=at,
        planned_p=planned(registration).nominal_p,
        guardrails=tuple(found.guardrails),
        cohorts=tuple(found.cohorts),
        heterogeneity=cohort_whole.heterogeneity(registration, found.cohorts) if sound else unfit,
        reconciliation=added_up,
        data_fingerprint=seen.fingerprint(),
        last_day=seen.last_day,
        findings=data,
        srm_anytime_p=splits.anytime_p(registration, seen),
        post_stratified=cohort_whole.stratified(registration, seen) if sound else unfit,
        worst_cohort=cohort_whole.worst(registration, found.cohorts, cohort_table.floor(registration))
        if sound
        else unfit,
    )


def _when(registration: Registration, look: int | None, day: float | None) -> tuple[int, float | None, float]:
    """Number, planned day and day of a look."""
    looks = registration.looks
    if look is None:
        look = looks.index(int(day)) + 1 if day is not None and day in looks else PEEK
    if look == PEEK:
        if day is None or not 0 < day < looks[-1]:
            given = "no day is given" if day is None else f"day {day:g} is not one of them"
            raise ValueError(f"a peek lies on a day before the last look, day {looks[-1]}, and {given}")
        return PEEK, None, float(day)
    if not 1 <= look <= len(looks):
        raise ValueError(f"look {look} is not in the plan of {len(looks)}")
    return look, float(looks[look - 1]), float(looks[look - 1] if day is None else day)


def _behind(registration: Registration, seen: Observations, held: float) -> bool:
    """Whether the newest data are of an earlier day than the look, and it is judged as of theirs."""
    if seen.last_day is None:
        return False
    late = held - seen.last_day
    return late >= 1 if seen.summary else 0 < late <= registration.data.max_lag_days


def _fresh(held: float, before: Sequence[float]) -> None:
    if before and held <= before[-1]:
        raise ValueError(
            f"the newest statistics are of day {held:g}, and the look on day {before[-1]:g} had them"
        )


def _find(registration: Registration, seen: Observations, at: Course, wrong: Sequence[str]) -> Findings:
    """Everything the verdict is made of; when the data are wrong only the primary, and unjudged."""
    measured = measure(registration, seen, registration.primary.metric, alpha=registration.alpha)
    return Findings(
        course=at,
        faults=wrong,
        primary=primary(registration, measured, at, unjudged=UNFIT if wrong else ""),
        guardrails=() if wrong else guardrails(registration, seen, at.information.fractions, final=at.last),
        cohorts=() if wrong else cohort_table.table(registration, seen, measured),
        adequate=_adequate(registration, seen),
        clears_mde=_clears_mde(registration, measured),
        futile=not wrong
        and at.at is not None
        and is_futile(registration, at.plan, at.at + 1, measured.effect),
    )


def _adequate(registration: Registration, seen: Observations) -> float | None:
    needed = size(registration).n_cuped
    n_c, n_t = known_units(registration, seen, registration.primary.metric)
    return None if not needed else harmonic(n_c, n_t) / needed


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
