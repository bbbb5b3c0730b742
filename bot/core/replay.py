"""A replay: past experiments scored again by a new offline harness, against what they moved online."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.correlation import ALARM_PAIRS, Pair, standing
from bot.stats.correlation import Pearson, chance, pearson
from bot.stats.permutation import Permuted
from bot.stats.rank import Spearman, spearman
from bot.stats.undecided import Undecided

TARGET = 0.6
"""The correlation a new harness must reach on the replay (AML-04)."""
FORWARD = 4
"""Experiments after it in which the new harness must hold too (AML-04)."""
LEAST = ALARM_PAIRS
"""Experiments below which a replay says nothing either way."""


class Outcome(StrEnum):
    """What a replay says of the new harness."""

    ADOPT = "adopt"  # on the replay it predicts; the forward experiments are still to come
    ITERATE = "iterate"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Replayed:
    """One experiment: its offline delta by the old and the new harness, and its online one; as in Pair."""

    experiment: str
    before: float
    after: float
    online: float
    entry: int = 0


@dataclass(frozen=True)
class Replay:
    """What a table of new offline deltas comes to.

    replayed: the experiments that have an online delta on record, newest first; missing: those of the table
    that have none. new, old: the correlation of both harnesses' deltas with the online ones, on the same
    experiments. ranked, chance: of the new one.
    """

    replayed: tuple[Replayed, ...]
    missing: tuple[str, ...]
    new: Pearson | Undecided
    old: Pearson | Undecided
    ranked: Spearman | Undecided
    chance: Permuted | Undecided

    @property
    def outcome(self) -> Outcome:
        """By the point estimate, as the procedure has it; how sure that is, the interval says."""
        if not isinstance(self.new, Pearson) or self.new.n < LEAST:
            return Outcome.UNDECIDED
        return Outcome.ADOPT if self.new.r >= TARGET else Outcome.ITERATE

    @property
    def proven(self) -> bool:
        """Whether even the lower end of the interval reaches the target."""
        return isinstance(self.new, Pearson) and self.new.low >= TARGET

    @property
    def agreeing(self) -> tuple[int, int]:
        """Of how many experiments the old and the new harness had the direction right."""
        old = sum(one.before * one.online > 0 for one in self.replayed)
        return old, sum(one.after * one.online > 0 for one in self.replayed)

    @property
    def why_undecided(self) -> str:
        """What is missing for a verdict; "" where there is one."""
        if isinstance(self.new, Undecided):
            return self.new.reason
        if self.new.n < LEAST:
            return f"{self.new.n} experiments, and a replay is judged from {LEAST} on"
        return ""


def replay(scores: Mapping[str, float], pairs: Sequence[Pair], now: datetime) -> Replay:
    """Join new offline deltas by experiment with the online deltas on record up to `now`.

    scores: relative, positive where things got better, by the experiment's id.
    """
    known = standing(pairs, now)
    replayed = tuple(
        Replayed(one.experiment, one.offline, scores[one.experiment], one.online, one.entry)
        for one in known
        if one.experiment in scores
    )
    found = {one.experiment for one in replayed}
    online = [one.online for one in replayed]
    after = [one.after for one in replayed]
    return Replay(
        replayed=replayed,
        missing=tuple(one for one in scores if one not in found),
        new=pearson(after, online),
        old=pearson([one.before for one in replayed], online),
        ranked=spearman(after, online),
        chance=chance(after, online),
    )


@dataclass(frozen=True)
class Forward:
    """How an adopted harness has done since: `pairs` finished after it, the oldest first, at most four."""

    pairs: tuple[Pair, ...]

    @property
    def left(self) -> int:
        """How many experiments still have to hold."""
        return max(0, FORWARD - len(self.pairs))

    @property
    def agreeing(self) -> int:
        """In how many the direction was right."""
        return sum(one.agrees for one in self.pairs)

    @property
    def found(self) -> Pearson | Undecided:
        """The correlation over them."""
        return pearson([one.offline for one in self.pairs], [one.online for one in self.pairs])

    @property
    def holds(self) -> bool | None:
        """Whether it reached the target on all four; None while they are not there, or cannot say."""
        found = self.found
        if self.left or isinstance(found, Undecided):
            return None
        return found.r >= TARGET


def forward(pairs: Sequence[Pair], adopted: datetime, now: datetime) -> Forward:
    """The experiments finished after a harness was adopted."""
    after = [one for one in standing(pairs, now) if one.at > adopted]
    return Forward(tuple(reversed(after))[:FORWARD])
