"""How often chance alone makes two series go together as closely: permutation of the pairs."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EXACT = 9
"""Pairs up to which every order is tried: 9! = 362,880."""
DRAWS = 9_999
"""Orders drawn above that, besides the one observed."""
SEED = 20_210_504
"""The seed of those draws where none is given."""
TOLERANCE = 1e-12
"""How far rounding can part two equal correlations."""
HELD = 1 << 20
"""Numbers of drawn orders held at once."""


@dataclass(frozen=True)
class Permuted:
    """The two-sided p of a correlation under random pairing, and how it was found.

    p: the share of orders with |r| at least as large; never 0. exact: whether all orders were tried. orders:
    how many were. seed: of the draws; None where nothing was drawn.
    """

    p: float
    exact: bool
    orders: int
    seed: int | None = None

    @property
    def how(self) -> str:
        """How it was found, in words."""
        if self.exact:
            return f"all {self.orders:,} orders tried"
        return f"{self.orders:,} orders drawn with seed {self.seed}"


def permuted(x: NDArray[np.float64], y: NDArray[np.float64], *, seed: int = SEED) -> Permuted:
    """The permutation test of x'y for two centred vectors of length 1 and of equal size.

    Up to `EXACT` pairs every order of y is tried. Above, `DRAWS` are drawn, and the observed order is counted
    as one more, p = (b + 1) / (m + 1), so that the test keeps its level (Phipson and Smyth 2010, Stat. Appl.
    Genet. Mol. Biol. 9:39, equation 2). Needs exchangeable pairs only, no normal distribution.
    """
    observed = abs(float(x @ y)) - TOLERANCE
    if len(x) <= EXACT:
        every = np.abs(y[_orders(len(x))] @ x)
        return Permuted(float((every >= observed).mean()), exact=True, orders=math.factorial(len(x)))
    rng = np.random.default_rng(seed)
    as_close, left, at_once = 0, DRAWS, max(1, HELD // len(x))
    while left > 0:
        some = min(left, at_once)
        drawn = np.abs(rng.permuted(np.broadcast_to(y, (some, len(y))), axis=1) @ x)
        as_close += int((drawn >= observed).sum())
        left -= some
    return Permuted((as_close + 1) / (DRAWS + 1), exact=False, orders=DRAWS, seed=seed)


@functools.cache
def _orders(n: int) -> NDArray[np.int8]:
    """All orders of 0 … n - 1, one a row."""
    if n <= 1:
        return np.zeros((1, n), dtype=np.int8)
    shorter = _orders(n - 1)
    placed = [np.insert(shorter, at, n - 1, axis=1) for at in range(n)]
    return np.concatenate(placed).astype(np.int8)
