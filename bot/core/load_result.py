"""What a load test brought: the series of a result file, as the tool that wrote it calls them.

Times are milliseconds, shares are fractions. A series has percentiles where it is of times, and hits where it
counts something; the share of failures of a series of times stands beside its percentiles.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

LEVELS = (0.5, 0.95, 0.99)
"""The percentiles that are judged and shown."""
MOST_SERIES = 500
MOST_BYTES = 64 * 1024 * 1024
"""Of a result file, unpacked."""


@dataclass(frozen=True)
class Percentile:
    """A percentile: `level` between 0 and 1, ms.

    low, high: its 95 % interval, None where the file does not let one be computed. How coarse the tool's own
    figures are is part of it.
    """

    level: float
    ms: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Series:
    """One thing that was timed or counted; `n` is how many times, None where the file does not say.

    hits, of: how many of how many; `of` is None where the file only counts. For times: the failures.
    """

    name: str
    n: int | None = None
    percentiles: tuple[Percentile, ...] = ()
    hits: int | None = None
    of: int | None = None

    def at(self, level: float) -> Percentile | None:
        """The percentile of this level."""
        return next((one for one in self.percentiles if abs(one.level - level) < 1e-9), None)


@dataclass(frozen=True)
class LoadResult:
    """A result file, read.

    tool: what wrote it ("k6 summary"). seconds: how long it ran, began and ended when, None where the file
    does not say. remarks: what whoever judges by it has to know.
    """

    tool: str
    series: tuple[Series, ...]
    sha256: str
    seconds: float | None = None
    began: datetime | None = None
    ended: datetime | None = None
    remarks: tuple[str, ...] = ()

    def named(self, name: str) -> Series | None:
        """The series of this name, as the tool writes it; case and blanks do not matter."""
        wanted = plainly(name)
        return next((one for one in self.series if plainly(one.name) == wanted), None)

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        data = asdict(self)
        for key in ("began", "ended"):
            data[key] = None if data[key] is None else data[key].isoformat()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "LoadResult":
        """As it was stored."""
        times = {
            key: None if data[key] is None else datetime.fromisoformat(data[key])
            for key in ("began", "ended")
        }
        series = tuple(
            Series(**{**one, "percentiles": tuple(Percentile(**point) for point in one["percentiles"])})
            for one in data["series"]
        )
        return cls(**{**data, **times, "series": series, "remarks": tuple(data["remarks"])})


def plainly(name: str) -> str:
    """A name for comparing: lower case, without blanks.

    >>> plainly("Stage { stage:Rerank }")
    'stage{stage:rerank}'
    """
    return "".join(name.lower().split())
