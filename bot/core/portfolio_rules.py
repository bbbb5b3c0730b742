"""The rules of a portfolio: why a candidate may not be picked, and what would let it in."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.candidate import PRE_MORTEM_FROM, Candidate, Kind
from bot.core.candidate_trial import Trial
from bot.core.portfolio import Portfolio, Unit, unit_of
from bot.stats.undecided import Undecided


class Rule(StrEnum):
    """What bars a candidate."""

    DONE = "done"
    MAINTENANCE = "maintenance"
    SCOPE = "team scope"
    AFTER = "order"
    PRE_MORTEM = "pre-mortem"
    DETECTABLE = "detectability"
    UNIT = "unit"


@dataclass(frozen=True)
class Bar:
    """Why a candidate may not be picked, in a clause, and what to do about it."""

    rule: Rule
    reason: str
    mend: str


def bars_of(
    portfolio: Portfolio, candidate: Candidate, shown: Trial | Undecided, *, worth: bool, unit: Unit | None
) -> tuple[Bar, ...]:
    """Every rule that bars the candidate, the hardest to mend first.

    worth: whether its unit has a value in the portfolio's.
    """
    found = (
        _assigned(candidate),
        _scope(portfolio, candidate),
        _unit(candidate, worth, unit),
        _order(portfolio, candidate),
        _pre_mortem(candidate),
        _detectable(portfolio, candidate, shown),
    )
    return tuple(bar for bar in found if bar is not None)


def _assigned(candidate: Candidate) -> Bar | None:
    if candidate.done:
        return Bar(Rule.DONE, "it is done", "Nothing.")
    if candidate.kind is Kind.MAINTENANCE:
        return Bar(
            Rule.MAINTENANCE,
            "maintenance is assigned, it does not compete for a slot",
            "Give it its people outside of the portfolio.",
        )
    return None


def _scope(portfolio: Portfolio, candidate: Candidate) -> Bar | None:
    teams = portfolio.capacity.teams
    if not teams or not candidate.team or candidate.team in teams:
        return None
    return Bar(
        Rule.SCOPE,
        f"it belongs to {candidate.team}, and this pick is for {', '.join(teams)}",
        f"Hand it to {candidate.team}, or add that team to `capacity.teams`.",
    )


def _order(portfolio: Portfolio, candidate: Candidate) -> Bar | None:
    waiting = [name for name in candidate.after if not portfolio.candidate(name).done]
    if not waiting:
        return None
    return Bar(
        Rule.AFTER,
        f"it can only begin once {' and '.join(waiting)} {'is' if len(waiting) == 1 else 'are'} done",
        f"Propose it again for the quarter after {waiting[0]}.",
    )


def _pre_mortem(candidate: Candidate) -> Bar | None:
    effort = candidate.effort
    if effort is None or not candidate.needs_pre_mortem or candidate.kind is Kind.MAINTENANCE:
        return None
    written = candidate.pre_mortem
    if written is not None and written.risks and written.contingency:
        return None
    weeks = max(effort.weeks, effort.expected)
    return Bar(
        Rule.PRE_MORTEM,
        f"{weeks:g} engineer-weeks ({PRE_MORTEM_FROM:g} or more) and no pre-mortem",
        "Write one: named cost risks with weeks, and a contingency.",
    )


def _detectable(portfolio: Portfolio, candidate: Candidate, shown: Trial | Undecided) -> Bar | None:
    if candidate.kind is not Kind.EXPERIMENT or candidate.waiver is not None:
        return None
    if isinstance(shown, Undecided):
        return Bar(
            Rule.DETECTABLE,
            f"whether the quarter can show its effect is not known: {shown.reason}",
            "Give what is missing, or a waiver by name.",
        )
    timing = shown.timing
    if not timing.fits:
        after = f"{timing.running:g} weeks of testing"
        after += f" and {timing.lag:g} until the metric is ripe" if timing.lag else ""
        return Bar(
            Rule.DETECTABLE,
            f"{timing.build:.1f} weeks of building leave no time for {after} in {portfolio.weeks:g}",
            "More engineers at once, a shorter test, or a waiver by name.",
        )
    if shown.power >= portfolio.detectable:
        return None
    impact = candidate.impact
    unit = "" if impact is None else f" {impact.unit}"
    return Bar(
        Rule.DETECTABLE,
        f"the quarter shows its effect with a power of {shown.power:.2f}, below {portfolio.detectable:g}: "
        f"the smallest effect seen is {shown.smallest:.3g}{unit}",
        "More units, less variance, a longer test, or a waiver by name.",
    )


def _unit(candidate: Candidate, worth: bool, unit: Unit | None) -> Bar | None:
    mine = unit_of(candidate)
    if worth or mine is None or candidate.kind is Kind.MAINTENANCE:
        return None
    return Bar(
        Rule.UNIT,
        f"it counts {mine}, the portfolio {unit}: they cannot be added or ranked together",
        "Declare under `worths` what one is worth in the other, or pick it in a portfolio of its own.",
    )
