"""What a portfolio's one-page update says: every figure with the record behind it, or the gap."""

from dataclasses import dataclass

from bot.core.citation import Cited


@dataclass(frozen=True)
class PickedTold:
    """A picked candidate: expects over the quarter with its interval, where it stands, what says to stop."""

    id: Cited
    title: Cited
    expects: Cited
    shows: Cited
    takes: Cited
    stands: Cited


@dataclass(frozen=True)
class UpdateTold:
    """The update.

    when: the week, or that the quarter is to come or over. verdict: the sentence that a reader in a hurry
    needs. asks: what somebody has to do, worst first. passed: candidates that were not picked, and why.
    """

    quarter: Cited
    when: Cited
    verdict: Cited
    candidates: Cited
    locked: Cited
    expected: Cited
    learning: Cited
    capacity: Cited
    gut: Cited
    rho: Cited
    limits: Cited
    haircut: Cited
    picks: tuple[PickedTold, ...]
    asks: tuple[Cited, ...]
    passed: tuple[Cited, ...]
    realised: Cited
    targets: tuple[Cited, ...]
