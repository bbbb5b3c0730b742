"""Reach x impact x confidence / effort, and ranks among those that count the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.candidate import Candidate, Effort, Impact, Kind, Reach
from bot.core.portfolio import Portfolio, Unit, per_quarter, unit_of
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Four:
    """The four that RICE is made of, all there."""

    reach: Reach
    impact: Impact
    confidence: float
    effort: Effort


def four_of(candidate: Candidate) -> Four | Undecided:
    """The four, or which of them nobody has given."""
    reach, impact, confidence, effort = (
        candidate.reach, candidate.impact, candidate.confidence, candidate.effort,
    )  # fmt: skip
    if reach is not None and impact is not None and confidence is not None and effort is not None:
        return Four(reach, impact, confidence, effort)
    names = {"reach": reach, "impact": impact, "confidence": confidence, "effort": effort}
    missing = [name for name, value in names.items() if value is None]
    return Undecided(f"no {' and no '.join(missing)} is given")


def rice_of(candidate: Candidate, *, corrected: bool = False) -> float | Undecided:
    """RICE over a quarter, as stated: no haircut, no conversion; it counts what `unit_of` says.

    corrected: by the corrected effort.
    """
    if candidate.kind is Kind.MAINTENANCE:
        return Undecided("maintenance is hygiene: it is assigned, not ranked")
    four = four_of(candidate)
    if isinstance(four, Undecided):
        return four
    weeks = four.effort.expected if corrected else four.effort.weeks
    return per_quarter(four.reach) * four.impact.value * four.confidence / weeks


def ranks_of(candidates: Sequence[Candidate], rices: Mapping[str, float | Undecided]) -> dict[str, int]:
    """Ranks from 1, among those of the same unit only; equal scores share the better rank.

    What is done has no rank: nobody picks it again.
    """
    of: dict[Unit, list[tuple[str, float]]] = {}
    for one in candidates:
        unit, rice = unit_of(one), rices[one.id]
        if unit is not None and not isinstance(rice, Undecided) and not one.done:
            of.setdefault(unit, []).append((one.id, rice))
    return {
        name: 1 + sum(other > value for _, other in together)
        for together in of.values()
        for name, value in together
    }


def unit_for(portfolio: Portfolio) -> Unit | None:
    """What values are added up in: the declared unit, or that of most candidates, the first among equals."""
    if portfolio.unit is not None:
        return portfolio.unit
    units = [
        unit
        for one in portfolio.candidates
        if one.kind is not Kind.MAINTENANCE and (unit := unit_of(one)) is not None
    ]
    return max(units, key=units.count) if units else None
