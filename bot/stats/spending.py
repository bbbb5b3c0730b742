"""How the type-I error of an experiment is spent over its looks.

Two-sided plans are symmetric: each side spends half. One-sided ones spend all of it in the declared
direction. Times are information fractions: 0 at the start, 1 when the planned sample is complete.
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
    "haybittle-peto",
    "exact-obrien-fleming",
    "exact-pocock",
    "nominal",
    "none",
]
RULES: tuple[Rule, ...] = get_args(Rule)
Sided: TypeAlias = Literal[1, 2]

INTERIM_Z = 3.0
"""What Haybittle (1971) and Peto et al. (1976) ask of every look but the last."""


@dataclass(frozen=True)
class Spending:
    """A spending rule as registered.

    rule: obrien-fleming, pocock: Lan-DeMets functions of those names; hwang-shih-decani: with `gamma`;
    haybittle-peto: `interim_z` at every look but the last, which takes what is left; exact-obrien-fleming,
    exact-pocock: the classical boundaries c / sqrt(t) and c; nominal: `alphas`, the level of each look as
    written; none: every look at the full alpha (peeking).
    alpha: of the whole experiment. sided: whether it, and `alphas`, are meant for both sides together or for
    the declared direction alone.
    """

    rule: Rule
    alpha: float
    gamma: float | None = None
    alphas: tuple[float, ...] | None = None
    interim_z: float | None = None
    sided: Sided = 2

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ValueError(f"unknown spending rule {self.rule!r}, expected one of {', '.join(RULES)}")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, not {self.alpha}")
        if (self.rule == "hwang-shih-decani") != (self.gamma is not None):
            raise ValueError("gamma belongs to hwang-shih-decani and only to it")
        if (self.rule == "nominal") != (self.alphas is not None):
            raise ValueError("alphas belong to the nominal rule and only to it")
        if self.interim_z is not None and not (self.rule == "haybittle-peto" and self.interim_z > 0):
            raise ValueError(f"interim_z belongs to haybittle-peto and lies above 0, not {self.interim_z}")
        if self.sided not in (1, 2):
            raise ValueError(f"a plan is one-sided or two-sided, not {self.sided}")
        if self.alphas is not None and not all(0 <= a < 1 for a in self.alphas):
            raise ValueError(f"nominal alphas must lie between 0 and 1, not {self.alphas}")

    @property
    def by_function(self) -> bool:
        """Whether the rule says how much is spent at any time, also at one that was not planned."""
        return self.rule in ("obrien-fleming", "pocock", "hwang-shih-decani")

    @property
    def exact(self) -> bool:
        """Whether the boundaries are those of O'Brien & Fleming or Pocock themselves."""
        return self.rule in ("exact-obrien-fleming", "exact-pocock")

    def spent(self, fraction: float) -> float:
        """Cumulative alpha spent by an information fraction, both sides together; all of it from 1 on.

        >>> round(Spending("obrien-fleming", 0.05).spent(7 / 14), 8)
        0.00305065
        """
        t, side = min(fraction, 1.0), self.alpha / self.sided
        if t <= 0:
            return 0.0
        if self.rule == "obrien-fleming":
            # Lan & DeMets (1983), Biometrika 70:659: 2(1 - Phi(z_{side/2}/sqrt t)) for each side
            return self.sided * 2 * float(special.ndtr(special.ndtri(side / 2) / math.sqrt(t)))
        if self.rule == "pocock":
            return self.alpha * math.log1p((math.e - 1) * t)  # Lan & DeMets (1983)
        if self.rule == "hwang-shih-decani" and self.gamma is not None:
            return self.alpha * _hwang_shih_decani(self.gamma, t)
        raise ValueError(f"{self.rule} has no spending function")


def _hwang_shih_decani(gamma: float, t: float) -> float:
    """Share spent by t: (1 - exp(-gamma t)) / (1 - exp(-gamma)) (1990, Stat. Med. 9:1439)."""
    if abs(gamma) < 1e-12:  # the limit, before gamma * t runs out of digits
        return t
    share = math.expm1(-abs(gamma) * t) / math.expm1(-abs(gamma))
    return share if gamma > 0 else share * math.exp(-gamma * (t - 1))  # so that no exponent is positive


def check_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    """The fractions as floats; ValueError unless they rise from above 0 by at least 1e-5."""
    times = tuple(float(t) for t in fractions)
    if not times:
        raise ValueError("a plan needs at least one look")
    gaps = [b - a for a, b in zip((0.0, *times), times, strict=False)]
    if not all(math.isfinite(t) for t in times) or min(gaps) < 1e-5:
        raise ValueError(f"information fractions must rise from above 0 by at least 1e-5, not {times}")
    return times
