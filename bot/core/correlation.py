"""Whether offline evidence has predicted online effects lately: the health of the offline harness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from bot.stats.correlation import Pearson, chance, pearson
from bot.stats.permutation import Permuted
from bot.stats.rank import Spearman, spearman
from bot.stats.undecided import Undecided

WINDOWS = (60, 90)
"""Days looked back over."""
FLOOR = 0.5
"""The correlation below which offline gains are not taken for evidence (the evidence gate of AML-04)."""
ALARM_PAIRS = 5
"""Pairs from which a correlation below the floor is an alarm: with fewer it says nothing either way."""
LAST = 6
"""Experiments of which the direction is compared."""
AGREEING, TOO_FEW = 5, 4
"""Of those six: how many should agree, and how many must (AML-04: at least 5/6, alert below 4/6)."""
FRESH, STALE = 7, 14
"""Days: how old an eval set should be at most, and from where on it is stale (AML-04)."""


@dataclass(frozen=True)
class Pair:
    """What one experiment moved offline and online; both relative, positive where things got better.

    at: when it was finished. entry: of the ledger; a later one corrects an earlier one. by: who put it on
    record, "" for Lookout itself.
    """

    experiment: str
    at: datetime
    offline: float
    online: float
    eval_set: str = ""
    eval_set_built: date | None = None
    entry: int = 0
    by: str = ""

    @property
    def agrees(self) -> bool:
        """Whether both moved the same way."""
        return self.offline * self.online > 0


@dataclass(frozen=True)
class Adopted:
    """A harness that a replay had adopted: when, by which entry of the ledger, and what it scored.

    scores: its offline deltas of past experiments, as in Pair, by experiment.
    """

    at: datetime
    entry: int
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Window:
    """The correlation over the last `days` days, or why there is none; `inside` are its pairs, newest first.

    Rank correlation and permutation are computed when they are asked for: what only reads the gate does not
    wait for them.
    """

    days: int
    pairs: int
    found: Pearson | Undecided
    inside: tuple[Pair, ...] = ()

    @cached_property
    def ranked(self) -> Spearman | Undecided:
        """Spearman's rho beside it."""
        return spearman(*_sides(self.inside))

    @cached_property
    def chance(self) -> Permuted | Undecided:
        """How often random pairing alone goes together as closely: for few pairs all orders are tried."""
        return chance(*_sides(self.inside))


@dataclass(frozen=True)
class Correlation:
    """Correlation health at a moment.

    windows: of 60 and of 90 days. last: the newest experiments, newest first, at most six; agreeing: how many
    of them moved the same way offline and online. eval_set, eval_set_age: of the newest experiment that names
    the day its eval set was built, the age in days; None when none does. harness: the entry by which the
    harness was adopted whose deltas these are; 0 for the deltas as they were recorded.
    """

    at: datetime
    windows: tuple[Window, ...]
    last: tuple[Pair, ...]
    eval_set: str = ""
    eval_set_age: int | None = None
    harness: int = 0

    @property
    def agreeing(self) -> int:
        """How many of the last moved the same way offline and online."""
        return sum(pair.agrees for pair in self.last)

    @property
    def disagrees(self) -> bool:
        """Whether too few of the last six moved the same way; with fewer than six nothing is said."""
        return len(self.last) == LAST and self.agreeing < TOO_FEW

    @property
    def longest(self) -> Window:
        """The longest window: what is judged."""
        return max(self.windows, key=lambda window: window.days)

    @property
    def alarm(self) -> bool:
        """Whether the point estimate of the longest window is below the floor, on pairs enough."""
        found = self.longest.found
        return isinstance(found, Pearson) and found.n >= ALARM_PAIRS and found.r < FLOOR

    @property
    def gate(self) -> str:
        """What a registration reads: "open", "closed", or "unknown" where nothing can be said either way."""
        found = self.longest.found
        if not isinstance(found, Pearson) or found.n < ALARM_PAIRS:
            return "unknown"
        return "closed" if found.r < FLOOR else "open"

    @property
    def r(self) -> float | None:
        """The correlation that is judged; None where there is none."""
        found = self.longest.found
        return found.r if isinstance(found, Pearson) else None


def correlation(pairs: Sequence[Pair], now: datetime, adopted: Adopted | None = None) -> Correlation:
    """Correlation health of what is on record up to `now`; of one experiment only the newest entry counts.

    adopted: the harness in use, where a replay had one adopted.
    """
    ordered = standing(by_harness(pairs, adopted), now)
    built = next((one for one in ordered if one.eval_set_built is not None), None)
    age = None if built is None or built.eval_set_built is None else (now.date() - built.eval_set_built).days
    return Correlation(
        at=now,
        windows=tuple(_window(ordered, days, now) for days in WINDOWS),
        last=tuple(ordered[:LAST]),
        eval_set=built.eval_set if built else "",
        eval_set_age=age,
        harness=adopted.entry if adopted else 0,
    )


def by_harness(pairs: Sequence[Pair], adopted: Adopted | None) -> tuple[Pair, ...]:
    """The pairs by the harness in use.

    What was recorded before it was adopted counts as its replay scored it, or not at all: deltas of two
    harnesses are two quantities, which no one correlation describes. What is recorded later is its own.
    """
    if adopted is None:
        return tuple(pairs)
    return tuple(
        one if one.entry > adopted.entry else replace(one, offline=adopted.scores[one.experiment])
        for one in pairs
        if one.entry > adopted.entry or one.experiment in adopted.scores
    )


def standing(pairs: Sequence[Pair], now: datetime) -> tuple[Pair, ...]:
    """What counts of the pairs finished up to `now`, newest first: of each experiment its newest entry."""
    newest = {one.experiment: one for one in sorted(pairs, key=lambda one: (one.entry, one.at))}
    counted = (one for one in newest.values() if one.at <= now)
    return tuple(sorted(counted, key=lambda one: (one.at, one.entry), reverse=True))


def rolling(pairs: Sequence[Pair], now: datetime, days: int = 90) -> tuple[tuple[datetime, float], ...]:
    """The correlation as it was of `days` days after each experiment was finished, oldest first, then now.

    By what is on record today: corrections are in it. Moments with too few pairs are left out.
    """
    ordered = standing(pairs, now)
    moments = [*(one.at for one in reversed(ordered)), now]
    found = ((at, _window([one for one in ordered if one.at <= at], days, at).found) for at in moments)
    return tuple((at, one.r) for at, one in found if isinstance(one, Pearson))


def _window(pairs: Sequence[Pair], days: int, now: datetime) -> Window:
    since = now - timedelta(days=days)
    inside = tuple(one for one in pairs if one.at >= since)
    found = pearson(*_sides(inside))
    if isinstance(found, Undecided):
        found = Undecided(f"the last {days} days: {found.reason}")
    return Window(days, len(inside), found, inside)


def _sides(pairs: Sequence[Pair]) -> tuple[list[float], list[float]]:
    return [one.offline for one in pairs], [one.online for one in pairs]
