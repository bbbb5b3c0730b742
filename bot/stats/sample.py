"""Sufficient statistics of one arm in one cell: count, means, covariance matrix.

Everything a test needs, and nothing of any one user. Samples merge exactly (Chan, Golub, LeVeque 1983;
Pebay 2008, SAND2008-6212), so marginal cohorts are merges of cells. Second moments are always about the
mean, or about a shift near it, because raw sums of squares lose every digit when the mean is large.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]

ROUNDING = 1e-9
"""Share of a sum of squares, and of a mean, that rounding may take."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Count, means and unbiased covariance of some columns over independent units.

    n: number of units.
    columns: names, in the order of `mean` and `cov`.
    mean: (k,) means; NaN when n is 0.
    cov: (k, k) covariance of single units with divisor n - 1; NaN when n < 2 or where it is not known.

    >>> s = Sample.of([[1.0, 2.0], [3.0, 6.0]], ("clicks", "turns"))
    >>> s.mean_of("turns"), s.variance("clicks"), s.covariance("clicks", "turns")
    (4.0, 2.0, 4.0)
    """

    n: int
    columns: tuple[str, ...]
    mean: FloatArray
    cov: FloatArray

    def __post_init__(self) -> None:
        k = len(self.columns)
        mean = np.array(self.mean, dtype=np.float64)
        cov = np.array(self.cov, dtype=np.float64)
        if self.n < 0:
            raise ValueError(f"a sample cannot have {self.n} units")
        if len(set(self.columns)) != k:
            raise ValueError(f"column named twice in {self.columns}")
        if mean.shape != (k,) or cov.shape != (k, k):
            raise ValueError(
                f"{k} columns need mean ({k},) and cov ({k}, {k}), not {mean.shape}, {cov.shape}"
            )
        mean.setflags(write=False)
        cov.setflags(write=False)
        object.__setattr__(self, "n", int(self.n))  # an engine's count may be a numpy integer
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "cov", cov)

    @classmethod
    def of(cls, rows: npt.ArrayLike, columns: Sequence[str]) -> "Sample":
        """Sample of raw rows, shape (n, k), or (n,) for one column."""
        x = np.asarray(rows, dtype=np.float64)
        x = x.reshape(-1, len(columns)) if x.ndim < 2 else x
        n = len(x)
        if n == 0:
            return cls.empty(columns)
        shift = x.mean(axis=0)
        centred = x - shift
        return cls.from_sums(columns, n, shift, centred.sum(axis=0), centred.T @ centred)

    @classmethod
    def empty(cls, columns: Sequence[str]) -> "Sample":
        """Sample of no units."""
        k = len(columns)
        return cls(0, tuple(columns), np.full(k, np.nan), np.full((k, k), np.nan))

    @classmethod
    def from_sums(
        cls,
        columns: Sequence[str],
        n: int,
        shift: npt.ArrayLike,
        sums: npt.ArrayLike,
        products: npt.ArrayLike,
    ) -> "Sample":
        """Sample from an engine's aggregates about a shift (any constant near the mean, one per column).

        sums: (k,) sum of (x_i - shift_i); products: (k, k) sum of (x_i - shift_i)(x_j - shift_j). A product
        the engine did not compute is NaN and leaves that covariance unknown.
        """
        if n == 0:
            return cls.empty(columns)
        total = np.asarray(sums, dtype=np.float64)
        mean = np.asarray(shift, dtype=np.float64) + total / n
        # n m m' and not s s' / n: of equal whole numbers exactly 0 is left
        comoment = np.asarray(products, dtype=np.float64) - n * np.outer(total / n, total / n)
        return cls(n, tuple(columns), mean, _cov(comoment, n))

    @classmethod
    def summary(cls, n: int, mean: float, variance: float | None, name: str) -> "Sample":
        """Sample of one column from a ready summary row; a variance of None is kept as unknown."""
        var = np.nan if variance is None else variance
        return cls(n, (name,), np.array([mean]), np.array([[var]]))

    @classmethod
    def merge_all(cls, samples: Iterable["Sample"]) -> "Sample":
        """The sample of the union of disjoint groups of units (at least one; the same columns)."""
        every = list(samples)
        if not every:
            raise ValueError("nothing to merge")
        columns = every[0].columns
        if any(s.columns != columns for s in every):
            raise ValueError(f"cannot merge different columns: {sorted({s.columns for s in every})}")
        parts = [s for s in every if s.n > 0]
        if len(parts) <= 1:
            return parts[0] if parts else every[0]
        n = sum(s.n for s in parts)
        sizes = np.array([s.n for s in parts], dtype=np.float64)
        shift = parts[0].mean
        offsets = np.stack([s.mean for s in parts]) - shift
        centre = sizes @ offsets / n
        # Pebay (2008) eq. 2.1, for many groups at once: M = sum M_g + sum n_g d_g d_g'
        spread = offsets - centre
        with np.errstate(over="ignore", invalid="ignore"):  # beyond 1e154 the variance is inf: undecided
            comoment = (spread * sizes[:, None]).T @ spread
            for part in parts:
                if part.n > 1:
                    comoment += part.cov * (part.n - 1)
        return cls(n, columns, shift + centre, _cov(comoment, n))

    def merge(self, other: "Sample") -> "Sample":
        """The sample of both groups of units together; they must not share a unit."""
        return Sample.merge_all((self, other))

    def subtract(self, part: "Sample") -> "Sample":
        """The sample of the units that are not in `part`, which is a part of this one: undoes `merge`.

        Keeps the digits that are there: what is left of a large whole without nearly all of it has lost those
        that cancel. Raises ValueError when `part` has other columns, more units, or varies more than the
        whole can, beyond rounding.
        """
        if part.columns != self.columns:
            raise ValueError(f"cannot subtract {', '.join(part.columns)} from {', '.join(self.columns)}")
        if part.n > self.n:
            raise ValueError(f"a part of {part.n} units cannot be of a whole of {self.n}")
        if part.n == 0:
            return self
        n = self.n - part.n
        if n == 0:
            return Sample.empty(self.columns)
        offset = part.mean - self.mean
        rest = -offset * (part.n / n)  # its mean, about that of the whole
        mean = self.mean + rest
        if n == 1:
            return Sample(n, self.columns, mean, np.full_like(self.cov, np.nan))
        with np.errstate(over="ignore", invalid="ignore"):
            # Pebay (2008) eq. 2.1 solved for one group: M_rest = M - M_part - n_part d d' - n_rest d' d
            within = part.cov * (part.n - 1) if part.n > 1 else np.zeros_like(self.cov)
            between = part.n * np.outer(offset, offset) + n * np.outer(rest, rest)
            whole = self.cov * (self.n - 1)
            comoment = whole - within - between
        rounding = ROUNDING * np.diagonal(whole) + self.n * (ROUNDING * np.abs(self.mean)) ** 2 + 1e-300
        if np.any(np.diagonal(comoment) < -rounding):
            raise ValueError(
                f"the part varies more than the whole of {self.n} units can: it is no part of it"
            )
        return Sample(n, self.columns, mean, _cov(comoment, n))

    def pick(self, *columns: str) -> "Sample":
        """The same units with these columns only, in this order."""
        at = [self._index(c) for c in columns]
        return Sample(self.n, columns, self.mean[at], self.cov[np.ix_(at, at)])

    def linear(self, weights: Mapping[str, Mapping[str, float]]) -> "Sample":
        """The sample of linear combinations of columns: {new column: {column: weight}}."""
        matrix = np.zeros((len(weights), len(self.columns)))
        for row, terms in enumerate(weights.values()):
            for name, weight in terms.items():
                matrix[row, self._index(name)] = weight
        used = np.flatnonzero(matrix.any(axis=0))  # an unknown variance of an unused column does not matter
        a = matrix[:, used]
        return Sample(self.n, tuple(weights), a @ self.mean[used], a @ self.cov[np.ix_(used, used)] @ a.T)

    def mean_of(self, column: str) -> float:
        """Mean of one column."""
        return float(self.mean[self._index(column)])

    def variance(self, column: str) -> float:
        """Unbiased variance of single units; NaN when unknown."""
        return self.covariance(column, column)

    def covariance(self, first: str, second: str) -> float:
        """Unbiased covariance of single units; NaN when unknown."""
        return float(self.cov[self._index(first), self._index(second)])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON with every digit; NaN is written as null."""
        return {
            "n": self.n,
            "columns": list(self.columns),
            "mean": [_plain(v) for v in self.mean],
            "cov": [[_plain(v) for v in row] for row in self.cov],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Sample":
        """Inverse of `to_json`, bit for bit."""
        nan = float("nan")
        mean = [nan if v is None else v for v in value["mean"]]
        cov = [[nan if v is None else v for v in row] for row in value["cov"]]
        k = len(mean)
        return cls(value["n"], tuple(value["columns"]), np.array(mean), np.array(cov).reshape(k, k))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sample):
            return NotImplemented
        return (
            (self.n, self.columns) == (other.n, other.columns)
            and np.array_equal(self.mean, other.mean, equal_nan=True)
            and np.array_equal(self.cov, other.cov, equal_nan=True)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside: comparable, not hashable

    def _index(self, column: str) -> int:
        try:
            return self.columns.index(column)
        except ValueError:
            raise KeyError(f"no column {column!r} in sample of {', '.join(self.columns)}") from None


def _cov(comoment: FloatArray, n: int) -> FloatArray:
    """Covariance from the centred sum of products; rounding never makes a variance negative."""
    if n < 2:
        return np.full_like(comoment, np.nan)
    cov: FloatArray = comoment / (n - 1)
    diagonal = np.diagonal(cov)
    np.fill_diagonal(cov, np.where(diagonal < 0, 0.0, diagonal))
    return cov


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
