"""The cohort table of a look: each dimension's values, then the full crossing, each against the floor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.cohort_whole import Where, crossings, shrunk
from bot.core.look import CohortResult
from bot.core.measure import Measured, known_units, measure
from bot.core.observation import SIDES, Observations
from bot.core.registration import Registration
from bot.core.sizing import needed_per_arm
from bot.core.threshold import harm_of
from bot.stats.cohort import Claim, CohortStatus, judge_cohorts
from bot.stats.effect import Effect
from bot.stats.guardrail import Judgement, Status, Threshold
from bot.stats.power import harmonic
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class _Cohort:
    """One cohort before it is judged. n: units of both arms; known: of each arm, those with a value."""

    name: str
    crossing: bool
    share: float
    known: tuple[int, int]
    effect: Effect | Undecided

    @property
    def per_arm(self) -> int:
        """Units per arm, of unequal arms the harmonic mean: what power depends on."""
        return round(harmonic(*self.known))


def floor(registration: Registration) -> Threshold | None:
    """The line that every cohort must hold; None when none was declared."""
    limit = registration.cohorts.max_relative_regression
    return None if limit is None else Threshold("max_relative_regression", limit, harm_of(registration))


def table(registration: Registration, seen: Observations, overall: Measured) -> tuple[CohortResult, ...]:
    """Every declared value of every dimension, then every crossing of all dimensions that has units.

    Each is judged at the level that `cohorts.correction` leaves it among the adequate ones, marginals and
    crossings alike. Those of the crossing also have an estimate pulled towards the mean of all of them.
    """
    if not registration.cohorts.dimensions:
        return ()
    needed = _needed(registration, overall)
    rows = list(_cohorts(registration, seen))
    judged = _judged(registration, rows, needed)
    pulled = shrunk({row.name: row.effect for row in rows if row.crossing})
    return tuple(
        CohortResult(
            cohort=row.name,
            share=row.share,
            n=sum(row.known),
            effect=row.effect,
            adequacy=None if isinstance(needed, Undecided) else row.per_arm / needed,
            judgement=judgement,
            shrunk=_shrunk(row, pulled),
            crossing=row.crossing,
        )
        for row, judgement in zip(rows, judged, strict=True)
    )


def _cohorts(registration: Registration, seen: Observations) -> Iterator[_Cohort]:
    primary = registration.primary.metric
    total = sum(seen.units(side) for side in SIDES)
    for name, where, crossing in _names(registration):
        units = sum(seen.count(side, where) for side in SIDES)
        if crossing and len(registration.cohorts.dimensions) > 1 and units == 0:
            continue
        known = known_units(registration, seen, primary, where)
        share = units / total if total else 0.0
        effect = measure(registration, seen, primary, where).effect
        yield _Cohort(name, crossing, share, known, effect)


def _names(registration: Registration) -> Iterator[tuple[str, Where, bool]]:
    """Name, values, and whether it is one of the full crossing."""
    dimensions = registration.cohorts.dimensions
    if len(dimensions) > 1:
        for number, (dimension, values) in enumerate(dimensions.items()):
            for value in values:
                yield f"{dimension}={value}", {number: value}, False
    for name, where in crossings(registration):
        yield name, where, True


def _needed(registration: Registration, overall: Measured) -> float | Undecided:
    effect = overall.effect
    if isinstance(effect, Undecided):
        return needed_per_arm(registration, float("nan"), float("nan"))
    return needed_per_arm(registration, effect.control.mean, effect.control.sd)


def _judged(
    registration: Registration, rows: Sequence[_Cohort], needed: float | Undecided
) -> list[Judgement]:
    line, alpha = floor(registration), registration.alpha
    unknown = f" ({needed.reason})" if isinstance(needed, Undecided) else ""
    if line is None:
        return [
            Judgement(Status.UNDECIDED, f"no cohort threshold was declared{unknown}", alpha) for _ in rows
        ]
    # Where the need is not known every cohort counts as having the units for it.
    claims = [
        Claim(row.effect, row.per_arm, max(row.per_arm, 1) if isinstance(needed, Undecided) else needed)
        for row in rows
    ]
    statuses = judge_cohorts(
        claims,
        line,
        min_adequacy=registration.cohorts.min_adequacy,
        alpha=alpha,
        correction=registration.cohorts.correction,
    )
    if unknown:
        return [replace(one.judgement, reason=f"{one.judgement.reason}{unknown}") for one in statuses]
    least = registration.cohorts.min_adequacy
    return [_excused(row, status, least) for row, status in zip(rows, statuses, strict=True)]


def _excused(row: _Cohort, status: CohortStatus, least: float) -> Judgement:
    """A handful of units without a figure is no open question."""
    judged = status.judgement
    if judged.status is Status.UNDECIDED and sum(row.known) > 0 and status.adequacy < least:
        return replace(judged, status=Status.UNDERPOWERED)
    return judged


def _shrunk(
    row: _Cohort, pulled: dict[str, tuple[float, float]] | Undecided
) -> tuple[float, float] | Undecided:
    if not row.crossing:
        return Undecided("estimates are pooled over the full crossing, and this is one dimension of it")
    if isinstance(pulled, Undecided):
        return pulled
    found = pulled.get(row.name)
    if found is not None:
        return found
    effect = row.effect
    if isinstance(effect, Undecided):
        return effect
    return effect.relative if isinstance(effect.relative, Undecided) else Undecided("it was not pooled")
