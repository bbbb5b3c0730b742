"""What was measured of a pipeline's stages, whoever measured it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.core.what_if import NewDurations

if TYPE_CHECKING:  # on the way to an ack nobody needs numbers
    from bot.stats.turns import Buckets, Floats, Turns


@dataclass(frozen=True)
class Measurements:
    """Whole turns, or histograms of stages, or neither.

    source: in words. missing: stages that it does not have, and why. others: durations that what-ifs name.
    notes: what was left out, in words. turn: the whole turn's own histogram.
    """

    source: str = "no measurements"
    turns: "Turns | None" = None
    histograms: "Mapping[str, Buckets]" = field(default_factory=dict)
    turn: "Buckets | None" = None
    missing: Mapping[str, str] = field(default_factory=dict)
    others: "Mapping[NewDurations, Floats]" = field(default_factory=dict)
    notes: tuple[str, ...] = ()
