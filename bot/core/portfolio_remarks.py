"""What a portfolio's file should be told without scoring it: units, claims, what is missing."""

from collections.abc import Sequence

from bot.core.candidate import Candidate, Kind
from bot.core.finding import Path
from bot.core.portfolio import Portfolio, Unit, unit_of
from bot.core.portfolio_rice import four_of, ranks_of, rice_of, unit_for
from bot.core.typed_amount import AmountFields
from bot.stats.undecided import Undecided

ROUNDING = 0.025
"""How far a claimed figure may be off, relatively, to count as rounded."""


def remark(reader: AmountFields, portfolio: Portfolio) -> None:
    """Note every remark as a warning of the reader."""
    for number, one in enumerate(portfolio.candidates):
        path: Path = ("candidates", number)
        _missing(reader, path, one)
        _pre_mortem(reader, path, one)
        _claims(reader, path, one)
    _units(reader, portfolio)
    _claimed_ranks(reader, portfolio)


def _missing(reader: AmountFields, path: Path, one: Candidate) -> None:
    four = four_of(one)
    if one.kind is Kind.EXPERIMENT and not one.done and isinstance(four, Undecided):
        what = f"{one.id} has no RICE: {four.reason}."
        reader.warn("Q117", path, what, "Give reach, impact, confidence and effort.")


def _pre_mortem(reader: AmountFields, path: Path, one: Candidate) -> None:
    if one.needs_pre_mortem and one.pre_mortem is None and one.kind is not Kind.MAINTENANCE and one.effort:
        weeks = max(one.effort.weeks, one.effort.expected)
        what = f"{one.id} takes {weeks:g} engineer-weeks and has no pre-mortem: it cannot be picked."
        reader.warn(
            "Q115", (*path, "effort"), what, "Add `pre_mortem:` with named cost risks and a contingency."
        )


def _claims(reader: AmountFields, path: Path, one: Candidate) -> None:
    """Compare claimed scores with what they come to."""
    figures = (("rice", one.claims.rice, False), ("rice_corrected", one.claims.rice_corrected, True))
    for key, claimed, corrected in figures:
        if claimed is None:
            continue
        found = rice_of(one, corrected=corrected)
        where = (*path, "claims", key)
        if isinstance(found, Undecided):
            what = f"{one.id} is claimed to score {_short(claimed)}, and it has no RICE: "
            reader.warn("Q112", where, f"{what}{found.reason}.", "Give what is missing, or drop the claim.")
        elif abs(claimed - found) > ROUNDING * found:
            weeks = one.effort and (one.effort.expected if corrected else one.effort.weeks)
            what = f"{one.id} is claimed to score {_short(claimed)}; at {weeks:g} weeks it comes to "
            reader.warn("Q112", where, f"{what}{_short(found)}.", "Correct the document.")


def _units(reader: AmountFields, portfolio: Portfolio) -> None:
    """Say that what counts different things is not ranked together, and which metrics are."""
    of: dict[Unit, list[Candidate]] = {}
    for one in portfolio.candidates:
        unit = unit_of(one)
        if unit is not None and one.kind is not Kind.MAINTENANCE:
            of.setdefault(unit, []).append(one)
    if len(of) > 1:
        said = "; ".join(f"{unit}: {', '.join(one.id for one in those)}" for unit, those in of.items())
        what = f"candidates count {len(of)} different things, which no one ranking can hold: {said}."
        hint = "Each is ranked by itself; `worths` says what another unit is worth."
        reader.warn("Q114", ("candidates",), what, hint)
    for unit, those in of.items():
        metrics = dict.fromkeys(one.impact.metric for one in those if one.impact and one.impact.metric)
        if len(metrics) > 1 and not unit.family:
            what = f"{unit} are ranked across {len(metrics)} metrics as if equal: {', '.join(metrics)}."
            hint = "Give `family` to those whose points are worth the same; others are ranked apart."
            reader.warn("Q116", ("candidates",), what, hint)


def _claimed_ranks(reader: AmountFields, portfolio: Portfolio) -> None:
    rices = {one.id: rice_of(one) for one in portfolio.candidates}
    ranks = ranks_of(portfolio.candidates, rices)
    for number, one in enumerate(portfolio.candidates):
        rank, claimed = ranks.get(one.id), one.claims.rank
        if claimed is not None and rank != claimed:
            what = f"{one.id} is claimed to rank {claimed}; "
            what += f"among {unit_of(one)} it ranks {rank}." if rank else "it has no rank."
            reader.warn("Q113", ("candidates", number, "claims", "rank"), what, "Correct the document.")
    if portfolio.claimed_top:
        _claimed_top(reader, portfolio, ranks)


def _claimed_top(reader: AmountFields, portfolio: Portfolio, ranks: dict[str, int]) -> None:
    unit = unit_for(portfolio)
    mine = [one for one in portfolio.candidates if unit_of(one) == unit and one.id in ranks]
    order = [one.id for one in sorted(mine, key=lambda one: ranks[one.id])]
    claimed = portfolio.claimed_top
    if tuple(order[: len(claimed)]) == claimed:
        return
    other = [one for one in portfolio.candidates if one.id in claimed and unit_of(one) != unit]
    why = "".join(f" {one.id} counts {unit_of(one) or 'nothing'}." for one in other)
    first = _list(order[: len(claimed)])
    what = f"claimed to come first: {_list(claimed)}; by RICE in {unit} these do: {first}."
    reader.warn("Q113", ("claimed_top",), what + why, "Correct the document.")


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _short(value: float) -> str:
    """A score as people write it.

    >>> _short(39428.6), _short(1690909.1), _short(62500)
    ('39.4K', '1.69M', '62.5K')
    """
    for size, letter in ((1e6, "M"), (1e3, "K")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
