"""Whether offline evidence has predicted online effects lately: the health of the offline harness."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.stats.correlation import Pearson, pearson
from bot.stats.undecided import Undecided

WINDOWS = (60, 90)
"""Days looked back over."""
FLOOR = 0.5
"""The correlation below which offline gains are not taken for evidence (the evidence gate of AML-04)."""
ALARM_PAIRS = 5
"""Pairs from which a correlation below the floor is an alarm: with fewer it says nothing either way."""
LAST = 6
"""Experiments of which the direction is compared."""


@dataclass(frozen=True)
class Pair:
    """What one experiment moved offline and online; both relative, positive where things got better."""

    experiment: str
    at: datetime
    offline: float
    online: float
    eval_set: str = ""
    eval_set_built: date | None = None

    @property
    def agrees(self) -> bool:
        """Whether both moved the same way."""
        return self.offline * self.online > 0


@dataclass(frozen=True)
class Window:
    """The correlation over the last `days` days, or why there is none."""

    days: int
    pairs: int
    found: Pearson | Undecided


@dataclass(frozen=True)
class Correlation:
    """Correlation health at a moment.

    windows: of 60 and of 90 days. last: the newest experiments, newest first, at most six; agreeing: how many
    of them moved the same way offline and online. eval_set, eval_set_age: of the newest experiment that names
    the day its eval set was built, the age in days; None when none does.
    """

    at: datetime
    windows: tuple[Window, ...]
    last: tuple[Pair, ...]
    eval_set: str = ""
    eval_set_age: int | None = None

    @property
    def agreeing(self) -> int:
        """How many of the last moved the same way offline and online."""
        return sum(pair.agrees for pair in self.last)

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
    def r(self) -> float | None:
        """The correlation that is judged; None where there is none."""
        found = self.longest.found
        return found.r if isinstance(found, Pearson) else None


def correlation(pairs: Sequence[Pair], now: datetime) -> Correlation:
    """Correlation health of what is on record up to `now`; of one experiment only the newest pair counts."""
    newest = {one.experiment: one for one in sorted(pairs, key=lambda one: one.at) if one.at <= now}
    ordered = sorted(newest.values(), key=lambda one: one.at, reverse=True)
    built = next((one for one in ordered if one.eval_set_built is not None), None)
    age = None if built is None or built.eval_set_built is None else (now.date() - built.eval_set_built).days
    return Correlation(
        at=now,
        windows=tuple(_window(ordered, days, now) for days in WINDOWS),
        last=tuple(ordered[:LAST]),
        eval_set=built.eval_set if built else "",
        eval_set_age=age,
    )


def _window(pairs: Sequence[Pair], days: int, now: datetime) -> Window:
    since = now - timedelta(days=days)
    inside = [one for one in pairs if one.at >= since]
    found = pearson([one.offline for one in inside], [one.online for one in inside])
    if isinstance(found, Undecided):
        found = Undecided(f"the last {days} days: {found.reason}")
    return Window(days, len(inside), found)
