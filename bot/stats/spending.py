"""How the type-I error of an experiment is spent over its looks.

Two-sided and symmetric: each side spends half. Times are information fractions: 0 at the start, 1 when the
planned sample is complete.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from scipy import special

Rule: TypeAlias = Literal[
    "obrien-fleming",
    "pocock",
    "hwang-shih-decani",
    "exact-obrien-fleming",
    "exact-pocock",
    "nominal",
    "none",
]
RULES: tuple[Rule, ...] = get_args(Rule)


@dataclass(frozen=True)
class Spending:
    """A spending rule as registered.

    rule: obrien-fleming, pocock: Lan-DeMets functions of those names; hwang-shih-decani: with `gamma`;
    exact-obrien-fleming, exact-pocock: the classical boundaries c / sqrt(t) and c; nominal: `alphas`, the
    two-sided level of each look as written; none: every look at the full alpha (peeking).
    alpha: two-sided, of the whole experiment.
    """

    rule: Rule
    alpha: float
    gamma: float | None = None
    alphas: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"unknown spending rule {self.rule!r}, expected one of {', '.join(RULES)}")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, not {self.alpha}")
        if (self.rule == "hwang-shih-decani") != (self.gamma is not None):
            raise ValueError("gamma belongs to hwang-shih-decani and only to it")
        if (self.rule == "nominal") != (self.alphas is not None):
            raise ValueError("alphas belong to the nominal rule and only to it")
        if self.alphas is not None and not all(0 <= a < 1 for a in self.alphas):
            raise ValueError(f"nominal alphas must lie between 0 and 1, not {self.alphas}")

    @property
    def by_function(self) -> bool:
        """Whether the rule says how much is spent at any time, also at one that was not planned."""
        return self.rule in ("obrien-fleming", "pocock", "hwang-shih-decani")

    def spent(self, fraction: float) -> float:
        """Cumulative two-sided alpha spent by an information fraction; all of it from 1 on.

        >>> round(Spending("obrien-fleming", 0.05).spent(7 / 14), 8)
        0.00305065
        """
        t, alpha = min(fraction, 1.0), self.alpha
        if t <= 0:
            return 0.0
        if self.rule == "obrien-fleming":
            # Lan & DeMets (1983), Biometrika 70:659, with alpha/2 a side: 4(1 - Phi(z_{alpha/4}/sqrt t))
            return 4 * float(special.ndtr(special.ndtri(alpha / 4) / math.sqrt(t)))
        if self.rule == "pocock":
            return alpha * math.log1p((math.e - 1) * t)  # Lan & DeMets (1983)
        if self.rule == "hwang-shih-decani" and self.gamma is not None:
            # Hwang, Shih & De Cani (1990), Stat. Med. 9:1439
            return alpha * (t if self.gamma == 0 else math.expm1(-self.gamma * t) / math.expm1(-self.gamma))
        raise ValueError(f"{self.rule} has no spending function")


def check_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    """The fractions as floats; ValueError unless they rise from above 0 by at least 1e-5."""
    times = tuple(float(t) for t in fractions)
    if not times:
        raise ValueError("a plan needs at least one look")
    gaps = [b - a for a, b in zip((0.0, *times), times, strict=False)]
    if not all(math.isfinite(t) for t in times) or min(gaps) < 1e-5:
        raise ValueError(f"information fractions must rise from above 0 by at least 1e-5, not {times}")
    return times
