"""One figure of the table: how often something happened against how often it should."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Bound: TypeAlias = Literal["=", "<=", ">="]


@dataclass(frozen=True)
class Tally:
    """hits of so many replications; the nominal share is to be met, or not exceeded, or reached (bound)."""

    what: str
    nominal: float
    hits: int
    of: int
    bound: Bound = "="

    @property
    def seen(self) -> float:
        """The share that was seen."""
        return self.hits / self.of

    @property
    def se(self) -> float:
        """Standard error of the share if the nominal one is true."""
        return math.sqrt(self.nominal * (1 - self.nominal) / self.of)

    @property
    def z(self) -> float:
        """How many standard errors the seen share lies above the nominal one."""
        return (self.seen - self.nominal) / self.se

    @property
    def ok(self) -> bool:
        """Within 3 standard errors, or on the right side of a bound."""
        if self.bound == "<=":
            return self.z <= 3
        return self.z >= -3 if self.bound == ">=" else abs(self.z) <= 3


Trial: TypeAlias = Callable[[np.random.Generator, int], list[Tally]]


def tally(what: str, nominal: float, happened: npt.NDArray[np.bool_], bound: Bound = "=") -> Tally:
    """Count a vector of yes and no, one per replication."""
    return Tally(what, nominal, int(np.count_nonzero(happened)), len(happened), bound)
