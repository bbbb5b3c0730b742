"""The moments of a metric over units, in the engine, and the samples that they make.

Plain sums of values and of their products about a shift cost the least, add over parts of a table, and say
themselves when they will not do: a value that is NaN or infinite makes the sum so, and a spread that is small
beside the distance from the shift has lost digits. Such a metric is *doubtful* and asked again, carefully:
each value is tested, and the engine computes variances about its own mean.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np

from bot.sources.rollup import Asked, Wanted
from bot.stats.sample import Sample

LOSS = 1e6
"""Limit of sqrt(n) times the share of the raw sum of squares that cancels: rounding is then below 1e-9."""


@dataclass(frozen=True)
class Moments:
    """A metric in a cell: its sample, and the units without a value and with an infinite one."""

    sample: Sample
    nulls: int
    infinite: int

    def merge(self, other: "Moments") -> "Moments":
        """Both groups of units together."""
        sample = self.sample.merge(other.sample)
        return Moments(sample, self.nulls + other.nulls, self.infinite + other.infinite)


def sums(units: Any, metrics: list[Wanted], asked: Asked) -> dict[str, Any]:
    """Counts, sums and products of all values that these metrics need, each once."""
    outputs: dict[str, Any] = {}
    for one in metrics:
        names = asked.names(one)
        for name in names:
            column = units[name]
            if name not in asked.full - asked.gaps:
                outputs[f"n_{name}"] = column.count()
            outputs[f"s_{name}"] = column.sum()
            outputs[f"p_{name}_{name}"] = (column * column).sum()
        for first, second in combinations(names, 2):
            outputs[f"p_{first}_{second}"] = (units[first] * units[second]).sum()
    return outputs


def of_sums(total: Mapping[str, float], one: Wanted, asked: Asked) -> Moments | None:
    """The moments of a metric from the sums of a cell; None when they are doubtful."""
    names, units = asked.names(one), int(total["units"])
    known = [int(total.get(f"n_{name}", units)) for name in names]
    n, k = known[0], len(names)
    own = known[:-1] if one.has_covariate else known
    if k > 1 and any(count != units for count in own):
        return None  # whose value is missing, the sums do not say
    if n == 0:
        return Moments(Sample.empty(one.names), units, 0)
    # A unit without a covariate has the shift, about the mean, which adds nothing to any of its sums.
    added = [total[f"s_{name}"] for name in names]
    products = [[total[f"p_{names[min(i, j)]}_{names[max(i, j)]}"] for j in range(k)] for i in range(k)]
    if not all(map(math.isfinite, (*added, *chain.from_iterable(products)))):
        return None
    if n > 1 and any(_lost(products[i][i], added[i], n) for i in range(k)):
        return None
    shift = [asked.shifts.get(name, 0.0) for name in names]
    return Moments(Sample.from_sums(one.names, n, shift, added, products), units - n, 0)


def _lost(raw: float, added: float, n: int) -> bool:
    """Whether too many digits cancel. Of nothing but equal values, exactly 0 is left."""
    centred = raw - added * (added / n)
    return centred != 0 and raw * math.sqrt(n) > LOSS * abs(centred)


def careful(units: Any, i: int, one: Wanted, asked: Asked) -> dict[str, Any]:
    """The same where values may be missing, NaN or infinite, or lie far from the shift."""
    columns = [units[name] for name in asked.names(one)]
    own = columns[:-1] if one.has_covariate else columns
    known, finite = own[0].notnull(), ~own[0].isinf()
    for column in own[1:]:
        known, finite = known & column.notnull(), finite & ~column.isinf()
    if one.has_covariate:
        # No history: the unit gets the shift, about the mean. Any constant keeps CUPED unbiased.
        columns[-1] = columns[-1].isinf().ifelse(None, columns[-1]).fill_null(0.0)
    valid = known & finite
    outputs = {
        f"n{i}": valid.sum(),
        f"null{i}": (~known).sum(),
        f"inf{i}": (known & ~finite).sum(),
    }
    for j, column in enumerate(columns):
        outputs[f"m{i}_{j}"] = column.mean(where=valid)
        outputs[f"s{i}_{j}_{j}"] = column.var(where=valid, how="sample")
        for k in range(j):
            outputs[f"s{i}_{k}_{j}"] = columns[k].cov(column, where=valid, how="sample")
    return outputs


def of_careful(row: Mapping[str, Any], i: int, one: Wanted, asked: Asked) -> Moments:
    """The moments of a metric from a row of what `careful` asked."""
    n, names = int(row[f"n{i}"] or 0), asked.names(one)
    nulls, infinite = int(row[f"null{i}"] or 0), int(row[f"inf{i}"] or 0)
    if n == 0:
        return Moments(Sample.empty(one.names), nulls, infinite)
    k = len(names)
    mean = np.array([_float(row[f"m{i}_{j}"]) + asked.shifts.get(name, 0.0) for j, name in enumerate(names)])
    cov = np.empty((k, k))
    for j in range(k):
        for m in range(j + 1):
            cov[m, j] = cov[j, m] = _float(row[f"s{i}_{m}_{j}"]) if n > 1 else math.nan
    return Moments(Sample(n, one.names, mean, cov), nulls, infinite)


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)
