"""A quarter as narratives read it: its days, and the launches that were at work in it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from bot.core.launch import Kind, Launch
from bot.core.launch_steps import so_far
from bot.core.ledger import Entry
from bot.core.quarter import Term
from bot.services.narrative_teller import Teller
from bot.store import experiments, ledger


@dataclass(frozen=True)
class Work:
    """One launch of the quarter, with its entries and the JSON of its newest sound planned look."""

    launch: Launch
    entries: tuple[Entry, ...]
    look: Mapping[str, Any] | None

    def of(self, *kinds: Kind) -> list[Entry]:
        """Its entries of these kinds."""
        return [one for one in self.entries if one.kind in kinds]


@dataclass(frozen=True)
class Span:
    """A quarter: its days [since, until), and the launches that were locked, looked at or decided in it."""

    term: Term
    since: datetime
    until: datetime
    work: tuple[Work, ...]

    @property
    def name(self) -> str:
        """2026-Q4."""
        return str(self.term.quarter)

    def holds(self, moment: datetime | None) -> bool:
        """Whether it was in the quarter."""
        return moment is not None and self.since <= moment < self.until

    def entries(self, *kinds: Kind) -> list[Entry]:
        """The entries of these kinds that were written in the quarter, in order."""
        found = [one for work in self.work for one in work.of(*kinds) if self.holds(one.at)]
        return sorted(found, key=lambda one: one.number)

    def launches(self, of: Callable[[Launch], bool]) -> list[Launch]:
        """The launches of which this is so."""
        return [one.launch for one in self.work if of(one.launch)]

    @property
    def decided(self) -> list[Launch]:
        """Those that were decided in the quarter."""
        return self.launches(lambda one: one.decision is not None and self.holds(one.decision.at))

    @property
    def shipped(self) -> list[Launch]:
        """Those that were decided to ship in the quarter."""
        return [one for one in self.decided if one.decision and one.decision.decision == "ship"]


def span(teller: Teller, term: Term) -> Span:
    """Read the quarter's launches."""
    since = datetime.combine(term.first, time(), teller.zone).astimezone(UTC)
    until = datetime.combine(term.last + timedelta(days=1), time(), teller.zone).astimezone(UTC)
    found = Span(term, since, until, ())
    every = (_work(teller, subject) for subject in ledger.subjects(teller.session, Kind.REGISTERED))
    return Span(term, since, until, tuple(one for one in every if one and _at_work(found, one)))


def _work(teller: Teller, subject: str) -> Work | None:
    entries = ledger.of(teller.session, subject)
    if not entries or entries[0].kind != Kind.REGISTERED:
        return None  # the ledger keeps more than launches
    launch = so_far(entries)
    newest = launch.newest
    look = None if newest is None else experiments.look(teller.session, newest.record)
    return Work(launch, tuple(entries), look.result if look else None)


def _at_work(found: Span, work: Work) -> bool:
    kinds = (Kind.LOCKED, Kind.STARTED, Kind.STAGE, Kind.LOOK, Kind.DECIDED)
    return any(found.holds(one.at) for one in work.of(*kinds))


def numbers(found: Iterable[Entry]) -> list[int]:
    """Their numbers in the ledger."""
    return [one.number for one in found]
